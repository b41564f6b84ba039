"""Warnings about stage models that are correct as written but cannot work as meant.

A stage that no rule reaches is found by trying the rules on many made-up customers, many of them near the
values that the rules are written with; a rule on a prediction is named where predictions may be missing.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingABC
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np
import polars as pl

from plugin.lifecycle.catalogue import FACTS, FactType, extra_fact
from plugin.lifecycle.derived import Derived
from plugin.lifecycle.ruleset import Models, stage_number
from plugin.lifecycle.stages import StageModel
from plugin.mapping.model import Mapping

#: How many customers are made up at first, and in all where a stage was not reached by those.
_FIRST, _TRIES = 4_000, 60_000
#: Numbers are drawn below one of these, small ones more often.
_SCALES = (0.0, 1.0, 3.0, 10.0, 100.0, 400.0, 3000.0, 1e6, 1e7)
_TEXTS = ("inbound", "outbound", "EMAIL_MARKETING", "x")
_DAYS = tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(0, 1200, 60))
#: A value that a rule may be written with.
Literal = float | str | date
#: What further properties are declared as.
Extras = MappingABC[str, FactType]


def warnings_of(models: Models, mapping: Mapping) -> list[str]:
    """One sentence a warning, for every model that the rule files hold."""
    extras = mapping.extra_types()  # its figures are in the compiled rules already
    found = []
    for model in models.known.values():
        found += _unreached(models, model, extras) + _predictions(models, model)
    return found


def _unreached(models: Models, model: StageModel, extras: Extras) -> list[str]:
    plan = models.book.plan({"stage": stage_number(model)})
    reached: set[int] = set()
    for tries in (_FIRST, _TRIES):
        found = plan.run(sample(plan.facts, models.derived, plan.literals, extras, tries))
        reached |= set(found["stage"].to_list())
        missed = [s for s in model.stages if s.order not in reached]
        if not missed:
            return []
    places = {rule.stage: rule.place for rule in reversed(model.rules)}
    return [
        f"{model.file}:{places[stage.order]}: model '{model.key}': "
        f"none of {_TRIES:,} made-up customers reached the stage '{stage.key}': "
        "see whether an earlier rule always holds first, or its own never does"
        for stage in missed
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
    literals: Collection[Literal] = (),
    extras: Extras = MappingProxyType({}),
    tries: int = _TRIES,
    seed: int = 1,
) -> pl.DataFrame:
    """Made-up facts: small, large and unknown values of every type, the same ones each time.

    A part of them lies at and next to `literals`: what a rule compares with is met, just missed and passed.
    """
    rng = np.random.default_rng(seed)
    near = _Near(literals)
    columns: dict[str, pl.Series] = {"": pl.Series(np.zeros(tries))}
    for name in facts:
        fact = (
            derived[name].fact
            if name in derived
            else FACTS.get(name, extra_fact(name, extras.get(name, "text")))
        )
        columns[name] = _values(fact.type, near, tries, rng).alias(name)
    return pl.DataFrame(columns)


class _Near:
    """The values at and next to those that rules are written with, by type, in a stable order."""

    def __init__(self, literals: Collection[Literal]) -> None:
        numbers = sorted(one for one in literals if isinstance(one, float))
        beside = {n + step for n in numbers for step in (-1, 0, 1)}
        # below zero nothing is made up unless a rule says so: most facts are counts
        self.numbers = np.array(sorted(n for n in beside if n >= min([0.0, *numbers])))
        self.texts = (*_TEXTS, *sorted({one for one in literals if isinstance(one, str)} - {*_TEXTS}))
        days = sorted(one for one in literals if isinstance(one, date))
        self.days = (*_DAYS, *(day + timedelta(days=step) for day in days for step in (-1, 0, 1)))
        #: texts that are read as numbers
        self.figures = tuple(f"{number:.15g}" for number in self.numbers)


def _values(kind: str, near: _Near, tries: int, rng: np.random.Generator) -> pl.Series:
    unknown = pl.Series(rng.random(tries) < 0.15)
    if kind == "bool":
        values = pl.Series(rng.random(tries) < 0.2)
    elif kind == "text":
        drawn = rng.integers(0, len(near.texts), tries)
        if near.figures:
            some = _some(tries, rng)
            drawn[some] = rng.integers(len(near.texts), len(near.texts) + len(near.figures), some.size)
        values = pl.Series((*near.texts, *near.figures)).gather(drawn)
    elif kind == "date":
        values = pl.Series(near.days).gather(rng.integers(0, len(near.days), tries))
    else:
        values = pl.Series(_numbers(near, tries, rng))
    return values.to_frame("v").select(pl.when(~unknown).then(pl.col("v")).alias("v"))["v"]


def _some(tries: int, rng: np.random.Generator) -> np.ndarray:
    """The numbers of three rows in ten."""
    return np.flatnonzero(rng.random(tries) < 0.3)


def _numbers(near: _Near, tries: int, rng: np.random.Generator) -> np.ndarray:
    scale = np.array(_SCALES)[rng.integers(0, len(_SCALES), tries)]
    fraction = np.where(rng.random(tries) < 0.2, rng.random(tries), 1.0)
    values: np.ndarray = np.floor(rng.random(tries) * (scale + 1)) * fraction
    if near.numbers.size:
        some = _some(tries, rng)
        values[some] = near.numbers[rng.integers(0, near.numbers.size, some.size)]
    return values
