"""Outcome = f(records, mapping, models, parameters, day): the one function that workers and commands call.

Pure: no clock, no environment, no memory of the last outcome. What is evaluated for one customer does not
depend on who else is in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from plugin.lifecycle.catalogue import FACTS, METRICS
from plugin.lifecycle.choices import Numbers
from plugin.lifecycle.engines import Customer, make_engine, shown_facts
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.forecast import forecast
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.plans import as_frame
from plugin.lifecycle.predictions import PredictorOf, refreshed
from plugin.lifecycle.reasons import Wordsmith
from plugin.lifecycle.records import Records
from plugin.lifecycle.risk import named_columns
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import EVER, FAR, Ints, Moment, as_dates
from plugin.lifecycle.turning_days import outcomes
from plugin.lifecycle.walk import run_starts
from plugin.mapping.model import Mapping

#: Customers evaluated at once; fewer where every day must be looked at.
_CHUNK, _WILD_CHUNK = 250_000, 5_000


def evaluate(
    records: Records,
    mapping: Mapping,
    models: Models,
    parameters: Parameters,
    day: date,
    customers: Sequence[Customer] | None = None,
    *,
    predictor: PredictorOf | None = None,
    dates: bool = True,
) -> Outcomes:
    """The outcome of every customer in the records, or of the (object, id) pairs in `customers`.

    `day` is a calendar day in the portal's time zone; nothing dated later is seen, but by what comes next
    (next stage, `keep_until`, next moment), and a customer whose first record is dated later is not in the
    frame but in `Outcomes.unseen`. With `dates=False`, `since` and
    `exited_from` are left empty (half the work). `predictor` makes of one
    object type's section of `parameters.value` what fills the predictions; without it they stay empty.
    """
    frames, unseen, findings, engines = [], [], [], []
    for object_type in mapping.customer_objects():
        wanted = None if customers is None else [i for kind, i in customers if kind == object_type]
        engine = make_engine(
            records, mapping, models, parameters, day, object_type, wanted, predictor=predictor
        )
        born = engine.events.born
        present = np.flatnonzero(born <= engine.today).astype(np.int64)
        size = _WILD_CHUNK if models.whole_plan.wild else _CHUNK
        frames += [_frame(engine, models, part, dates=dates) for part in _parts(present, size)]
        engines.append(engine)
        unseen.append(_unseen(engine, np.flatnonzero(born > engine.today)))
        findings += [dict(row) for row in engine.events.findings]
    return Outcomes(
        frame=pl.concat(frames),
        unseen=pl.concat(unseen),
        findings=tuple(findings),
        day=day,
        mapping=mapping,
        models=models,
        parameters=parameters,
        words=Wordsmith(mapping, models, parameters, day),
        engines=tuple(engines),
    )


def _parts(customers: Ints, size: int) -> list[Ints]:
    return [customers[i : i + size] for i in range(0, max(len(customers), 1), size)]


def _frame(engine: Engine, models: Models, customers: Ints, *, dates: bool) -> pl.DataFrame:
    """One row a customer: keys and numbers of everything but the texts."""
    today = engine.today
    days = np.full(len(customers), today, np.int64)
    moment = Moment(customers, days)
    facts = engine.facts(moment, shown_facts(models))
    now = models.whole_plan.numbers(facts)
    found = as_frame(now)
    ahead = forecast(engine, models, customers, today, now)
    head = {
        "object": pl.Series([engine.events.object_type] * len(customers), dtype=pl.String),
        "id": engine.events.ids[customers],
        "next_stage": _stage_keys(models, 0, ahead.next_stage),
        "next_stage_on": as_dates(ahead.next_stage_on),
        "keep_until": as_dates(ahead.keep_until),
        "next_moment": as_dates(ahead.next_moment),
        **_past(engine, models, customers, now, dates=dates),
    }
    counts = [pl.col(n).cast(pl.Int64) for n in METRICS if FACTS[n].whole]
    whole = (
        pl.DataFrame(head).hstack(facts.with_columns(counts)).hstack(found).hstack(_refreshed(engine, moment))
    )
    return (
        whole.with_columns(named_columns(models))
        .drop("tier", "attitude")
        .rename({"tier_key": "tier", "attitude_key": "attitude"})
    )


def _refreshed(engine: Engine, moment: Moment) -> pl.DataFrame:
    """The predictions of each customer's refresh day, as they are written."""
    found = refreshed(engine, moment.customers, moment.days)
    days = found.pop("refreshed_next_purchase_on")
    columns = pl.DataFrame({name: pl.Series(array, nan_to_null=True) for name, array in found.items()})
    on = as_dates(np.nan_to_num(days, nan=FAR).astype(np.int64))
    return columns.with_columns(on.alias("refreshed_next_purchase_on"))


def _past(
    engine: Engine, models: Models, customers: Ints, now: MappingABC[str, Numbers], *, dates: bool
) -> dict[str, pl.Series]:
    """`since`, and per model the stage that the customer slept away or was lost from."""
    nothing = np.full(len(customers), EVER, np.int64)
    left = {m.key: np.full(len(customers), -1, np.int64) for m in models.all}
    today, stages = engine.today, now[f"stage_{models.primary.key}"].astype(np.int64)
    since = run_starts(engine, models.primary_plan, customers, today, stages) if dates else nothing
    asleep = np.flatnonzero(now["sleeping_or_lost"] == 1) if dates else nothing[:0]
    spell = run_starts(engine, models.dormant_plan, customers[asleep], today, np.ones_like(asleep))
    known = spell > engine.events.born[customers[asleep]]
    eves = outcomes(engine, models.stages_plan, customers[asleep[known]], spell[known] - 1)
    for model in models.all:
        left[model.key][asleep[known]] = eves[f"stage_{model.key}"].cast(pl.Int64).to_numpy()
    columns = {"since": as_dates(since)}
    for i, model in enumerate(models.all):
        name = "exited_from" if i == 0 else f"exited_from_{model.key}"
        columns[name] = _stage_keys(models, i, left[model.key])
    return columns


def _stage_keys(models: Models, model: int, numbers: Ints) -> pl.Series:
    keys = pl.Series("k", [s.key for s in models.all[model].stages], dtype=pl.String)
    index = pl.Series("i", np.where(numbers >= 0, numbers, len(keys)), dtype=pl.UInt32)
    return pl.concat([keys, pl.Series("k", [None], dtype=pl.String)]).gather(index)


def _unseen(engine: Engine, customers: Ints) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "object": pl.Series([engine.events.object_type] * len(customers), dtype=pl.String),
            "id": engine.events.ids[customers],
            "next_moment": as_dates(engine.events.born[customers]),
        }
    )
