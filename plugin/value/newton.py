"""Damped Newton ascent in the logarithms of positive parameters: few steps, and their covariance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plugin.value.arrays import Floats

#: value, gradient and Hessian with respect to the parameters themselves
Derivatives = tuple[float, Floats, Floats]
Objective = Callable[[Floats], Derivatives]

_STEPS = 100
_LONGEST = 2.5  # a step multiplies or divides a parameter by at most e^2.5
_LOWEST, _HIGHEST = -25.0, 25.0
_ENOUGH = 1e-9  # log-likelihood still to be gained by the quadratic model
_MARGIN = 10  # times that model's gain (half of what is compared) is more than there is to gain


@dataclass(frozen=True, eq=False)
class Prior:
    """A normal prior on log parameters: `mean` and `deviation`, one entry a parameter."""

    mean: Floats
    deviation: Floats

    def penalty(self, logs: Floats) -> float:
        """What the prior takes off the log-likelihood (up to a constant)."""
        return float((((logs - self.mean) / self.deviation) ** 2).sum()) / 2

    def added(self, logs: Floats, value: float, gradient: Floats, hessian: Floats) -> Derivatives:
        """The derivatives with the prior's own."""
        gap, precision = logs - self.mean, 1 / self.deviation**2
        return value - self.penalty(logs), gradient - gap * precision, hessian - np.diag(precision)


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the ascent ended.

    `values` are the parameters, `log_likelihood` is without the prior, `covariance` is that of the log
    parameters (the inverse of the negative Hessian; NaN where that is singular), `settled` whether the top
    was reached inside the bounds.
    """

    values: Floats
    log_likelihood: float
    covariance: Floats
    settled: bool
    steps: int


def maximise(
    objective: Objective, start: Floats, prior: Prior | None = None, *, at_least: float = -np.inf
) -> Maximum:
    """Climb from `start` (positive) to the nearest maximum of `objective`.

    A climb that cannot come up to `at_least` any more, by far, is broken off; it is then not `settled`.

    Levenberg's ridge keeps each step uphill where the surface is not concave; a step that does not gain is
    halved. Source: Nocedal & Wright, Numerical Optimization, 2006, section 3.4.
    """
    logs = np.log(start)
    here = _in_logs(objective, logs, prior)
    ridge, steps, hopeless = 0.0, 0, False
    while steps < _STEPS and not hopeless:
        steps += 1
        step, ridge = _uphill(here[1], here[2], ridge)
        gain = float(step @ here[1])
        hopeless = ridge == 0 and here[0] + _MARGIN * gain < at_least
        if gain < _ENOUGH or hopeless:
            break
        logs, here, moved = _advance(objective, prior, logs, step, here)
        if not moved:
            break
    values = np.exp(logs)
    covariance, inside = _covariance(here[2], logs)
    likelihood = here[0] if prior is None else here[0] + prior.penalty(logs)
    return Maximum(values, likelihood, covariance, inside and steps < _STEPS and not hopeless, steps)


def _in_logs(objective: Objective, logs: Floats, prior: Prior | None) -> Derivatives:
    values = np.exp(logs)
    value, gradient, hessian = objective(values)
    gradient = gradient * values
    hessian = hessian * np.outer(values, values) + np.diag(gradient)
    if prior is None:
        return value, gradient, hessian
    return prior.added(logs, value, gradient, hessian)


def _uphill(gradient: Floats, hessian: Floats, ridge: float) -> tuple[Floats, float]:
    """Newton's step on a surface made concave, no longer than allowed; and the ridge that made it so."""
    size = max(float(np.abs(np.diag(hessian)).max()), 1e-8)
    ridge = ridge / 10 if ridge > 1e-8 * size else 0.0
    while True:
        try:
            root = np.linalg.cholesky(ridge * np.eye(len(gradient)) - hessian)
            break
        except np.linalg.LinAlgError:
            ridge = max(10 * ridge, 1e-4 * size)
            if not np.isfinite(ridge):
                return np.zeros_like(gradient), 0.0
    step: Floats = np.linalg.solve(root.T, np.linalg.solve(root, gradient))
    longest = float(np.abs(step).max())
    return (step * min(1.0, _LONGEST / longest) if longest > 0 else step), ridge


def _advance(
    objective: Objective, prior: Prior | None, logs: Floats, step: Floats, here: Derivatives
) -> tuple[Floats, Derivatives, bool]:
    share = 1.0
    for _ in range(30):
        tried = np.clip(logs + share * step, _LOWEST, _HIGHEST)
        there = _in_logs(objective, tried, prior)
        if np.isfinite(there[0]) and there[0] > here[0]:
            return tried, there, True
        share /= 2
    return logs, here, False


def _covariance(hessian: Floats, logs: Floats) -> tuple[Floats, bool]:
    inside = bool((np.abs(logs) < _HIGHEST - 0.5).all())
    try:
        np.linalg.cholesky(-hessian)
    except np.linalg.LinAlgError:
        return np.full(hessian.shape, np.nan), False
    covariance: Floats = np.linalg.inv(-hessian)
    return covariance, inside
