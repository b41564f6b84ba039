"""The days on which an outcome can change, so that not every day has to be looked at.

Between two events every fact stands still or moves evenly, so a comparison can turn only where the
difference of its sides crosses zero; predictions move along curves, whose crossings are searched. Those
crossings and the events are the candidate days; between them nothing changes. A plan with expressions that
cannot be solved so is looked at day by day.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from plugin.lifecycle.choices import digest
from plugin.lifecycle.curves import Curve, sign_changes
from plugin.lifecycle.facts import Engine, advance
from plugin.lifecycle.plans import Plan
from plugin.lifecycle.series import Floats, Ints, Moment

_ROWS = 250_000
_NEAR = 1e-6


def outcomes(engine: Engine, plan: Plan, customers: Ints, days: Ints) -> pl.DataFrame:
    """The plan's outputs at (customer, day) pairs."""
    moment = Moment(customers, days)
    return plan.run(engine.facts(moment, plan.facts))


def signature(engine: Engine, plan: Plan, customers: Ints, days: Ints) -> Ints:
    """One number a pair that is equal where all outputs are."""
    parts = [np.empty(0, np.int64)]
    for begin in range(0, len(customers), _ROWS):
        moment = Moment(customers[begin : begin + _ROWS], days[begin : begin + _ROWS])
        found = plan.numbers(engine.facts(moment, plan.facts))
        parts.append(digest(found.values(), len(moment.keys)))
    return np.concatenate(parts)


def candidates(engine: Engine, plan: Plan, customers: Ints, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """(row, day) pairs, start < day ≤ stop, on which an output may differ from the day before.

    Row i is the span from `starts[i]` to `stops[i]` of one customer, without an event after its start.
    """
    if plan.wild:
        return _every_day(starts, stops)
    rows, days = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    if not len(starts):
        return rows[0], days[0]
    if plan.straight:
        facts = engine.facts(Moment(customers, starts), plan.facts)
        here, next_day = _differences(plan, facts), _differences(plan, advance(facts, engine))
        for now, then in zip(here, next_day, strict=True):
            row, day = _turns(now, then - now, starts, stops)
            rows.append(row)
            days.append(day)
    for crossing in plan.curved if engine.predictor is not None else ():
        row, day = sign_changes(_curve(engine, crossing, customers), starts, stops)
        rows.append(row)
        days.append(day)
    return np.concatenate(rows), np.concatenate(days)


def _differences(plan: Plan, facts: pl.DataFrame) -> list[Floats]:
    named = [c.alias(str(i)) for i, c in enumerate(plan.straight)]
    return [column.to_numpy() for column in facts.select(named)]


def _curve(engine: Engine, crossing: pl.Expr, customers: Ints) -> Curve:
    """The difference as a function of (rows, days)."""
    names = sorted(crossing.meta.root_names())

    def value(rows: Ints, days: Ints) -> Floats:
        facts = engine.facts(Moment(customers[rows], days), names)
        return facts.select(crossing.cast(pl.Float64).alias("d"))["d"].to_numpy()

    return value


def _turns(value: Floats, slope: Floats, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """The two days around each crossing of zero: from one it is ≥ 0, from the other > 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        after = -value / slope
    room = (stops - starts).astype(np.float64)
    near = np.flatnonzero(np.isfinite(after) & (after > -1 - _NEAR) & (after < room + _NEAR))
    first = starts[near] + np.floor(after[near] + _NEAR).astype(np.int64)
    rows, days = np.concatenate([near, near]), np.concatenate([first, first + 1])
    inside = (days > starts[rows]) & (days <= stops[rows])
    return rows[inside], days[inside]


def _every_day(starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    length = np.maximum(stops - starts, 0)
    rows = np.repeat(np.arange(len(starts), dtype=np.int64), length)
    before = np.repeat(np.cumsum(length) - length, length)
    return rows, starts[rows] + 1 + (np.arange(length.sum(), dtype=np.int64) - before)
