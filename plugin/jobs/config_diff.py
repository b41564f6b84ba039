"""What another mapping file would change in a portal: fields, properties, stages, customers."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from plugin.jobs.context import Context
from plugin.jobs.drain import Report
from plugin.jobs.preview import run_preview
from plugin.lifecycle.models import load_models
from plugin.lifecycle.ruleset import Models
from plugin.mapping.bases import fit_basis, more_to_read, reads
from plugin.mapping.bundle import Bundle, read_bundle
from plugin.mapping.load import load_mapping, plain
from plugin.mapping.model import Mapping
from plugin.mapping.readings import Reading
from plugin.records import configs
from plugin.sync.options import RuleOptions
from plugin.sync.properties import planned


def compare(
    context: Context, portal_id: int, file: Path, report: Report = lambda *_: None, *, customers: bool = True
) -> dict[str, Any]:
    """The differences between a checked file and what is in force for a portal, for machines.

    `fields`: [{field, from, to}]; `rules`: {file: what}; `properties`: {make, change: [object: name]};
    `stages`: {model: {added, removed}}; `read_again`: object types; `fit_again`; `preview`: as of
    `lifecycle preview`, from the stages kept here; None where nothing is computed.
    """
    present = replace(context.current(portal_id), configs=None)
    mapping = load_mapping(file)
    models = load_models(mapping, mapping.rules)
    with context.store.read() as connection:
        kept = configs.current(connection, portal_id)
    rules = _rules(kept.bundle if kept else None, read_bundle(file))
    fields = list(_fields(_said(present.mapping), _said(mapping)))
    changed = bool(fields or rules)
    crm = context.crm(portal_id, "interactive")
    make, change = planned(crm, mapping, RuleOptions(models), mapping.language) if changed else ([], [])
    preview = None
    if customers and changed:
        preview = run_preview(context, portal_id, (mapping, models), report, from_kept=True).as_dict()
    return {
        "fields": fields,
        "rules": rules,
        "properties": {"make": make, "change": change},
        "stages": _stages(present.models, models),
        "read_again": more_to_read(reads(mapping), _known(reads(present.mapping), make)),
        "fit_again": fit_basis(mapping) != fit_basis(present.mapping),
        "preview": preview,
    }


def _said(mapping: Mapping) -> dict[str, Any]:
    """Every key by its dotted path; rule files are compared by what they say, not by where they stand."""
    flat: dict[str, Any] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, below in value.items():
                walk(below, f"{path}.{key}" if path else key)
        else:
            flat[path] = value

    walk(plain(replace(mapping, rules=(), readings={})), "")
    return flat | dict(_declared(mapping))


def _declared(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Each declared property, and how it is read, without what holds by itself."""
    for kind, readings in mapping.readings.items():
        for name, reading in readings.items():
            said = {k: v for k, v in vars(reading).items() if v != getattr(Reading(reading.type), k)}
            parts = [reading.type, *(f"{k} {dict(v) if k == 'values' else v}" for k, v in said.items())]
            yield f"{kind} property {name}", ", ".join(parts)


def _fields(old: dict[str, Any], new: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield {"field": name, "from": old.get(name), "to": new.get(name)}


def _rules(old: Bundle | None, new: Bundle) -> dict[str, str]:
    before = old.rules if old else {}
    told = {}
    for name in dict.fromkeys((*before, *new.rules)):
        if name not in new.rules:
            told[name] = "no longer named"
        elif name not in before:
            told[name] = "new"
        elif before[name] != new.rules[name]:
            lines = difflib.ndiff(before[name].splitlines(), new.rules[name].splitlines())
            told[name] = f"{sum(line[:2] in ('+ ', '- ') for line in lines)} lines differ"
    return told


def _stages(old: Models, new: Models) -> dict[str, dict[str, list[str]]]:
    """Per chosen model the stages that come and go."""
    before = {model.key: [stage.key for stage in model.stages] for model in old.all}
    after = {model.key: [stage.key for stage in model.stages] for model in new.all}
    found = {}
    for model in dict.fromkeys((*before, *after)):
        was, will = before.get(model, []), after.get(model, [])
        added, removed = [s for s in will if s not in was], [s for s in was if s not in will]
        if added or removed:
            found[model] = {"added": added, "removed": removed}
    return found


def _known(done: dict[str, list[str]], make: list[str]) -> dict[str, list[str]]:
    """What is read now, and the outputs that do not exist yet: those are known to be empty."""
    known = {kind: list(names) for kind, names in done.items()}
    for one in make:
        kind, name = one.split(": ")
        known.setdefault(kind, []).append(f"output:{name}")
    return known
