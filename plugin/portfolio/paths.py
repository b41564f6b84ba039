"""The way of every customer of a batch through the stages, rebuilt from today's records.

What is known only of today (open amounts, the likeliest deal) counts as unknown all along the way, today
included: so the way up to a day never depends on the day one looks from.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import polars as pl

from plugin.lifecycle.choices import truth
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.plans import Plan
from plugin.lifecycle.ruleset import Models, reference, stage_number
from plugin.lifecycle.series import EVER, FAR, Ints, Points, customer_of, day_of, distinct_keys, pack
from plugin.lifecycle.turning_days import candidates, outcomes

_AT_ONCE = 400_000  # days looked at in one piece
_FLAGS = ("lost", "dormant")


@lru_cache(maxsize=8)
def way_plan(models: Models) -> Plan:
    """`stage` (number of the primary model's stage), `lost`, `dormant` (0 or 1)."""
    flags = {name: truth(reference(name)) for name in _FLAGS}
    return models.book.plan({"stage": stage_number(models.primary), **flags})


def ways(engine: Engine, models: Models, customers: Ints) -> pl.DataFrame:
    """`customer`, `day`, `stage`, `lost`, `dormant`: one row a span in which all three stand still.

    Sorted by customer and day; the first row is the customer's first day, EVER where that is not known.
    """
    past, plan = _as_of_the_past(engine), way_plan(models)
    wanted = np.zeros(engine.events.size, dtype=bool)
    wanted[customers] = True
    breaks = past.breaks(plan.facts)
    pieces = _pieces(breaks, wanted, engine.today)
    walked = [_walked(past, plan, part, engine.today) for part in pieces]
    return _spans(pl.concat([_undated(past, plan, customers, engine.today), *walked]))


def _as_of_the_past(engine: Engine) -> Engine:
    past = replace(engine, today=FAR)
    past.reactivations = engine.reactivations
    return past


def _pieces(breaks: Points, wanted: np.ndarray, today: int) -> list[Ints]:
    """The keys of the wanted customers up to today, in pieces that end between two customers."""
    keys = breaks.keys[wanted[breaks.customers] & (breaks.days <= today)]
    cuts = [0]
    owner = customer_of(keys)
    while cuts[-1] < len(keys):
        end = min(cuts[-1] + _AT_ONCE // 16, len(keys))
        cuts.append(int(np.searchsorted(owner, owner[end - 1], side="right")))
    return [keys[a:b] for a, b in pairwise(cuts)]


def _walked(engine: Engine, plan: Plan, keys: Ints, today: int) -> pl.DataFrame:
    owner, starts = customer_of(keys), day_of(keys)
    stops = np.full(len(keys), today, np.int64)
    same = owner[1:] == owner[:-1]
    stops[:-1][same] = starts[1:][same] - 1
    row, between = candidates(engine, plan, owner, starts, stops)
    keys = distinct_keys(np.concatenate([keys, pack(owner[row], between)]))
    found = [
        _looked_up(engine, plan, customer_of(part), day_of(part), day_of(part))
        for part in (keys[i : i + _AT_ONCE] for i in range(0, len(keys), _AT_ONCE))
    ]
    return pl.concat(found)


def _undated(engine: Engine, plan: Plan, customers: Ints, today: int) -> pl.DataFrame:
    """Customers of whom nothing is dated stand where they stand today, since nobody knows when."""
    some = customers[engine.events.born[customers] <= EVER]
    return _looked_up(
        engine, plan, some, np.full(len(some), today, np.int64), np.full(len(some), EVER, np.int64)
    )


def _looked_up(engine: Engine, plan: Plan, customers: Ints, days: Ints, named: Ints) -> pl.DataFrame:
    found = outcomes(engine, plan, customers, days).select(pl.all().cast(pl.Int64))
    return pl.DataFrame({"customer": customers, "day": named}).hstack(found)


def _spans(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.sort("customer", "day")
    names = ("customer", "stage", *_FLAGS)
    changed = pl.any_horizontal(pl.col(n).ne_missing(pl.col(n).shift()) for n in names)
    return frame.filter(changed | (pl.int_range(pl.len()) == 0))
