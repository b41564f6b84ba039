"""What `lifecycle clv score` prints, as CSV or JSON: each customer's history and predictions."""

from __future__ import annotations

from typing import Any

import polars as pl

from plugin.value.arrays import Floats
from plugin.value.choose import Fit, frequency_cap
from plugin.value.clv import Terms
from plugin.value.histories import Histories
from plugin.value.predictor import RISK_DAYS, predictor_of
from plugin.value.spend import fit_spend

_PREDICTED = (
    "p_alive",
    "p_no_purchase",
    "expected_purchases",
    "expected_average_order",
    "clv",
    "clv_low",
    "clv_high",
)
#: The day by which a purchase has been made with this probability: as likely as not, and the 80 % interval.
_NEXT = {"next_purchase_on": 0.5, "next_purchase_from": 0.1, "next_purchase_to": 0.9}


def scored(
    histories: Histories, fitted: Fit, day: int, scale: float, days: float | None, rate: float, margin: float
) -> pl.DataFrame:
    """A row a customer: predictions are empty where no model could be fitted, money where no spend model.

    `day` is the last day seen (since 1970), `scale` the days in the unit of recency and T.
    """
    columns: dict[str, Any] = {
        "customer_id": histories.ids,
        "frequency": histories.x,
        "recency": histories.recency / scale,
        "T": histories.age / scale,
    }
    columns |= dict.fromkeys(_PREDICTED, pl.Series([None] * len(histories), dtype=pl.Float64))
    columns |= dict.fromkeys(_NEXT, pl.Series([None] * len(histories), dtype=pl.Date))
    if fitted.model is not None:
        spend, _ = fit_spend(histories.paid, histories.mean, frequency_cap(histories.x))
        terms = Terms(yearly_rate=rate, margin=margin) if days is None else Terms(days, rate, margin)
        by = predictor_of(fitted, spend, terms, RISK_DAYS if days is None else days)
        found = by.predict(histories.timing, (histories.paid, histories.mean))
        silent = by.p_no_purchase(histories.timing)
        numbers = (found.p_alive, silent, found.purchases, found.spend, found.value, found.low, found.high)
        columns |= dict(zip(_PREDICTED, numbers, strict=True))
        columns |= {name: _dates(day + by.bought_by(histories.timing, p)) for name, p in _NEXT.items()}
    return pl.DataFrame(columns)


def _dates(days: Floats) -> pl.Series:
    """Days since 1970 as dates; NaN (not within ten years) as null."""
    return pl.Series(days, nan_to_null=True).cast(pl.Int32).cast(pl.Date)


def as_text(frame: pl.DataFrame, *, as_json: bool) -> str:
    """CSV or JSON with numbers to six digits; what is not known is empty, null in JSON."""
    from plugin.cli.render import as_json_text

    rounded = frame.with_columns(pl.col(pl.Float64).fill_nan(None).round(6))
    return as_json_text(rounded.to_dicts()) if as_json else rounded.write_csv()
