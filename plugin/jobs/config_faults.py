"""What is wrong between a mapping file and the rules it names, as findings with places. Needs no store."""

from __future__ import annotations

from dataclasses import replace

from plugin.errors import ConfigError
from plugin.lifecycle.deriving import DerivedError
from plugin.lifecycle.models import load_models
from plugin.lifecycle.rulefile import RuleError
from plugin.lifecycle.ruleset import Models
from plugin.mapping.clash import Clash
from plugin.mapping.findings import Finding, did_you_mean
from plugin.mapping.load import place_clashes
from plugin.mapping.model import Mapping
from plugin.sync.options import RuleOptions
from plugin.sync.property_definitions import property_definitions


def value_findings(raw: bytes, mapping: Mapping, models: Models) -> list[Finding]:
    """Faults in the tables of values: what they replace must be something that the rules yield."""
    definitions = property_definitions(_unmapped(mapping), RuleOptions(models), "en")
    options = {one["name"]: [option["value"] for option in one.get("options", ())] for one in definitions}
    found = []
    for name, output in mapping.written_outputs():
        known = options.get(output.name, [])
        for ours in output.values:
            if ours not in known:
                said = f"{name} never holds {ours!r}."
                path = ("outputs", name, "values", ours, "<key>")
                found.append(Clash((path, path[:3]), "error", said, did_you_mean(ours, known, "values")))
    return place_clashes(raw, found)


def _unmapped(mapping: Mapping) -> Mapping:
    """The same mapping with every value written as it is."""
    plain = {name: replace(output, values={}) for name, output in mapping.outputs.items()}
    return replace(mapping, outputs=plain)


def rule_findings(raw: bytes, mapping: Mapping) -> list[tuple[str, Finding]]:
    """(file, fault) of everything wrong between a mapping that is itself in order and its rule files."""
    cure = "Correct this line; `lifecycle models check` looks at rule files alone."
    try:
        models = load_models(mapping, mapping.rules)
    except RuleError as error:
        return [
            (one.file, Finding(one.line, one.column, "error", one.message, cure)) for one in error.problems
        ]
    except DerivedError as error:
        wrong = [
            Clash((("derived_facts", f.index, f.key),), "error", f.message, f.cure) for f in error.faults
        ]
        return [("", finding) for finding in place_clashes(raw, wrong)]
    except ConfigError as error:
        return [("", Finding(1, 1, "error", error.message, error.cure))]
    return [("", finding) for finding in value_findings(raw, mapping, models)]
