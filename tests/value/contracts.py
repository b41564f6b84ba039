"""Customers under contract, drawn from a known sBG: their payments, notices and last days paid for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping, Purchase, Sources
from plugin.value.arrays import Ints
from plugin.value.contracts import Payments
from plugin.value.renewals import Period

EPOCH = date(1970, 1, 1)
END = (date(2026, 6, 30) - EPOCH).days
ALPHA, BETA = 0.8, 4.0
MONTHLY = Mapping(
    purchase=Purchase(setting="contract", period="month"),
    contact=Sources(cancelled_on="cancelled_on", contract_until="paid_until"),
)


@dataclass(frozen=True, eq=False)
class World:
    """Payments in order of owner and day, of customers numbered from 0; amounts are each customer's own."""

    owner: Ints
    day: Ints
    price: Ints

    def until(self, last: int) -> World:
        """What was known on a day, of those who had begun by then."""
        seen = self.day <= last
        _, owner = np.unique(self.owner[seen], return_inverse=True)
        return World(owner, self.day[seen], self.price[np.unique(self.owner[seen])])

    @property
    def payments(self) -> Payments:
        """As contracts are read from."""
        return Payments.plain(self.owner, self.day, len(self.price))


@cache
def drawn(size: int, months: int = 1, years: float = 3.0, seed: int = 1, ahead: int = 0) -> World:
    """Contracts begun at any time of the years before END; a fifth of the payments come a few days late."""
    rng, period = np.random.default_rng(seed), Period(months)
    begin = np.sort(rng.integers(END - int(365 * years), END, size))
    refuse = rng.beta(ALPHA, BETA, size)
    owner, day = [np.arange(size)], [begin]
    active, number = np.arange(size), 0
    while len(active):
        number += 1
        active = active[rng.random(len(active)) > refuse[active]]
        due = period.after(begin[active], number)
        late = np.where(rng.random(len(active)) < 0.2, rng.integers(1, period.grace // 2, len(active)), 0)
        keep = due + late <= END + ahead
        active = active[keep]
        owner.append(active)
        day.append((due + late)[keep])
    owners, days = np.concatenate(owner), np.concatenate(day)
    order = np.lexsort((days, owners))
    return World(owners[order], days[order], rng.choice([9, 29, 99], size))


def text(day: int) -> str:
    """A day as the CRM writes it."""
    return (EPOCH + timedelta(int(day))).isoformat()


def records(
    world: World, notices: dict[int, int] | None = None, paid: dict[int, int] | None = None
) -> Records:
    """The world as contacts (from 1) and won deals; `notices`, `paid`: number → day of it, last day paid."""
    notices, paid = notices or {}, paid or {}
    first = world.day[np.flatnonzero(np.diff(world.owner, prepend=-1))]
    contacts = [
        {
            "id": i,
            "createdate": text(begin),
            "cancelled_on": text(notices[i]) if i in notices else None,
            "paid_until": text(paid[i]) if i in paid else None,
        }
        for i, begin in enumerate(first, start=1)
    ]
    deals = [
        {
            "id": n,
            "contact_ids": [int(who) + 1],
            "closedate": text(on),
            "createdate": text(on),
            "hs_is_closed_won": "true",
            "hs_is_closed": "true",
            "amount": str(world.price[who]),
        }
        for n, (who, on) in enumerate(zip(world.owner, world.day, strict=True), start=1)
    ]
    history = [
        {
            "object": "contact",
            "id": i,
            "property": "paid_until",
            "value": text(day),
            "at": f"{text(END - 20)}T12:00:00Z",
        }
        for i, day in paid.items()
    ]
    return Records.from_rows(contacts, deals=deals, history=history)
