"""The exact texts that the CRM stores: keys, dates, plain numbers; rounded so that they do not tremble."""

from __future__ import annotations

import polars as pl

from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping


def written_frame(frame: pl.DataFrame, texts: pl.DataFrame, mapping: Mapping, models: Models) -> pl.DataFrame:
    """`object`, `id` and one String column per switched-on output by its standard name; "" is empty."""
    known = {**_columns(models), **_predictions()}
    both = frame.hstack(texts.rename({"reason": "reason_text", "next_action": "action_text"}))
    chosen = [known[name].fill_null("").alias(name) for name, _ in mapping.written_outputs()]
    return both.select("object", "id", *chosen)


def _columns(models: Models) -> dict[str, pl.Expr]:
    secondary = {f"clm_stage_{m.key}": pl.col("stages").struct.field(m.key) for m in models.all}
    return {
        "clm_stage": pl.col("stage"),
        "clm_stage_since": _day("since"),
        "clm_reason": pl.col("reason_text"),
        "clm_exited_from": pl.col("exited_from"),
        "clm_next_stage": pl.col("next_stage"),
        "clm_next_stage_on": _day("next_stage_on"),
        "clm_risk_level": pl.col("risk_level"),
        "clm_risk_flags": pl.col("risk_flags").list.sort().list.join(";"),
        "clm_risk_reason": pl.col("risk_reason"),
        "clm_value_to_date": plain_number(pl.col("profit"), 2),
        "clm_churn_risk": plain_number(nearest(pl.col("p_no_purchase"), 0.05), 2),
        "clm_average_order": plain_number(pl.col("average_order_value"), 2),
        "clm_segment": pl.col("segments").list.sort().list.join(";"),
        "clm_rfm": pl.col("rfm"),
        "clm_tier": pl.col("tier"),
        "clm_next_action": pl.col("action_text"),
        **secondary,
    }


def _predictions() -> dict[str, pl.Expr]:
    """Rounded already, in `predictions.py`: money to two digits and no less than a cent."""
    numbers = {
        "clm_clv": ("refreshed_clv", 2),
        "clm_clv_low": ("refreshed_clv_low", 2),
        "clm_clv_high": ("refreshed_clv_high", 2),
        "clm_expected_purchases": ("refreshed_expected_purchases", 4),
        "clm_p_alive": ("refreshed_p_alive", 2),
    }
    found = {name: plain_number(pl.col(column), places) for name, (column, places) in numbers.items()}
    return {**found, "clm_next_purchase_on": _day("refreshed_next_purchase_on")}


def _day(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%Y-%m-%d")


def nearest(value: pl.Expr, step: float) -> pl.Expr:
    """Rounded to the nearest step, half away from zero."""
    # the tiny share undoes binary noise: 0.325 / 0.05 is 6.499…
    return ((value / step).abs() + 0.5 + 1e-9).floor() * value.sign() * step


def plain_number(value: pl.Expr, places: int) -> pl.Expr:
    """Decimal text as the CRM echoes it: no exponent, no trailing zeros, half away from zero."""
    scale = 10**places
    units = ((value * scale).abs() + 0.5 + 1e-6).floor().cast(pl.Int64)
    fraction = (units % scale).cast(pl.String).str.zfill(places).str.strip_chars_end("0")
    point = pl.when(fraction == "").then(pl.lit("")).otherwise(pl.lit("."))
    sign = pl.when((value < 0) & (units > 0)).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str([sign, (units // scale).cast(pl.String), point, fraction])
