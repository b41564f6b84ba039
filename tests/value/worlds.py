"""Data for the value room's tests: the published sample, and customers drawn from known parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from plugin.sandbox.loaders.cdnow import read_orders
from plugin.value.arrays import Floats, Ints
from plugin.value.histories import Histories
from plugin.value.process import BetaGeometric
from plugin.value.summary import summarise

CALIBRATION_END = (date(1997, 9, 30) - date(1970, 1, 1)).days
#: The calibration's 39 weeks again.
HOLDOUT_DAYS = 273


@cache
def cdnow_orders() -> pl.DataFrame:
    """Every order of the sample."""
    rows = read_orders()
    return pl.DataFrame(
        {
            "customer": [row.customer for row in rows],
            "day": [row.day for row in rows],
            "amount": [float(row.dollars) for row in rows],
        }
    )


@cache
def cdnow() -> Histories:
    """The sample as it stood after 39 weeks."""
    return summarise(cdnow_orders(), CALIBRATION_END)


@dataclass(frozen=True)
class Drawn:
    """Customers of a simulated world: histories in days, and what they did in the `ahead` days after."""

    x: Ints
    recency: Ints
    age: Ints
    future: Ints
    log_gaps: Floats


def draw(process: BetaGeometric, size: int, age: int, ahead: int, seed: int = 1) -> Drawn:
    """Customers who began `age` days ago and behave as the process says (its unit: days)."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(process.r, 1 / process.alpha, size), rng.beta(process.a, process.b, size)
    x, future = np.zeros(size, np.int64), np.zeros(size, np.int64)
    recency, moment, log_gaps = np.zeros(size), np.zeros(size), np.zeros(size)
    active = np.flatnonzero(rng.random(size) > leave) if process.first else np.arange(size)
    while len(active):
        gap = rng.gamma(process.k, 1 / rate[active])
        moment[active] += gap
        past = moment[active] <= age
        seen = active[past]
        x[seen] += 1
        recency[seen] = moment[seen]
        log_gaps[seen] += np.log(gap[past])
        active = active[moment[active] <= age + ahead]
        later = active[moment[active] > age]
        future[later] += 1
        active = active[rng.random(len(active)) > leave[active]]
    return Drawn(x, np.ceil(recency).astype(np.int64), np.full(size, age), future, log_gaps)
