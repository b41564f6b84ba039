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
from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.newton import Derivatives, Prior, maximise


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

    def stays(self, tenure: Floats | Ints, periods: int) -> Floats:
        """P(renews the next 1, 2 … `periods` times) after `tenure` renewals; (customers, periods)."""
        done = np.asarray(tenure, np.float64)
        later = self.survival(done[:, None] + np.arange(1, periods + 1))
        found: Floats = later / self.survival(done)[:, None]
        return found

    def expected_renewals(self, tenure: Floats, discount: float, periods: int) -> Floats:
        """Discounted renewals to come in so many periods, for customers who renewed `tenure` times.

        `discount` is the rate per period.
        """
        ahead = np.arange(1, periods + 1, dtype=np.float64)
        found: Floats = self.stays(tenure, periods) @ (1 + discount) ** -ahead
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
    stayed = np.zeros(len(sizes))
    stayed[-1] = sizes[-1]
    return _fitted(np.append(lost, 0.0), stayed)


def fit_tenures(renewed: Ints, left: Bools, prior: Prior | None = None) -> Contract:
    """Fit to customers of any age: how many times each `renewed`, and whether it then refused (`left`).

    `prior` is one on ln α and ln β. InputError where nobody refused a renewal, or everybody the first.
    """
    size = int(renewed.max()) + 1 if len(renewed) else 1
    lost, stayed = (np.bincount(renewed[rows], minlength=size).astype(np.float64) for rows in (left, ~left))
    return _fitted(lost, stayed, prior)


def _fitted(lost: Floats, stayed: Floats, prior: Prior | None = None) -> Contract:
    """By how many left, and how many are still there, after 0, 1, 2 … renewals."""
    if lost.sum() == 0 or (stayed.sum() == 0 and np.count_nonzero(lost) == 1):
        raise InputError(
            "Nobody left this cohort, or all at once: nothing to fit.", cure="Wait for more renewals."
        )
    if stayed[1:].sum() + lost[1:].sum() == 0:
        raise InputError("Nobody ever renewed: nothing to fit.", cure="Check the length of the period.")
    top = maximise(_Likelihood(lost, stayed), np.array([1.0, 1.0]), prior)
    alpha, beta = (float(v) for v in top.values)
    return Contract(alpha, beta, top.log_likelihood, top.covariance)


@dataclass(frozen=True, eq=False)
class _Likelihood:
    lost: Floats
    stayed: Floats

    def __call__(self, values: Floats) -> Derivatives:
        """Σ lost_t ln[B(α+1, β+t) / B(α, β)] + Σ stayed_t ln[B(α, β+t) / B(α, β)]."""
        renewed = np.arange(len(self.lost), dtype=np.float64)
        left = _log_beta(values, np.ones(len(renewed)), renewed)
        stay = _log_beta(values, np.zeros(len(renewed)), renewed)
        start = _log_beta(values, np.zeros(1), np.zeros(1))
        everyone = self.lost.sum() + self.stayed.sum()
        parts = [
            np.tensordot(self.lost, a, 1) + np.tensordot(self.stayed, b, 1) - everyone * c[0]
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
