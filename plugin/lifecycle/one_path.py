"""The path of one customer through the stages, rebuilt from today's records."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from plugin.lifecycle.engines import EPOCH, Customer, make_engine, shown_facts
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.predictions import PredictorOf
from plugin.lifecycle.reasons import Wordsmith
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import Ints, Moment, distinct_keys
from plugin.lifecycle.turning_days import candidates, outcomes
from plugin.mapping.model import Mapping


def history(
    records: Records,
    mapping: Mapping,
    models: Models,
    parameters: Parameters,
    day: date,
    customer: Customer,
    *,
    predictor: PredictorOf | None = None,
) -> list[tuple[date, str, str]]:
    """The whole path of one customer up to `day`: (first day, stage, reason), rebuilt from today's records.

    Begins with the customer's first record; empty where that is later than `day`.
    """
    engine = make_engine(
        records, mapping, models, parameters, day, customer[0], [customer[1]], predictor=predictor
    )
    days, stages, changed = _steps(engine, models)
    words = Wordsmith(mapping, models, parameters, day)
    path = []
    for at in changed:
        moment = Moment(np.zeros(1, np.int64), days[at : at + 1])
        facts = engine.facts(moment, shown_facts(models))
        row = {
            **facts.row(0, named=True),
            **models.whole_plan.run(engine.facts(moment, models.whole_plan.facts)).row(0, named=True),
        }
        when = EPOCH + timedelta(days=int(days[at]))
        path.append((when, models.primary.stages[int(stages[at])].key, words.at(when).reason(row)))
    return path


def path(
    records: Records,
    mapping: Mapping,
    models: Models,
    parameters: Parameters,
    day: date,
    customer: Customer,
    *,
    predictor: PredictorOf | None = None,
) -> list[tuple[date, str]]:
    """The days and stages of `history` without the reasons: a quarter of its time."""
    engine = make_engine(
        records, mapping, models, parameters, day, customer[0], [customer[1]], predictor=predictor
    )
    days, stages, changed = _steps(engine, models)
    keys = [stage.key for stage in models.primary.stages]
    return [(EPOCH + timedelta(days=int(days[at])), keys[int(stages[at])]) for at in changed]


def _steps(engine: Engine, models: Models) -> tuple[Ints, Ints, Ints]:
    """The one customer's days of interest, the stage's number on each, and the positions where it changes."""
    if engine.events.size == 0 or engine.events.born[0] > engine.today:
        none = np.empty(0, np.int64)
        return none, none, none
    days = _days_of_interest(engine, models)
    found = outcomes(engine, models.stages_plan, np.zeros(len(days), np.int64), days)
    stages = found[f"stage_{models.primary.key}"].to_numpy()
    return days, stages, np.flatnonzero(np.diff(stages, prepend=-1))


def _days_of_interest(engine: Engine, models: Models) -> Ints:
    """Every day up to today on which the one customer's stage can change, its first day included."""
    plan = models.primary_plan
    breaks = engine.breaks(plan.facts).days
    breaks = breaks[breaks <= engine.today]
    if not len(breaks):
        return np.array([engine.today], np.int64)
    stops = np.append(breaks[1:] - 1, engine.today)
    zeros = np.zeros(len(breaks), np.int64)
    _, between = candidates(engine, plan, zeros, breaks, stops)
    return distinct_keys(np.concatenate([breaks, between]))
