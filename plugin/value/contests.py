"""Two predictions of the same thing: which is nearer, and whether the difference is more than chance.

Both comparisons are paired: the same customers, once by the model and once by a plain rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from plugin.value.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class Contest:
    """`ahead` is by how much the model is better, `error` the standard error of that; NaN: not comparable."""

    ahead: float
    error: float

    def lost(self, deviations: float) -> bool:
        """Whether the model is worse by more than so many standard errors."""
        return bool(self.ahead < -deviations * self.error)


def nearer(model: Floats, rule: Floats, truth: Floats) -> Contest:
    """By how much the model's mean squared error is smaller than the rule's."""
    gain = (rule - truth) ** 2 - (model - truth) ** 2
    spread = float(gain.std(ddof=1)) if len(gain) > 1 else float("nan")
    return Contest(float(gain.mean()), spread / float(np.sqrt(len(gain))))


def ranked(model: Floats, rule: Floats | Ints, silent: Bools) -> Contest:
    """By how much the model's AUC is larger than the rule's.

    Source: DeLong, DeLong & Clarke-Pearson 1988, for two correlated curves.
    """
    quiet, busy = int(silent.sum()), int((~silent).sum())
    if quiet < 2 or busy < 2:
        return Contest(float("nan"), float("nan"))
    ours, theirs = _placements(model, silent), _placements(rule, silent)
    first, second = ours[0] - theirs[0], ours[1] - theirs[1]
    variance = first.var(ddof=1) / quiet + second.var(ddof=1) / busy
    return Contest(float(first.mean()), float(np.sqrt(variance)))


def _placements(risk: Floats | Ints, silent: Bools) -> tuple[Floats, Floats]:
    """For each silent customer the share of buyers below it; for each buyer that of silent ones above."""
    everyone = pl.Series(risk).rank().to_numpy()
    among_quiet = pl.Series(risk[silent]).rank().to_numpy()
    among_busy = pl.Series(risk[~silent]).rank().to_numpy()
    below = (everyone[silent] - among_quiet) / (~silent).sum()
    above = 1 - (everyone[~silent] - among_busy) / silent.sum()
    return below, above


def pooled(contests: list[Contest]) -> Contest:
    """The mean of contests of the same size; those not comparable are left out."""
    known = [c for c in contests if np.isfinite(c.ahead) and np.isfinite(c.error)]
    if not known:
        return Contest(float("nan"), float("nan"))
    error = np.sqrt(sum(c.error**2 for c in known)) / len(known)
    return Contest(sum(c.ahead for c in known) / len(known), float(error))
