"""What customers said and did besides buying: answers, engagement; what is predicted of them; deals lost."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from plugin.lifecycle.predictions import predicted
from plugin.lifecycle.series import EVER, Ints, Moment
from plugin.portfolio.losses import category
from plugin.portfolio.months import ALWAYS, SPANS, months_of, span_starts
from plugin.portfolio.rows import Batch, distinct, rows

_EPOCH = date(1970, 1, 1)


def voice(batch: Batch) -> list[pl.DataFrame]:
    """All of these rows."""
    return [*_engaged(batch), *_answers(batch), *_predicted(batch), *_deals_lost(batch)]


def _engaged(batch: Batch) -> list[pl.DataFrame]:
    points = batch.engine.events.points["engagement"]
    at = batch.seen(points)
    return [rows("engaged", *distinct(points.customers[at], months_of(points.days[at])))]


def _answers(batch: Batch) -> list[pl.DataFrame]:
    """NPS classes and satisfaction: the latest answer in each month, quarter and year, and of all."""
    found = []
    for name in ("nps", "csat"):
        if name not in batch.engine.events.steps:
            continue
        points = batch.engine.events.steps[name]
        at = batch.seen(points)
        value = pl.Series(points.values["value"][at])
        told = pl.DataFrame({"customer": points.customers[at], "value": value}).with_columns(
            month=pl.Series(months_of(points.days[at]))
        )
        told = told.filter(pl.col("value").is_not_nan())
        for kind in SPANS:
            last = _latest(told, kind)
            found += _scored(batch, name, latest_of(name, kind), last, last["month"].to_numpy())
        latest = pl.DataFrame({"customer": batch.customers, "value": batch.frame[name]}).drop_nulls()
        found += _scored(batch, name, name, latest, ALWAYS)
    return found


def latest_of(name: str, kind: str) -> str:
    """The measure that holds the latest answers of a kind of period."""
    return name if kind == "month" else f"{name}_{kind}"


def _latest(told: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Each customer's last answer in each period, which `month` begins."""
    spans = told.with_columns(month=pl.Series(span_starts(told["month"].to_numpy(), kind)))
    return spans.group_by("customer", "month", maintain_order=True).last()


def _scored(
    batch: Batch, name: str, measure: str, told: pl.DataFrame, month: Ints | int
) -> list[pl.DataFrame]:
    who, value = told["customer"].to_numpy(), told["value"].to_numpy()
    if name == "nps":
        classes = np.where(value >= 9, "promoter", np.where(value <= 6, "detractor", "passive"))
        return [rows(measure, who, month, detail=pl.Series(classes, dtype=pl.String))]
    scale = batch.engine.mapping.csat_scale
    on_scale = (value >= scale.lowest) & (value <= scale.highest)
    classes = np.where(on_scale, np.where(value >= scale.satisfied_from, "top", "below"), "off_scale")
    thousandths = np.where(on_scale, np.round(value * 1000), 0).astype(np.int64)
    sums_ = rows(f"{measure}_sum", who, month, thousandths)
    return [rows(measure, who, month, detail=pl.Series(classes, dtype=pl.String)), sums_]


def _predicted(batch: Batch) -> list[pl.DataFrame]:
    """The coming twelve months' value, as of the last purchase or the last fit, whichever is later.

    Not as of today: a figure that moved every day would have to be computed every day.
    """
    engine = batch.engine
    who = np.flatnonzero(batch.buyers)
    if engine.predictor is None or not len(who):
        return []
    bought = engine.events.points["purchases"]
    today = Moment(who, np.full(len(who), engine.today, np.int64))
    on = today.last(bought, bought.days).astype(np.int64)
    adopted = (engine.parameters.adopted_on - _EPOCH).days
    on = np.maximum(on, adopted) if adopted <= engine.today else on
    value = predicted(engine, Moment(who, on), "clv")["clv"]
    known = np.isfinite(value)
    cents = np.round(value[known] * 100).astype(np.int64)
    cohort = batch.cohort[who[known]]
    return [rows("clv", who[known], cohort, cents), rows("clv_known", who[known], cohort)]


def _deals_lost(batch: Batch) -> list[pl.DataFrame]:
    """Deals lost by reason, each counted once, with the amount they would have brought."""
    points, texts = batch.engine.events.points["lost_deals"], batch.engine.events.texts["last_lost_reason"]
    at = batch.seen(points)
    at = at[points.days[at] > EVER]
    named = [category(text, batch.engine.mapping.loss_reasons) for text in texts]
    categories = pl.Series([*named, "unknown"], dtype=pl.String)
    code = np.nan_to_num(points.values["reason"][at], nan=len(named)).astype(np.int64)
    reason = categories.gather(code)
    who, month, head = points.customers[at], months_of(points.days[at]), points.values["head"][at]
    return [
        rows("deal_lost", who[head], month[head], detail=reason.filter(pl.Series(head))),
        rows("deal_lost_amount", who, month, points.values["once"][at], detail=reason),
    ]
