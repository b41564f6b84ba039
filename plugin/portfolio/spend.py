"""What was spent to win customers, by month and channel: a CSV that the admin keeps, checked line by line.

The channel `lifecycle` is not acquisition: it is the cost of the work on customers one has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from plugin.errors import InputError
from plugin.portfolio.months import month_name, month_of, parse_month

#: The channel whose spend is the cost of lifecycle work.
LIFECYCLE = "lifecycle"
_NEEDED = ("month", "channel", "amount")
_MOST = 20  # faults listed
_LARGEST = Decimal(10) ** 13

Amounts = dict[tuple[int, str], int]


@dataclass(frozen=True)
class Spend:
    """{(month, channel): cents}; channels are compared without regard to case."""

    amounts: Mapping[tuple[int, str], int]

    def of_channel(self, channel: str) -> dict[int, int]:
        """{month: cents} of one channel."""
        wanted = channel.casefold()
        return self._summed(lambda name: name == wanted)

    def acquisition(self) -> dict[int, int]:
        """{month: cents} of all channels that win customers."""
        return self._summed(lambda name: name != LIFECYCLE)

    def channels(self) -> list[str]:
        """The channels that win customers, as they are written."""
        return sorted({name for _, name in self.amounts if name.casefold() != LIFECYCLE})

    def _summed(self, wanted: object) -> dict[int, int]:
        found: dict[int, int] = {}
        for (month, name), cents in self.amounts.items():
            if wanted(name.casefold()):  # type: ignore[operator]
                found[month] = found.get(month, 0) + cents
        return found


def parse_spend(
    text: str, name: str, *, today: date, currency: str | None, channels: Collection[str] | None = None
) -> Amounts:
    """The amounts in a CSV of month, channel, amount and, if wanted, currency.

    `channels`: those that customers came through; another is taken for a slip of the pen. None: take any.
    InputError names every fault with its line, up to twenty, and nothing is taken.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    faults: list[str] = []
    found: Amounts = {}
    try:
        columns = _columns(next(reader, []), name)
        check = _Row(today, currency, channels, {})
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _take(check, columns, cells, reader.line_num, found, faults)
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: {error}")
    if faults:
        more = f"\n  … and {len(faults) - _MOST} more" if len(faults) > _MOST else ""
        listed = "".join(f"\n  {fault}" for fault in faults[:_MOST])
        cure = "Correct these lines; nothing was taken."
        raise InputError(f"{name} has {len(faults)} faults:{listed}{more}\n", cure=cure)
    return found


def _columns(head: list[str], name: str) -> dict[str, int]:
    columns = {title.strip().lower(): place for place, title in reversed(list(enumerate(head)))}
    missing = [title for title in _NEEDED if title not in columns]
    if missing:
        raise InputError(
            f"{name}, line 1: there is no column {', '.join(missing)}.",
            cure="Begin the file with the line `month,channel,amount,currency`.",
        )
    return columns


@dataclass(frozen=True)
class _Row:
    """What a line is checked against."""

    today: date
    currency: str | None
    channels: Collection[str] | None
    lines: dict[tuple[int, str], int]  # where a month and channel was seen first
    named: set[str] = field(default_factory=set)  # currencies seen

    def month(self, text: str) -> int:
        found = parse_month(text) if len(text) <= 7 else parse_month(text[:7])
        if found is None or (len(text) > 7 and not _is_first(text)):
            raise ValueError(f"{text!r} is no month; write it like 2026-05")
        if found > month_of(self.today):
            raise ValueError(f"{text} has not begun")
        return found

    def channel(self, text: str) -> str:
        if not text:
            raise ValueError("the channel is empty")
        if len(text) > 200:
            raise ValueError("the channel's name is longer than 200 characters")
        if self.channels is None or text.casefold() == LIFECYCLE:
            return text
        known = {name.casefold(): name for name in self.channels}
        if text.casefold() not in known:
            near = get_close_matches(text.casefold(), known, 1)
            hint = f"; did you mean {known[near[0]]}?" if near else ""
            raise ValueError(f"no customer came through a channel {text!r}{hint}")
        return known[text.casefold()]

    def cents(self, text: str) -> int:
        try:
            amount = Decimal(text)
        except InvalidOperation:
            raise ValueError(f"{text!r} is no amount; write it like 1234.50") from None
        if not amount.is_finite() or abs(amount) >= _LARGEST:
            raise ValueError(f"{text} is no amount that money has")
        if amount < 0:
            raise ValueError(f"{text} is negative")
        if amount != round(amount, 2):
            raise ValueError(f"{text} has more than two decimals")
        return int(amount * 100)

    def money(self, text: str) -> None:
        if text and self.currency and text.upper() != self.currency:
            raise ValueError(f"the amount is in {text}, the portal in {self.currency}; convert it")
        before = self.named - {text.upper()}
        if text and before:  # the portal's is not known: then all must be in one
            raise ValueError(f"the amount is in {text}, a line before in {min(before)}; convert it")
        self.named.update({text.upper()} if text else ())


def _is_first(text: str) -> bool:
    try:
        return date.fromisoformat(text).day == 1
    except ValueError:
        return False


def _take(
    check: _Row, columns: Mapping[str, int], cells: list[str], line: int, found: Amounts, faults: list[str]
) -> None:
    """Read one line into `found`, or note what is wrong with it."""

    def cell(title: str) -> str:
        place = columns.get(title, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    try:
        key = (check.month(cell("month")), check.channel(cell("channel")))
        same = (key[0], key[1].casefold())
        if same in check.lines:
            where = f"{month_name(key[0])} {key[1]}"
            raise ValueError(f"{where} stands in line {check.lines[same]} already; add the two up")
        check.lines[same] = line
        check.money(cell("currency"))
        found[key] = check.cents(cell("amount"))
    except ValueError as error:
        faults.append(f"line {line}: {error}")
