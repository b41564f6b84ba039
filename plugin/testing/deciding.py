"""What decided a stage or a flag: the rules in question, each with what it was computed from on that day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from plugin.lifecycle.expressions import Compiled
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.series import Moment
from plugin.lifecycle.stages import Rule


def deciding_stage(outcomes: Outcomes, expected: str | None, got: str) -> Iterator[str]:
    """Why the first customer of `outcomes` is in the stage `got`, and what the expected one would need."""
    model = outcomes.models.primary
    rules = [(model.stages[rule.stage].key, rule) for rule in model.rules]
    for stage, rule in rules:
        if stage == got and _holds(outcomes, rule):
            yield f"{got}: {_told(outcomes, rule, 'holds')}"
            break
    for stage, rule in rules:
        if stage == expected:
            holds = _holds(outcomes, rule) and rule.when is not None
            said = "holds too, but comes later" if holds else "does not hold"
            yield f"{expected}: {_told(outcomes, rule, said)}"


def deciding_flags(outcomes: Outcomes, keys: Iterable[str]) -> Iterator[str]:
    """What the conditions of these flags look at, for the first customer."""
    for flag in outcomes.models.flags:
        if flag.key in keys and flag.when is not None:
            yield f"{flag.key}: {_values(outcomes, flag.when)}"


def _holds(outcomes: Outcomes, rule: Rule) -> bool:
    if rule.when is None:
        return True
    plan = outcomes.models.book.plan({"holds": rule.when})
    return bool(plan.run(_facts(outcomes, plan.facts))["holds"][0])


def _told(outcomes: Outcomes, rule: Rule, said: str) -> str:
    if rule.when is None:
        return "comes where no rule above it holds"
    return f"{' '.join(rule.text.split())} {said} ({_values(outcomes, rule.when)})"


def _values(outcomes: Outcomes, when: Compiled) -> str:
    """What an expression names, with its values, then the known facts that its conditions look at."""
    plan = outcomes.models.book.plan({"holds": when})
    row = plan.with_conditions(_facts(outcomes, plan.facts)).row(0, named=True)
    below = [name for name in plan.facts if row[name] is not None and name not in when.needs]
    parts = (sorted(when.needs), below)
    return "; ".join(", ".join(f"{n} {_value(row[n])}" for n in names) for names in parts if names)


def _facts(outcomes: Outcomes, names: tuple[str, ...]) -> pl.DataFrame:
    object_type, id_ = outcomes.frame.row(0, named=True)["object"], outcomes.frame.row(0, named=True)["id"]
    engine = next(one for one in outcomes.engines if one.events.object_type == object_type)
    place = np.searchsorted(engine.events.ids, np.array([id_], np.int64)).astype(np.int64)
    return engine.facts(Moment(place, np.array([engine.today], np.int64)), names)


def _value(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return value.isoformat() if isinstance(value, date) else repr(value)
