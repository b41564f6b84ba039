"""Cells: contributions added up over a scope's customers, and the figures read from them.

A cell is (scope, measure, detail, month, bin) → whole number. Cells of customers who change are moved by the
difference of their contributions; cells from scratch are the sum of all contributions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any

import polars as pl

from plugin.portfolio.months import ALWAYS

#: What stands between the parts of a contribution's line; no part holds it.
BETWEEN = "\x1f"
CELL = ("scope", "measure", "detail", "month", "bin")
_SCHEMA: dict[str, Any] = {
    "scope": pl.String,
    "measure": pl.String,
    "detail": pl.String,
    "month": pl.Int64,
    "bin": pl.Int64,
    "value": pl.Int64,
}

_AT_ONCE = 20_000  # contributions added up in one piece
Cell = tuple[str, str, str, int, int]
_Months = tuple[dict[int, int], list[int], list[int]]  # by month, running totals, months


def moved(before: Iterable[str], after: Iterable[str]) -> pl.DataFrame:
    """By how much cells move when contributions give way to others: CELL and `value`, in order."""
    gone, come = _long(before), _long(after)
    both = pl.concat([come, gone.with_columns(-pl.col("value"))])
    return both.group_by(*CELL).agg(pl.col("value").sum()).filter(pl.col("value") != 0).sort(*CELL)


def added_up(contributions: Iterable[str]) -> pl.DataFrame:
    """The cells of these contributions from scratch, a part at a time, so that a million fit into memory."""
    rest, found = iter(contributions), moved((), ())
    while part := list(islice(rest, _AT_ONCE)):
        both = pl.concat([found, moved((), part)])
        found = both.group_by(*CELL).agg(pl.col("value").sum())
    return found.filter(pl.col("value") != 0).sort(*CELL)


def _long(contributions: Iterable[str]) -> pl.DataFrame:
    """One row a scope and cell of each contribution."""
    texts = pl.Series("text", [text for text in contributions if text], dtype=pl.String).to_frame()
    parts = texts.select(part=pl.col("text").str.splitn("\n", 2)).unnest("part").drop_nulls("field_1")
    lines = parts.with_row_index()
    scopes = lines.select("index", scope=pl.col("field_0").str.split(BETWEEN)).explode("scope")
    cells = lines.select("index", line=pl.col("field_1").str.split("\n")).explode("line")
    names = [name for name in _SCHEMA if name != "scope"]
    split = pl.col("line").str.split_exact(BETWEEN, len(names) - 1).struct.rename_fields(names)
    cells = cells.select("index", split.alias("cell")).unnest("cell")
    return scopes.join(cells, on="index").select(pl.col(n).cast(kind) for n, kind in _SCHEMA.items())


@dataclass(frozen=True)
class Timing:
    """The median of days, of how many it is known, and of how many in all."""

    median: float | None
    n: int
    total: int


NEVER = Timing(None, 0, 0)


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


def timing_of(bins: Mapping[int, int]) -> Timing:
    """The exact median of days kept as counts; days below 0 are not known, and count in the total alone."""
    known = sorted((days, count) for days, count in bins.items() if days >= 0 and count > 0)
    size = sum(count for _, count in known)
    if not size:
        return Timing(None, 0, sum(bins.values()))
    low, high = _nth(known, (size - 1) // 2), _nth(known, size // 2)
    return Timing((low + high) / 2, size, sum(bins.values()))


def _nth(known: list[tuple[int, int]], position: int) -> int:
    for days, count in known:
        if position < count:
            return days
        position -= count
    raise IndexError(position)
