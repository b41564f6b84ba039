"""Commands that fit and apply purchase models to a CSV of orders: no CRM, no server, no store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli.clv_portal import adopt, fit_now, show
from plugin.cli.orders import read_orders, working
from plugin.errors import InputError

if TYPE_CHECKING:
    from plugin.value.choose import Fit
    from plugin.value.histories import Histories

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_UNITS = {"week": 7.0, "day": 1.0}
_PREDICTED = (
    "p_alive",
    "p_no_purchase",
    "expected_purchases",
    "expected_average_order",
    "clv",
    "clv_low",
    "clv_high",
)
_NAMES = ("auto", "mbg-cnbd-k", "mbg-nbd", "bg-nbd", "pareto-nbd")


def _options(*, required: bool = True) -> Callable[[Any], Any]:
    shared = (
        click.argument("file", type=_FILE, required=required),
        click.option("--model", type=click.Choice(_NAMES), default="auto", show_default=True),
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
    file: Path | None, model: str, unit: str, until: datetime | None, as_json: bool, portal: int | None
) -> None:
    """Print which purchase model fits, its parameters and what is to be said about the data.

    Without FILE the served portal's own purchases are fitted, as the weekly job does it, and put in force.
    """
    if file is None:
        if (model, unit, until) != ("auto", "week", None):
            raise click.UsageError(
                "--model, --unit and --until need a FILE: a portal's fit chooses by itself."
            )
        return fit_now(portal, as_json)
    from plugin.value.predictor import plain_spend
    from plugin.value.spend import fit_spend

    with working("Fitting"):
        histories, fitted = _fitted(file, model, unit, until)
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
    from plugin.cli.render import as_json_text

    return click.echo(as_json_text(found) if as_json else _as_text(found), nl=False)


@clv.command(epilog="Example: lifecycle clv score orders.csv --horizon 52 --out values.csv")
@_options()
@click.option(
    "--horizon",
    type=click.FloatRange(min=0, min_open=True),
    help="Units ahead for every prediction; default: 12 months, and 90 days for p_no_purchase.",
)
@click.option(
    "--rate", type=click.FloatRange(0, 10), default=0.10, show_default=True, help="Discount a year."
)
@click.option(
    "--margin", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="Profit by revenue."
)
@click.option("--out", type=_OUT, help="Write here instead of printing.")
def score(
    file: Path,
    model: str,
    unit: str,
    until: datetime | None,
    horizon: float | None,
    rate: float,
    margin: float,
    out: Path | None,
) -> None:
    """Write each customer's predictions as CSV; the interval holds 8 in 10 customers' values."""
    with working("Fitting and scoring"):
        histories, fitted = _fitted(file, model, unit, until)
        days = horizon * _UNITS[unit] if horizon else None
        text = _scored(histories, fitted, unit, days, rate, margin)
    for finding in (*histories.findings, *fitted.findings):
        count = f" ({finding.count:,})" if finding.count else ""
        click.echo(f"Note: {finding.message}{count}.", err=True)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.", cure="Name another file.") from error
    click.echo(f"Wrote {len(histories):,} customers to {out}.", err=True)


def _fitted(file: Path, model: str, unit: str, until: datetime | None) -> tuple[Histories, Fit]:
    from plugin.value.choose import fit_purchases
    from plugin.value.summary import summarise

    last = _day_number(until.date()) if until else None
    histories = summarise(read_orders(file), last)
    if not len(histories):
        raise InputError(
            f"{file}: no purchase up to {until.date() if until else 'the last day'}.",
            cure="Check --until, the dates and the amounts.",
        )
    return histories, fit_purchases(histories, model, unit=_UNITS[unit])


def _day_number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


def _cap(histories: Histories) -> float:
    from plugin.value.choose import frequency_cap

    return frequency_cap(histories.x)


def _scored(
    histories: Histories, fitted: Fit, unit: str, days: float | None, rate: float, margin: float
) -> str:
    """The CSV: predictions are empty where no model could be fitted, money where no spend model."""
    import polars as pl

    from plugin.value.clv import Terms
    from plugin.value.predictor import RISK_DAYS, predictor_of
    from plugin.value.spend import fit_spend

    scale = _UNITS[unit]
    columns: dict[str, Any] = {
        "customer_id": histories.ids,
        "frequency": histories.x,
        "recency": histories.recency / scale,
        "T": histories.age / scale,
    }
    columns |= dict.fromkeys(_PREDICTED, pl.Series([None] * len(histories), dtype=pl.Float64))
    if fitted.model is not None:
        spend, _ = fit_spend(histories.paid, histories.mean, _cap(histories))
        terms = Terms(yearly_rate=rate, margin=margin) if days is None else Terms(days, rate, margin)
        predictor = predictor_of(fitted, spend, terms, RISK_DAYS if days is None else days)
        found = predictor.predict(histories.timing, (histories.paid, histories.mean))
        silent = predictor.p_no_purchase(histories.timing)
        numbers = (found.p_alive, silent, found.purchases, found.spend, found.value, found.low, found.high)
        columns |= dict(zip(_PREDICTED, numbers, strict=True))
    frame = pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None).round(6))
    return frame.write_csv()


def _as_text(found: dict[str, Any]) -> str:
    lines = [f"model           {found['model'] or 'none: see the findings'}"]
    lines += [f"  {name:<13} {value:.6g}" for name, value in found["params"].items()]
    if found["log_likelihood"] is not None:
        lines.append(f"log-likelihood  {found['log_likelihood']:.4f}")
    lines.append(f"customers       {found['customers']:,} ({found['fitted_customers']:,} fitted)")
    spend = found["gamma_gamma"]
    if spend:
        lines.append(f"spend           Gamma-Gamma, {spend['customers']:,} repeat customers")
        lines += [f"  {name:<13} {spend[name]:.6g}" for name in ("p", "q", "gamma")]
        if spend["log_likelihood"] is not None:
            lines.append(f"  log-likelihood {spend['log_likelihood']:.4f}")
    for finding in found["findings"]:
        count = f" ({finding['count']:,})" if "count" in finding else ""
        lines.append(f"note            {finding['message']}{count}")
    return "\n".join(lines) + "\n"
