"""A portal's own past as the backtest takes it: what was known on past days, and what followed.

The purchases are those that stages and predictions are computed from: the mapping says which deals count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache, partial

import polars as pl

from plugin.jobs.meaning import known_on
from plugin.lifecycle.events import build_events
from plugin.lifecycle.hindsight import Hindsight
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping
from plugin.value.lookback import Look, looks_between, rolling

_EPOCH = date(1970, 1, 1)


def portal_orders(
    records: Records, mapping: Mapping, parameters: Parameters, day: date, object_type: str
) -> pl.DataFrame:
    """A portal's purchases up to `day` as orders: `customer`, `day` (since 1970), `amount` (null: unknown).

    One row a deal of known amount, refunds too, and one a purchase day on which none is known.
    """
    zone, money = mapping.time_zone or parameters.time_zone, mapping.currency or parameters.currency
    events = build_events(records, mapping, object_type, zone, money)
    bought, paid = events.points["purchases"], events.points["money"]
    known = pl.DataFrame(
        {"customer": events.ids[paid.customers], "day": paid.days, "amount": paid.values["cents"] / 100}
    )
    days = pl.DataFrame({"customer": events.ids[bought.customers], "day": bought.days})
    unknown = days.join(known, on=["customer", "day"], how="anti")
    known = known.filter(pl.col("amount") != 0)  # a portal's free orders begin nothing
    rows = pl.concat([known, unknown.with_columns(amount=pl.lit(None, dtype=pl.Float64))])
    return rows.filter(pl.col("day") <= (day - _EPOCH).days)


def portal_looks(
    records: Records,
    mapping: Mapping,
    parameters: Parameters,
    day: date,
    object_type: str,
    *,
    days: int,
    count: int,
    given: Sequence[date] = (),
) -> list[Look]:
    """Looks at `given` days, or at up to `count` past days, `days` apart, the last `days` before `day`.

    Of `parameters` only time zone and currency are used; what was known on a past day is fitted anew.
    """
    zone, money = mapping.time_zone or parameters.time_zone, mapping.currency or parameters.currency
    events = build_events(records, mapping, object_type, zone, money)

    at = cache(partial(known_on, Hindsight(events, mapping)))
    last = (day - _EPOCH).days
    today = at(last)
    if not len(today):
        return []
    first = last - int(today.age.max())
    origins = [(d - _EPOCH).days for d in given] or rolling(first, last, days, count)
    return looks_between(at, origins, days)
