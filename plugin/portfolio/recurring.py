"""What revenue contributes to retention of revenue: each customer's, period beside period of equal length.

No contract is needed: a customer's base is what it paid, net of refunds, in the period before. Periods are
calendar months, quarters and years. What is kept counts at most the base, customer by customer.
"""

from __future__ import annotations

import polars as pl

from plugin.lifecycle.series import Ints
from plugin.portfolio.months import SPANS, UNDATED, months_of, span_starts
from plugin.portfolio.rows import Batch, rows


def recurring(batch: Batch) -> list[pl.DataFrame]:
    """`base`, `base_n`: customers who paid in a period, and what: the base of the period after it.

    Dated by the later period: `again` is what those of its base paid in it, `again_capped` the same but at
    most each one's base, `again_n` how many paid at all; `back`, `back_n` are of those who had paid before,
    but not in the base. Refunds beyond what was paid in a period count as nothing paid.
    """
    money = batch.engine.events.points["money"]
    at = batch.seen(money)
    paid = pl.DataFrame({"customer": money.customers[at], "cents": money.values["once"][at]})
    months = months_of(money.days[at])
    return [made for kind in SPANS for made in _of_kind(paid, months, kind)]


def _of_kind(paid: pl.DataFrame, months: Ints, kind: str) -> list[pl.DataFrame]:
    spans = _beside(paid, span_starts(months, kind), SPANS[kind])
    both = pl.col("before") > 0
    again, back = spans.filter(both), spans.filter(~both & pl.col("earlier"))
    capped = pl.min_horizontal("cents", "before")
    return [
        _rows("base", spans, kind, pl.col("cents")),
        _rows("base_n", spans, kind, pl.lit(1)),
        _rows("again", again, kind, pl.col("cents")),
        _rows("again_capped", again, kind, capped),
        _rows("again_n", again, kind, pl.lit(1)),
        _rows("back", back, kind, pl.col("cents")),
        _rows("back_n", back, kind, pl.lit(1)),
    ]


def _beside(paid: pl.DataFrame, starts: Ints, size: int) -> pl.DataFrame:
    """Each customer's periods with money: `cents`, `before` (in the one before; 0), `earlier` (ever)."""
    dated = paid.with_columns(first=pl.Series(starts)).filter(pl.col("first") != UNDATED)
    spans = dated.group_by("customer", "first").agg(pl.col("cents").sum()).filter(pl.col("cents") > 0)
    spans = spans.sort("customer", "first")
    same = pl.col("customer") == pl.col("customer").shift()
    beside = same & (pl.col("first").shift() == pl.col("first") - size)
    before = pl.when(beside).then(pl.col("cents").shift()).otherwise(0)
    return spans.with_columns(before=before, earlier=same.fill_null(False))


def _rows(measure: str, spans: pl.DataFrame, kind: str, value: pl.Expr) -> pl.DataFrame:
    values = spans.with_columns(value=value)["value"].cast(pl.Int64).to_numpy()
    return rows(measure, spans["customer"].to_numpy(), spans["first"].to_numpy(), values, detail=kind)
