"""What a fitted purchase model says about customers: still there, silent for so long, buying so often.

Histories are whole days: `x` repeat purchases, `recency` days from the first to the last purchase, `age`
days from the first purchase to the day of looking. Parameters are in the model's own unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit

from plugin.value import pareto
from plugin.value.arrays import Bools, Floats, Ints, distinct_pairs, log_sum
from plugin.value.counts import future_moments, phase_shares

#: Longer than this no next purchase is looked for.
FARTHEST = 3_650
_CHUNK = 65_536


class Process(Protocol):
    """A purchase model with its parameters."""

    def p_alive(self, x: Ints, recency: Ints, age: Ints) -> Floats:
        """Probability that the customer has not left."""

    def silence(self, x: Ints, recency: Ints, age: Ints, days: Floats | float) -> Floats:
        """Probability of no purchase in the next `days`, given that the customer has not left."""

    def moments(self, x: Ints, recency: Ints, age: Ints, days: float) -> tuple[Floats, Floats]:
        """Mean and mean square of the purchases in the next `days`, given not left."""


@dataclass(frozen=True)
class BetaGeometric:
    """MBG/CNBD-k (k = 1: MBG/NBD; `first=False`: BG/NBD; a = 0: NBD without drop-out)."""

    r: float
    alpha: float
    a: float
    b: float
    k: int = 1
    first: bool = True
    unit: float = 7.0

    def p_alive(self, x: Ints, recency: Ints, age: Ints) -> Floats:
        """See `Process`. Source: Platzer & Reutterer 2016, eq. 12; k = 1: Batislam et al. 2007."""
        shape, here = self.r + self.k * x, self.alpha + age / self.unit
        survived = self.b + x - (0 if self.first else 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.log(self.a) - np.log(survived)
        odds = odds + shape * np.log(here / (self.alpha + recency / self.unit))
        odds -= _phases(self.k, shape, (age - recency) / self.unit / here)
        found: Floats = expit(-odds)
        return found if self.first else np.where(x > 0, found, 1.0)

    def silence(self, x: Ints, recency: Ints, age: Ints, days: Floats | float) -> Floats:
        """See `Process`: a ratio of Erlang-k survivor sums."""
        shape, here = self.r + self.k * x, self.alpha + age / self.unit
        ahead = days / self.unit
        log = -shape * np.log1p(ahead / here)
        if self.k > 1:
            quiet = (age - recency) / self.unit
            log = log + _phases(self.k, shape, (quiet + ahead) / (here + ahead))
            log = log - _phases(self.k, shape, quiet / here)
        found: Floats = np.exp(log)
        return found

    def moments(self, x: Ints, recency: Ints, age: Ints, days: float) -> tuple[Floats, Floats]:
        """See `Process`. Computed once per distinct (x, T); t_x matters only through the phase."""
        xs, ages, number = distinct_pairs(x, age)
        here, stayed = self.alpha + ages / self.unit, self.b + xs + int(self.first)
        quiet = (age - recency) / self.unit / (self.alpha + age / self.unit)
        shares = phase_shares(self.k, self.r + self.k * x, quiet)
        mean, square = np.zeros(len(x)), np.zeros(len(x))
        for phase in range(self.k):
            shape = self.r + self.k * xs + phase
            found = future_moments(shape, days / self.unit / here, self.a, stayed, self.k, phase)
            mean += shares[phase] * found[0][number]
            square += shares[phase] * found[1][number]
        return mean, square


def _phases(k: int, shape: Floats, share: Floats) -> Floats:
    """log Σ_{i<k} (R)_i / i! · share^i."""
    total, term = np.ones_like(share), np.ones_like(share)
    for i in range(1, k):
        term = term * (shape + (i - 1)) / i * share
        total = total + term
    found: Floats = np.log(total)
    return found


@dataclass(frozen=True)
class ParetoNbd:
    """Pareto/NBD. Source: Fader & Hardie 2005 (note), Schmittlein et al. 1987, eqs. 11-13 and 22."""

    r: float
    alpha: float
    s: float
    beta: float
    unit: float = 7.0

    @property
    def _values(self) -> Floats:
        return np.array([self.r, self.alpha, self.s, self.beta])

    def p_alive(self, x: Ints, recency: Ints, age: Ints) -> Floats:
        """See `Process`."""
        found = np.empty(len(x))
        for i in range(0, len(x), _CHUNK):
            part = slice(i, i + _CHUNK)
            now = age[part] / self.unit
            left = log_sum(pareto.ended(self._values, x[part], recency[part] / self.unit, now)[1])
            found[part] = expit(pareto.present(self._values, x[part], now) - left)
        return found

    def silence(self, x: Ints, recency: Ints, age: Ints, days: Floats | float) -> Floats:
        """See `Process`: 1 − ∫ (first purchase at y, not left before y) dy."""
        found = np.empty(len(x))
        ahead = np.broadcast_to(np.asarray(days, np.float64) / self.unit, x.shape)
        for i in range(0, len(x), _CHUNK):
            part = slice(i, i + _CHUNK)
            now = age[part] / self.unit
            found[part] = pareto.silence(self._values, x[part], now, ahead[part])
        return found

    def moments(self, x: Ints, recency: Ints, age: Ints, days: float) -> tuple[Floats, Floats]:
        """See `Process`: λ and the time until leaving are independent."""
        rate = (self.r + x) / (self.alpha + age / self.unit)
        left = self.beta + age / self.unit
        log = np.log1p(days / self.unit / left)
        time = left * _power_integral(1 - self.s, log)
        square = 2 * left * (left * _power_integral(2 - self.s, log) - time)
        mean = rate * time
        return mean, mean + rate * (rate + 1 / (self.alpha + age / self.unit)) * np.maximum(square, 0.0)


def _power_integral(c: float, log: Floats) -> Floats:
    """(e^(c·log) − 1) / c, through c = 0."""
    small = np.abs(c * log) < 1e-9
    safe = c if c != 0 else 1.0
    found: Floats = np.where(small, log * (1 + c * log / 2), np.expm1(safe * log) / safe)
    return found


def no_purchase(process: Process, x: Ints, recency: Ints, age: Ints, days: Floats | float) -> Floats:
    """P(no purchase in the next `days`) = 1 − P(alive) (1 − P(none | alive)): the churn risk."""
    alive = process.p_alive(x, recency, age)
    found: Floats = 1 - alive * (1 - process.silence(x, recency, age, days))
    return found


def bought_by(
    process: Process, x: Ints, recency: Ints, age: Ints, share: float, alive: Floats | None = None
) -> Floats:
    """Days until a purchase is made with probability `share`; NaN where never within ten years.

    At 0.5 it is the day by which a purchase is as likely as not.
    """
    alive = process.p_alive(x, recency, age) if alive is None else alive
    wanted = 1 - share / np.maximum(alive, 1e-300)
    low, high = np.zeros(len(x)), np.full(len(x), float(FARTHEST))
    possible: Bools = (wanted > 0) & (process.silence(x, recency, age, high) <= wanted)
    x, recency, age, wanted = x[possible], recency[possible], age[possible], wanted[possible]
    low, high = low[possible], high[possible]
    while len(low) and (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        reached = process.silence(x, recency, age, middle) <= wanted
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    found = np.full(len(possible), np.nan)
    found[possible] = high
    return found
