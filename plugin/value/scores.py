"""How far predictions were from what came: errors, ranks, calibration. No models here."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.lookback import Future

_BINS = 10


@dataclass
class Score:
    """One model or rule at one origin; `risk` and `interval` where it gives chances and intervals.

    `total` is the error of the sum as a share; `rank` Spearman's; `captured` the purchases of the predicted
    top tenth by those of the true one; `auc` the chance that a silent customer has the higher risk.
    """

    name: str
    rmse: float
    mae: float
    total: float | None
    rank: float | None
    captured: float | None
    auc: float | None = None
    calibration: list[dict[str, float]] = field(default_factory=list)
    interval: dict[str, float] = field(default_factory=dict)
    tenths: list[dict[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def scored(name: str, guess: Floats, future: Future) -> Score:
    error, truth = guess - future.purchases, float(future.purchases.sum())
    return Score(
        name,
        rmse=float(np.sqrt((error**2).mean())),
        mae=float(np.abs(error).mean()),
        total=float(error.sum()) / truth if truth else None,
        rank=_rank(guess, future.purchases),
        captured=_captured(guess, future.purchases),
    )


def _rank(guess: Floats, truth: Floats) -> float | None:
    if np.ptp(guess) == 0 or np.ptp(truth) == 0:
        return None
    first, second = (pl.Series(v).rank().to_numpy() for v in (guess, truth))
    return float(np.corrcoef(first, second)[0, 1])


def _captured(guess: Floats, truth: Floats) -> float | None:
    """Purchases of the predicted top tenth by those of the true one; a constant guess finds no one."""
    size = max(len(truth) // 10, 1)
    best = float(np.sort(truth)[-size:].sum())
    if best == 0 or np.ptp(guess) == 0:
        return None
    chosen = np.argsort(-guess, kind="stable")[:size]
    return float(truth[chosen].sum()) / best


def auc(risk: Floats | Ints, silent: Bools) -> float | None:
    """Mann and Whitney's: the chance that a silent customer's risk is above a buyer's, ties counted half."""
    quiet, busy = int(silent.sum()), int((~silent).sum())
    if not quiet or not busy:
        return None
    ranks = pl.Series(risk).rank().to_numpy()
    return float((ranks[silent].sum() - quiet * (quiet + 1) / 2) / (quiet * busy))


def calibrated(risk: Floats, silent: Bools) -> list[dict[str, float]]:
    """Tenths of the customers by risk: what was predicted, what came."""
    return tenths(risk, silent.astype(np.float64))


def tenths(guess: Floats, truth: Floats) -> list[dict[str, float]]:
    """Tenths of the customers by what was predicted: its mean, and that of what came."""
    parts = np.array_split(np.argsort(guess, kind="stable"), _BINS)
    return [
        {"customers": len(p), "predicted": float(guess[p].mean()), "came": float(truth[p].mean())}
        for p in parts
        if len(p)
    ]


def covered(money: Floats, value: Floats, low: Floats, high: Floats) -> dict[str, float]:
    """Shares of customers whose money ended below, inside, above their intervals; {} where there are none."""
    if not np.isfinite(value).all():
        return {}
    below, above = money < low, money > high
    return {
        "below": float(below.mean()),
        "inside": float((~below & ~above).mean()),
        "above": float(above.mean()),
        "predicted": float(value.sum()),
        "came": float(money.sum()),
    }
