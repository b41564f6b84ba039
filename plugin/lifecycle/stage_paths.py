"""The stages of every customer over a stretch of days: one row where something changes, none between."""

from __future__ import annotations

import numpy as np
import polars as pl

from plugin.lifecycle.facts import Engine
from plugin.lifecycle.plans import Plan
from plugin.lifecycle.series import Ints, customer_of, day_of, distinct_keys, pack
from plugin.lifecycle.turning_days import candidates, outcomes

_CHUNK = 50_000


def stage_paths(engine: Engine, plan: Plan, first: int, last: int) -> pl.DataFrame:
    """`customer`, `day` and the plan's outputs: on the first day of each and wherever an output changes.

    A customer's first day is `first`, or its birth if that comes later; days are numbers since 1970, `last`
    included. Who is born later is not there. Sorted by customer and day.
    """
    born = np.flatnonzero(engine.events.born <= last).astype(np.int64)
    parts = [born[i : i + _CHUNK] for i in range(0, max(len(born), 1), _CHUNK)]
    return pl.concat([_part(engine, plan, part, first, last) for part in parts])


def _part(engine: Engine, plan: Plan, customers: Ints, first: int, last: int) -> pl.DataFrame:
    keys = _days_to_look_at(engine, plan, customers, first, last)
    found = outcomes(engine, plan, customer_of(keys), day_of(keys))
    frame = pl.DataFrame({"customer": customer_of(keys), "day": day_of(keys)}).hstack(found)
    another = pl.col("customer").ne_missing(pl.col("customer").shift())
    changed = [pl.col(name).ne_missing(pl.col(name).shift()) for name in plan.outputs]
    return frame.filter(pl.any_horizontal(another, *changed))


def _days_to_look_at(engine: Engine, plan: Plan, customers: Ints, first: int, last: int) -> Ints:
    """Keys of the first days, the days on which facts may jump and those on which a comparison may turn."""
    breaks = engine.breaks(plan.facts)
    inside = (breaks.days > first) & (breaks.days <= last) & np.isin(breaks.customers, customers)
    starts = pack(customers, np.maximum(engine.events.born[customers], first))
    edges = distinct_keys(np.concatenate([starts, breaks.keys[inside]]))
    owner, day = customer_of(edges), day_of(edges)
    following = np.append(owner[1:], -1) == owner
    stop = np.where(following, np.append(day[1:], 0) - 1, last)
    row, turn = candidates(engine, plan, owner, day, stop)
    return distinct_keys(np.concatenate([edges, pack(owner[row], turn)]))
