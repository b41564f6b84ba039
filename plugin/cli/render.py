"""Outcomes as text: JSON and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from plugin.errors import InputError

_TELEPHONE = re.compile(r"^\+[0-9][0-9 ().-]{5,20}$")
_GROUPS = ("stages", "risk_reasons", "metrics", "written")
#: The columns of an outcome that are there whatever the mapping, and without any customer, too.
_PLAIN = (
    *("object", "id", "stage", "since", "reason", "exited_from", "next_stage", "next_stage_on", "keep_until"),
    *("risk_level", "risk_flags", "next_action", "segments"),
)
#: `--json` of commands that also have other formats.
json_option = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")


def put(text: str, out: Path | None, told: str = "Wrote {out}.") -> None:
    """Print a text, or write it to the file `out` and say so; InputError where that cannot be written."""
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.", cure="Name another file.") from error
    click.echo(told.format(out=out), err=True)


def as_json_text(value: Any) -> str:
    """Indented JSON with a final newline; days as ISO text."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode() + "\n"


def as_csv(rows: Sequence[dict[str, Any]], flags: Sequence[str] = ()) -> str:
    """One line a customer: lists joined with `;`, groups spread over columns (`metrics.NAME` …).

    `flags` are all risk flags there are: each has its column, whoever is in the file.
    """
    reasons = dict.fromkeys(flags)
    flat = [_flat({**row, "risk_reasons": {**reasons, **row["risk_reasons"]}}) for row in rows]
    return _table(flat, () if flat else _PLAIN)


def shape_of(shape: str, *, as_json: bool) -> str:
    """What the running command's --format and --json ask for; UsageError where they disagree."""
    given = click.get_current_context().get_parameter_source("shape")
    if as_json and shape != "json" and given is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError(f"--json and --format {shape} do not go together: give one of them.")
    return "json" if as_json else shape


def list_as_csv(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Plain rows with these columns first; the header stands there without any row, too."""
    return _table([{name: _cell(value) for name, value in row.items()} for row in rows], columns)


def _table(flat: Sequence[dict[str, Any]], columns: Sequence[str] = ()) -> str:
    names = list(dict.fromkeys([*columns, *(name for row in flat for name in row)]))
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
    # a spreadsheet runs text that begins like a formula; a telephone number is none
    formula = isinstance(text, str) and text[:1] in {"=", "+", "@", "\t", "\r"} and not _TELEPHONE.match(text)
    return f"'{text}" if formula else text
