"""Customers packed into distinct (frequency, recency, T) with their number: what likelihoods run over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plugin.value.arrays import Floats, Ints

_BITS = 20  # a million days, or purchases: more than any portal has


@dataclass(frozen=True, eq=False)
class Triples:
    """Distinct histories on the day grid, in the chosen unit.

    `x` repeat purchases (whole), `recency` t_x and `age` T in units, `weight` how many customers have it
    (less than one each for aggregators). `log_gaps` is the sum of ln(gap in units) over everyone's gaps.
    """

    x: Ints
    recency: Floats
    age: Floats
    weight: Floats
    log_gaps: float

    @property
    def customers(self) -> float:
        """The customers in all, by weight."""
        return float(self.weight.sum())

    @cached_property
    def frequencies(self) -> tuple[Ints, Ints, Floats]:
        """The distinct x, the number of each row's x among them, and the customers with each."""
        # x is small and whole: counting beats sorting
        counts = np.bincount(self.x, weights=self.weight).astype(np.float64)
        values: Ints = np.flatnonzero(np.bincount(self.x))
        number = np.zeros(len(counts), np.int64)
        number[values] = np.arange(len(values))
        return values, number[self.x], counts[values]

    @classmethod
    def of(
        cls,
        x: Ints,
        recency: Ints,
        age: Ints,
        log_gaps: Floats | None = None,
        *,
        days_per_unit: float = 7.0,
        cap: float = np.inf,
    ) -> Triples:
        """Pack whole-day histories; those with x above `cap` weigh cap / x."""
        key = np.sort((x << (2 * _BITS)) | (recency << _BITS) | age)
        last = np.flatnonzero(np.diff(key, append=-1))
        count = np.diff(last, prepend=-1).astype(np.float64)
        key, mask = key[last], (1 << _BITS) - 1
        found = key >> (2 * _BITS)
        share = np.minimum(1.0, cap / np.maximum(found, 1))
        total = 0.0
        if log_gaps is not None:
            each = np.minimum(1.0, cap / np.maximum(x, 1)) * (log_gaps - x * np.log(days_per_unit))
            total = float(each.sum())
        recencies = ((key >> _BITS) & mask) / days_per_unit
        return cls(found, recencies, (key & mask) / days_per_unit, count * share, total)
