"""Reads and checks a mapping file: every fault at once, each with its line, its column and a cure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass, replace
from importlib import resources
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError, fields

from plugin.errors import ConfigError
from plugin.mapping import presets
from plugin.mapping.checks import clashes
from plugin.mapping.clash import Clash
from plugin.mapping.fields import Said
from plugin.mapping.file_bytes import file_bytes, is_empty
from plugin.mapping.findings import Finding, again
from plugin.mapping.model import (
    DEFAULT_THRESHOLDS,
    CsatScale,
    Mapping,
    ModelChoice,
    Output,
    Purchase,
)
from plugin.mapping.positions import Document, Path, read_yaml
from plugin.mapping.reading_checks import SECTIONS as SOURCE_SECTIONS
from plugin.mapping.reading_checks import declared_twice
from plugin.mapping.schema import CURRENT_VERSION, MappingSchema, unknown_key
from plugin.mapping.sources import split
from plugin.mapping.unread import Unread
from plugin.mapping.upgrades import upgrade

DEFAULT_NAME = "the shipped default mapping"
SECTIONS = (
    *("purchase", "contact", "company", "thresholds", "models", "outputs", "headers"),
    *("loss_reasons", "csat_scale"),
)


def load_mapping(path: FilePath | str | None = None) -> Mapping:
    """The mapping in this file; None: the shipped default. ConfigError lists every fault, if there is one."""
    body = _bytes(path)
    refuse_faults(str(path or DEFAULT_NAME), empty_findings(body))
    mapping, findings = read_mapping(body, _folder(path))
    refuse_faults(str(path or DEFAULT_NAME), findings)
    return mapping


def empty_findings(body: bytes) -> list[Finding]:
    """The fault of a file without any content: it was perhaps not written yet, and is no choice."""
    said, cure = "The file is empty.", f"Write `version: {CURRENT_VERSION}` for the shipped default."
    return [Finding(1, 1, "error", said, cure)] if is_empty(body) else []


def refuse_faults(name: str, findings: Iterable[Finding]) -> None:
    """ConfigError with every error among the findings, each with file, line and column."""
    errors = [f for f in findings if f.severity == "error"]
    if errors:
        count = "one fault" if len(errors) == 1 else f"{len(errors)} faults"
        listed = "\n".join(f"  {finding.at(name)}" for finding in errors)
        raise ConfigError(f"{name} has {count}:\n{listed}\n", cure=again(errors), findings=errors)


def check_mapping(path: FilePath | str | None = None) -> list[Finding]:
    """Every fault and oddity of the file, in the order of its lines. ConfigError: it cannot be opened."""
    body = _bytes(path)
    return empty_findings(body) or read_mapping(body, _folder(path))[1]


def default_text() -> str:
    """The shipped default, with its comments."""
    return resources.files("plugin.mapping").joinpath("default.yaml").read_text("utf-8")


def fingerprint(mapping: Mapping) -> str:
    """Twelve hex digits that name what the mapping says; comments and the order of keys do not count."""
    text = json.dumps(plain(mapping), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def rule_names(raw: bytes) -> list[str]:
    """The rule files that a mapping file names, as it names them; what cannot be read names none."""
    value = read_yaml(raw).value
    named = value.get("rules") if isinstance(value, dict) else None
    listed = named if isinstance(named, list) else [named]
    return [name for name in listed if isinstance(name, str) and name]


def rule_paths(raw: bytes, folder: FilePath | None) -> list[str]:
    """Where the rule files are that a mapping file names, also if the file has faults."""
    return [_place(name, folder, None) for name in rule_names(raw)]


def read_mapping(
    raw: bytes, folder: FilePath | None = None, files: MappingABC[str, FilePath] | None = None
) -> tuple[Mapping, list[Finding]]:
    """The mapping in these bytes with all findings; with errors among them it is what could be read.

    `folder` is where the file stands: rule files are looked for from there. `files` says where those
    stand that are kept elsewhere, by the name that the file gives them.
    """
    document = read_yaml(raw)
    upgrade(document)
    findings = list(document.faults)
    if document.value is not None and not isinstance(document.value, dict):
        said = "The file is not a set of `key: value` lines."
        findings.append(Finding(*document.place(()), "error", said, "Begin with `version: 1`."))
    given = document.value if isinstance(document.value, dict) else {}
    if not document.complete:
        return Mapping(), findings
    data, wrong = complaints(given)
    told = {f.line for f in findings}  # a line that cannot be read needs no second complaint about its value
    found = [_finding(document, path, said) for path, said in wrong]
    findings += [f for f in found if f.line not in told]
    if not findings and "version" not in given:
        said = "The file does not say its version."
        findings.append(Finding(1, 1, "warning", said, f"Write `version: {CURRENT_VERSION}` on top."))
    mapping = mapping_of(data)
    mapping = replace(mapping, rules=tuple(_place(name, folder, files) for name in mapping.rules))
    if mapping.spend:
        mapping = replace(mapping, spend=str((folder or FilePath()) / mapping.spend))
    unread = Unread(document, [path for path, _ in wrong])
    drawn = [clash for clash in (*declared_twice(data), *clashes(mapping)) if not unread.carries(clash)]
    findings += [placed(document, clash) for clash in drawn]
    return mapping, sorted(findings)


def place_clashes(raw: bytes, found: Iterable[Clash]) -> list[Finding]:
    """Findings about a file that can be read, at the places that they are about."""
    document = read_yaml(raw)
    return sorted(placed(document, clash) for clash in found)


def placed(document: Document, clash: Clash) -> Finding:
    """A clash as a finding at the first of its paths that stands in the document."""
    if not clash.paths:
        return Finding(0, 0, clash.severity, clash.message, clash.cure)
    path = next((p for p in clash.paths if p in document.places), clash.paths[0])
    return Finding(*document.place(path), clash.severity, clash.message, clash.cure)


def _place(name: str, folder: FilePath | None, files: MappingABC[str, FilePath] | None) -> str:
    """Where a rule file is: `preset:NAME` ships with the product, everything else stands by the mapping."""
    if files and name in files:
        return str(files[name])
    if name.startswith(presets.PREFIX):
        shipped = presets.rule_file(name.removeprefix(presets.PREFIX))
        return str(shipped) if shipped.is_file() else name
    return str((folder or FilePath()) / name)


def _folder(path: FilePath | str | None) -> FilePath | None:
    return FilePath(path).absolute().parent if path is not None else None


def _bytes(path: FilePath | str | None) -> bytes:
    if path is None:
        return default_text().encode()
    try:
        return file_bytes(FilePath(path))
    except OSError as error:
        cure = "Check LIFECYCLE_CONFIG or --config; `lifecycle config init` writes a first file."
        raise ConfigError(f"The mapping file {path} cannot be read: {error.strerror}.", cure=cure) from error


def complaints(given: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[Path, Said]]]:
    """(what is right, every complaint with the path it is about)."""
    data, errors = _load({k: v for k, v in given.items() if v is not None or k not in SECTIONS})
    return data, list(_walk(errors, MappingSchema(), ()))


def _load(given: dict[str, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
    """(what is right, marshmallow's tree of complaints)."""
    try:
        return dict(MappingSchema().load(given)), {}
    except ValidationError as error:
        messages: Any = error.messages
        valid: Any = error.valid_data
        return (dict(valid) if isinstance(valid, dict) else {}), messages


def _walk(errors: Any, schema: Schema | None, path: Path) -> Iterator[tuple[Path, Said]]:
    """Every complaint with the path it is about; the schema tells the right names beside an unknown one."""
    if isinstance(errors, list):
        for message in errors:
            yield path, _said(message, path, schema)
        return
    for key, below in errors.items():
        if key in {"_schema", "<key>"}:
            yield from _walk(below, schema, path if key == "_schema" else (*path, "<key>"))
            continue
        field = schema.fields.get(key) if schema else None
        inner = field.schema if isinstance(field, fields.Nested) else None
        unknown = schema is not None and field is None
        here = (*path, key, "<key>") if unknown else (*path, key)
        yield from _walk(below, schema if unknown else inner, here)


def _said(message: Any, path: Path, schema: Schema | None) -> Said:
    """marshmallow's own few sentences in our words."""
    if isinstance(message, Said):
        return message
    if path and path[-1] == "<key>" and schema is not None:
        where = f" in {path[-3]}" if len(path) > 2 else ""
        return unknown_key(str(path[-2]), where, schema)
    if "null" in str(message) and path and isinstance(path[-1], int):
        return Said("An entry of this list is empty.", "Write one behind its dash, or delete the dash.")
    if "null" in str(message):
        return Said(f"`{path[-1]}` has no value.", "Write one, or delete the line: then the default holds.")
    if "type" in str(message):
        return Said(
            f"`{path[-1]}` is a section.", "Write its keys below it as `key: value`, indented by two spaces."
        )
    return Said(str(message), "See the shipped default for an example.")


def _finding(document: Document, path: Path, said: Said) -> Finding:
    return Finding(*document.place(path), "error", str(said), said.cure)


def mapping_of(data: dict[str, Any]) -> Mapping:
    """The typed mapping: what is given over what is default."""
    default = Mapping()
    plain = {
        k: v for k, v in data.items() if k in {"time_zone", "currency", "language", "locale", "customer"}
    }
    thresholds = {**DEFAULT_THRESHOLDS, **data.get("thresholds", {})}
    named = {section: split(data.get(section, {})) for section in SOURCE_SECTIONS}
    readings = {
        SOURCE_SECTIONS[section]: MappingProxyType(found) for section, (_, found) in named.items() if found
    }
    return replace(
        default,
        version=int(data.get("version", CURRENT_VERSION)),
        **plain,
        purchase=replace(Purchase(), **named["purchase"][0]),
        contact=replace(default.contact, **named["contact"][0]),
        company=replace(default.company, **named["company"][0]),
        thresholds=MappingProxyType({name: float(value) for name, value in thresholds.items()}),
        models=replace(ModelChoice(), **data.get("models", {})),
        read_companies=bool(data.get("read_companies", default.read_companies)),
        read_histories=bool(data.get("read_histories", default.read_histories)),
        tasks=bool(data.get("tasks", default.tasks)),
        compare_seasons=bool(data.get("compare_seasons", default.compare_seasons)),
        csat_scale=replace(CsatScale(), **{k: float(v) for k, v in data.get("csat_scale", {}).items()}),
        spend=data.get("spend"),
        loss_reasons=MappingProxyType(dict(data.get("loss_reasons", {}))),
        rules=tuple(data.get("rules", ())),
        derived_facts=tuple(data.get("derived_facts") or ()),
        outputs=_outputs(default.outputs, data.get("outputs", {})),
        headers=MappingProxyType(dict(data.get("headers", {}))),
        readings=MappingProxyType(readings),
    )


def _outputs(default: MappingABC[str, Output], given: dict[str, dict[str, Any]]) -> MappingABC[str, Output]:
    """Every standard output, changed where the file says so, and the secondary models' that it names."""
    changed = {name: replace(default.get(name, Output(name)), **settings) for name, settings in given.items()}
    for name, output in changed.items():
        values, stages = MappingProxyType(dict(output.values)), MappingProxyType(dict(output.stages))
        changed[name] = replace(output, values=values, stages=stages)
    return MappingProxyType({**default, **changed})


def plain(value: Any) -> Any:
    """Dataclasses, tuples and read-only dicts as JSON knows them; every number a float."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclass_fields(value)}
    if isinstance(value, MappingABC):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return value
