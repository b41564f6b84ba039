"""What an evaluation yields: a frame of keys and numbers, and the texts made from it when they are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from plugin.lifecycle.catalogue import METRICS
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.figures import FIGURES, figures
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.reasons import Wordsmith
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import as_dates
from plugin.lifecycle.written import written_frame
from plugin.mapping.model import Mapping

#: Columns of the frame that are metrics besides the facts.
_NAMED = ("rfm", "rfm_segment", "tier", "attitude")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The outcomes of a batch on one day.

    `frame` has one row a customer: `object`, `id`, `stage`, `stages` (struct of model → stage), `since`,
    `exited_from` (and `exited_from_NAME` of secondary models), `next_stage`, `next_stage_on`, `keep_until`,
    `next_moment` (null: none), `risk_level`, `risk_flags`, `segments`, `tier`, `rfm`, `rfm_segment`,
    `attitude`, `play` (the next action's key), then every fact, then the small integers of
    `ruleset.outcome_columns`, then the written predictions of the refresh day (`predictions.REFRESHED`).
    `unseen` are customers whose first record is dated later, with that day as `next_moment`.
    `findings` count the values that could not be read, with examples.
    """

    frame: pl.DataFrame
    unseen: pl.DataFrame
    findings: tuple[dict[str, Any], ...]
    day: date
    mapping: Mapping
    models: Models
    parameters: Parameters
    words: Wordsmith
    engines: tuple[Engine, ...] = ()  # what the past of this batch can be rebuilt from

    def only(self, customers: Sequence[tuple[str, int]]) -> Outcomes:
        """The outcomes of some customers, so that texts are made for them alone."""
        pairs = pl.DataFrame(
            {"object": [o for o, _ in customers], "id": [i for _, i in customers]},
            schema={"object": pl.String, "id": pl.Int64},
        )
        return replace(
            self, frame=self.frame.join(pairs, on=["object", "id"], how="semi", maintain_order="left")
        )

    @cached_property
    def texts(self) -> pl.DataFrame:
        """`reason`, `risk_reason`, `next_action` of each row."""
        words = self.words
        rows = [(words.reason(r), words.risk_reason(r), words.action(r["play"])) for r in self._rows()]
        return pl.DataFrame(
            rows,
            schema={"reason": pl.String, "risk_reason": pl.String, "next_action": pl.String},
            orient="row",
        )

    def first_records(self) -> dict[tuple[str, int], date]:
        """The day of each customer's first record; without those of whom nothing has a date."""
        found: dict[tuple[str, int], date] = {}
        for engine in self.engines:
            events = engine.events
            born = as_dates(events.born)
            pairs = zip(events.ids.tolist(), born.to_list(), strict=True)
            found |= {(events.object_type, int(i)): day for i, day in pairs if day is not None}
        return found

    def _rows(self) -> list[dict[str, Any]]:
        wanted = self.words.columns()
        return self.frame.select(name for name in self.frame.columns if name in wanted).rows(named=True)

    def written(self) -> pl.DataFrame:
        """`object`, `id`, and one String column per switched-on output, as the CRM stores it ("": empty)."""
        return written_frame(self.frame, self.texts, self.mapping, self.models)

    def to_json(self) -> list[dict[str, Any]]:
        """One object a customer, as `lifecycle evaluate` prints it."""
        written = self.written().rows(named=True)
        texts = self.texts.rows(named=True)
        more = figures(self.engines, self.frame.select("object", "id")).rows(named=True)
        rows = [{**row, **figure} for row, figure in zip(self.frame.rows(named=True), more, strict=True)]
        return [self._object(*parts) for parts in zip(rows, texts, written, strict=True)]

    def _object(self, row: dict[str, Any], text: dict[str, Any], written: dict[str, str]) -> dict[str, Any]:
        plain = ("object", "id", "stage", "stages")
        dated = ("next_stage", "next_stage_on", "keep_until", "risk_level", "risk_flags")
        outputs = dict(self.mapping.written_outputs())
        return {
            **{name: row[name] for name in plain},
            "since": _iso(row["since"]),
            "reason": text["reason"],
            "exited_from": row["exited_from"],
            **{name: _iso(row[name]) for name in dated},
            "risk_reasons": self.words.flag_reasons(row),
            "metrics": {
                name: _iso(row[name]) for name in (*METRICS, *self.models.derived, *_NAMED, *FIGURES)
            },
            "written": {
                **{outputs[n].name: outputs[n].wire(v) for n, v in written.items() if n in outputs},
                **self.mapping.native_value(row["stage"]),
            },
            "next_action": text["next_action"],
            "segments": row["segments"],
        }


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
