"""How the customers of an invented portal behave, as numbers, and the purchases that follow from them.

Purchases are an Erlang-k process with gamma-spread rates, and beta-spread drop-out after every purchase, the
first included: MBG/CNBD-k (Platzer & Reutterer 2016, Marketing Science 35(5)). A fit can be held against it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plugin.sandbox.loaders.moments import Bools, Floats, Ints


@dataclass(frozen=True)
class Habits:
    """What is true of the whole portal; shares are of contacts or of won deals, times are days."""

    years: float = 3.0
    buyers: float = 0.7
    mean_gap: float = 75.0  # days between purchases at the mean rate
    rate_shape: float = 1.6  # gamma shape of the rates: smaller is more uneven
    regularity: int = 2  # Erlang k: 1 is random, 4 is like clockwork
    drop_a: float = 0.8  # beta of the drop-out probability
    drop_b: float = 4.0
    median_amount: float = 80.0
    engaged: float = 0.8
    answers_nps: float = 0.4
    in_company: float = 0.35
    shared: float = 0.06  # won deals that two contacts share
    refunds: float = 0.03
    unknown_amounts: float = 0.01
    zero_amounts: float = 0.005
    open_deals: float = 0.12
    lost_deals: float = 0.15
    won_ahead: float = 0.003  # contacts with a won deal whose close date is still to come


@dataclass(frozen=True)
class Brief:
    """One world to be made: how many contacts, up to when, where, and the dice."""

    size: int
    habits: Habits
    last_day: int  # day number
    latest: int  # milliseconds: nothing happens later
    zone: str
    currency: str
    rng: np.random.Generator


@dataclass(frozen=True)
class Buying:
    """Per contact the truth; per purchase `owner` (index of the contact), `day` (day number) and `amount`."""

    rate: Floats  # purchases a day while a customer; 0: never buys
    drop: Floats
    left: Ints  # day number of the purchase after which no other comes; -1: still a customer, or never one
    average: Floats
    owner: Ints
    day: Ints
    amount: Floats


def simulate(brief: Brief) -> Buying:
    """Everybody's purchases up to the last day, ordered by contact, then by day."""
    habits, rng, size = brief.habits, brief.rng, brief.size
    buys = rng.random(size) < habits.buyers
    rate = rng.gamma(habits.rate_shape, 1 / (habits.rate_shape * habits.mean_gap), size)
    rate = np.where(buys, np.maximum(rate, 1e-4), 0.0)
    drop = np.where(buys, rng.beta(habits.drop_a, habits.drop_b, size), 0.0)
    average = np.exp(rng.normal(np.log(habits.median_amount), 0.7, size))
    owner, day, left = _arrivals(brief, rate, drop)
    amount: Floats = np.maximum(0.01, average[owner] * rng.gamma(4.0, 0.25, len(owner)))
    amount = (np.rint(amount * 100) / 100).astype(np.float64)
    return Buying(rate, drop, left, average, owner, day, amount)


def _arrivals(brief: Brief, rate: Floats, drop: Floats) -> tuple[Ints, Ints, Ints]:
    """(owner, day) of every purchase, and `left`. One turn of the loop is everybody's next purchase."""
    rng, k = brief.rng, brief.habits.regularity
    first = brief.last_day - brief.habits.years * 365.25 * rng.random(brief.size)
    left = np.full(brief.size, -1, dtype=np.int64)
    active: Ints = np.flatnonzero(rate > 0)
    at = first[active]
    owners, days = [active[:0]], [active[:0]]
    while len(active):
        owners.append(active)
        days.append(np.floor(at).astype(np.int64))
        leaves: Bools = rng.random(len(active)) < drop[active]
        left[active[leaves]] = days[-1][leaves]
        active, at = active[~leaves], at[~leaves]
        at = at + rng.gamma(k, 1.0, len(active)) / (k * rate[active])
        seen = at < brief.last_day + 1
        active, at = active[seen], at[seen]
    owner, day = np.concatenate(owners), np.concatenate(days)
    order = np.lexsort((day, owner))
    return owner[order], day[order], left
