"""Contributions in the making: rows of (customer, measure, detail, month, bin, value), all whole numbers.

Whole numbers add and subtract without error, so that what is kept up by differences stays exactly equal to a
sum from scratch. Money is cents.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from plugin.lifecycle.facts import Engine
from plugin.lifecycle.series import Bools, Ints, Points
from plugin.portfolio.months import ALWAYS, months_of

SCHEMA: dict[str, Any] = {
    "customer": pl.Int64,
    "measure": pl.String,
    "detail": pl.String,
    "month": pl.Int64,
    "bin": pl.Int64,
    "value": pl.Int64,
}
NONE = np.int64(-31_999)  # no month: never bought


@dataclass(frozen=True, eq=False)
class Batch:
    """The customers whose contributions are made: `frame` is their outcomes, `customers` their numbers."""

    engine: Engine
    frame: pl.DataFrame
    customers: Ints

    @cached_property
    def wanted(self) -> Bools:
        """Whether a customer number is among them."""
        found = np.zeros(self.engine.events.size, dtype=bool)
        found[self.customers] = True
        return found

    @cached_property
    def first_purchase(self) -> Ints:
        """The first day of purchase by customer number; -1 day stands for none (see `buyers`)."""
        bought = self.engine.events.points["purchases"]
        found = np.full(self.engine.events.size, -1, np.int64)
        some = np.diff(bought.first) > 0
        found[some] = bought.days[bought.first[:-1][some]]
        return found

    @cached_property
    def buyers(self) -> Bools:
        """Whether a customer number has bought up to today, and is wanted."""
        bought = self.engine.events.points["purchases"]
        has = np.diff(bought.first) > 0
        return np.asarray(has & (self.first_purchase <= self.engine.today) & self.wanted)

    @cached_property
    def cohort(self) -> Ints:
        """The month of the first purchase by customer number; NONE for who never bought."""
        return np.asarray(np.where(self.buyers, months_of(self.first_purchase), NONE))

    def seen(self, points: Points) -> Ints:
        """Which of the events are of wanted customers and not dated later than today."""
        return np.flatnonzero(self.wanted[points.customers] & (points.days <= self.engine.today))


def rows(
    measure: str,
    customers: Ints,
    months: Ints | int = ALWAYS,
    values: npt.NDArray[Any] | int = 1,
    *,
    detail: pl.Series | str = "",
    bins: Ints | int = 0,
) -> pl.DataFrame:
    """One row an entry; what is single holds for all."""
    size = len(customers)

    def whole(given: Any) -> npt.NDArray[Any]:
        return np.broadcast_to(np.asarray(given, np.int64), (size,))

    text = detail if isinstance(detail, pl.Series) else pl.Series([detail]).new_from_index(0, size)
    return pl.DataFrame(
        {
            "customer": customers,
            "measure": pl.Series([measure]).new_from_index(0, size),
            "detail": text,
            "month": whole(months),
            "bin": whole(bins),
            "value": whole(values),
        },
        schema=SCHEMA,
    )


def timed(
    measure: str, customers: Ints, months: Ints, bins: Ints, detail: pl.Series | str = ""
) -> list[pl.DataFrame]:
    """Rows of a count by whole days, once by month and once over all time, so that medians are read fast."""
    return [rows(measure, customers, month, detail=detail, bins=bins) for month in (months, ALWAYS)]


def distinct(customers: Ints, months: Ints) -> tuple[Ints, Ints]:
    """Each (customer, month) once."""
    pairs = pl.DataFrame({"c": customers, "m": months}).unique().sort("c", "m")
    return pairs["c"].to_numpy(), pairs["m"].to_numpy()
