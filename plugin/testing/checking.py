"""Compares tables of customers with what the product computes, and says readably where they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Comparison, Parameters, fit
from plugin.lifecycle.ruleset import Models
from plugin.mapping.findings import Finding
from plugin.mapping.load import load_mapping
from plugin.mapping.model import Mapping as FieldMapping
from plugin.mapping.model import ModelChoice
from plugin.testing.cases import Case, Table
from plugin.testing.expected import name_faults
from plugin.testing.tables import placed, read_table, refuse
from plugin.testing.trial import Disagreement, Trial
from plugin.testing.wire import records_of

Functions = Mapping[str, Callable[[Any], Any]]


class Trials:
    """A table's customers under one set of rules.

    `mapping` wins over the table's own. `rules` are rule files besides the mapping's and the table's; where
    the table names neither mapping nor model and they define one model, its stages are the expected ones.
    `functions` stand in for installed derived facts, by name.
    """

    def __init__(
        self,
        table: Table,
        *,
        mapping: FieldMapping | Path | str | None = None,
        functions: Functions | None = None,
        rules: Sequence[Path] = (),
    ) -> None:
        self.table = table
        self.mapping, self.models = _rules(table, mapping, functions, rules)
        self._parameters: dict[str, Parameters] = {}

    def check_names(self) -> None:
        """InputError where a customer is expected in a stage, flag, segment or fact that there is not."""
        refuse([(self.table.name, one) for one in self.name_findings()])

    def name_findings(self, only: Case | None = None) -> list[Finding]:
        """Every name that is expected and that the rules do not have; `only`: of that customer."""
        cases = [(n, case) for n, case in enumerate(self.table.cases) if only is None or case is only]
        faults = [fault for n, case in cases for fault in name_faults(case, self.models, n)]
        return placed(self.table.places, faults)

    def disagreements(self, case: Case) -> list[Disagreement]:
        """Where one customer differs from what is expected of it."""
        if any(name_faults(case, self.models, 0)):
            refuse([(self.table.name, one) for one in self.name_findings(case)])
        kind = case.object or self.mapping.customer_objects()[0]
        return Trial(case, kind, self.mapping, self.models, self._compared(kind)).disagreements()

    def _compared(self, kind: str) -> Parameters:
        """What customers are compared with: by the table, else a portal too small for a rhythm."""
        if kind not in self._parameters:
            self._parameters[kind] = self._fitted(kind)
        return self._parameters[kind]

    def _fitted(self, kind: str) -> Parameters:
        portal, cases, zone = self.table.portal, self.table.cases, self.mapping.time_zone or "UTC"
        last = max(d for c in cases for d in (c.created, *c.expect, *(c.path or ())))
        fitted = fit(records_of(cases, kind, zone), self.mapping, last).comparison(kind)
        compared = Comparison(
            usual_gap_days=portal.get("usual_gap_days"),
            repeat_customers=int(portal.get("repeat_customers") or 0),
            seen=tuple(portal.get("seen") or fitted.seen),
        )
        return Parameters(time_zone=zone, comparisons={kind: compared})


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
    trials = Trials(table, mapping=mapping, functions=functions)
    lines = []
    for case in table.cases:
        found = trials.disagreements(case)
        lines += [case.name, *(f"  {one}" for one in found)] if found else []
    if lines:
        raise AssertionError("\n".join([f"{table.name} does not hold:", *lines]))


def _rules(
    table: Table,
    given: FieldMapping | Path | str | None,
    functions: Functions | None,
    files: Sequence[Path],
) -> tuple[FieldMapping, Models]:
    mapping = given if isinstance(given, FieldMapping) else load_mapping(given or table.mapping)
    named = [*map(Path, mapping.rules), *table.rules, *files]
    paths = {path.resolve(): path for path in named}
    models = load_models(mapping, [*paths.values()], functions)
    model = table.model or (_only(models, files) if table.mapping is None else None)
    if model:
        mapping = replace(mapping, models=ModelChoice(model))
        models = load_models(mapping, [*paths.values()], functions)
    return mapping, models


def _only(models: Models, files: Sequence[Path]) -> str | None:
    """The one model that these files define; None where there are none, or several."""
    ours = {path.resolve() for path in files}
    found = [key for key, one in models.known.items() if one.file and Path(one.file).resolve() in ours]
    return found[0] if len(found) == 1 else None
