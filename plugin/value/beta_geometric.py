"""Likelihood of the beta-geometric family: BG/NBD, MBG/NBD, MBG/CNBD-k, and NBD-k without drop-out.

While active a customer buys in phases of a Poisson process with rate λ; every k-th phase is a purchase
(Erlang-k gaps). λ is gamma distributed (shape r, rate α) over customers. After a purchase the customer
leaves with probability p, beta distributed (a, b): in BG/NBD after repeat purchases only, in the others
after the first one too.

Sources: Fader, Hardie & Lee 2005 (BG/NBD), eq. 6; Batislam, Denizel & Filiztekin 2007 (MBG/NBD);
Platzer & Reutterer 2016 and Reutterer, Platzer & Schröder 2021 (the k-phase version).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import betaln, digamma, gammaln, polygamma

from plugin.value.arrays import Floats
from plugin.value.mixture import Terms, summed
from plugin.value.newton import Derivatives
from plugin.value.triples import Triples

#: Parameters by position.
R, ALPHA, A, B = range(4)


@dataclass(frozen=True, eq=False)
class BetaGeometricLikelihood:
    """Log-likelihood of (r, α, a, b) over packed histories; for k > 1 it includes the gaps' own part.

    `k` phases a purchase; `first` whether a customer can leave after the first purchase. With
    `drop_out=False` nobody ever leaves, and the parameters are (r, α) alone.
    """

    triples: Triples
    k: int = 1
    first: bool = True
    drop_out: bool = True

    def __call__(self, values: Floats) -> Derivatives:
        """Value, gradient and Hessian at the parameters."""
        size = len(values)
        value, gradient, hessian = self._purchases(values)
        if self.drop_out:
            _add(self._leaving(values), gradient, hessian)
            value += self._leaving_value(values)
        terms = summed(self.triples, size, lambda rows: self._terms(values, rows))
        return value + terms[0] + self._constant, gradient + terms[1], hessian + terms[2]

    @cached_property
    def _constant(self) -> float:
        phases = float(gammaln(self.k)) * float(self.triples.weight @ self.triples.x)
        return (self.k - 1) * self.triples.log_gaps - phases

    def _purchases(self, values: Floats) -> Derivatives:
        """Γ(r + kx) / Γ(r) · α^r over everyone."""
        r, alpha, n = values[R], values[ALPHA], self.triples.customers
        found, _, count = self.triples.frequencies
        shape = r + self.k * found
        value = count @ gammaln(shape) - n * (gammaln(r) - r * np.log(alpha))
        gradient, hessian = np.zeros(len(values)), np.zeros((len(values), len(values)))
        gradient[R] = count @ digamma(shape) - n * (digamma(r) - np.log(alpha))
        gradient[ALPHA] = n * r / alpha
        hessian[R, R] = count @ polygamma(1, shape) - n * polygamma(1, r)
        hessian[R, ALPHA] = hessian[ALPHA, R] = n / alpha
        hessian[ALPHA, ALPHA] = -n * r / alpha**2
        return float(value), gradient, hessian

    def _stays(self, b: float) -> tuple[Floats, Floats]:
        """b after the purchases survived, per distinct x; and the customers with each."""
        found, _, count = self.triples.frequencies
        stayed: Floats = found + (b + int(self.first))
        return stayed, count

    def _leaving_value(self, values: Floats) -> float:
        a, b = values[A], values[B]
        stayed, count = self._stays(b)
        return float(count @ betaln(a, stayed) - self.triples.customers * betaln(a, b))

    def _leaving(self, values: Floats) -> tuple[Floats, Floats]:
        """Derivatives of ln B(a, b + survived) − ln B(a, b) by a and b."""
        a, b, n = values[A], values[B], self.triples.customers
        stayed, count = self._stays(b)
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        both, start = digamma(a + stayed), digamma(a + b)
        gradient[A] = count @ (digamma(a) - both) - n * (digamma(a) - start)
        gradient[B] = count @ (digamma(stayed) - both) - n * (digamma(b) - start)
        both, start = polygamma(1, a + stayed), polygamma(1, a + b)
        hessian[A, A] = n * start - count @ both
        hessian[B, B] = count @ (polygamma(1, stayed) - both) - n * (polygamma(1, b) - start)
        hessian[A, B] = hessian[B, A] = n * start - count @ both
        return gradient, hessian

    def _terms(self, values: Floats, rows: slice) -> Terms:
        """The phases in which a customer may still be there, and (last) having left."""
        t = self.triples
        x, recency, age = t.x[rows] + 0.0, t.recency[rows], t.age[rows]
        part = _Part(self.k + int(self.drop_out), values[R] + self.k * x)
        part.there(self.k, values[ALPHA] + age, age - recency)
        if self.drop_out:
            part.left(values, x, values[ALPHA] + recency, self.first)
        return part.logs, part.slopes, part.bends


class _Part:
    """The terms of some rows with their derivatives; every array is (terms, rows)."""

    def __init__(self, terms: int, shape: Floats) -> None:
        self.shape = shape
        self.logs: Floats = np.empty((terms, len(shape)))
        self.slopes: dict[int, Floats] = {R: np.empty_like(self.logs), ALPHA: np.empty_like(self.logs)}
        pairs = ((R, R), (R, ALPHA), (ALPHA, ALPHA))
        self.bends: dict[tuple[int, int], Floats] = {pair: np.zeros_like(self.logs) for pair in pairs}

    def _at(self, j: int, moment: Floats, phases: int) -> None:
        """Γ-free part (r + kx)(…): (α + moment)^-(shape + phases)."""
        self.slopes[ALPHA][j] = -(self.shape + phases) / moment
        self.bends[R, ALPHA][j] = -1 / moment
        self.bends[ALPHA, ALPHA][j] = (self.shape + phases) / moment**2

    def there(self, k: int, here: Floats, quiet: Floats) -> None:
        """Still there, in phase 0 … k − 1: (R)_j / j! (T − t_x)^j (α + T)^-(R + j)."""
        log_here = np.log(here)
        self.logs[0], self.slopes[R][0] = -self.shape * log_here, -log_here
        self._at(0, here, 0)
        with np.errstate(divide="ignore"):
            step = np.log(quiet / here)
        for j in range(1, k):
            at = self.shape + (j - 1)
            self.logs[j] = self.logs[j - 1] + np.log(at) - np.log(j) + step
            self.slopes[R][j] = self.slopes[R][j - 1] + 1 / at
            self.bends[R, R][j] = self.bends[R, R][j - 1] - 1 / at**2
            self._at(j, here, j)

    def left(self, values: Floats, x: Floats, then: Floats, first: bool) -> None:
        """Left after the last purchase: a / (b + x) (α + t_x)^-R; one-time buyers cannot have in BG/NBD."""
        log_then = np.log(then)
        possible = np.ones(len(x), dtype=bool) if first else x > 0
        chances = np.where(possible, values[B] + x - int(not first), 1.0)
        log = np.log(values[A]) - np.log(chances) - self.shape * log_then
        self.logs[-1], self.slopes[R][-1] = np.where(possible, log, -np.inf), -log_then
        self._at(-1, then, 0)
        for parameter, slope in ((A, 1 / values[A]), (B, -1 / chances)):
            self.slopes[parameter] = np.zeros_like(self.logs)
            self.slopes[parameter][-1] = slope
            self.bends[parameter, parameter] = np.zeros_like(self.logs)
            self.bends[parameter, parameter][-1] = -(slope**2) if parameter == A else slope**2


def _add(found: tuple[Floats, Floats], gradient: Floats, hessian: Floats) -> None:
    gradient += found[0]
    hessian += found[1]


#: What a likelihood is to those who fit it.
Likelihood = Callable[[Floats], Derivatives]
