"""Compares a table of customers with what the product computes, and says readably where they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from plugin.errors import InputError
from plugin.lifecycle.evaluate import evaluate, history
from plugin.lifecycle.models import load_models
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Comparison, Parameters, fit
from plugin.lifecycle.ruleset import Models
from plugin.mapping.findings import did_you_mean
from plugin.mapping.load import load_mapping
from plugin.mapping.model import Mapping as FieldMapping
from plugin.mapping.model import ModelChoice
from plugin.testing.deciding import deciding_flags, deciding_stage
from plugin.testing.expected import got, plain, singly
from plugin.testing.tables import Case, Table, read_table
from plugin.testing.wire import as_of, records_of

Functions = Mapping[str, Callable[[Any], Any]]
_ABSENT = "(not recorded yet)"


@dataclass(frozen=True)
class Disagreement:
    """One expectation that does not hold; `reason` is the sentence that the product would write.

    `decided` are lines about the rules in question, each with what it was computed from.
    """

    customer: str
    on: date
    what: str
    expected: Any
    got: Any
    reason: str = ""
    decided: tuple[str, ...] = ()

    def __str__(self) -> str:
        why = f"   {self.reason}" if self.reason else ""
        said = f"{self.on}  {self.what}: expected {self.expected}, got {self.got}{why}"
        return "\n".join([said, *(f"      {line}" for line in self.decided)])


def check_table(
    source: Table | Path | str | Mapping[str, Any],
    *,
    mapping: FieldMapping | Path | str | None = None,
    functions: Functions | None = None,
) -> None:
    """Raise AssertionError, one line a difference, unless everything in the table is as expected.

    `mapping` wins over the table's own; `functions` stand in for installed derived facts, by name.
    """
    table = source if isinstance(source, Table) else read_table(source)
    lines = []
    for case in table.cases:
        found = compare(table, case, mapping=mapping, functions=functions)
        lines += [case.name, *(f"  {one}" for one in found)] if found else []
    if lines:
        raise AssertionError("\n".join([f"{table.name} does not hold:", *lines]))


def compare(
    table: Table,
    case: Case,
    *,
    mapping: FieldMapping | Path | str | None = None,
    functions: Functions | None = None,
) -> list[Disagreement]:
    """Where one customer of a table differs from what is expected of it."""
    return _Trial(table, case, *_rules(table, mapping, functions)).disagreements()


def _rules(
    table: Table, given: FieldMapping | Path | str | None, functions: Functions | None
) -> tuple[FieldMapping, Models]:
    mapping = given if isinstance(given, FieldMapping) else load_mapping(given or table.mapping)
    if table.model:
        mapping = replace(mapping, models=ModelChoice(table.model))
    return mapping, load_models(mapping, (*mapping.rules, *table.rules), functions)


class _Trial:
    """One customer under the rules."""

    def __init__(self, table: Table, case: Case, mapping: FieldMapping, models: Models) -> None:
        self.case, self.mapping, self.models = case, mapping, models
        self.object = case.object or mapping.customer_objects()[0]
        self.zone = mapping.time_zone or "UTC"
        self.records = records_of([case], self.object, self.zone)
        self.parameters = self._parameters(table)
        self._check_names()

    def _parameters(self, table: Table) -> Parameters:
        """What customers are compared with: by the table, else a portal too small for a rhythm."""
        portal = table.portal
        everybody = records_of(table.cases, self.object, self.zone)
        last = max((d for c in table.cases for d in (*c.expect, *(c.path or ()))), default=self.case.created)
        fitted = fit(everybody, self.mapping, last).comparison(self.object)
        compared = Comparison(
            usual_gap_days=portal.get("usual_gap_days"),
            repeat_customers=int(portal.get("repeat_customers") or 0),
            seen=tuple(portal.get("seen") or fitted.seen),
        )
        return Parameters(time_zone=self.zone, comparisons={self.object: compared})

    def _check_names(self) -> None:
        stages = [stage.key for stage in self.models.primary.stages]
        wanted = [
            *(self.case.path or {}).values(),
            *(e["stage"] for e in self.case.expect.values() if "stage" in e),
        ]
        for name in wanted:
            if name not in stages:
                said = f"{self.case.name}: {self.models.primary.key} has no stage {name!r}."
                raise InputError(said, cure=did_you_mean(name, stages, "stages"))

    def disagreements(self) -> list[Disagreement]:
        """Every expectation that does not hold, in order of days."""
        found = self._path()
        for on, expected in sorted(self.case.expect.items()):
            found += self._day(on, expected)
        return found

    def _steps(self, until: date) -> list[tuple[date, str, str]]:
        key = (self.object, 1)
        return history(self.records, self.mapping, self.models, self.parameters, until, key)

    def _path(self) -> list[Disagreement]:
        """The whole path, from the first record to the last day named."""
        path = self.case.path
        if path is None:
            return []
        got = {on: (stage, why) for on, stage, why in self._steps(max(path))}
        found = []
        for on in sorted({*path, *got}):
            stage, why = got.get(on, (None, ""))
            if path.get(on) != stage:
                told = (path.get(on, "no change"), stage or "no change", why)
                decided = self._decided(on, path.get(on), stage)
                found.append(Disagreement(self.case.name, on, "path", *told, decided))
        return found

    def _decided(self, on: date, expected: str | None, got: str | None) -> tuple[str, ...]:
        """Why the stage is what it is on that day; without a change, the one before goes on."""
        outcomes = self._outcomes(on)
        if not outcomes.frame.height:
            return ()
        return tuple(deciding_stage(outcomes, expected, got or outcomes.frame["stage"][0]))

    def _outcomes(self, on: date) -> Outcomes:
        records = records_of([as_of(self.case, on)], self.object, self.zone)
        found = evaluate(records, self.mapping, self.models, self.parameters, on)
        return found.only([(self.object, 1)])

    def _day(self, on: date, expected: Mapping[str, Any]) -> list[Disagreement]:
        outcomes = self._outcomes(on)
        rows = outcomes.to_json()
        if not rows:
            return [Disagreement(self.case.name, on, "stage", expected.get("stage"), _ABSENT)]
        row, facts = rows[0], outcomes.frame.row(0, named=True)
        found = []
        for what, wanted in singly(expected):
            seen, right = got(row, facts, what, wanted), plain(wanted)
            if seen != right:
                why = row["reason"] if what == "stage" else " ".join(row["risk_reasons"].values())
                why = why if what in ("stage", "flags", "risk_level") else ""
                decided = _deciding(outcomes, what, right, seen)
                found.append(Disagreement(self.case.name, on, what, right, seen, why, decided))
        return found


def _deciding(outcomes: Outcomes, what: str, wanted: Any, seen: Any) -> tuple[str, ...]:
    if what == "stage":
        return tuple(deciding_stage(outcomes, wanted, seen))
    return tuple(deciding_flags(outcomes, set(wanted) ^ set(seen))) if what == "flags" else ()
