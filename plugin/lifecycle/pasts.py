"""Purchase histories as the value room takes them: of (customer, day) pairs, and of all buyers for a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plugin.lifecycle.events import Events
from plugin.lifecycle.series import Floats, Ints, Moment, Points

Timing = tuple[Ints, Ints, Ints]
Paid = tuple[Ints, Floats]


@dataclass(frozen=True, eq=False)
class Buyers:
    """Everyone who bought, for a fit; one entry each, whole days, money in the portal's currency.

    `x` repeat purchases, `recency` days from first to last purchase, `age` days since the first, `log_gaps`
    Σ ln(gap in days), `paid` repeat purchases of known amount and `mean` their mean. `margin`: profit by
    revenue over all of them.
    """

    ids: Ints
    x: Ints
    recency: Ints
    age: Ints
    log_gaps: Floats
    paid: Ints
    mean: Floats
    margin: float


class Pasts:
    """Looks up histories in the events of a batch."""

    def __init__(self, events: Events) -> None:
        self.events = events
        money, size = events.points["money"], events.size
        sold = money.values["sold"] > 0
        self.paid = Points.distinct(money.customers[sold], money.days[sold], size)
        begin = self._first_days()
        moment = Moment(np.arange(size, dtype=np.int64), begin)
        self._first_paid = moment.count(self.paid)
        self._first_cents = moment.total(money, money.values["sum_cents"])

    def _first_days(self) -> Ints:
        bought = self.events.points["purchases"]
        found = np.zeros(self.events.size, np.int64)
        some = np.diff(bought.first) > 0
        found[some] = bought.days[bought.first[:-1][some]]
        return found

    def buying(self, moment: Moment) -> Ints:
        """The pairs that have seen a purchase."""
        return np.flatnonzero(moment.count(self.events.points["purchases"]) > 0)

    def timing(self, moment: Moment) -> Timing:
        """(repeat purchases, recency, age) of pairs that have all seen a purchase."""
        bought = self.events.points["purchases"]
        first = bought.days[bought.first[moment.customers]]
        last = bought.days[moment.position(bought) - 1]
        return moment.count(bought) - 1, last - first, moment.days - first

    def spent(self, moment: Moment) -> Paid:
        """(repeat purchases of known amount, their mean): the first purchase's day does not count."""
        money = self.events.points["money"]
        known = np.maximum(moment.count(self.paid) - self._first_paid[moment.customers], 0)
        cents = moment.total(money, money.values["sum_cents"]) - self._first_cents[moment.customers]
        mean = np.divide(cents / 100, known, out=np.full(len(known), np.nan), where=known > 0)
        return known, mean


def buyers(events: Events, day: int, pasts: Pasts | None = None) -> Buyers:
    """Everyone who bought up to `day`, as they stood then; `pasts` of the same events spare some work."""
    pasts = pasts or Pasts(events)
    everyone = np.arange(events.size, dtype=np.int64)
    bought = pasts.buying(Moment(everyone, np.full(events.size, day, np.int64)))
    moment = Moment(bought, np.full(len(bought), day, np.int64))
    timing, spent = pasts.timing(moment), pasts.spent(moment)
    return Buyers(events.ids[bought], *timing, _log_gaps(events, day)[bought], *spent, _margin(events, day))


def _log_gaps(events: Events, day: int) -> Floats:
    points = events.points["purchases"]
    owner, days = points.customers, points.days
    again = np.flatnonzero((np.diff(owner, prepend=-1) == 0) & (days <= day))
    gaps = np.log((days[again] - days[again - 1]).astype(np.float64))
    return np.bincount(owner[again], weights=gaps, minlength=events.size).astype(np.float64)


def _margin(events: Events, day: int) -> float:
    money = events.points["money"]
    used = (money.values["known"] > 0) & (money.days <= day)
    revenue = float(money.values["cents"][used].sum())
    if revenue <= 0:
        return 1.0
    return float(np.clip(money.values["profit"][used].sum() / revenue, 0.0, 1.0))
