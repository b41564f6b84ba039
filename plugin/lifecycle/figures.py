"""A customer's metrics besides the facts: how often they buy and engage, their NPS class, predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from plugin.lifecycle.facts import Engine
from plugin.lifecycle.ground import nothing
from plugin.lifecycle.predictions import spent_of, timing_of
from plugin.lifecycle.series import FAR, Floats, Ints, Moment, as_dates

#: In the order shown; all exact, as of the day of evaluation.
FIGURES = (
    "purchase_frequency",
    "engagement_rate",
    "nps_class",
    "clv_low",
    "clv_high",
    "next_purchase_on",
)
_YEAR, _MONTH = 365, 30


def figures(engines: Sequence[Engine], customers: pl.DataFrame) -> pl.DataFrame:
    """One row a row of `customers` (`object`, `id`) and one column a figure.

    `purchase_frequency`: purchases in the last 365 days. `engagement_rate`: days with an engagement in the
    last `engaged_within_days`, per 30 days; NULL where no source is mapped. `nps_class`: promoter (9, 10),
    passive (7, 8), detractor. `clv_low`, `clv_high`: the bounds of the predicted value, and
    `next_purchase_on`: the day up to which the next purchase is as likely as not; NULL without a prediction.
    """
    keyed = [_of_engine(engine, customers) for engine in engines]
    empty = pl.DataFrame(schema={"object": pl.String, "id": pl.Int64, **_SCHEMA})
    found = pl.concat([empty, *keyed])
    return customers.join(found, on=["object", "id"], how="left", maintain_order="left").select(FIGURES)


_SCHEMA = {
    "purchase_frequency": pl.Int64,
    "engagement_rate": pl.Float64,
    "nps_class": pl.String,
    "clv_low": pl.Float64,
    "clv_high": pl.Float64,
    "next_purchase_on": pl.Date,
}


def _of_engine(engine: Engine, customers: pl.DataFrame) -> pl.DataFrame:
    kind = engine.events.object_type
    ids = customers.filter(pl.col("object") == kind)["id"].to_numpy()
    index = np.searchsorted(engine.events.ids, ids).astype(np.int64)
    moment = Moment(index, np.full(len(ids), engine.today, np.int64))
    bought = engine.events.points["purchases"]
    low, high, on = _predicted(engine, moment)
    return pl.DataFrame(
        {
            "object": pl.Series([kind] * len(ids), dtype=pl.String),
            "id": ids,
            "purchase_frequency": moment.count(bought) - moment.before(bought, _YEAR + 1),
            "engagement_rate": pl.Series(_engagement(engine, moment), nan_to_null=True),
            "nps_class": _nps_class(engine.facts(moment, ["nps"])["nps"]),
            "clv_low": pl.Series(low, nan_to_null=True),
            "clv_high": pl.Series(high, nan_to_null=True),
            "next_purchase_on": as_dates(on),
        }
    )


def _engagement(engine: Engine, moment: Moment) -> Floats:
    if "engagement" in engine.events.missing:
        return nothing(moment)
    points, window = engine.events.points["engagement"], int(engine.threshold("engaged_within_days"))
    days = moment.count(points) - moment.before(points, window + 1)
    return np.asarray(days * _MONTH / window if window else nothing(moment), dtype=np.float64)


def _nps_class(nps: pl.Series) -> pl.Series:
    n = pl.col("nps")
    named = pl.when(n >= 9).then(pl.lit("promoter")).when(n > 6).then(pl.lit("passive"))
    return nps.to_frame().select(named.when(n <= 6).then(pl.lit("detractor")).alias("nps"))["nps"]


def _predicted(engine: Engine, moment: Moment) -> tuple[Floats, Floats, Ints]:
    low, high, on = nothing(moment), nothing(moment), np.full(len(moment.keys), FAR, np.int64)
    rows = engine.pasts.buying(moment) if engine.predictor else np.empty(0, np.int64)
    if engine.predictor is None or not len(rows):
        return low, high, on
    seen = Moment(moment.customers[rows], moment.days[rows])
    timing = timing_of(engine, seen)
    values = engine.predictor.predict(timing, spent_of(engine, seen))
    low[rows], high[rows] = values.low, values.high
    days = engine.today + engine.predictor.bought_by(timing, 0.5)
    on[rows] = np.nan_to_num(days, nan=FAR, posinf=FAR).astype(np.int64)
    return low, high, on
