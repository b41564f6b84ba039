"""Each customer's events as flat sorted arrays, and the look-up of a day in them.

A key packs customer and day into one integer, so that one searchsorted answers "how many, and which was
the last, up to day t" for a million (customer, day) pairs. Days are integers since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SHIFT = 20
_HALF = 1 << (_SHIFT - 1)
_MASK = (1 << _SHIFT) - 1
#: "Since ever" and "not within sight": the ends of the day grid.
EVER, FAR = -_HALF + 1, _HALF - 1


def pack(customers: Ints, days: Ints | int) -> Ints:
    """One sortable key per (customer, day)."""
    return np.asarray((customers.astype(np.int64) << _SHIFT) + (np.clip(days, EVER, FAR) + _HALF))


def day_of(keys: Ints) -> Ints:
    """The day in each key."""
    return (keys & _MASK) - _HALF


def customer_of(keys: Ints) -> Ints:
    """The customer in each key."""
    return keys >> _SHIFT


def distinct_keys(values: Ints) -> Ints:
    """Sorted, each once."""
    ordered = np.sort(values)  # np.unique hashes, which is ten times slower here
    keep = np.ones(len(ordered), dtype=bool)
    keep[1:] = ordered[1:] != ordered[:-1]
    return ordered[keep]


def offsets(keys: Ints, size: int) -> Ints:
    """Where each customer's keys begin; one more entry than customers."""
    return np.searchsorted(keys, np.arange(size + 1, dtype=np.int64) << _SHIFT).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Points:
    """Sorted keys of dated events, with values beside them (`values[name][i]` belongs to `keys[i]`)."""

    keys: Ints
    first: Ints
    values: dict[str, npt.NDArray[Any]]

    @classmethod
    def of(
        cls, customers: Ints, days: Ints, size: int, values: dict[str, npt.NDArray[Any]] | None = None
    ) -> Points:
        """Sort events, with their values."""
        keys, values = pack(customers, days), values or {}
        if not (keys[1:] >= keys[:-1]).all():
            order = np.argsort(keys, kind="stable")
            keys, values = keys[order], {name: array[order] for name, array in values.items()}
        return cls(keys, offsets(keys, size), values)

    @classmethod
    def distinct(cls, customers: Ints, days: Ints, size: int) -> Points:
        """One event per customer and day."""
        keys = distinct_keys(pack(customers, days))
        return cls(keys, offsets(keys, size), {})

    @cached_property
    def days(self) -> Ints:
        """The day of each event."""
        return day_of(self.keys)

    @cached_property
    def customers(self) -> Ints:
        """The customer of each event."""
        return customer_of(self.keys)

    def with_values(self, **values: npt.NDArray[Any]) -> Points:
        """The same events with more values beside them."""
        return Points(self.keys, self.first, {**self.values, **values})


def sums(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Running total with a leading zero: `total[j] - total[i]` is the sum of `values[i:j]`."""
    return np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])


class Moment:
    """(customer, day) pairs, with their positions in event arrays remembered."""

    def __init__(self, customers: Ints, days: Ints) -> None:
        self.customers = customers
        self.days = days
        self.keys = pack(customers, days)
        self._found: dict[int, tuple[Points, Ints]] = {}

    def position(self, points: Points) -> Ints:
        """Index behind the last event dated at or before each pair's day."""
        kept = self._found.get(id(points))
        if kept is None:
            found = np.searchsorted(points.keys, self.keys, side="right").astype(np.int64)
            kept = self._found[id(points)] = (points, found)
        return kept[1]

    def count(self, points: Points) -> Ints:
        """How many events each pair sees."""
        return self.position(points) - points.first[self.customers]

    def last(self, points: Points, values: npt.NDArray[Any]) -> Floats:
        """The value beside the last event seen; NaN where none."""
        if not len(values):
            return np.full(len(self.keys), np.nan)
        found = values[np.maximum(self.position(points) - 1, 0)].astype(np.float64)
        return np.where(self.count(points) > 0, found, np.nan)

    def age(self, points: Points) -> Floats:
        """Days since the last event seen; NaN where none."""
        return self.days - self.last(points, points.days)

    def total(self, points: Points, running: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Sum over the events seen, by a running total from `sums`."""
        return running[self.position(points)] - running[points.first[self.customers]]  # type: ignore[no-any-return]

    def before(self, points: Points, days: int) -> Ints:
        """How many events each pair saw `days` ago."""
        keys = pack(self.customers, self.days - days)
        return np.searchsorted(points.keys, keys, side="right") - points.first[self.customers]


def as_dates(days: Ints) -> pl.Series:
    """Dates; null for EVER, FAR and days no calendar holds."""
    frame = pl.DataFrame({"d": days})
    real = pl.col("d").is_between(-719_162, 2_932_896) & (pl.col("d") > EVER) & (pl.col("d") < FAR)
    return frame.select(pl.when(real).then(pl.col("d")).cast(pl.Int32).cast(pl.Date).alias("d"))["d"]
