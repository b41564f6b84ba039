"""What is wrong between a mapping file and the rules it names, as findings with places. Needs no store."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from plugin.errors import ConfigError
from plugin.lifecycle.models import load_models, rule_faults
from plugin.lifecycle.ruleset import Models
from plugin.mapping.clash import Clash
from plugin.mapping.file_bytes import file_bytes
from plugin.mapping.findings import Finding, did_you_mean
from plugin.mapping.load import place_clashes
from plugin.mapping.model import LIFECYCLESTAGE, Mapping
from plugin.mapping.named import models_named, words_declared
from plugin.sync.options import RuleOptions
from plugin.sync.property_definitions import property_definitions

_AGAIN = "Mend the file or its path, and check again."


def value_findings(
    raw: bytes, mapping: Mapping, models: Models, doubtful: Collection[str] = ()
) -> list[Finding]:
    """Faults in the tables of values: what they replace must be something that the rules yield.

    `doubtful` are values that rules may yield once a fault of theirs is mended.
    """
    definitions = property_definitions(_unmapped(mapping), RuleOptions(models), "en")
    options = {one["name"]: [option["value"] for option in one.get("options", ())] for one in definitions}
    found = []
    for name, output in mapping.written_outputs():
        known = options.get(output.name, [])
        for ours in output.values:
            if ours not in known and ours not in doubtful:
                said = f"{name} never holds {ours!r}."
                path = ("outputs", name, "values", ours, "<key>")
                found.append(Clash((path, path[:3]), "error", said, did_you_mean(ours, known, "values")))
    return place_clashes(raw, [*found, *_native(mapping, models, doubtful)])


def _native(mapping: Mapping, models: Models, doubtful: Collection[str]) -> Iterator[Clash]:
    """Stages of ours in the table of HubSpot's own stage that the primary model does not have."""
    table = mapping.outputs.get(LIFECYCLESTAGE)
    known = [stage.key for stage in models.known[mapping.models.primary].stages]
    for ours in table.stages if table else ():
        if ours not in known and ours not in doubtful:
            said = f"The model {mapping.models.primary} has no stage {ours!r}."
            path = ("outputs", LIFECYCLESTAGE, "stages", ours, "<key>")
            yield Clash((path, path[:3]), "error", said, did_you_mean(ours, known, "stages"))


def _unmapped(mapping: Mapping) -> Mapping:
    """The same mapping with every value written as it is."""
    plain = {name: replace(output, values={}) for name, output in mapping.outputs.items()}
    return replace(mapping, outputs=plain)


def rule_findings(raw: bytes, mapping: Mapping, *, sound: bool = True) -> list[tuple[str, Finding]]:
    """(file, fault) of everything wrong between a mapping and its rule files; no file: in the mapping's own.

    A mapping that is not `sound` is what could be read of a file with faults: what rules name that such a
    fault may hide is no fault of theirs.
    """
    if sound and (models := _in_order(mapping)):
        return [("", finding) for finding in value_findings(raw, mapping, models)]
    faults = rule_faults(mapping, mapping.rules, () if sound else words_declared(raw))
    models = faults.models
    wrong = [Clash((("derived_facts", f.index, f.key),), "error", f.message, f.cure) for f in faults.derived]
    named = [(path, name) for path, name in models_named(raw) if name not in models.known]
    for path, name in named:
        if not faults.elsewhere(name, models.known):
            cure = did_you_mean(name, models.known, "models")
            wrong.append(Clash((path,), "error", f"There is no stage model '{name}'.", cure))
    found = place_clashes(raw, wrong)
    doubtful = set() if faults.whole else _words(mapping.rules)
    found += value_findings(raw, *_readable(mapping, models), doubtful)
    # a file that is not there is told where the mapping names it
    problems = [one for one in faults.problems if sound or Path(one.file).is_file()]
    placed = [(one.file, Finding(one.line, one.column, "error", one.message, "")) for one in problems]
    notes = [(file, Finding(0, 0, "note", said, _AGAIN)) for file, said in faults.notes()]
    return [*(("", finding) for finding in sorted(found)), *placed, *notes]


def _in_order(mapping: Mapping) -> Models | None:
    """The rules of a mapping; None where something is wrong with them."""
    try:
        return load_models(mapping, mapping.rules)
    except ConfigError:
        return None


def _words(files: Iterable[str]) -> set[str]:
    """Every word of the rule files that can be read."""
    texts = (file_bytes(Path(one)).decode("utf-8", "replace") for one in files if Path(one).is_file())
    return {word for text in texts for word in re.findall(r"\w+", text)}


def _readable(mapping: Mapping, models: Models) -> tuple[Mapping, Models]:
    """The mapping without the stages of models that do not exist, and the models that do."""
    chosen = [name for name in mapping.models.all() if name in models.known]
    if mapping.models.primary not in models.known:
        chosen = [Mapping().models.primary, *chosen]
        outputs = {name: output for name, output in mapping.outputs.items() if "stage" not in name}
        mapping = replace(mapping, outputs=outputs)
    secondary = tuple(dict.fromkeys(name for name in chosen[1:] if name != chosen[0]))
    choice = replace(mapping.models, primary=chosen[0], secondary=secondary)
    return replace(mapping, models=choice), models.choose((chosen[0], *secondary))
