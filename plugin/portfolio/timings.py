"""Exact medians of days that are kept as counts: found by coarse counts first, then within the middle ones.

Of thousands of counts a page then reads some dozens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plugin.portfolio.cells import COARSE


@dataclass(frozen=True)
class Timing:
    """The median of days, of how many it is known, and of how many in all."""

    median: float | None
    n: int
    total: int


NEVER = Timing(None, 0, 0)
Counts = Mapping[int, int]


@dataclass(frozen=True)
class Middle:
    """Where the two middle ones of counted days lie: in which coarse count each, and at which place in it."""

    low: tuple[int, int]
    high: tuple[int, int]
    n: int
    total: int

    def days(self) -> list[tuple[int, int]]:
        """The spans of days to look into, both ends included."""
        return [(at * COARSE, at * COARSE + COARSE - 1) for at in sorted({self.low[0], self.high[0]})]

    def timing(self, fine: Counts) -> Timing:
        """The timing, by the counts of the single days in these spans."""
        low, high = (_within(fine, at, place) for at, place in (self.low, self.high))
        return Timing((low + high) / 2, self.n, self.total)


def middle_of(coarse: Counts) -> Middle | Timing:
    """Where to look for the median; a timing without one where no days are known."""
    known = _known(coarse)
    size = sum(count for _, count in known)
    total = sum(coarse.values())
    if not size:
        return Timing(None, 0, total)
    return Middle(_nth(known, (size - 1) // 2), _nth(known, size // 2), size, total)


def timing_of(bins: Counts) -> Timing:
    """The exact median of counted days; days below 0 are not known, and count in the total alone."""
    known = _known(bins)
    size = sum(count for _, count in known)
    if not size:
        return Timing(None, 0, sum(bins.values()))
    low, high = _nth(known, (size - 1) // 2)[0], _nth(known, size // 2)[0]
    return Timing((low + high) / 2, size, sum(bins.values()))


def _known(bins: Counts) -> list[tuple[int, int]]:
    return sorted((days, count) for days, count in bins.items() if days >= 0 and count > 0)


def _nth(known: list[tuple[int, int]], position: int) -> tuple[int, int]:
    """The bin in which the one at a position lies, and its place within it."""
    for days, count in known:
        if position < count:
            return days, position
        position -= count
    raise IndexError(position)


def _within(fine: Counts, coarse: int, place: int) -> int:
    return _nth(_known({day: n for day, n in fine.items() if day // COARSE == coarse}), place)[0]
