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
        return b + found + int(self.first), count

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
        x, recency, age = t.x[rows], t.recency[rows], t.age[rows]
        shape, here = values[R] + self.k * x, values[ALPHA] + age
        logs, by_r, by_alpha, bends = _alive(self.k, shape, here, age - recency)
        if self.drop_out:
            return _with_left(values, x, values[ALPHA] + recency, shape, self.first, logs, by_r, by_alpha, bends)
        return np.stack(logs), {R: np.stack(by_r), ALPHA: np.stack(by_alpha)}, _stacked(bends)


_Bends = dict[tuple[int, int], list[Floats]]


def _alive(
    k: int, shape: Floats, here: Floats, quiet: Floats
) -> tuple[list[Floats], list[Floats], list[Floats], _Bends]:
    log_here, zero = np.log(here), np.zeros_like(here)
    logs, by_r = [-shape * log_here], [-log_here]
    by_alpha = [-shape / here]
    bends: _Bends = {(R, R): [zero], (R, ALPHA): [-1 / here], (ALPHA, ALPHA): [shape / here**2]}
    with np.errstate(divide="ignore"):
        step = np.log(quiet / here)
    for j in range(1, k):
        at = shape + (j - 1)
        logs.append(logs[-1] + np.log(at) - np.log(j) + step)
        by_r.append(by_r[-1] + 1 / at)
        by_alpha.append(-(shape + j) / here)
        bends[R, R].append(bends[R, R][-1] - 1 / at**2)
        bends[R, ALPHA].append(-1 / here)
        bends[ALPHA, ALPHA].append((shape + j) / here**2)
    return logs, by_r, by_alpha, bends


def _with_left(
    values: Floats,
    x: Floats,
    then: Floats,
    shape: Floats,
    first: bool,
    logs: list[Floats],
    by_r: list[Floats],
    by_alpha: list[Floats],
    bends: _Bends,
) -> Terms:
    """Add the term of having left after the last purchase; in BG/NBD one-time buyers cannot have."""
    log_then, k = np.log(then), len(logs)
    chances = values[B] + x - (0 if first else 1)
    possible = np.ones(len(x), dtype=bool) if first else x > 0
    chances = np.where(possible, chances, 1.0)
    left = np.log(values[A]) - np.log(chances) - shape * log_then
    logs.append(np.where(possible, left, -np.inf))
    by_r.append(-log_then)
    by_alpha.append(-shape / then)
    bends[R, R].append(np.zeros_like(then))
    bends[R, ALPHA].append(-1 / then)
    bends[ALPHA, ALPHA].append(shape / then**2)
    nothing = np.zeros((k, 1)) + np.zeros_like(then)
    slopes = {
        R: np.stack(by_r),
        ALPHA: np.stack(by_alpha),
        A: np.vstack([nothing, np.full_like(then, 1 / values[A])]),
        B: np.vstack([nothing, -1 / chances]),
    }
    bent = _stacked(bends)
    bent[A, A] = np.vstack([nothing, np.full_like(then, -1 / values[A] ** 2)])
    bent[B, B] = np.vstack([nothing, 1 / chances**2])
    return np.stack(logs), slopes, bent


def _stacked(bends: _Bends) -> dict[tuple[int, int], Floats]:
    return {pair: np.stack(rows) for pair, rows in bends.items()}


def _add(found: tuple[Floats, Floats], gradient: Floats, hessian: Floats) -> None:
    gradient += found[0]
    hessian += found[1]


#: What a likelihood is to those who fit it.
Likelihood = Callable[[Floats], Derivatives]
