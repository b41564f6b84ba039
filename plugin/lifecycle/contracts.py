"""Contracts as predictors take them: payments, notices and last days paid for, at (customer, day) pairs.

What renews a contract, and when the next payment is due, the predictor says; this room only hands it what the
records know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from plugin.lifecycle.ground import Ground
from plugin.lifecycle.pasts import Paid, Pasts, Timing
from plugin.lifecycle.person_facts import cancellation
from plugin.lifecycle.series import FAR, Bools, Floats, Ints, Moment

_UNTIL, _STEPS, _DATES = "contract_until", ("cancelled", "contract_until"), ("cancelled_on",)


class Renewals(Protocol):
    """What each payment did: renewals of the contract so far, the next due day, periods paid for in all."""

    @property
    def renewed(self) -> npt.NDArray[Any]: ...
    @property
    def due(self) -> npt.NDArray[Any]: ...
    @property
    def terms(self) -> npt.NDArray[Any]: ...


RenewalsOf = Callable[[Ints, Ints, Floats, Bools], Renewals]


class Reader(Protocol):
    """What a predictor of contracts says about payments."""

    @property
    def renewals(self) -> RenewalsOf: ...
    @property
    def grace(self) -> int: ...
    def due(self, due: Ints, paid_on: Ints, until: Floats, dated: Bools) -> npt.NDArray[Any]: ...


def known_until(ground: Ground, moment: Moment) -> tuple[Floats, Bools]:
    """The last day paid for (NaN: not known), and whether the day since when that holds is on record."""
    points = ground.events.steps.get(_UNTIL)
    if points is None:
        return np.full(len(moment.keys), np.nan), np.zeros(len(moment.keys), dtype=bool)
    since = moment.last(points, points.values["since"])
    return moment.last(points, points.values["value"]), ~np.isnan(since)


def cancelled(ground: Ground, moment: Moment) -> Ints:
    """1 where a cancellation stands."""
    return np.nan_to_num(cancellation(ground, moment)[0]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Payments:
    """What a fit reads contracts from: every purchase up to a day, and how things stand on that day.

    Per purchase, in order: `owner` (the buyer's position), `day`, `until` (the last day paid for, as known on
    its eve; NaN: not known) and whether that is `dated`. Per buyer: `running` and `running_dated` the same on
    the day itself, `cancelled` 1 or 0, `priced` purchase days of known amount, `revenue`.
    """

    owner: Ints
    day: Ints
    until: Floats
    dated: Bools
    running: Floats
    running_dated: Bools
    cancelled: Ints
    priced: Ints
    revenue: Floats


def payments(ground: Ground, pasts: Pasts, day: int) -> Payments:
    """Of everyone who bought up to `day`."""
    events = ground.events
    bought, money = events.points["purchases"], events.points["money"]
    seen = np.flatnonzero(bought.days <= day)
    everyone = np.arange(events.size, dtype=np.int64)
    buying = pasts.buying(Moment(everyone, np.full(events.size, day, np.int64)))
    moment = Moment(buying, np.full(len(buying), day, np.int64))
    owner = np.searchsorted(buying, bought.customers[seen]).astype(np.int64)
    eve = Moment(bought.customers[seen], bought.days[seen] - 1)
    return Payments(
        owner,
        bought.days[seen],
        *known_until(ground, eve),
        *known_until(ground, moment),
        cancelled(ground, moment),
        moment.count(pasts.paid),
        moment.total(money, money.values["sum_cents"]) / 100,
    )


@dataclass(eq=False)
class Contracts:
    """The contracts of a batch, as one predictor reads them."""

    ground: Ground
    by: Reader

    @cached_property
    def _payments(self) -> Renewals:
        bought = self.ground.events.points["purchases"]
        eve = Moment(bought.customers, bought.days - 1)
        return self.by.renewals(bought.customers, bought.days, *known_until(self.ground, eve))

    def _due(self, moment: Moment) -> Ints:
        bought = self.ground.events.points["purchases"]
        last = moment.position(bought) - 1
        until = known_until(self.ground, moment)
        return np.asarray(self.by.due(self._payments.due[last], bought.days[last], *until), np.int64)

    def timing(self, moment: Moment) -> Timing:
        """(renewals of the running contract, days until the next payment is due, 1 where notice was given)
        of pairs that have all seen a purchase.
        """
        last = moment.position(self.ground.events.points["purchases"]) - 1
        return self._payments.renewed[last], self._due(moment) - moment.days, cancelled(self.ground, moment)

    def spent(self, moment: Moment, pasts: Pasts) -> Paid:
        """(periods of known amount, the mean of what was paid for one), the first included."""
        events = self.ground.events
        last, money = moment.position(events.points["purchases"]) - 1, events.points["money"]
        known = np.minimum(moment.count(pasts.paid), self._payments.terms[last])
        revenue = moment.total(money, money.values["sum_cents"]) / 100
        return known, np.divide(revenue, known, out=np.full(len(known), np.nan), where=known > 0)

    def due_on(self, moment: Moment) -> Floats:
        """The day on which the next payment is, or was, due; NaN after a notice."""
        _, due, notice = self.timing(moment)
        return np.where(notice == 0, moment.days + due, np.nan)

    def turned(self, moment: Moment) -> Ints:
        """The latest day, up to each pair's, on which a contract's prediction took a turn.

        A notice, a new last day, the due day, the end of the days of grace.
        """
        found = np.full(len(moment.keys), -FAR, np.int64)
        events = self.ground.events
        named = [events.steps[n] for n in _STEPS if n in events.steps] + [events.points[n] for n in _DATES]
        for points in named:
            found = np.maximum(
                found, np.nan_to_num(moment.last(points, points.days), nan=-FAR).astype(np.int64)
            )
        for day in self._turns(moment):
            found = np.where(day <= moment.days, np.maximum(found, day), found)
        return found

    def coming(self, moment: Moment) -> list[Ints]:
        """The days after each pair's on which its prediction turns by itself; FAR: none."""
        return [np.where(day > moment.days, day, FAR) for day in self._turns(moment)]

    def _turns(self, moment: Moment) -> tuple[Ints, Ints]:
        due = self._due(moment)
        return due, due + self.by.grace + 1
