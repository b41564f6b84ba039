"""Gamma-Gamma: how much a customer spends at a purchase, from the mean of what it spent so far.

A customer's amounts are gamma distributed (shape p, rate ν); ν is gamma distributed (q, γ) over customers.
Spend is taken to be independent of how often a customer buys: the fit reports their rank correlation.

Source: Fader & Hardie 2013, "The Gamma-Gamma model of monetary value", eqs. 1a and 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.special import digamma, gammaln, polygamma

from plugin.value.arrays import Floats, Ints
from plugin.value.findings import Finding
from plugin.value.newton import Derivatives, Maximum, Prior, maximise

P, Q, GAMMA = range(3)
#: Below this many customers with repeat spend the weak prior joins in.
PRIOR_BELOW = 500
#: Above this rank correlation of frequency and mean spend the independence is doubtful.
CORRELATED = 0.3
_LEAST = 10


@dataclass(frozen=True, eq=False)
class Spend:
    """A fitted spend model: p, q and γ (the literature's v); money in the currency of the data.

    `covariance` is that of the parameters' logarithms; empty where it is not known.
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float = float("nan")
    customers: int = 0
    covariance: Floats = field(default_factory=lambda: np.empty((0, 0)))

    def expected(self, x: Floats | Ints, mean: Floats) -> Floats:
        """Expected amount of a future purchase, given `x` known amounts of that mean (NaN: none)."""
        seen = np.where(np.isfinite(mean) & (x > 0), x, 0)
        # refunds can outweigh purchases; an expected amount stays positive
        total = seen * np.where(seen > 0, np.maximum(mean, 0.0), 0.0)
        found: Floats = self.p * (self.gamma + total) / (self.p * seen + self.q - 1)
        return found

    def spread(self, x: Floats | Ints) -> tuple[Floats, Floats]:
        """(variance between customers alike, variance of one amount), both by the square of the mean.

        The first is infinite for one-time buyers where q ≤ 2; it is then held at 4.
        """
        between = 1 / np.maximum(self.p * np.asarray(x, np.float64) + self.q - 2, 0.25)
        return between, (1 + between) / self.p


@dataclass(frozen=True, eq=False)
class SpendLikelihood:
    """Log-likelihood of (p, q, γ): `x` amounts with mean `mean` > 0 per customer."""

    x: Floats
    mean: Floats
    weight: Floats

    def __call__(self, values: Floats) -> Derivatives:
        """Value, gradient and Hessian at the parameters."""
        p, q, gamma = values
        x, w = self.x, self.weight
        shape, total = p * x, gamma + x * self.mean
        log_total, log_sum = np.log(total), np.log(x * self.mean)
        n = float(w.sum())
        value = gammaln(shape + q) - gammaln(shape) + shape * log_sum - np.log(self.mean)
        value = value - (shape + q) * log_total
        both, alone = digamma(shape + q), digamma(shape)
        gradient = np.array(
            [
                w @ (x * (both - alone + log_sum - log_total)),
                w @ (both - log_total) + n * (np.log(gamma) - digamma(q)),
                n * q / gamma - w @ ((shape + q) / total),
            ]
        )
        bend, own = polygamma(1, shape + q), polygamma(1, shape)
        hessian = np.array(
            [
                [w @ (x**2 * (bend - own)), w @ (x * bend), -(w @ (x / total))],
                [0.0, w @ bend - n * polygamma(1, q), n / gamma - w @ (1 / total)],
                [0.0, 0.0, w @ ((shape + q) / total**2) - n * q / gamma**2],
            ]
        )
        hessian = np.triu(hessian) + np.triu(hessian, 1).T
        return float(w @ value + n * (q * np.log(gamma) - gammaln(q))), gradient, hessian


def fit_spend(x: Ints, mean: Floats, cap: float = np.inf) -> tuple[Spend | None, list[Finding]]:
    """Fit on the customers with x > 0 known repeat amounts and a positive mean; those above `cap` weigh less.

    None where too few customers have such amounts or the expected amount would be infinite; why is in the
    findings. Money is scaled to mean 1 first, so that the prior has no currency.
    """
    used = (x > 0) & np.isfinite(mean) & (mean > 0)
    number, mean = x[used].astype(np.float64), mean[used]
    if len(number) < _LEAST:
        return None, [
            Finding("no_spend_model", f"{len(number)} customers with repeat amounts; {_LEAST} needed")
        ]
    scale = float(mean.mean())
    weight = np.minimum(1.0, cap / number)
    prior = None
    if len(number) < PRIOR_BELOW:
        prior = Prior(np.log([4.0, 4.0, 1.0]), np.array([1.5, 1.0, 1.5]))
    top = maximise(SpendLikelihood(number, mean / scale, weight), np.array([3.0, 3.0, 1.0]), prior)
    findings = _independence(number, mean)
    if not top.settled:
        findings.append(
            Finding("spend_alike", "customers differ too little in spend: everyone gets the mean")
        )
        return _everyone_alike(mean, top, weight), findings
    p, q, gamma = (float(v) for v in top.values)
    if q <= 1:
        return None, [*findings, Finding("infinite_spend", f"q = {q:.2f} ≤ 1: the mean spend is infinite")]
    likelihood = top.log_likelihood - float(weight.sum() * np.log(scale))
    # a scale moves γ alone, and no variance of a logarithm
    return Spend(p, q, gamma * scale, likelihood, len(number), top.covariance), findings


def _everyone_alike(mean: Floats, top: Maximum, weight: Floats) -> Spend:
    """A spend model that shrinks everyone to the mean amount."""
    q = 1e6
    p = max(float(top.values[P]), 1e-3)
    average = float(np.average(mean, weights=weight))
    return Spend(p, q, average * (q - 1) / p, float("nan"), len(mean))


def _independence(x: Floats, mean: Floats) -> list[Finding]:
    if x.min() == x.max() or mean.min() == mean.max():
        return []
    # a rank correlation is the ordinary one of the ranks; scipy.stats costs half a second to import
    rho = float(np.corrcoef(pl.Series(x).rank().to_numpy(), pl.Series(mean).rank().to_numpy())[0, 1])
    if abs(rho) <= CORRELATED:
        return []
    text = f"spend and frequency are correlated (Spearman {rho:.2f}): value is {'low' if rho > 0 else 'high'}"
    return [Finding("spend_correlated", f"{text} for frequent buyers")]
