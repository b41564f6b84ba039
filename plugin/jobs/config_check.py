"""The checks that a mapping file passes before it can be in force: offline, with its rule files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from plugin.errors import ConfigError
from plugin.jobs.config_faults import rule_findings
from plugin.mapping.bundle import content
from plugin.mapping.findings import Finding, again
from plugin.mapping.load import DEFAULT_NAME, empty_findings, read_mapping, rule_paths

Found = list[tuple[str, Finding]]  # (file, finding)


def check_file(path: Path | None) -> Found:
    """Every fault and oddity of a mapping file (None: the shipped default) and of its rule files."""
    body, own_name = content(path), str(path) if path else DEFAULT_NAME
    if empty := empty_findings(body):
        return [(own_name, empty[0])]
    folder = path.absolute().parent if path else None
    mapping, findings = read_mapping(body, folder)
    wrong = {(one.line, one.column) for one in findings if one.severity == "error"}
    if wrong and not mapping.rules:
        mapping = replace(mapping, rules=tuple(rule_paths(body, folder)))
    further = rule_findings(body, mapping, sound=not wrong)
    own = [one for name, one in further if not name and (one.line, one.column) not in wrong]
    found = [(own_name, finding) for finding in sorted([*findings, *own])]
    return found + [(name, finding) for name, finding in further if name]


def refuse_file(path: Path | None) -> None:
    """ConfigError with every fault of a mapping file and of its rule files."""
    errors = [(name, finding) for name, finding in check_file(path) if finding.severity == "error"]
    if errors:
        count = "one fault" if len(errors) == 1 else f"{len(errors)} faults"
        listed = "\n".join(f"  {finding.at(name)}" for name, finding in errors)
        told = [finding for _, finding in errors]
        raise ConfigError(f"{path} has {count}:\n{listed}\n", cure=again(told), findings=told)
