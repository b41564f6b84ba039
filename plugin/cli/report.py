"""The portfolio on the command line: `lifecycle report`, as tables, JSON or a page; the spend table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from plugin.cli.render import as_json_text
from plugin.cli.sources import source_of
from plugin.errors import InputError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_FILES = (
    click.option("--contacts", type=_FILE, help="Contacts as CSV: then no portal is needed."),
    click.option("--deals", type=_FILE, help="Deals as CSV."),
    click.option("--companies", type=_FILE, help="Companies as CSV; needed where they are customers."),
    click.option("--history", type=_FILE, help="Past values of properties, one JSON object a line."),
    click.option("--parameters", type=_FILE, help="A portal's parameters; default: fitted on these."),
    click.option(
        "--config", type=_FILE, help="The mapping file; default: LIFECYCLE_CONFIG, else the shipped."
    ),
    click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="The day to look from; default: today."),
    click.option("--spend", type=_FILE, help="What was spent, as CSV; default: as mapped."),
)


def _files(command: Any) -> Any:
    for option in reversed(_FILES):
        command = option(command)
    return command


@click.group(
    invoke_without_command=True,
    epilog="Example: lifecycle report --period 2026-Q2 --html portfolio.html",
)
@click.option("--period", help="A month (2026-05), a quarter (2026-Q2), a year (2026); default: all to date.")
@click.option("--segment", help="Only customers in this segment.")
@click.option("--channel", help="Only customers of this channel; `unknown`: of none.")
@click.option(
    "--cohort", help="Only customers whose first purchase was in this month. Two of these three go together."
)
@click.option("--reactivation", is_flag=True, help="Net revenue retention counts who comes back, too.")
@click.option(
    "--object", "object_type", type=click.Choice(["contact", "company"]), help="Default: as mapped."
)
@click.option("--portal", type=int, help="The portal's id; needed only where several are served.")
@click.option("--explain", is_flag=True, help="Say under each figure what it is.")
@click.option("--html", type=_OUT, help="Write a page with drawings here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--rebuild", is_flag=True, help="First add everything up from scratch, and say what was wrong.")
@_files
@click.pass_context
def report(ctx: click.Context, /, html: Path | None, as_json: bool, explain: bool, **options: Any) -> None:
    """The portfolio: customers won, kept and lost, CAC, CLV, funnel, cohorts, reasons of loss.

    Without files the figures kept of the served portal are shown.
    """
    if ctx.invoked_subcommand is not None:
        return
    from plugin.portfolio import answers
    from plugin.portfolio.asked import Asked

    source, account = source_of(options, hidden=as_json)
    names = ("period", "segment", "channel", "cohort", "reactivation")
    asked = Asked(**{name: options[name] for name in names})
    found = {
        "metrics": answers.metrics_answer(source, asked),
        "funnel": answers.funnel_answer(source, asked),
        "cohorts": answers.cohorts_answer(source, asked),
        "account": account,
    }
    if html is not None:
        _write(html, found)
    if as_json:
        sys.stdout.write(as_json_text(found))
    elif html is None:
        from plugin.cli.report_text import report_text

        click.echo(report_text(found, explain=explain))


def _write(html: Path, found: dict[str, Any]) -> None:
    from plugin.portfolio.page import page

    try:
        html.write_text(page(found["metrics"], found["funnel"], found["cohorts"]), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{html} cannot be written: {error.strerror}.", cure="Name another file.") from error
    click.echo(f"Wrote {html}.", err=True)


@report.group(epilog="Example: lifecycle report spend import spend.csv")
def spend() -> None:
    """What was spent to win customers, by month and channel."""


@spend.command("import", epilog="Example: lifecycle report spend import spend.csv --replace")
@click.argument("file", type=_FILE, required=False)
@click.option("--portal", type=int, help="The portal's id; needed only where several are served.")
@click.option("--replace", is_flag=True, help="Forget what was imported before.")
@click.option("--new-channels", is_flag=True, help="Also take channels that no customer came through yet.")
def spend_import(file: Path | None, portal: int | None, replace: bool, new_channels: bool) -> None:
    """Take a CSV of month, channel, amount and currency; default: the file that the mapping names.

    A month and channel given again replaces what was there. With a fault anywhere nothing is taken.
    """
    from plugin.cli.sources import import_spend

    count, name = import_spend(file, portal, replace=replace, new_channels=new_channels)
    click.echo(f"Took {count} amounts from {name}.")


@spend.command("list", epilog="Example: lifecycle report spend list --json")
@click.option("--portal", type=int, help="The portal's id; needed only where several are served.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def spend_list(portal: int | None, as_json: bool) -> None:
    """Show what was spent."""
    from plugin.cli.show import table
    from plugin.cli.sources import spend_rows

    rows = spend_rows(portal)
    if as_json:
        sys.stdout.write(as_json_text(rows))
    else:
        cells = [[row["month"], row["channel"], f"{row['amount']:,.2f}"] for row in rows]
        click.echo(
            table("Spend", ["month", "channel", "amount"], cells) if rows else "Nothing was imported yet."
        )
