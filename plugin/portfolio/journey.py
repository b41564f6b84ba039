"""What the way through the stages contributes: the funnel, times between stages, who was kept or lost.

Kept and lost are told at the ends of months: a customer is kept who has bought and is not lost on the
month's last day (today, in the running month).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import EVER, Ints, Moment, sums
from plugin.portfolio.losses import category
from plugin.portfolio.months import SPANS, months_of, span_starts
from plugin.portfolio.paths import ways
from plugin.portfolio.rows import Batch, rows, timed

#: A stage whose rule asserts one of these is an exit or a return, no step of the way forward.
_ASIDE = frozenset({"lost", "sleeping", "dormant", "reactivated", "cold", "cancelled"})
_YEAR = 365
LONGER = tuple(kind for kind, months in SPANS.items() if months > 1)
#: The bin of `reached`: whether who came to a stage or beyond has ever stood in it. 0 is in contributions
#: made before this was told of.
STOOD, PASSED = 1, 2


@lru_cache(maxsize=8)
def forward_stages(models: Models) -> tuple[str, ...]:
    """The primary model's stages that lead forward, in order: those that are no sleep, loss or return."""
    model = models.primary
    aside = {rule.stage for rule in model.rules if rule.when and _ASIDE & set(rule.when.asserts)}
    found = tuple(s.key for s in model.stages if s.order not in aside and not s.terminal)
    return found or tuple(s.key for s in model.stages)


def journey(batch: Batch, models: Models) -> list[pl.DataFrame]:
    """All rows about stages."""
    way = ways(batch.engine, models, batch.customers)
    who = batch.customers
    born = months_of(batch.engine.events.born[who])
    now = rows("stage_now", who, detail=batch.frame["stage"])
    return [rows("begun", who, born), now, *_steps(way, models), *_moves(way, models), *_kept(batch, way)]


def _steps(way: pl.DataFrame, models: Models) -> list[pl.DataFrame]:
    """When each forward stage, or one beyond it, was reached first, and how long after the one before."""
    forward = forward_stages(models)
    ranks = [forward.index(s.key) if s.key in forward else -1 for s in models.primary.stages]
    rank = pl.Series(ranks, dtype=pl.Int64).gather(way["stage"])
    best = way.select("customer", "day", rank=rank).with_columns(
        best=pl.col("rank").cum_max().over("customer")
    )
    best = best.with_columns(before=pl.col("best").shift(1, fill_value=-1).over("customer"))
    risen = best.filter(pl.col("best") > pl.col("before"))
    reached = risen.with_columns(rank=pl.int_ranges(pl.col("before") + 1, pl.col("best") + 1)).explode("rank")
    who, day = reached["customer"].to_numpy(), reached["day"].to_numpy()
    names = pl.Series(forward, dtype=pl.String).gather(reached["rank"])
    found = [rows("reached", who, months_of(day), detail=names, bins=_stood(best, reached))]
    later = reached["rank"].to_numpy() > 0  # the row before is the same customer's stage before
    previous = np.roll(day, 1)[later]
    took = _between(previous, day[later])
    return [*found, *timed("step", who[later], months_of(previous), took, names.filter(pl.Series(later)))]


def _stood(way: pl.DataFrame, reached: pl.DataFrame) -> Ints:
    """STOOD where the customer has ever been in the stage that it reached, else PASSED."""
    been = way.select("customer", "rank").unique().with_columns(bin=pl.lit(STOOD))
    found = reached.select("customer", "rank").join(
        been, on=["customer", "rank"], how="left", maintain_order="left"
    )
    return found["bin"].fill_null(PASSED).cast(pl.Int64).to_numpy()


def _between(start: Ints, end: Ints) -> Ints:
    """Whole days; -1 where the start is not known."""
    return np.asarray(np.where(start <= EVER, -1, end - start))


