"""Warnings about stage models that are correct as written but cannot work as meant.

A stage that no rule reaches is found by trying the rules on many made-up customers; a rule on a prediction
is named where predictions may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np
import polars as pl

from plugin.lifecycle.catalogue import FACTS, extra_fact
from plugin.lifecycle.derived import Derived
from plugin.lifecycle.ruleset import Models, stage_number
from plugin.lifecycle.stages import StageModel
from plugin.mapping.model import Mapping

_TRIES = 60_000


def warnings_of(models: Models, mapping: Mapping) -> list[str]:
    """One sentence a warning, for every model that the rule files hold."""
    del mapping  # figures of the mapping are already in the compiled rules
    found = []
    for model in models.known.values():
        found += _unreached(models, model) + _predictions(models, model)
    return found


def _unreached(models: Models, model: StageModel) -> list[str]:
    plan = models.book.plan({"stage": stage_number(model)})
    reached = set(plan.run(sample(plan.facts, models.derived))["stage"].to_list())
    missed = [s.key for s in model.stages if s.order not in reached]
    return [
        f"{model.file}: model '{model.key}': no customer can reach the stage '{key}': "
        "an earlier rule always holds first, or its own never does"
        for key in missed
    ]


def _predictions(models: Models, model: StageModel) -> list[str]:
    plan = models.book.plan({"stage": stage_number(model)})
    used = [n for n in plan.facts if n in FACTS and FACTS[n].group == "prediction"]
    return [
        f"{model.file}: model '{model.key}' uses {name}, which is unknown until the portal has enough data: "
        "the rule cannot hold before"
        for name in used
    ]


def sample(
    facts: tuple[str, ...],
    derived: MappingABC[str, Derived] = MappingProxyType({}),
    tries: int = _TRIES,
    seed: int = 1,
) -> pl.DataFrame:
    """Made-up facts: small, large and unknown values of every type, the same ones each time."""
    rng = np.random.default_rng(seed)
    columns: dict[str, pl.Series] = {"": pl.Series(np.zeros(tries))}
    for name in facts:
        fact = derived[name].fact if name in derived else FACTS.get(name, extra_fact(name))
        columns[name] = _values(fact.type, tries, rng).alias(name)
    return pl.DataFrame(columns)


def _values(kind: str, tries: int, rng: np.random.Generator) -> pl.Series:
    unknown = pl.Series(rng.random(tries) < 0.15)
    if kind == "bool":
        values = pl.Series(rng.random(tries) < 0.2)
    elif kind == "text":
        values = pl.Series(rng.choice(["inbound", "outbound", "EMAIL_MARKETING", "x"], tries))
    elif kind == "date":
        days = [date(2024, 1, 1) + timedelta(days=n) for n in range(0, 1200, 60)]
        values = pl.Series([days[i] for i in rng.integers(0, len(days), tries)])
    else:
        scale = rng.choice([0.0, 1.0, 3.0, 10.0, 100.0, 400.0, 3000.0], tries)
        fraction = np.where(rng.random(tries) < 0.2, rng.random(tries), 1.0)
        values = pl.Series(np.floor(rng.random(tries) * (scale + 1)) * fraction)
    return values.to_frame("v").select(pl.when(~unknown).then(pl.col("v")).alias("v"))["v"]
