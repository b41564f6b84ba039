"""The contracts of all customers on one day: where each stands, and what their renewals teach.

A renewal counts, paid or refused, only once everybody who was due that day has had the time to pay: counted
sooner, those who pay on the day would stand without those who are going to refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.renewals import Period, renewals_of


@dataclass(frozen=True, eq=False)
class Contracts:
    """Where every customer and every contract stands.

    One entry a customer: `renewed`, `due` (days until the next payment is due; negative: overdue),
    `cancelled` (1: notice was given), `terms` periods paid for in all contracts. One entry a contract:
    `owner` (the customer's position), `counted` renewals, `left` (and then refused). One entry a counted
    renewal: `payer` and `late`, the days after the due day on which it was paid.
    """

    period: Period
    renewed: Ints
    due: Ints
    cancelled: Ints
    terms: Ints
    owner: Ints
    counted: Ints
    left: Bools
    payer: Ints
    late: Ints

    @property
    def timing(self) -> tuple[Ints, Ints, Ints]:
        """(renewed, due, cancelled), as predictors of contracts take them."""
        return self.renewed, self.due, self.cancelled

    @property
    def asked(self) -> int:
        """Renewals that fell due and count."""
        return int(self.counted.sum() + self.left.sum())

    @cached_property
    def unpaid(self) -> Floats:
        """Of those who renew the share that has not paid 0, 1 … `grace` days after the due day.

        One renewal paid at no day in particular is added, so that nothing is impossible.
        """
        days = np.arange(self.period.grace + 1)
        later = len(self.late) - np.cumsum(np.bincount(self.late, minlength=len(days)))
        found: Floats = (later + 1 - days / max(self.period.grace, 1)) / (len(self.late) + 1)
        return found

    def only(self, rows: Bools) -> Contracts:
        """The customers at `rows`."""
        place = np.cumsum(rows) - 1
        mine, paid = rows[self.owner], rows[self.payer]
        return replace(
            self,
            renewed=self.renewed[rows],
            due=self.due[rows],
            cancelled=self.cancelled[rows],
            terms=self.terms[rows],
            owner=place[self.owner[mine]],
            counted=self.counted[mine],
            left=self.left[mine],
            payer=place[self.payer[paid]],
            late=self.late[paid],
        )


@dataclass(frozen=True, eq=False)
class Payments:
    """What contracts are read from. Per payment: `owner` (the customer's position) and `day`, in this order
    and one a day; `until` the last day paid for as known on the eve (NaN: not), and whether that is `dated`.
    Per customer, on the day of looking: `running` and `running_dated` the same, `cancelled` 1 or 0.
    """

    owner: Ints
    day: Ints
    until: Floats
    dated: Bools
    running: Floats
    running_dated: Bools
    cancelled: Ints

    @classmethod
    def plain(cls, owner: Ints, day: Ints, customers: int) -> Payments:
        """Payments of which nothing else is known."""
        nobody, never = np.full(customers, np.nan), np.zeros(customers, dtype=bool)
        unknown = np.full(len(owner), np.nan)
        return cls(
            owner,
            day,
            unknown,
            np.zeros(len(owner), dtype=bool),
            nobody,
            never,
            np.zeros(customers, np.int64),
        )


def contracts_of(payments: Payments, day: int, period: Period) -> Contracts:
    """The contracts as they stand on `day`, the last that is seen."""
    p = payments
    found = renewals_of(p.owner, p.day, p.until, p.dated, period)
    end = np.append(p.owner[1:] != p.owner[:-1], True)[: len(p.owner)]
    last = np.flatnonzero(end)
    due = period.due(found.due[last], p.day[last], p.running, p.running_dated)
    closing = np.flatnonzero(np.append(found.fresh[1:], True)[: len(p.owner)])
    over = np.ones(len(p.owner), dtype=bool)
    over[last] = due + period.grace < day
    counts = found.met + period.grace < day
    paid = np.flatnonzero(found.renews & counts)
    late = np.clip(p.day[paid] - found.met[paid], 0, period.grace)
    return Contracts(
        period,
        found.renewed[last],
        due - day,
        p.cancelled,
        found.terms[last],
        p.owner[closing],
        found.renewed[closing] - ~counts[closing],
        over[closing],
        p.owner[paid],
        late,
    )
