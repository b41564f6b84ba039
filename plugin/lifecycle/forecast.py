"""What comes next if nothing happens: the next stage, the last day to keep this one, the next moment.

The forecast covers the coming 400 days. A change that lies further away is itself a moment to come: the day
on which it enters the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from plugin.lifecycle.choices import Numbers, digest
from plugin.lifecycle.derived import DAY
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.predictions import next_written_change
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import FAR, Bools, Ints, Moment, Points, as_dates, day_of
from plugin.lifecycle.turning_days import outcomes
from plugin.lifecycle.walk import next_changes

#: Days that the forecast covers.
WINDOW = 400


@dataclass(frozen=True, eq=False)
class Forecast:
    """One entry a customer; FAR where there is nothing within sight, stage -1 where none follows."""

    next_stage: Ints
    next_stage_on: Ints
    keep_until: Ints
    next_moment: Ints


def forecast(
    engine: Engine, models: Models, customers: Ints, today: int, now: Mapping[str, Numbers]
) -> Forecast:
    """Look ahead for every customer at once; `now` are the numbers of `Models.whole_plan` today."""
    stages = now[f"stage_{models.primary.key}"].astype(np.int64)
    change = next_changes(engine, models.primary_plan, customers, today, stages)
    within = change <= today + WINDOW
    stage = np.full(len(customers), -1, np.int64)
    near = np.flatnonzero(within)
    found = outcomes(engine, models.primary_plan, customers[near], change[near])
    stage[near] = found["stage"].cast(pl.Int64).to_numpy()
    keep = np.full(len(customers), FAR, np.int64)
    at_hand = {name: column[near] for name, column in now.items()}
    kept = _kept(engine, models, customers[near], change[near], stage[near], at_hand)
    keep[near[kept]] = change[near[kept]]
    target = digest(now.values(), len(customers))
    moment = _next_moment(engine, models, customers, today, change, target)
    return Forecast(stage, np.where(within, change, FAR), keep, moment)


def _next_moment(
    engine: Engine, models: Models, customers: Ints, today: int, change: Ints, target: Ints
) -> Ints:
    """The first later day on which anything discrete or written changes, or a change comes in sight.

    The day of a recorded event to come counts too.
    """
    entering = np.where((change > today + WINDOW) & (change < FAR), change - WINDOW, FAR)
    bound = np.minimum(change, entering)
    for points in (*engine.events.points.values(), *engine.events.steps.values()):
        bound = np.minimum(bound, _next_event(points, customers, today))
    bound = np.minimum(bound, next_changes(engine, models.whole_plan, customers, today, target, bound))
    outputs = {name for name, _ in engine.mapping.written_outputs()}
    return np.minimum(bound, next_written_change(engine, customers, today, bound, outputs))


def _next_event(points: Points, customers: Ints, today: int) -> Ints:
    moment = Moment(customers, np.full(len(customers), today, np.int64))
    position = moment.position(points)
    there = position < points.first[customers + 1]
    found = np.full(len(customers), FAR, np.int64)
    found[there] = day_of(points.keys[position[there]])
    return found


def _kept(
    engine: Engine,
    models: Models,
    customers: Ints,
    change: Ints,
    following: Ints,
    now: Mapping[str, Numbers],
) -> Bools:
    """Whether a purchase on the day of the change, the last on which it can, keeps the stage.

    Where falling asleep or being lost threatens, a purchase that leads elsewhere keeps the customer too.
    """
    if not len(customers):
        return np.zeros(0, dtype=bool)
    plan = models.whole_plan
    derived = [name for name in models.derived if name in plan.facts]
    reads = [read for name in models.derived for read in models.derived[name].spec.reads if read != DAY]
    names = tuple(dict.fromkeys((*plan.facts, *_BOUGHT, *(reads if derived else ()))))
    stage = f"stage_{models.primary.key}"
    facts = engine.facts(Moment(customers, change), names)
    falls = (plan.numbers(facts)["sleeping_or_lost"] == 1) & (facts["purchases"] >= 1).to_numpy()
    bought = _with_purchase(facts, as_dates(change))
    for name in (n for n in models.derived if n in names):  # in order: one may read those before it
        bought = bought.with_columns(engine.derive(name, bought, as_dates(change)))
    then = plan.numbers(bought)
    awake = (then["sleeping_or_lost"] == 0) & (now["sleeping_or_lost"] == 0)
    return np.asarray((then[stage] == now[stage]) | (falls & awake & (then[stage] != following)))


#: The facts that an ordinary purchase changes.
_BOUGHT = (
    "purchases",
    "purchases_recent",
    "days_since_purchase",
    "days_since_first_purchase",
    "gap_ratio",
    "cancelled",
    "cancelled_on",
)


def _with_purchase(facts: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """The facts with one more purchase on the day itself: money and rhythm left as they are."""
    another = (pl.col("days_since_purchase") > 0).fill_null(True)  # one a day counts
    # an undated cancellation stays, and so does one of the same day
    stands = pl.col("cancelled_on").is_null() | (pl.col("cancelled_on") >= pl.lit(days))
    lifted = pl.col("cancelled") & stands
    return facts.with_columns(
        pl.col("purchases") + another,
        pl.col("purchases_recent") + another,
        pl.lit(0.0).alias("days_since_purchase"),
        pl.col("days_since_first_purchase").fill_null(0.0),
        pl.lit(0.0).alias("gap_ratio"),
        pl.when(another).then(lifted).otherwise(pl.col("cancelled")).alias("cancelled"),
    )
