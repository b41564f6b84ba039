"""Expected number of future purchases and its second moment, exact for every k, as a sum of positive terms.

A customer still there in phase i of k makes the n-th purchase in time t if the phases reach kn − i and it
stays after each purchase before. Phases are negative binomial with shape R and chance z = t / (α + T + t);
it stays with c_n = (b)_(n−1) / (a + b)_(n−1). So E[N] = Σ_m P(M = m) Σ_{n ≤ (m+i)/k} c_n: nothing is ever
subtracted, so that neither heavy buyers, a = 1, a → 0 nor b → ∞ need a case of their own. (The textbook
form with ₂F₁ overflows for heavy buyers and is 0/0 at a = 1.)

Source: derived from the model of Platzer & Reutterer 2016; k = 1 is Fader, Hardie & Lee 2005, eq. 10.
"""

from __future__ import annotations

import numpy as np

from plugin.value.arrays import Bools, Floats

_LOOK = 16  # terms between two looks at who is done
_MANY = 1e200
_RELATIVE = 1e-13
_LONGEST = 200_000


def future_moments(
    shape: Floats, odds: Floats, a: float, b: Floats, k: int, phase: int
) -> tuple[Floats, Floats]:
    """(E[N], E[N²]) of customers who are there, in `phase` (0 … k − 1) of the next purchase.

    `shape` is r + kx + phase, `odds` is t / (α + T), `b` is that after the purchases survived; all (rows,).
    """
    mean, square = np.zeros(len(shape)), np.zeros(len(shape))
    rows = np.arange(len(shape))
    state = _State(shape, odds, a, b)
    for step in range(_LONGEST):
        state.add((step + phase) % k == k - 1, step)
        if step % _LOOK == _LOOK - 1:
            done = state.done(step)
            if done.any():
                mean[rows[done]], square[rows[done]] = state.result(done)
                rows = rows[~done]
                state.keep(~done)
            if not len(rows):
                break
            state.rescale()
    if len(rows):
        mean[rows], square[rows] = state.result(np.ones(len(rows), dtype=bool))
    return mean, square


class _State:
    """The sums so far: the chance of m phases, in units of e^offset, and what so many phases are worth."""

    def __init__(self, shape: Floats, odds: Floats, a: float, b: Floats) -> None:
        self.shape, self.z, self.a, self.b = shape, odds / (1 + odds), a, b
        self.chance = np.ones_like(shape)
        self.offset = -shape * np.log1p(odds)
        self.stay, self.worth, self.worth2 = np.ones_like(shape), np.zeros_like(shape), np.zeros_like(shape)
        self.first, self.second = np.zeros_like(shape), np.zeros_like(shape)
        self.bought = 0

    def add(self, buys_next: bool, m: int) -> None:
        """Count m phases, then go on to m + 1, which is a purchase if `buys_next`."""
        self.first += self.chance * self.worth
        self.second += self.chance * self.worth2
        self.chance *= (self.shape + m) / (m + 1) * self.z
        if buys_next:
            self.bought += 1
            self.worth += self.stay
            self.worth2 += (2 * self.bought - 1) * self.stay
            self.stay *= (self.b + (self.bought - 1)) / (self.a + self.b + (self.bought - 1))

    def done(self, m: int) -> Bools:
        """Whether what is still to come is too little to see."""
        ratio = (self.shape + m + 1) / (m + 2) * self.z
        falling = np.maximum(1 - ratio, 1e-12)
        # worth2 grows at most like m², which a geometric tail takes (1 + 1/falling)² further
        rest = self.chance * (self.worth2 + 1) * (1 + 1 / falling) ** 2 / falling
        found: Bools = (ratio < 1) & (rest < _RELATIVE * self.second)
        return found

    def result(self, rows: Bools) -> tuple[Floats, Floats]:
        scale = np.exp(self.offset[rows])
        return self.first[rows] * scale, self.second[rows] * scale

    def keep(self, rows: Bools) -> None:
        for name in ("shape", "z", "b", "chance", "offset", "stay", "worth", "worth2", "first", "second"):
            setattr(self, name, getattr(self, name)[rows])

    def rescale(self) -> None:
        """Heavy buyers begin at chances below the smallest float; keep the sums in a moving unit."""
        if self.chance.max() < _MANY:
            return
        big = self.chance > _MANY
        for array in (self.chance, self.first, self.second):
            array[big] /= _MANY
        self.offset[big] += np.log(_MANY)


def phase_shares(k: int, shape: Floats, share: Floats) -> Floats:
    """Chances of being in phase 0 … k − 1, given still there; (k, rows).

    `share` is (T − t_x) / (α + T): phase i weighs (R)_i / i! · share^i.
    """
    weights = [np.ones_like(share)]
    for i in range(1, k):
        weights.append(weights[-1] * (shape + (i - 1)) / i * share)
    found = np.stack(weights)
    shares: Floats = found / found.sum(axis=0)
    return shares
