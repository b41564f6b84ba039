"""What each customer adds to the portfolio: a pure function of its records, the rules and the parameters.

It changes only when a record, a rule or the parameters change, or when the outcome's own next moment has
come; so it is made anew with the outcome, and with nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl

from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.series import Ints, pack
from plugin.portfolio.cells import BETWEEN, CELL, DERIVED
from plugin.portfolio.journey import journey
from plugin.portfolio.months import month_name
from plugin.portfolio.recurring import recurring
from plugin.portfolio.rows import NONE, Batch
from plugin.portfolio.sales import sales
from plugin.portfolio.voice import voice

Key = tuple[str, int]
_EPOCH = date(1970, 1, 1)
_LONGEST = 200  # characters of a channel's name that count
_KEYS = [name for name in CELL if name != "scope"]


def contributions(outcomes: Outcomes, tasks: Mapping[Key, Sequence[date]] | None = None) -> dict[Key, str]:
    """{(object, id): text} of every customer of the outcomes; equal contributions are equal texts.

    The first line holds what the customer belongs to (everyone, its channel, its segments, its cohort) and
    that cells of pairs of these and coarse counts of days are derived from it (`cells.DERIVED`); each further
    line a cell's measure, detail, month and bin and what is added there (see `cells.BETWEEN`).
    `tasks` are the days on which CRM tasks were made for customers.
    """
    found: dict[Key, str] = {}
    for engine in outcomes.engines:
        kind = engine.events.object_type
        frame = outcomes.frame.filter(pl.col("object") == kind)
        numbers = np.searchsorted(engine.events.ids, frame["id"].to_numpy()).astype(np.int64)
        batch = Batch(engine, frame, numbers)
        worked = _task_keys(batch, tasks or {})
        made = [*sales(batch, worked), *recurring(batch), *journey(batch, outcomes.models), *voice(batch)]
        texts = _texts(batch, _summed(made))
        found |= {(kind, id_): text for id_, text in zip(frame["id"], texts, strict=True)}
    return found


def _summed(made: list[pl.DataFrame]) -> pl.DataFrame:
    """One row a customer and cell; what adds nothing is left out."""
    summed = pl.concat(made).group_by("customer", *_KEYS).agg(pl.col("value").sum())
    return summed.filter(pl.col("value") != 0).sort("customer", *_KEYS)


def _texts(batch: Batch, summed: pl.DataFrame) -> pl.Series:
    line = pl.concat_str([*_KEYS, "value"], separator=BETWEEN)
    grouped = summed.select("customer", line=line).group_by("customer", maintain_order=True)
    lines = grouped.agg(pl.col("line").str.join("\n"))
    base = pl.DataFrame({"customer": batch.customers, "scopes": _scopes(batch)})
    whole = base.join(lines, on="customer", how="left", maintain_order="left")
    return whole.select(t=pl.concat_str(["scopes", "line"], separator="\n", ignore_nulls=True))["t"]


def _scopes(batch: Batch) -> pl.Series:
    cohorts = {int(m): f"cohort:{month_name(int(m))}" for m in np.unique(batch.cohort) if m != NONE}
    cohort = pl.Series(batch.cohort[batch.customers]).replace_strict(
        cohorts or {0: ""}, default=None, return_dtype=pl.String
    )
    frame = batch.frame.select("channel", "segments").with_columns(cohort=cohort)
    named = pl.col("channel").fill_null("").str.replace_all(r"[\x00-\x1f]", " ").str.slice(0, _LONGEST)
    channel = pl.lit("channel:") + named
    segments = pl.col("segments").fill_null([]).list.eval(pl.lit("segment:") + pl.element())
    every = pl.concat_list(
        pl.lit("all"), channel, segments, pl.col("cohort"), pl.lit(DERIVED)
    ).list.drop_nulls()
    return frame.select(every.list.join(BETWEEN).alias("scopes"))["scopes"]


def _task_keys(batch: Batch, tasks: Mapping[Key, Sequence[date]]) -> Ints:
    kind, ids = batch.engine.events.object_type, batch.engine.events.ids
    known = set(ids.tolist())  # who is in no record has no number, and must not be given another's
    mine = sorted(
        (i, (day - _EPOCH).days) for (k, i), days in tasks.items() if k == kind and i in known for day in days
    )
    who = np.searchsorted(ids, np.array([i for i, _ in mine], np.int64)).astype(np.int64)
    return pack(who, np.array([day for _, day in mine], np.int64))
