"""Payments read as contracts: which of them renewed one, when the next is due, when a contract has ended.

A contract begins with a payment and is due again a period later, on the same day of the month. A payment up
to a third of a period after that day renews it; whoever has not paid by then has left, and a later payment
begins another contract. Where the records know the last day that is paid for, it says when the next payment
is due. All days count from 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from plugin.value.arrays import Bools, Floats, Ints

#: Months in a period, by its name.
PERIODS = {"month": 1, "quarter": 3, "year": 12}
_MONTH = 365.25 / 12
#: A payment is waited for this share of a period.
GRACE = 0.35
#: No renewal was met: the contract's first payment.
NEVER = -(1 << 40)


@dataclass(frozen=True)
class Period:
    """A contract's period of so many months."""

    months: int

    @property
    def days(self) -> float:
        """Its mean length."""
        return self.months * _MONTH

    @property
    def grace(self) -> int:
        """Days after the due day in which a payment still renews."""
        return round(self.days * GRACE)

    def after(self, first: Ints, periods: Ints | int) -> Ints:
        """The day so many periods later: the same of its month, or the month's last."""
        dates = np.asarray(first, np.int64).astype("M8[D]")
        months = dates.astype("M8[M]")
        into = (dates - months.astype("M8[D]")).astype(np.int64)
        then = months + np.asarray(periods, np.int64) * self.months
        begin = then.astype("M8[D]").astype(np.int64)
        length = (then + 1).astype("M8[D]").astype(np.int64) - begin
        found: Ints = begin + np.minimum(into, length - 1)
        return found

    def due(self, due: Ints, paid_on: Ints, until: Floats, dated: Bools) -> Ints:
        """When the next payment is due: the day after `until`, where the records know it (NaN: not).

        A last day of which nobody knows since when it holds (`dated` is false) may have been written later:
        it is believed no further than a period beyond the payment. One before the payment is out of date.
        """
        far = self.days + self.grace
        known = (until >= paid_on) & (dated | (until <= paid_on + far))
        found: Ints = np.where(known, np.nan_to_num(until) + 1, due).astype(np.int64)
        return found


@dataclass(frozen=True, eq=False)
class Renewals:
    """One entry a payment, as things stood on its day.

    `renewed` renewals of the running contract, `due` the day of the next, `met` that of the latest (NEVER:
    none yet), `terms` periods paid for in all contracts, `fresh` begins a contract, `renews` renews one.
    """

    renewed: Ints
    due: Ints
    met: Ints
    terms: Ints
    fresh: Bools
    renews: Bools


def renewals_of(owner: Ints, day: Ints, until: Floats, dated: Bools, period: Period) -> Renewals:
    """Payments in order of owner and day, one a day; `until` and `dated` as known on their eves.

    What is said of a payment depends on those before it alone.
    """
    size = len(owner)
    begin, first = np.asarray(day, np.int64).copy(), np.ones(size, dtype=bool)
    first[1:] = owner[1:] != owner[:-1]
    index, renewed = np.zeros(size, np.int64), np.zeros(size, np.int64)
    due, met, terms = period.after(begin, 1), np.full(size, NEVER), np.ones(size, np.int64)
    fresh, renews = first.copy(), np.zeros(size, dtype=bool)
    for rows in _by_turn(first):
        eve = rows - 1
        awaited = period.due(due[eve], day[eve], until[rows], dated[rows])
        again = day[rows] > awaited + period.grace
        nearest = np.rint((day[rows] - begin[eve]) / period.days).astype(np.int64)
        step = (nearest > index[eve]) & ~again
        begin[rows] = np.where(again, day[rows], begin[eve])
        index[rows] = np.where(again, 0, np.maximum(nearest, index[eve]))
        renewed[rows] = np.where(again, 0, renewed[eve] + step)
        met[rows] = np.where(again, NEVER, np.where(step, awaited, met[eve]))
        terms[rows] = terms[eve] + (step | again)
        due[rows] = period.after(begin[rows], index[rows] + 1)
        fresh[rows], renews[rows] = again, step
    return Renewals(renewed, due, met, terms, fresh, renews)


def _by_turn(first: Bools) -> list[Ints]:
    """The rows of every owner's second entry, of every third …"""
    starts = np.flatnonzero(first)
    turn = np.arange(len(first)) - np.repeat(starts, np.diff(starts, append=len(first)))
    order = np.argsort(turn, kind="stable")
    bounds = np.searchsorted(turn[order], np.arange(1, (int(turn.max()) if len(turn) else 0) + 2))
    return [order[a:b] for a, b in pairwise(bounds)]
