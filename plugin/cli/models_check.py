"""`lifecycle models check`: faults of rule files, and tables of customers held against the rules."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli.lines import say

if TYPE_CHECKING:
    from plugin.cli.show import Bar
    from plugin.errors import InputError
    from plugin.mapping.model import Mapping as FieldMapping
    from plugin.testing import Disagreement, Trials

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class Verdict:
    """One customer of a table: how much was expected of it, and what does not hold."""

    table: str
    model: str
    customer: str
    expectations: int
    differences: Sequence[Disagreement]

    def as_json(self) -> dict[str, Any]:
        """For machines; days as ISO text."""
        told = asdict(self)
        listed = [{**one, "on": one["on"].isoformat()} for one in told.pop("differences")]
        for one in listed:
            del one["customer"]
        return {**told, "pass": not listed, "differences": listed}


@click.command("check", epilog="Example: lifecycle models check coffee.yaml --customers club.customers.yaml")
@click.argument("files", nargs=-1, type=_FILE)
@click.option("--customers", "tables", multiple=True, type=_FILE, help="A table of customers (YAML or CSV).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models_check(files: tuple[Path, ...], tables: tuple[Path, ...], as_json: bool) -> None:
    """Check rule files: faults with line and column, warnings about stages that cannot be reached.

    With --customers, tables of customers are held against the rules: each customer passes or fails, with what
    was expected, what came, and what decided it. A table that names no mapping is read by LIFECYCLE_CONFIG's,
    and if FILES define one model, its stages are expected.

    Exit status: 0 all in order, 1 a customer is not as expected, 2 a file is wrong.
    """
    from plugin.cli import show
    from plugin.errors import InputError
    from plugin.lifecycle.rulefile import RuleError

    try:
        warnings, trials = _read(files, tables)
    except RuleError as error:
        if as_json:
            click.echo(json.dumps({"faults": [asdict(one) for one in error.problems]}, ensure_ascii=False))
        raise
    except InputError as error:
        if as_json:
            click.echo(json.dumps({"faults": _faults(error)}, ensure_ascii=False))
        raise
    for warning in warnings:
        say(_placed(warning), err=True)
    if not as_json:
        click.echo("The rules are in order.")
    with show.progress(hidden=as_json or not tables) as bar:
        verdicts = [*_verdicts(trials, bar)]
    _tell(verdicts, warnings, as_json=as_json)
    if any(one.differences for one in verdicts):
        sys.exit(1)


def _placed(warning: str) -> str:
    """A warning as `config check` tells it: its place first, where it has one."""
    found = re.fullmatch(r"(.+?:\d+:\d+: )?(.*)", warning, re.DOTALL)
    return f"{found[1] or ''}warning: {found[2]}" if found else warning


def _read(files: Sequence[Path], tables: Sequence[Path]) -> tuple[list[str], list[Trials]]:
    """The warnings about the rules, and every table with its rules, read before anything is computed."""
    from plugin import settings, wiring
    from plugin.lifecycle.models import check_models

    mapping, _ = wiring.rules(settings.load().config_path)
    warnings = check_models(mapping, (*mapping.rules, *files))
    return warnings, _trials(tables, mapping, files)


def _trials(paths: Sequence[Path], mapping: FieldMapping, files: Sequence[Path]) -> list[Trials]:
    """The tables under their rules; InputError with every fault of them all."""
    from plugin.testing.checking import Trials
    from plugin.testing.tables import look_over, refuse

    found, wrong = [], []
    for path in paths:
        table, faults = look_over(path)
        if not faults or table.mapping is None or table.mapping.is_file():
            found.append(Trials(table, mapping=None if table.mapping else mapping, rules=files))
            faults += found[-1].name_findings()
        wrong += [(str(path), one) for one in sorted(faults)]
    refuse(wrong)
    return found


def _faults(error: InputError) -> list[dict[str, Any]]:
    """What is wrong with tables, for machines; a file that cannot be read at all is one fault."""
    found = error.context.get("findings")
    if found is None:
        return [{"file": "", "line": 0, "column": 0, "message": error.message, "cure": error.cure}]
    return [{"file": name, **asdict(one)} for name, one in found]


def _verdicts(trials: Sequence[Trials], bar: Bar) -> Iterator[Verdict]:
    from plugin.testing.expected import expectations

    total, done = sum(len(one.table.cases) for one in trials), 0
    for one in trials:
        for case in one.table.cases:
            found = one.disagreements(case)
            done += 1
            bar("customers", done, total)
            model = one.models.primary.key
            yield Verdict(one.table.name, model, case.name, expectations(case), found)


def _tell(verdicts: Sequence[Verdict], warnings: Sequence[str], *, as_json: bool) -> None:
    failed = sum(bool(one.differences) for one in verdicts)
    if as_json:
        counts = {"passed": len(verdicts) - failed, "failed": failed}
        told = {"warnings": [*warnings], **counts, "customers": [one.as_json() for one in verdicts]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in _lines(verdicts):
        say(line)
    if verdicts:
        click.echo(f"{len(verdicts) - failed} passed, {failed} failed")


def _lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A heading a table, a line a customer, and below it what does not hold."""
    heading = ""
    for one in verdicts:
        if heading != f"{one.table}, by {one.model}:":
            heading = f"{one.table}, by {one.model}:"
            yield heading
        note = "" if one.expectations else " (nothing is expected of it)"
        yield f"  {'FAIL' if one.differences else 'pass'}  {one.customer}{note}"
        for difference in one.differences:
            yield from (f"    {line}" for line in str(difference).splitlines())
