"""The cells of one scope, ready to be read: sums by month, running totals, what holds now, timings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from plugin.portfolio.months import ALWAYS
from plugin.portfolio.timings import NEVER, Timing

_Months = tuple[dict[int, int], list[int], list[int]]  # by month, running totals, months


@dataclass(frozen=True, eq=False)
class Figures:
    """The cells of one scope, ready to be read: {(measure, detail): {(month, bin): value}}.

    `timings` are the counts by days: {(measure, detail, whether of all time): timing}.
    """

    cells: Mapping[tuple[str, str], Mapping[tuple[int, int], int]]
    timings: Mapping[tuple[str, str, bool], Timing] = field(default_factory=dict)
    _months: dict[tuple[str, str], _Months] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        rows: Iterable[tuple[Any, ...]],
        timings: Mapping[tuple[str, str, bool], Timing] | None = None,
    ) -> Figures:
        """From (measure, detail, month, bin, value) rows."""
        found: dict[tuple[str, str], dict[tuple[int, int], int]] = {}
        for measure, detail, month, bin_, value in rows:
            if value:
                found.setdefault((measure, detail), {})[month, bin_] = value
        return cls(found, timings or {})

    def details(self, measure: str) -> list[str]:
        """The details that a measure has."""
        return sorted(detail for name, detail in self.cells if name == measure)

    def by_month(self, measure: str, detail: str = "") -> Mapping[int, int]:
        """{month: sum over bins}, in order of months; what holds over all time is left out."""
        known = self._months.get((measure, detail))
        if known is None:
            found: dict[int, int] = {}
            for (month, _), value in sorted(self.cells.get((measure, detail), {}).items()):
                if month != ALWAYS:
                    found[month] = found.get(month, 0) + value
            known = self._months[measure, detail] = (found, list(accumulate(found.values())), list(found))
        return known[0]

    def total(self, measure: str, months: Iterable[int] | None = None, detail: str = "") -> int:
        """The sum over months; None: over all, undated ones included."""
        found = self.by_month(measure, detail)
        return sum(found.values()) if months is None else sum(found.get(month, 0) for month in months)

    def in_bin(self, measure: str, bin_: int, months: Collection[int] | None = None, detail: str = "") -> int:
        """The sum over months of one bin alone; None: over all months, undated ones included."""
        found = self.cells.get((measure, detail), {})
        return sum(
            value
            for (month, at), value in found.items()
            if at == bin_ and (month != ALWAYS if months is None else month in months)
        )

    def up_to(self, measure: str, month: int, detail: str = "") -> int:
        """The running total at a month's end."""
        self.by_month(measure, detail)
        _, running, months = self._months[measure, detail]
        place = bisect_right(months, month)
        return running[place - 1] if place else 0

    def now(self, measure: str, detail: str = "") -> int:
        """What holds now."""
        return self.cells.get((measure, detail), {}).get((ALWAYS, 0), 0)

    def timing(self, measure: str, detail: str = "", *, always: bool = False) -> Timing:
        """The counts by days of the period read, or of all time."""
        return self.timings.get((measure, detail, always), NEVER)

    def aged(self, measure: str) -> dict[int, dict[int, int]]:
        """{cohort's month: {age in months: value}}."""
        found: dict[int, dict[int, int]] = {}
        for (month, bin_), value in self.cells.get((measure, ""), {}).items():
            found.setdefault(month, {})[bin_] = value
        return found
