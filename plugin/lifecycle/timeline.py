"""How many customers stood in each stage on past days, rebuilt from today's records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from plugin.lifecycle.facts import Engine
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.turning_days import outcomes

_EPOCH = date(1970, 1, 1)
_CHUNK = 250_000


def month_ends(day: date, months: int) -> list[date]:
    """The last days of the months before `day`, oldest first, and `day` itself."""
    found = [day]
    for _ in range(months):
        found.append(found[-1].replace(day=1) - timedelta(days=1))
    return found[::-1]


def stage_counts(engines: Sequence[Engine], models: Models, days: Sequence[date]) -> pl.DataFrame:
    """`day` and one Int64 column per stage of the primary model: customers that existed and stood there."""
    stages = models.primary.stages
    counts = np.zeros((len(days), len(stages)), np.int64)
    for engine in engines:
        for i, day in enumerate(days):
            number = (day - _EPOCH).days
            born = np.flatnonzero(engine.events.born <= number).astype(np.int64)
            for begin in range(0, len(born), _CHUNK):
                part = born[begin : begin + _CHUNK]
                found = outcomes(engine, models.primary_plan, part, np.full(len(part), number, np.int64))
                counts[i] += np.bincount(found["stage"].to_numpy(), minlength=len(stages))
    columns = {stage.key: counts[:, stage.order] for stage in stages}
    return pl.DataFrame({"day": pl.Series(list(days), dtype=pl.Date), **columns})