def _moves(way: pl.DataFrame, models: Models) -> list[pl.DataFrame]:
    """Every change from one stage to another, and how long the one left had lasted."""
    keys = pl.Series([s.key for s in models.primary.stages], dtype=pl.String)
    fresh = pl.col("stage").ne_missing(pl.col("stage").shift().over("customer"))
    spans = way.filter(fresh).with_columns(
        left=pl.col("stage").shift().over("customer"), since=pl.col("day").shift().over("customer")
    )
    moved = spans.drop_nulls("left")
    names = keys.gather(moved["left"]) + ">" + keys.gather(moved["stage"])
    day, since = moved["day"].to_numpy(), moved["since"].to_numpy()
    who = moved["customer"].to_numpy()
    lasted = rows("move_days", who, detail=names, bins=_between(since, day))
    return [rows("move", who, months_of(day), detail=names), lasted]


def _kept(batch: Batch, way: pl.DataFrame) -> list[pl.DataFrame]:
    """Month by month, who became a customer, was lost, fell asleep; who left in longer periods."""
    first = pl.Series(batch.first_purchase)
    buying = way.filter(pl.Series(batch.buyers).gather(way["customer"]))
    buying = buying.with_columns(day=pl.max_horizontal("day", first.gather(buying["customer"])))
    months = months_of(buying["day"].to_numpy())
    ends = _ends(buying, months)
    lost = _turned(ends.with_columns(is_=1 - pl.col("lost")))
    asleep = _turned(ends.with_columns(is_=pl.col("dormant")))
    gained, gone = lost.filter(pl.col("turn") > 0), lost.filter(pl.col("turn") < 0)
    both = lost["customer"].to_numpy()
    cohort = batch.cohort[both]
    age = lost["month"].to_numpy() - cohort
    return [
        rows("gained", gained["customer"].to_numpy(), gained["month"].to_numpy()),
        *_losses(batch, gone),
        *_left(buying, months),
        rows("kept_age", both, cohort, lost["turn"].to_numpy(), bins=age),
        rows("asleep", asleep["customer"].to_numpy(), asleep["month"].to_numpy(), asleep["turn"].to_numpy()),
    ]


def _ends(buying: pl.DataFrame, months: Ints) -> pl.DataFrame:
    """How each customer stands at the end of each of the periods (by their first month) that has a change."""
    return (
        buying.with_columns(month=pl.Series(months)).group_by("customer", "month", maintain_order=True).last()
    )


def _left(buying: pl.DataFrame, months: Ints) -> list[pl.DataFrame]:
    """Who was kept when a quarter or a year began and is not at its end (today, while it runs).

    Those who left and came back within it are not among them: so what is kept of a period's customers is an
    intersection of sets, which chained months do not give. That of months is `loss`.
    """
    found = []
    for kind in LONGER:
        turned = _turned(_ends(buying, span_starts(months, kind)).with_columns(is_=1 - pl.col("lost")))
        gone = turned.filter(pl.col("turn") < 0)
        found.append(rows("left", gone["customer"].to_numpy(), gone["month"].to_numpy(), detail=kind))
    return found


def _turned(ends: pl.DataFrame) -> pl.DataFrame:
    """The months at whose end `is_` is another than at the end before; `turn` is +1 or -1."""
    turn = pl.col("is_") - pl.col("is_").shift(1, fill_value=0).over("customer")
    return ends.with_columns(turn=turn).filter(pl.col("turn") != 0)


def _losses(batch: Batch, gone: pl.DataFrame) -> Sequence[pl.DataFrame]:
    """Customers lost by reason, with what they had brought in the year up to their last purchase."""
    who, month, day = (gone[name].to_numpy() for name in ("customer", "month", "day"))
    points = batch.engine.events.points
    bought, money = points["purchases"], points["money"]
    last = Moment(who, day).last(bought, bought.days).astype(np.int64)
    running = sums(money.values["once"])
    brought = Moment(who, last).total(money, running) - Moment(who, last - _YEAR).total(money, running)
    reasons = _reasons(batch).gather(who)
    return (
        rows("loss", who, month, detail=reasons),
        rows("loss_revenue", who, month, brought, detail=reasons),
    )


def _reasons(batch: Batch) -> pl.Series:
    """The category of each customer number's reason for leaving."""
    found = pl.Series(["unknown"]).new_from_index(0, batch.engine.events.size)
    given = batch.frame["churn_reason"]
    named = {text: category(text, batch.engine.mapping.loss_reasons) for text in given.drop_nulls().unique()}
    mine = given.replace_strict(named, default="unknown", return_dtype=pl.String) if named else None
    return found if mine is None else found.scatter(batch.customers, mine)
