"""BG/BB: purchases that can happen once in each fixed period (a yearly donation, a monthly box).

While active a customer buys in a period with probability p ~ beta(α, β); at the start of each period it
leaves with probability θ ~ beta(γ, δ).

Source: Fader, Hardie & Shang 2010, "Customer-base analysis in a discrete-time noncontractual setting",
eqs. 5, 11 and 13.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, polygamma

from plugin.errors import InputError
from plugin.value.arrays import Floats, Ints, log_sum
from plugin.value.newton import Derivatives, maximise

ALPHA, BETA, GAMMA, DELTA = range(4)


@dataclass(frozen=True, eq=False)
class FixedPeriods:
    """Fitted (α, β, γ, δ); `x` purchases, the last in period `t_x`, out of `n` periods."""

    values: Floats
    log_likelihood: float
    covariance: Floats

    def p_alive(self, x: Ints, recency: Ints, periods: Ints) -> Floats:
        """Probability of being active in period n + 1."""
        alpha, beta, gamma, delta = self.values
        there = betaln(alpha + x, beta + periods - x) - betaln(alpha, beta)
        there = there + betaln(gamma, delta + periods + 1) - betaln(gamma, delta)
        found: Floats = np.exp(there - _log_likelihood(self.values, x, recency, periods))
        return found

    def active(self, x: Ints, recency: Ints, periods: Ints, ahead: int) -> Floats:
        """P(still active in each of the coming periods 1 … `ahead`); (customers, ahead)."""
        gamma, delta = self.values[GAMMA], self.values[DELTA]
        later = betaln(gamma, delta + periods[:, None] + np.arange(1, ahead + 1))
        shares = np.exp(later - betaln(gamma, delta + periods + 1)[:, None])
        found: Floats = self.p_alive(x, recency, periods)[:, None] * shares
        return found

    def buys(self, x: Ints, periods: Ints) -> tuple[Floats, Floats]:
        """Mean and mean square of the chance to buy in a period while active."""
        alpha, beta = self.values[ALPHA], self.values[BETA]
        rate = (alpha + x) / (alpha + beta + periods)
        return rate, rate * (alpha + x + 1) / (alpha + beta + periods + 1)

    def silence(self, x: Ints, recency: Ints, periods: Ints, ahead: int) -> Floats:
        """P(no purchase in the coming `ahead` periods): left, or silent until then or until leaving."""
        alpha, beta, gamma, delta = self.values
        base = betaln(alpha, beta) + betaln(gamma, delta) + _log_likelihood(self.values, x, recency, periods)
        quiet = [
            betaln(alpha + x, beta + periods - x + i)
            + (betaln(gamma + 1, delta + periods + i) if i < ahead else betaln(gamma, delta + periods + i))
            for i in range(1, ahead + 1)
        ]
        silent = np.exp(log_sum(np.stack(quiet)) - base) if ahead else self.p_alive(x, recency, periods)
        found: Floats = np.clip(1 - self.p_alive(x, recency, periods) + silent, 0.0, 1.0)
        return found

    def expected(self, x: Ints, recency: Ints, periods: Ints, ahead: int) -> Floats:
        """Expected purchases in the coming `ahead` periods."""
        found: Floats = self.active(x, recency, periods, ahead).sum(axis=1) * self.buys(x, periods)[0]
        return found


def fit_fixed_periods(x: Ints, recency: Ints, periods: Ints, count: Floats) -> FixedPeriods:
    """Fit to `count` customers of each (x, t_x, n); InputError where a row is impossible."""
    bad = (x < 0) | (recency < x) | (recency > periods) | ((x == 0) != (recency == 0)) | (count < 0)
    if bad.any():
        raise InputError(
            f"Row {int(np.flatnonzero(bad)[0]) + 1} is impossible: x ≤ t_x ≤ n, and both 0 or neither.",
            cure="Count periods from 1 to n; a customer who bought twice bought last in period 2 or later.",
        )
    if count @ (x > 0) == 0:
        raise InputError("Nobody bought in any period.", cure="Give more periods or customers.")
    top = maximise(_Likelihood(x, recency, periods, count), np.array([1.0, 1.0, 1.0, 3.0]))
    return FixedPeriods(top.values, top.log_likelihood, top.covariance)


def _terms(x: Ints, recency: Ints, periods: Ints) -> tuple[Ints, Floats]:
    """How many periods each customer may have been active: t_x … n, as (terms, rows), with a log mask."""
    most = int((periods - recency).max()) + 1
    active = np.minimum(recency + np.arange(most)[:, None], periods)
    fresh = np.arange(most)[:, None] <= periods - recency
    return active, np.where(fresh, 0.0, -np.inf)


def _log_likelihood(values: Floats, x: Ints, recency: Ints, periods: Ints) -> Floats:
    active, mask = _terms(x, recency, periods)
    alpha, beta, gamma, delta = values
    left = (active < periods).astype(np.float64)
    buying = betaln(alpha + x, beta + active - x) - betaln(alpha, beta)
    staying = betaln(gamma + left, delta + active) - betaln(gamma, delta)
    return log_sum(buying + staying + mask)


@dataclass(frozen=True, eq=False)
class _Likelihood:
    x: Ints
    recency: Ints
    periods: Ints
    count: Floats

    def __call__(self, values: Floats) -> Derivatives:
        """Value, gradient and Hessian: a logarithm of a sum, as in `mixture`."""
        active, mask = _terms(self.x, self.recency, self.periods)
        left = (active < self.periods).astype(np.float64)
        buying = _log_beta(values[:2], self.x + 0.0 * active, (active - self.x) + 0.0)
        staying = _log_beta(values[2:], left, active + 0.0)
        logs = buying[0] + staying[0] + mask
        value = log_sum(logs)
        share = np.exp(logs - value)
        slopes = np.stack([*buying[1], *staying[1]])
        mean = (share * slopes).sum(axis=1)
        bend = np.zeros((4, 4))
        bend[:2, :2], bend[2:, 2:] = self._mean(share, buying[2]), self._mean(share, staying[2])
        off = slopes - mean[:, None]
        spread = np.einsum("jn,pjn,qjn,n->pq", share, off, off, self.count)
        return float(self.count @ value), mean @ self.count, bend + spread

    def _mean(self, share: Floats, bends: Floats) -> Floats:
        found: Floats = np.einsum("jn,pqjn,n->pq", share, bends, self.count)
        return found


def _log_beta(pair: Floats, more_a: Floats, more_b: Floats) -> tuple[Floats, list[Floats], Floats]:
    """ln B(a + i, b + j) - ln B(a, b), with derivatives by a and b."""
    a, b = pair[0] + more_a, pair[1] + more_b
    both, start = digamma(a + b), digamma(pair.sum())
    slopes = [digamma(a) - both - digamma(pair[0]) + start, digamma(b) - both - digamma(pair[1]) + start]
    bend, begin = polygamma(1, a + b), polygamma(1, pair.sum())
    corner = begin - bend
    first = polygamma(1, a) - polygamma(1, pair[0]) + corner
    second = polygamma(1, b) - polygamma(1, pair[1]) + corner
    bends = np.array([[first, corner], [corner, second]])
    return betaln(a, b) - betaln(*pair), slopes, bends
