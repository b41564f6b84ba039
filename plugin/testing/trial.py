"""One customer of a table under the rules: every expectation that does not hold, with what decided it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.one_path import history
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping as FieldMapping
from plugin.testing.cases import Case
from plugin.testing.deciding import deciding_flags, deciding_stage
from plugin.testing.expected import got, plain, singly
from plugin.testing.wire import as_of, records_of

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


class Trial:
    """One customer under the rules; `parameters` are what it is compared with."""

    def __init__(
        self, case: Case, kind: str, mapping: FieldMapping, models: Models, parameters: Parameters
    ) -> None:
        self.case, self.mapping, self.models = case, mapping, models
        self.object, self.zone, self.parameters = kind, parameters.time_zone, parameters
        self.records = records_of([case], self.object, self.zone)

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
