"""From small integers to keys: stages, risk level and flags, segments, tier, RFM cell and the next play."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from plugin.lifecycle.ruleset import Models


def named_columns(models: Models) -> list[pl.Expr]:
    """Expressions over the columns of `ruleset.outcome_columns` that give what people and the CRM read."""
    primary = models.primary.key
    return [
        _stage(models, primary).alias("stage"),
        pl.struct(_stage(models, m.key).alias(m.key) for m in models.all).alias("stages"),
        risk_level(models).alias("risk_level"),
        _listed((f"flag_{f.key}", f.key) for f in models.flags).alias("risk_flags"),
        _listed((f"segment_{s.key}", s.key) for s in models.segments).alias("segments"),
        _pick(pl.col("tier"), [t.key for t in models.tiers]).alias("tier_key"),
        pl.concat_str([pl.col(f"rfm_{d}").cast(pl.String) for d in models.rfm.digits]).alias("rfm"),
        _first((f"segment_rfm_{g.key}", g.key) for g in models.rfm.segments).alias("rfm_segment"),
        _pick(pl.col("attitude"), [a.key for a in models.attitudes]).alias("attitude_key"),
        next_play(models).alias("play"),
    ]


def _stage(models: Models, key: str) -> pl.Expr:
    return _pick(pl.col(f"stage_{key}"), [s.key for s in models.known[key].stages])


def _pick(number: pl.Expr, keys: list[str]) -> pl.Expr:
    return number.replace_strict(list(range(len(keys))), keys, default=None, return_dtype=pl.String)


def risk_level(models: Models) -> pl.Expr:
    """The gravest flag's severity, a step up with much at stake, one down with nothing; 0 without."""
    grave = pl.max_horizontal([pl.col(f"flag_{f.key}") * f.severity for f in models.flags])
    step = pl.lit(0)
    if "more" in models.stake:
        step = step + pl.col("stake_more")
    if "less" in models.stake:
        step = step - pl.col("stake_less")
    level = pl.when(grave > 0).then((grave + step).clip(1, 3)).otherwise(0)
    return _pick(level.cast(pl.Int32), [level.key for level in models.levels])


def _first(columns: Iterable[tuple[str, str]]) -> pl.Expr:
    return pl.coalesce(
        *(pl.when(pl.col(name) == 1).then(pl.lit(key)) for name, key in columns), pl.lit(None, pl.String)
    )


def _listed(columns: Iterable[tuple[str, str]]) -> pl.Expr:
    keys = [pl.when(pl.col(name) == 1).then(pl.lit(key)) for name, key in columns]
    if not keys:
        return pl.lit([], dtype=pl.List(pl.String))
    return pl.concat_list(keys).list.drop_nulls()


def next_play(models: Models) -> pl.Expr:
    """The play of the worst flag that has one, else of the buyer's attitude, else the stage's."""
    stages = models.primary.stages
    play = _pick(pl.col(f"stage_{models.primary.key}"), [s.play for s in stages])
    play = pl.coalesce(_pick(pl.col("attitude"), [a.play for a in models.attitudes]), play)
    worst_first = sorted(models.flags, key=lambda f: -f.severity)
    for flag in reversed(worst_first):
        if flag.key in models.flag_plays:
            play = (
                pl.when(pl.col(f"flag_{flag.key}") == 1)
                .then(pl.lit(models.flag_plays[flag.key]))
                .otherwise(play)
            )
    return pl.when(play != "").then(play)
