"""Call lists: who is in a stage, carries a warning sign or belongs to a segment, with what a caller needs.

Pure: Outcomes → rows. Those with most at stake stand first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from plugin.errors import InputError
from plugin.lifecycle.catalogue import FACTS
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.names import names
from plugin.lifecycle.occasions import occasion
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.series import Moment
from plugin.lifecycle.stages import Named, in_language

#: The columns of every list; mapped extra properties (a telephone number) follow.
COLUMNS = (
    "object",
    "id",
    "name",
    "stage",
    "since",
    "reason",
    "risk_level",
    "risk_flags",
    "risk_reason",
    "value_to_date",
    "last_purchase",
    "next_stage",
    "next_stage_on",
    "keep_until",
    "action_for",
    "action_because",
    "goal",
    "next_action",
    "questions",
    "owner",
    "due_on",
)


def call_list(
    outcomes: Outcomes,
    stages: Sequence[str] = (),
    flags: Sequence[str] = (),
    segments: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """One row a customer in one of the stages, with one of the flags and in one of the segments.

    An empty choice asks for nothing. `stages` are keys of the primary model, or MODEL:KEY of a chosen one.
    Labels are in the mapping's language, `due_on` counts from the day of evaluation and never lies after
    `next_stage_on`. What to do, why, to what end, who and by when answer the flag asked for, or else what the
    record's own next action answers: `action_for` names it. InputError for a key that does not exist.
    """
    chosen = outcomes.frame.filter(_wanted(outcomes, stages, flags, segments))
    keys = [level.key for level in outcomes.models.levels]
    ranked = chosen.with_columns(
        pl.col("risk_level")
        .replace_strict(keys, list(range(len(keys))), return_dtype=pl.Int32)
        .alias("_rank")
    ).sort("_rank", "profit", "object", "id", descending=[True, True, False, False], nulls_last=True)
    order = list(ranked.select("object", "id").iter_rows())
    return _Caller(outcomes.only(order), flags).rows(order)


def _wanted(
    outcomes: Outcomes, stages: Sequence[str], flags: Sequence[str], segments: Sequence[str]
) -> pl.Expr:
    models, asked = outcomes.models, pl.lit(True)
    if stages:
        asked &= pl.any_horizontal([_in_stage(outcomes, key) for key in stages])
    for prefix, named, keys in (("flag", models.flags, flags), ("segment", models.segments, segments)):
        for key in keys:
            _check(key, [one.key for one in named], prefix)
        if keys:
            asked &= pl.any_horizontal([pl.col(f"{prefix}_{key}") == 1 for key in keys])
    return asked


def _in_stage(outcomes: Outcomes, key: str) -> pl.Expr:
    model, _, stage = key.rpartition(":")
    model = model or outcomes.models.primary.key
    _check(model, [m.key for m in outcomes.models.all], "model")
    _check(stage, [s.key for s in outcomes.models.known[model].stages], "stage")
    return pl.col("stages").struct.field(model) == stage


def _check(key: str, known: Sequence[str], what: str) -> None:
    if key not in known:
        raise InputError(f"There is no {what} {key!r}.", cure=f"Choose one of: {', '.join(known)}.")


class _Caller:
    def __init__(self, outcomes: Outcomes, asked: Sequence[str]) -> None:
        self.asked = asked
        self.outcomes, self.models, self.language = outcomes, outcomes.models, outcomes.mapping.language

    def rows(self, order: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
        """The rows in that order."""
        frame = self.outcomes.frame.hstack(
            self.outcomes.texts.rename({"reason": "reason_text"}).drop("next_action")
        )
        called, more = names(self.outcomes, order), self.extras(order)
        found = {
            (r["object"], r["id"]): self.row(r, called.get((r["object"], r["id"]), ""))
            for r in frame.iter_rows(named=True)
        }
        return [{**found[key], **more.get(key, {})} for key in order]

    def row(self, r: dict[str, Any], name: str) -> dict[str, Any]:
        """One customer as a caller reads it."""
        call = occasion(r, self.models, self.outcomes.words, self.asked)
        play, day = self.models.plays.get(call.play), self.outcomes.day
        silence = r["days_since_purchase"]
        return {
            "object": r["object"],
            "id": r["id"],
            "name": name,
            "stage": self.label(self.models.primary.stages, r["stage"]),
            "since": r["since"],
            "reason": r["reason_text"],
            "risk_level": self.label(self.models.levels, r["risk_level"]),
            "risk_flags": [self.label(self.models.flags, key) for key in r["risk_flags"]],
            "risk_reason": r["risk_reason"],
            "value_to_date": r["profit"],
            "last_purchase": None if silence is None else day - timedelta(days=int(silence)),
            "next_stage": self.label(self.models.primary.stages, r["next_stage"]),
            "next_stage_on": r["next_stage_on"],
            "keep_until": r["keep_until"],
            "action_for": call.label,
            "action_because": call.because,
            "goal": call.goal,
            "next_action": self.outcomes.words.action(call.play),
            "questions": in_language(play.questions, self.language) if play else "",
            "owner": play.owner if play else "",
            "due_on": self.due(play.due_days, r["next_stage_on"]) if play else None,
        }

    def due(self, days: int, change: date | None) -> date:
        """So many days from the day of evaluation, at the latest when the stage changes by itself."""
        day = self.outcomes.day + timedelta(days=days)
        return day if change is None else min(day, change)

    def label(self, named: Sequence[Named], key: str | None) -> str:
        """The label of a key; "" of none."""
        return next((one.label(self.language) for one in named if one.key == key), "")

    def extras(self, order: Sequence[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
        """The mapped further properties of each customer."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for engine in self.outcomes.engines:
            found |= _extras(engine, [i for kind, i in order if kind == engine.events.object_type])
        return found


def _extras(engine: Engine, ids: Sequence[int]) -> dict[tuple[str, int], dict[str, Any]]:
    kind = engine.events.object_type
    wanted = [n for n in engine.mapping.sources(kind).extras if n not in FACTS and n not in COLUMNS]
    if not wanted or not ids:
        return {}
    index = np.searchsorted(engine.events.ids, np.array(ids, np.int64)).astype(np.int64)
    rows = engine.facts(Moment(index, np.full(len(ids), engine.today, np.int64)), wanted)
    return {(kind, i): row for i, row in zip(ids, rows.iter_rows(named=True), strict=True)}
