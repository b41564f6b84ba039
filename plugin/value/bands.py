"""Risk bands that mean what they say: where, in the portal's own past, ⅓ and ⅔ of the customers fell silent.

A model's chance of silence can be too high or too low by season or growth. The backtest tells how often
silence came at each chance; the bands are the predicted chances at which it came in ⅓ and ⅔ of cases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from plugin.value.arrays import Bools, Floats

#: What came: the bounds of the middle band.
CAME = (1 / 3, 2 / 3)
#: No band lies outside these, whatever the past says.
_LOWEST, _HIGHEST = 0.10, 0.95
#: A weak belief that the chances are right: deviations of intercept and log slope.
_BELIEF = (0.5, 0.3)
_CLIP = 1e-4
_STEPS = 50


@dataclass(frozen=True)
class Calibration:
    """logit(what came) = intercept + slope · logit(what was predicted); (0, 1) says it came as predicted."""

    intercept: float = 0.0
    slope: float = 1.0

    def predicted(self, came: float) -> float:
        """The predicted chance at which so many were silent."""
        return float(expit((logit(came) - self.intercept) / self.slope))

    def bands(self) -> tuple[float, float]:
        """Lower and upper bound of the middle band of P(no purchase), to three digits."""
        low, high = (round(float(np.clip(self.predicted(c), _LOWEST, _HIGHEST)), 3) for c in CAME)
        return low, max(high, low)


def calibrate(risk: Floats, silent: Bools) -> Calibration:
    """Logistic recalibration of chances by what came, drawn weakly towards "they are right".

    Source: Cox 1958, "Two further applications of a model for binary regression"; the prior is our own.
    """
    if not len(risk):
        return Calibration()
    x, y = logit(np.clip(risk, _CLIP, 1 - _CLIP)), silent.astype(np.float64)
    at = np.zeros(2)  # intercept, log slope
    precision = 1 / np.array(_BELIEF) ** 2
    for _ in range(_STEPS):
        slope = np.exp(at[1])
        chance = expit(at[0] + slope * x)
        off, weight = y - chance, chance * (1 - chance)
        gradient = np.array([off.sum(), slope * (off @ x)]) - precision * at
        # expected information: always positive, so that every step goes uphill
        cross = slope * (weight @ x)
        hessian = np.array([[weight.sum(), cross], [cross, slope**2 * (weight @ x**2)]]) + np.diag(precision)
        step = np.clip(np.linalg.solve(hessian, gradient), -1.0, 1.0)
        at += step
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(float(at[0]), float(np.exp(at[1])))
