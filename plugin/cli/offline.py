"""Commands that need no CRM and no server: evaluate CSV files, explain one customer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli.lines import say
from plugin.cli.render import as_csv, as_json_text, json_option, shape_of
from plugin.cli.show import counted
from plugin.errors import InputError

if TYPE_CHECKING:
    from plugin.lifecycle.outcomes import Outcomes

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)


def _records_options(command: Any) -> Any:
    """The options that name the files, shared by the commands of this family."""
    options = (
        click.option("--contacts", type=_FILE, help="Contacts as CSV, with HubSpot's names or labels."),
        click.option("--deals", type=_FILE, help="Deals as CSV."),
        click.option("--companies", type=_FILE, help="Companies as CSV; needed where they are customers."),
        click.option("--parameters", type=_FILE, help="A portal's parameters; default: fitted on these."),
        click.option(
            "--config", type=_FILE, help="The mapping file; default: LIFECYCLE_CONFIG, else the shipped."
        ),
        click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="The day to look from; default: today."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    epilog="Example: lifecycle evaluate --contacts contacts.csv --deals deals.csv --format html --out r.html"
)
@_records_options
@click.option("--history", type=_FILE, help="Past values of properties, one JSON object a line.")
@click.option("--model", "models", multiple=True, help="Stage models, the primary first; default: as mapped.")
@click.option(
    "--format", "shape", type=click.Choice(["json", "csv", "html"]), default="json", show_default=True
)
@click.option("--out", type=_OUT, help="Write here instead of printing.")
@json_option
def evaluate(models: tuple[str, ...], shape: str, out: Path | None, as_json: bool, **files: Any) -> None:
    """Compute every customer's outcome from CSV files, as the workers compute it from the CRM."""
    from plugin.cli.cases import from_files

    shape = shape_of(shape, as_json=as_json)
    case = from_files(files, models, named=shape == "html")
    outcomes = case.outcomes
    warn(case.account, outcomes.frame.height)
    _tell_misfits(outcomes, files["config"])
    if shape == "html":
        from plugin.lifecycle.report import report

        text = report(outcomes, case.account)
    else:
        rows = outcomes.to_json()
        flags = [flag.key for flag in outcomes.models.flags]
        text = as_csv(rows, flags) if shape == "csv" else as_json_text(rows)
    if out is None:
        sys.stdout.write(text)
        return
    _write(out, text)
    click.echo(f"Wrote {counted(len(outcomes.frame), 'customer')} to {out}.", err=True)


def warn(account: Mapping[str, Any], customers: int) -> None:
    """Say on standard error what was read and what was left out: it is never guessed."""
    from plugin.lifecycle.reading import account_lines

    if not customers:
        click.echo("Warning: there is no customer in these files.", err=True)
    for line in account_lines(account):
        click.echo(line, err=True)


def _tell_misfits(outcomes: Outcomes, config: Path | None) -> None:
    """Say on standard error which limits of silence do not fit the pauses in these files."""
    from plugin import settings
    from plugin.cli.threshold_text import threshold_text, with_places
    from plugin.lifecycle.threshold_hints import hints_of
    from plugin.mapping.bundle import read_bundle

    path = config or settings.offline_config()
    hints = with_places(map(asdict, hints_of(outcomes)), read_bundle(path) if path else None)
    for line in threshold_text(hints):
        click.echo(line, err=True)


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.", cure="Name another file.") from error


@click.command(
    epilog="Example: lifecycle explain 101 --history --contacts contacts.csv --deals deals.csv",
)
@click.argument("object_id", metavar="ID", type=int)
@_records_options
@click.option(
    "--object", "object_type", type=click.Choice(["contact", "company"]), help="Default: as mapped."
)
@click.option("--history", "past", is_flag=True, help="Print the whole path since the first record.")
@click.option("--history-file", type=_FILE, help="Past values of properties, one JSON object a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(
    object_id: int,
    object_type: str | None,
    past: bool,
    history_file: Path | None,
    at: datetime | None,
    as_json: bool,
    **files: Any,
) -> None:
    """One customer's stage, why, since when, and what comes next.

    Without files the records of the served portal are used.
    """
    from plugin.cli.cases import from_files, from_portal

    offline = any(files[name] for name in ("contacts", "deals", "companies"))
    given = {**files, "history": history_file, "at": at}
    case = from_files(given, named=True) if offline else from_portal(at)
    key = (object_type or case.mapping.customer_objects()[0], object_id)
    outcome = case.only(key)
    path = case.path(key) if past else []
    if as_json:
        click.echo(as_json_text({**outcome, "history": path} if past else outcome), nl=False)
    else:
        from plugin.lifecycle.explanation import explanation

        say(explanation(outcome, path, case.models, case.mapping.language, case.mapping.formats))
