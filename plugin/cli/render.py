"""Outcomes as text: JSON, CSV, and an explanation for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import orjson

_GROUPS = ("stages", "risk_reasons", "metrics", "written")


def as_json_text(value: Any) -> str:
    """Indented JSON with a final newline; days as ISO text."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode() + "\n"


def as_csv(rows: Sequence[dict[str, Any]], flags: Sequence[str] = ()) -> str:
    """One line a customer: lists joined with `;`, groups spread over columns (`metrics.NAME` …).

    `flags` are all risk flags there are: each has its column, whoever is in the file.
    """
    reasons = dict.fromkeys(flags)
    flat = [_flat({**row, "risk_reasons": {**reasons, **row["risk_reasons"]}}) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    target = io.StringIO()
    writer = csv.DictWriter(target, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return target.getvalue()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in row.items():
        if name in _GROUPS:
            result.update({f"{name}.{key}": _cell(one) for key, one in value.items()})
        else:
            result[name] = _cell(value)
    return result


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ";".join(str(one) for one in value)
    text = "" if value is None else value
    # a spreadsheet runs text that begins like a formula
    return f"'{text}" if isinstance(text, str) and text[:1] in {"=", "+", "@", "\t", "\r"} else text


def explanation(outcome: dict[str, Any], path: Sequence[dict[str, Any]]) -> str:
    """One customer's outcome in words."""
    since = outcome["since"] or "the beginning"
    lines = [
        f"{outcome['object']} {outcome['id']}: {outcome['stage']} since {since}",
        f"  Why: {outcome['reason']}",
    ]
    if outcome["next_stage"]:
        lines.append(f"  Next: {outcome['next_stage']} on {outcome['next_stage_on']}, if nothing happens")
    if outcome.get("keep_until"):
        lines.append(f"  An order by {outcome['keep_until']} keeps the stage")
    if outcome.get("exited_from"):
        lines.append(f"  Exited from: {outcome['exited_from']}")
    lines.append(f"  Risk: {outcome['risk_level']}")
    lines.extend(f"    - {sentence}" for sentence in outcome["risk_reasons"].values())
    if outcome.get("no_predictions_because"):
        lines.append(f"  No prediction: {'; '.join(outcome['no_predictions_because'])}")
    if outcome.get("next_action"):
        lines.append(f"  To do: {outcome['next_action']}")
    if path:
        lines.append("  Path:")
        lines.extend(f"    {step['on']}  {step['stage']:<14} {step['reason']}" for step in path)
    return "\n".join(lines)
