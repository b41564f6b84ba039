"""Calendar months as numbers, and the periods that a figure may be asked for.

A month is counted from January 1970 = 0, so that months can be subtracted. Two numbers are no month: what is
not dated lies before all of them, what holds now or over all time behind all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from plugin.errors import InputError
from plugin.lifecycle.series import EVER, Ints

UNDATED, ALWAYS = -32_000, 32_000


def month_of(day: date) -> int:
    """The number of a day's month."""
    return (day.year - 1970) * 12 + day.month - 1


def months_of(days: Ints) -> Ints:
    """The numbers of days' months; UNDATED for a day that is not known."""
    found = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return np.asarray(np.where(days <= EVER, UNDATED, found))


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
    """The months from `first` to `last`; `name` as it was asked for, "" for everything to date."""

    name: str
    first: int
    last: int

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
        return Period("", UNDATED, now)
    found = _span(text.strip())
    if found is None:
        raise InputError(
            f"{text!r} is no period.", cure="Write a month (2026-05), a quarter (2026-Q2) or a year (2026)."
        )
    if found[0] > now:
        raise InputError(f"The period {text} has not begun.", cure=f"Today is {today.isoformat()}.")
    return Period(text.strip(), found[0], min(found[1], now))


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
