"""`lifecycle clv fit` and `score` by models of calendar periods: sBG for contracts, BG/BB for rounds."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from plugin.errors import InputError
from plugin.value.choose import frequency_cap
from plugin.value.clv import Terms
from plugin.value.findings import Finding
from plugin.value.period_models import PeriodFit, fit_periods, outlook, retention
from plugin.value.predictor import plain_spend
from plugin.value.rounds import Rounds, rounds_of
from plugin.value.spend import Spend, fit_spend


def portal_orders(portal: int | None) -> tuple[pl.DataFrame, int]:
    """A served portal's purchases as orders, and the number of its day."""
    from plugin.cli.cases import from_portal
    from plugin.jobs import lookback

    case = from_portal(None, portal)
    object_type = case.mapping.customer_objects()[0]
    orders = lookback.portal_orders(case.records, case.mapping, case.parameters, case.day, object_type)
    return orders, case.day.toordinal() - date(1970, 1, 1).toordinal()


def _read(
    orders: pl.DataFrame, model: str, period: str, until: int | None
) -> tuple[Rounds, PeriodFit, Spend | None]:
    rounds = rounds_of(orders, period, until)
    if not len(rounds.histories):
        raise InputError("There is no purchase up to the last day.", cure="Check --until and the dates.")
    histories = rounds.histories
    spend, _ = fit_spend(histories.paid, histories.mean, frequency_cap(histories.x))
    return rounds, fit_periods(rounds, model), spend


def _notes(rounds: Rounds, fit: PeriodFit) -> tuple[Finding, ...]:
    return (*rounds.histories.findings, *rounds.findings, *fit.findings)


def fitted(orders: pl.DataFrame, model: str, period: str, until: int | None) -> dict[str, Any]:
    """What `lifecycle clv fit` prints; `retention` by renewal for contracts."""
    rounds, fit, spend = _read(orders, model, period, until)
    return {
        "model": fit.model,
        "params": fit.params,
        "log_likelihood": fit.log_likelihood,
        "customers": len(rounds.histories),
        "fitted_customers": len(rounds.histories),
        "period": period,
        "left": int(rounds.left.sum()),
        "retention": retention(fit),
        "findings": [f.to_json() for f in _notes(rounds, fit)],
        "gamma_gamma": plain_spend(spend),
    }


def scored(
    orders: pl.DataFrame,
    model: str,
    period: str,
    until: int | None,
    days: float | None,
    rate: float,
    margin: float,
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """What `lifecycle clv score` writes: frequency, recency and T count periods."""
    rounds, fit, spend = _read(orders, model, period, until)
    terms = Terms(yearly_rate=rate, margin=margin) if days is None else Terms(days, rate, margin)
    found, silent = outlook(fit, rounds, spend, terms)
    frame = pl.DataFrame(
        {
            "customer_id": rounds.histories.ids,
            "frequency": rounds.x,
            "recency": rounds.last,
            "T": rounds.n,
            "p_alive": found.p_alive,
            "p_no_purchase": silent,
            "expected_purchases": found.purchases,
            "expected_average_order": found.spend,
            "clv": found.value,
            "clv_low": found.low,
            "clv_high": found.high,
        }
    )
    return frame, _notes(rounds, fit)
