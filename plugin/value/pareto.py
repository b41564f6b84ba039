"""Pareto/NBD: purchases at rate λ ~ gamma(r, α) during a lifetime that ends at rate μ ~ gamma(s, β).

The integral over the unseen end of a lifetime is done by Gauss-Legendre quadrature in
w = ((α + t_x) / (α + y))^(r + x + s): in w the integrand is ((α + y) / (β + y))^(s+1), nearly flat, so that
no hypergeometric function, no branch on α > β and no overflow is needed.

Source: Schmittlein, Morrison & Colombo 1987; Fader & Hardie, "A note on deriving the Pareto/NBD model", 2005.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from plugin.value.arrays import Floats, Ints
from plugin.value.mixture import Terms, summed
from plugin.value.newton import Derivatives
from plugin.value.triples import Triples

#: Parameters by position.
R, ALPHA, S, BETA = range(4)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_CHUNK = 2_048


def ended(values: Floats, x: Floats | Ints, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Moments y in (t_x, T) and the logarithms of what each adds to the likelihood of having left at y.

    Both (nodes, rows). Their log-sum is log s ∫ (α+y)^-(r+x) (β+y)^-(s+1) dy, up to α^r β^s Γ(r+x) / Γ(r).
    """
    r, alpha, s, beta = values
    power = r + x + s
    begin = alpha + recency
    span = -np.expm1(-power * np.log((alpha + age) / begin))
    share = 1 - span * (0.5 - 0.5 * _NODES[:, None])  # w from w_T to 1
    moment = begin * share ** (-1 / power) - alpha
    with np.errstate(divide="ignore"):
        front = np.log(s) + np.log(span) - np.log(power) - power * np.log(begin)
    weight = np.log(_WEIGHTS[:, None] / 2)
    return moment, front + weight + (s + 1) * np.log((alpha + moment) / (beta + moment))


def present(values: Floats, x: Floats | Ints, age: Floats) -> Floats:
    """log of the likelihood of being a customer still, in the units of `ended`."""
    r, alpha, s, beta = values
    found: Floats = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    return found


def silence(values: Floats, x: Floats | Ints, age: Floats, ahead: Floats) -> Floats:
    """Probability of no purchase in the next `ahead`, of customers still there: it may end by leaving.

    1 − ∫ f(y) dy with w = ((α + T) / (α + T + y))^(r + x + s), in which the integrand is nearly flat.
    """
    r, alpha, s, beta = values
    power, here, there = r + x + s, alpha + age, beta + age
    span = -np.expm1(-power * np.log1p(ahead / here))
    share = 1 - span * (0.5 - 0.5 * _NODES[:, None])
    later = here * share ** (-1 / power)
    flat = (later / here * (there / (there + later - here))) ** s
    # row by row, not by BLAS: the sum must not depend on how many customers are in the batch
    found: Floats = 1 - (r + x) / power * span * (_WEIGHTS[:, None] / 2 * flat).sum(axis=0)
    return found


@dataclass(frozen=True, eq=False)
class ParetoLikelihood:
    """Log-likelihood of (r, α, s, β) over packed histories."""

    triples: Triples

    def __call__(self, values: Floats) -> Derivatives:
        """Value, gradient and Hessian at the parameters."""
        value, gradient, hessian = self._front(values)
        terms = summed(self.triples, 4, lambda rows: self._terms(values, rows), chunk=_CHUNK)
        return value + terms[0], gradient + terms[1], hessian + terms[2]

    def _front(self, values: Floats) -> Derivatives:
        """Γ(r + x) / Γ(r) · α^r · β^s over everyone."""
        r, alpha, s, beta = values
        found, _, count = self.triples.frequencies
        n = self.triples.customers
        value = count @ gammaln(r + found) + n * (r * np.log(alpha) + s * np.log(beta) - gammaln(r))
        slope = count @ digamma(r + found) + n * (np.log(alpha) - digamma(r))
        gradient = np.array([slope, n * r / alpha, n * np.log(beta), n * s / beta])
        hessian = np.zeros((4, 4))
        hessian[R, R] = count @ polygamma(1, r + found) - n * polygamma(1, r)
        hessian[R, ALPHA] = hessian[ALPHA, R] = n / alpha
        hessian[S, BETA] = hessian[BETA, S] = n / beta
        hessian[ALPHA, ALPHA], hessian[BETA, BETA] = -n * r / alpha**2, -n * s / beta**2
        return float(value), gradient, hessian

    def _terms(self, values: Floats, rows: slice) -> Terms:
        """Having left at each of the nodes, and (last) being there still.

        The nodes stand still while differentiating: the derivative of the integral is the integral of the
        derivative, taken with the same quadrature.
        """
        t = self.triples
        x, age = t.x[rows], t.age[rows]
        moment, left = ended(values, x, t.recency[rows], age)
        moment = np.vstack([moment, age])
        gone = np.ones((len(moment), 1))
        gone[-1] = 0.0
        buying, leaving = values[ALPHA] + moment, values[BETA] + moment
        shape, s = values[R] + x, values[S]
        slopes = {
            R: -np.log(buying),
            ALPHA: -shape / buying,
            S: gone / s - np.log(leaving),
            BETA: -(s + gone) / leaving,
        }
        bends = {
            (R, ALPHA): -1 / buying,
            (ALPHA, ALPHA): shape / buying**2,
            (S, S): -gone / s**2 + np.zeros_like(leaving),
            (S, BETA): -1 / leaving,
            (BETA, BETA): (s + gone) / leaving**2,
        }
        return np.vstack([left, present(values, x, age)]), slopes, bends
