"""Calendar months as numbers, and the periods that a figure may be asked for.

A month is counted from January 1970 = 0, so that months can be subtracted. Two numbers are no month: what is
not dated lies before all of them, what holds now or over all time behind all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from plugin.errors import InputError
from plugin.lifecycle.series import EVER, Ints

UNDATED, ALWAYS = -32_000, 32_000
#: Calendar periods that customers are compared over, with their months: those of one kind lie side by side.
SPANS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}


def month_of(day: date) -> int:
    """The number of a day's month."""
    return (day.year - 1970) * 12 + day.month - 1


def months_of(days: Ints) -> Ints:
    """The numbers of days' months; UNDATED for a day that is not known."""
    found = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return np.asarray(np.where(days <= EVER, UNDATED, found))


def span_starts(months: Ints, kind: str) -> Ints:
    """The first months of the calendar periods that months lie in; UNDATED stays UNDATED."""
    return np.asarray(np.where(months == UNDATED, UNDATED, months - months % SPANS[kind]))


def month_name(month: int) -> str:
    """2026-05; empty for what is no month."""
    if month in (UNDATED, ALWAYS):
        return ""
    return f"{1970 + month // 12:04}-{month % 12 + 1:02}"


def parse_month(text: str) -> int | None:
    """The number of `2026-05`; None if the text is none such."""
    found = re.fullmatch(r"(\d{4})-(\d{2})", text.strip(), re.ASCII)
    if found is None or not (1900 <= int(found[1]) <= 2200 and 1 <= int(found[2]) <= 12):
        return None
    return (int(found[1]) - 1970) * 12 + int(found[2]) - 1


@dataclass(frozen=True)
class Period:
    """The months from `first` to `last`; `name` as it was asked for, "" for everything to date.

    `kind` is one of SPANS, "" for everything to date. In days a period is half open in the portal's time
    zone: from the first day of `first` to before the first day of the month after `last`.
    """

    name: str
    first: int
    last: int
    kind: str = "month"

    @property
    def months(self) -> Sequence[int]:
        """Every month of it."""
        return range(self.first, self.last + 1)

    def closed(self, today: int) -> Sequence[int]:
        """Its months that are over; the running one alone where the period is nothing else."""
        if self.first >= today:
            return self.months
        return range(self.first, min(self.last, today - 1) + 1)


def parse_period(text: str | None, today: date) -> Period:
    """`2026-05`, `2026-Q2`, `2026`, or nothing for everything to date.

    Raises InputError for anything else and for what has not begun.
    """
    now = month_of(today)
    if not text:
        return Period("", UNDATED, now, "")
    found = _span(text.strip())
    if found is None:
        raise InputError(
            f"{text!r} is no period.", cure="Write a month (2026-05), a quarter (2026-Q2) or a year (2026)."
        )
    if found[0] > now:
        raise InputError(f"The period {text} has not begun.", cure=f"Today is {today.isoformat()}.")
    kind = next(kind for kind, size in SPANS.items() if size == found[1] - found[0] + 1)
    return Period(text.strip(), found[0], min(found[1], now), kind)


def last_complete(now: int) -> list[Period]:
    """The last year, quarter and month that are over in the month `now`, the longest first."""
    found = []
    for kind, size in sorted(SPANS.items(), key=lambda one: -one[1]):
        first = now - now % size - size
        found.append(Period(span_name(first, kind), first, first + size - 1, kind))
    return found


def span_name(first: int, kind: str) -> str:
    """2026, 2026-Q2 or 2026-05: how a period is asked for."""
    year, month = 1970 + first // 12, first % 12
    return {"year": f"{year:04}", "quarter": f"{year:04}-Q{month // 3 + 1}"}.get(kind, month_name(first))


def _span(text: str) -> tuple[int, int] | None:
    month = parse_month(text)
    if month is not None:
        return month, month
    quarter = re.fullmatch(r"(\d{4})-Q([1-4])", text, re.ASCII)
    if quarter:
        first = parse_month(f"{quarter[1]}-{3 * int(quarter[2]) - 2:02}")
        return (first, first + 2) if first is not None else None
    first = parse_month(f"{text}-01")
    return (first, first + 11) if first is not None else None
