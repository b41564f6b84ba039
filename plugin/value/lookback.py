"""A day in the past: what was known on it and what followed, so that predictions can be held against it.

Made from orders, or from any two looks at the same customers: what lies between them is their difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.histories import Histories
from plugin.value.summary import summarise

#: The histories of everyone who had bought by a day (days since 1970).
HistoriesAt = Callable[[int], Histories]


@dataclass(frozen=True, eq=False)
class Future:
    """What the customers of one origin did in the days after it."""

    purchases: Floats
    money: Floats

    def only(self, rows: Bools) -> Future:
        """The customers at `rows`."""
        return Future(self.purchases[rows], self.money[rows])


@dataclass(frozen=True, eq=False)
class Look:
    """One past day, `origin`, and the `days` after it; one entry a customer known then.

    `before` is the purchases of as many days before the origin.
    """

    origin: int
    days: int
    histories: Histories
    future: Future
    before: Floats

    def only(self, rows: Bools) -> Look:
        """The customers at `rows`."""
        return replace(
            self,
            histories=self.histories.only(rows),
            future=self.future.only(rows),
            before=self.before[rows],
        )


def rolling(first: int, last: int, days: int, count: int) -> list[int]:
    """Up to `count` origins, `days` apart, the last `days` before the end; the first half only teaches."""
    earliest = first + (last - first) // 2
    found = [last - days * (i + 1) for i in range(count)]
    return sorted(origin for origin in found if origin >= earliest) or [max(last - days, first)]


def looks_at_orders(orders: pl.DataFrame, origins: Sequence[int], days: int) -> list[Look]:
    """A look at each origin; `orders` as `summary.summarise` takes them."""
    found = []
    for origin in origins:
        histories = summarise(orders, origin)
        future = followed(orders, histories, origin, days)
        before = followed(orders, histories, origin - days, days).purchases
        found.append(Look(origin, days, histories, future, before))
    return found


def followed(orders: pl.DataFrame, histories: Histories, origin: int, days: int) -> Future:
    """Distinct purchase days after the origin, and the money of those days."""
    amount = pl.col("amount")
    after = orders.filter((pl.col("day") > origin) & (pl.col("day") <= origin + days))
    after = after.filter(amount.is_null() | (amount > 0))
    each = after.group_by("customer").agg(n=pl.col("day").n_unique(), money=amount.sum())
    rows = pl.DataFrame({"customer": histories.ids}).join(
        each, on="customer", how="left", maintain_order="left"
    )
    filled = rows.select(pl.col("n", "money").fill_null(0).cast(pl.Float64))
    return Future(filled["n"].to_numpy(), filled["money"].to_numpy())


def looks_between(at: HistoriesAt, origins: Sequence[int], days: int) -> list[Look]:
    """A look at each origin, from histories of the days themselves; ids must be whole numbers.

    The money of the days after is that of repeat purchases of known amount, net of later refunds.
    """
    known: dict[int, Histories] = {}

    def seen(day: int) -> Histories:
        if day not in known:
            known[day] = at(day)
        return known[day]

    return [_between(seen(o - days), seen(o), seen(o + days), o, days) for o in origins]


def _between(past: Histories, now: Histories, then: Histories, origin: int, days: int) -> Look:
    ids = now.ids.to_numpy()
    later, earlier = _places(then, ids), _places(past, ids)
    money = _taken(then.paid * np.nan_to_num(then.mean), later) - now.paid * np.nan_to_num(now.mean)
    future = Future(_taken(then.x, later) - now.x, money)
    before = now.x + 1.0 - np.where(earlier >= 0, _taken(past.x, earlier) + 1, 0)
    return Look(origin, days, now, future, before)


def _places(among: Histories, ids: Ints) -> Ints:
    """Where each id stands among the histories; −1 where nowhere."""
    if not len(among):
        return np.full(len(ids), -1, np.int64)
    known = among.ids.to_numpy()
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known, ids, sorter=order), len(known) - 1)
    return np.where(known[order[at]] == ids, order[at], -1)


def _taken(values: Floats | Ints, places: Ints) -> Floats:
    """The values at the places, 0 where there is none."""
    if not len(values):
        return np.zeros(len(places))
    return np.where(places >= 0, values[places], 0).astype(np.float64)
