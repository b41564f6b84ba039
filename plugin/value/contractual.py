"""sBG: how long customers under contract stay, from how many renewed each time.

Each renewal is refused with probability θ, beta distributed (α, β) over customers: retention rises with
tenure because the likely leavers go first.

Source: Fader & Hardie 2007, "How to project customer retention", eqs. 5-8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, polygamma

from plugin.errors import InputError
from plugin.value.arrays import Floats
from plugin.value.newton import Derivatives, maximise


@dataclass(frozen=True, eq=False)
class Contract:
    """Fitted α and β; periods are the contract's own (a year, a month)."""

    alpha: float
    beta: float
    log_likelihood: float
    covariance: Floats

    def survival(self, periods: Floats) -> Floats:
        """Share of a cohort still there after so many renewals: B(α, β + t) / B(α, β)."""
        found: Floats = np.exp(betaln(self.alpha, self.beta + periods) - betaln(self.alpha, self.beta))
        return found

    def retention(self, period: Floats) -> Floats:
        """Share of those there before renewal t (from 1) who renew: (β + t - 1) / (α + β + t - 1)."""
        found: Floats = (self.beta + period - 1) / (self.alpha + self.beta + period - 1)
        return found

    def expected_renewals(self, tenure: Floats, discount: float, periods: int) -> Floats:
        """Discounted renewals to come in so many periods, for customers who renewed `tenure` times.

        `discount` is the rate per period.
        """
        ahead = np.arange(1, periods + 1)
        later = self.survival(np.asarray(tenure, np.float64)[:, None] + ahead)
        shares = later / self.survival(np.asarray(tenure, np.float64))[:, None]
        found: Floats = shares @ (1 + discount) ** -ahead.astype(np.float64)
        return found


def fit_contract(survivors: Floats) -> Contract:
    """Fit to one cohort's sizes: at the start, after the first renewal, after the second …

    InputError where sizes grow, are negative or fewer than three, or nobody leaves or everybody.
    """
    sizes = np.asarray(survivors, np.float64)
    lost = -np.diff(sizes)
    if len(sizes) < 3 or not np.isfinite(sizes).all() or sizes[-1] < 0 or (lost < 0).any():
        raise InputError(
            "A cohort's sizes must be three or more numbers that never grow.",
            cure="Give customers at the start, after renewal 1, 2 …",
        )
    if lost.sum() == 0 or (sizes[-1] == 0 and lost[:-1].sum() == 0):
        raise InputError(
            "Nobody left this cohort, or all at once: nothing to fit.", cure="Wait for more renewals."
        )
    top = maximise(_Likelihood(lost, float(sizes[-1])), np.array([1.0, 1.0]))
    alpha, beta = (float(v) for v in top.values)
    return Contract(alpha, beta, top.log_likelihood, top.covariance)


@dataclass(frozen=True, eq=False)
class _Likelihood:
    lost: Floats
    stayed: float

    def __call__(self, values: Floats) -> Derivatives:
        """Σ lost_t ln[B(α+1, β+t-1) / B(α, β)] + stayed ln[B(α, β+n) / B(α, β)]."""
        periods = np.arange(len(self.lost), dtype=np.float64)
        ones, n = np.ones(len(self.lost)), float(len(self.lost))
        left = _log_beta(values, ones, periods)
        stay = _log_beta(values, np.zeros(1), np.array([n]))
        start = _log_beta(values, np.zeros(1), np.zeros(1))
        parts = [
            np.tensordot(self.lost, a, 1) + self.stayed * b[0] - (self.lost.sum() + self.stayed) * c[0]
            for a, b, c in zip(left, stay, start, strict=True)
        ]
        return float(parts[0]), parts[1], parts[2]


def _log_beta(values: Floats, more_a: Floats, more_b: Floats) -> tuple[Floats, Floats, Floats]:
    """ln B(α + i, β + j) per row, with gradient (rows, 2) and Hessian (rows, 2, 2)."""
    a, b = values[0] + more_a, values[1] + more_b
    both = digamma(a + b)
    gradient = np.stack([digamma(a) - both, digamma(b) - both], axis=1)
    bend = polygamma(1, a + b)
    hessian = np.empty((len(a), 2, 2))
    hessian[:, 0, 0], hessian[:, 1, 1] = polygamma(1, a) - bend, polygamma(1, b) - bend
    hessian[:, 0, 1] = hessian[:, 1, 0] = -bend
    return betaln(a, b), gradient, hessian
