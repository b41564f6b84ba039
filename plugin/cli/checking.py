"""What is wrong with the rule files and derived facts that a mapping names, as findings with places."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from plugin.lifecycle.deriving import DerivedError
from plugin.lifecycle.models import check_models
from plugin.lifecycle.rulefile import RuleError
from plugin.mapping.findings import Finding
from plugin.mapping.load import load_mapping
from plugin.mapping.positions import read_yaml

#: A finding, and the file that it stands in.
Placed = tuple[str, Finding]


def rule_findings(path: Path | None) -> list[Placed]:
    """The faults and warnings of everything that a faultless mapping names.

    Raises ConfigError where a stage model that the mapping chooses does not exist.
    """
    mapping = load_mapping(path)
    name = str(path or "default")
    try:
        warnings = check_models(mapping, mapping.rules)
    except RuleError as error:
        return [(p.file, Finding(p.line, p.column, "error", p.message, error.cure)) for p in error.problems]
    except DerivedError as error:
        return [(name, finding) for finding in _placed(path, error)]
    return [_warned(name, warning) for warning in warnings]


def _placed(path: Path | None, error: DerivedError) -> list[Finding]:
    document = read_yaml(path.read_bytes() if path else b"")
    return [
        Finding(*document.place(("derived_facts", f.index, f.key)), "error", f.message, f.cure)
        for f in error.faults
    ]


def _warned(name: str, warning: str) -> Placed:
    """A warning about a model; most begin with its file, and the line and column where one is known."""
    file, _, said = warning.partition(": ")
    cure = "See that a customer can meet the rule, or take it out."
    if not said:
        return name, _plain(warning, cure)
    placed = re.fullmatch(r"(.+):(\d+):(\d+)", file)
    line, column = (int(placed[2]), int(placed[3])) if placed else (1, 1)
    return (placed[1] if placed else file), Finding(line, column, "warning", f"{said}.", cure)


def _plain(warning: str, cure: str) -> Finding:
    return Finding(1, 1, "warning", warning, cure)


def as_json(placed: Placed) -> dict[str, Any]:
    """For machines: the finding with its file."""
    file, f = placed
    words = {"severity": f.severity, "message": f.message, "cure": f.cure}
    return {"file": file, "line": f.line, "column": f.column, **words}
