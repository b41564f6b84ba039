"""Commands that fit and apply purchase models to a CSV of orders: no CRM, no server, no store."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli.clv_portal import adopt, fit_now, show
from plugin.cli.orders import read_orders, working
from plugin.cli.show import counted
from plugin.errors import InputError

if TYPE_CHECKING:
    from plugin.value.choose import Fit
    from plugin.value.histories import Histories

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)


class _Number(click.FloatRange):
    """A number within bounds; NaN and infinity, which pass bounds, are none."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not math.isfinite(found := super().convert(value, param, ctx)):
            self.fail(f"{value!r} is no number.", param, ctx)
        return found


_UNITS = {"week": 7.0, "day": 1.0}
_NAMES = ("auto", "mbg-cnbd-k", "mbg-nbd", "bg-nbd", "pareto-nbd", "sbg", "bg-bb")
_BY_PERIODS = ("sbg", "bg-bb")


def _options(*, required: bool = True) -> Callable[[Any], Any]:
    shared = (
        click.argument("file", type=_FILE, required=required),
        click.option("--model", type=click.Choice(_NAMES), default="auto", show_default=True),
        click.option(
            "--period",
            type=click.Choice(["month", "quarter", "year"]),
            default="month",
            show_default=True,
            help="Of sbg (contracts renewed once a period) and bg-bb (one purchase a period at most).",
        ),
        click.option("--unit", type=click.Choice(list(_UNITS)), default="week", show_default=True),
        click.option(
            "--until",
            type=click.DateTime(["%Y-%m-%d"]),
            help="The last day that is seen; default: the last day in the file.",
        ),
    )

    def decorate(command: Any) -> Any:
        for option in reversed(shared):
            command = option(command)
        return command

    return decorate


@click.group(epilog="Example: lifecycle clv fit orders.csv --json")
def clv() -> None:
    """Fit purchase and spend models to a CSV of orders, and predict each customer's value.

    The file has the columns customer_id, date (YYYY-MM-DD) and, for money, amount.
    """


clv.add_command(show)
clv.add_command(adopt)


@clv.command(epilog="Example: lifecycle clv fit orders.csv --model bg-nbd --until 2025-09-30 --json")
@_options(required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--portal", type=int, help="Without FILE: the portal's id, where several are served.")
def fit(
    file: Path | None,
    model: str,
    period: str,
    unit: str,
    until: datetime | None,
    as_json: bool,
    portal: int | None,
) -> None:
    """Print which purchase model fits, its parameters and what is to be said about the data.

    Without FILE the served portal's own purchases are fitted, as the weekly job does it, and put in force;
    by sbg and bg-bb they are only shown.
    """
    if model in _BY_PERIODS:
        return _fit_periods(file, portal, model, period, until, as_json)
    if file is None:
        if (model, unit, until) != ("auto", "week", None):
            raise click.UsageError("--model, --unit, --until need a FILE: a portal's fit chooses by itself.")
        return fit_now(portal, as_json)
    from plugin.cli.clv_text import fit_text
    from plugin.cli.render import as_json_text
    from plugin.value.predictor import plain_spend
    from plugin.value.spend import fit_spend

    with working("Fitting"):
        histories, fitted, _ = _fitted(file, model, unit, until)
    spend, more = fit_spend(histories.paid, histories.mean, _cap(histories))
    found = {
        "model": fitted.model,
        "params": fitted.params,
        "log_likelihood": fitted.log_likelihood,
        "customers": len(histories),
        "fitted_customers": fitted.customers,
        "unit": unit,
        "findings": [f.to_json() for f in (*histories.findings, *fitted.findings, *more)],
        "gamma_gamma": plain_spend(spend),
    }
    return click.echo(as_json_text(found) if as_json else fit_text(found), nl=False)


def _fit_periods(
    file: Path | None, portal: int | None, model: str, period: str, until: datetime | None, as_json: bool
) -> None:
    from plugin.cli import clv_periods
    from plugin.cli.clv_text import fit_text
    from plugin.cli.render import as_json_text

    with working("Fitting"):
        orders, last = (read_orders(file), None) if file else clv_periods.portal_orders(portal)
        found = clv_periods.fitted(orders, model, period, _last(until) or last)
    click.echo(as_json_text(found) if as_json else fit_text(found), nl=False)


@clv.command(epilog="Example: lifecycle clv score orders.csv --horizon 52 --out values.csv")
@_options()
@click.option(
    "--horizon",
    type=_Number(min=0, min_open=True),
    help="Units ahead for every prediction; default: 12 months, and 90 days for p_no_purchase.",
)
@click.option("--rate", type=_Number(0, 10), default=0.10, show_default=True, help="Discount a year.")
@click.option("--margin", type=_Number(0, 1), default=1.0, show_default=True, help="Profit by revenue.")
@click.option("--out", type=_OUT, help="Write here instead of printing.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of CSV.")
def score(
    file: Path,
    model: str,
    period: str,
    unit: str,
    until: datetime | None,
    horizon: float | None,
    rate: float,
    margin: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write each customer's predictions as CSV; the interval holds 8 in 10 customers' values."""
    from plugin.cli import clv_periods
    from plugin.cli.clv_table import as_text, scored
    from plugin.cli.render import put

    with working("Fitting and scoring"):
        days = horizon * _UNITS[unit] if horizon else None
        if model in _BY_PERIODS:
            frame, notes = clv_periods.scored(
                read_orders(file), model, period, _last(until), days, rate, margin
            )
        else:
            histories, fitted, day = _fitted(file, model, unit, until)
            frame = scored(histories, fitted, day, _UNITS[unit], days, rate, margin)
            notes = (*histories.findings, *fitted.findings)
    for finding in notes:
        count = f" ({finding.count:,})" if finding.count else ""
        click.echo(f"Note: {finding.message}{count}.", err=True)
    put(as_text(frame, as_json=as_json), out, f"Wrote {counted(frame.height, 'customer')} to {{out}}.")


def _fitted(file: Path, model: str, unit: str, until: datetime | None) -> tuple[Histories, Fit, int]:
    """Histories, the fit, and the last day seen."""
    from plugin.value.choose import fit_purchases
    from plugin.value.summary import summarise

    orders, last = read_orders(file), _last(until)
    day = int(str(orders["day"].max())) if last is None else last
    histories = summarise(orders, day)
    if not len(histories):
        raise InputError(
            f"{file}: no purchase up to {until.date() if until else 'the last day'}.",
            cure="Check --until, the dates and the amounts.",
        )
    return histories, fit_purchases(histories, model, unit=_UNITS[unit]), day


def _last(until: datetime | None) -> int | None:
    return until.date().toordinal() - date(1970, 1, 1).toordinal() if until else None


def _cap(histories: Histories) -> float:
    from plugin.value.choose import frequency_cap

    return frequency_cap(histories.x)
