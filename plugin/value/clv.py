"""Discounted value of the coming months, with an interval made without drawing random numbers.

CLV = margin × expected spend × ∫ e^(−δt) dE[purchases by t]. The interval is that of one customer's value:
whether it is still there, how often it buys, how much it spends, and (`doubt`) how far the parameters may be
off. The value is 0 with P(no purchase), and otherwise lognormal with the mean and variance that the models
give: quantiles follow from three numbers, so that a million customers take seconds.

Sources: Fader, Hardie & Lee 2005, "RFM and CLV"; Fader & Hardie 2013. The moment match is our own;
its coverage is measured in the tests and in the backtest (a gamma law covered less evenly).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from plugin.value.arrays import Floats, Ints
from plugin.value.process import Process
from plugin.value.spend import Spend

_YEAR = 365.25
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


@dataclass(frozen=True)
class Terms:
    """What a value is counted over: days ahead, discount a year, profit by revenue, the interval's share."""

    days: float = _YEAR
    yearly_rate: float = 0.10
    margin: float = 1.0
    interval: float = 0.80


@dataclass(frozen=True, eq=False)
class Values:
    """One entry a customer; money in the data's currency. `purchases` is not discounted."""

    p_alive: Floats
    purchases: Floats
    spend: Floats
    value: Floats
    low: Floats
    high: Floats


def values(
    process: Process,
    spend: Spend,
    histories: tuple[Ints, Ints, Ints],
    paid: tuple[Ints, Floats],
    terms: Terms,
    *,
    interval: bool = True,
    doubt: Callable[[Floats, Floats], Floats | float] | None = None,
) -> Values:
    """Value of each customer: `histories` are (x, recency, age), `paid` (known repeat amounts, their mean).

    `doubt` makes of expected purchases and amounts the variance of their product, by its squared mean, that
    the parameters' own uncertainty adds.
    The interval always holds the value itself, also where P(no purchase) leaves nothing but 0 in it.
    """
    alive = process.p_alive(*histories)
    mean, square = process.moments(*histories, terms.days)
    discounted = discounted_purchases(process, histories, mean, terms)
    amount = spend.expected(*paid)
    value = terms.margin * amount * alive * discounted
    low = high = np.full(len(alive), np.nan)
    if interval:
        none = 1 - alive * (1 - process.silence(*histories, terms.days))
        spread = spread_of(spend, paid[0], alive, mean, square, none)
        low, high = bounds_of(value, none, spread, terms.interval)
        if doubt is not None:
            wider = bounds_of(
                value, none, (1 + spread) * (1 + doubt(alive * mean, amount)) - 1, terms.interval
            )
            # where next to nothing is expected a wider spread moves the upper bound down: doubt never narrows
            low, high = np.minimum(low, wider[0]), np.maximum(high, wider[1])
    return Values(alive, alive * mean, amount, value, low, high)


def discounted_purchases(
    process: Process, histories: tuple[Ints, Ints, Ints], mean: Floats, terms: Terms
) -> Floats:
    """∫ e^(−δt) dE(t) up to `terms.days`, given not left; `mean` is E at the end.

    By parts it is e^(−δH) E(H) + δ ∫ e^(−δt) E(t) dt: only the small second part needs quadrature.
    """
    rate = float(np.log1p(terms.yearly_rate)) / _YEAR
    found: Floats = np.exp(-rate * terms.days) * mean
    if rate == 0:
        return found
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        # squared, so that the steep beginning is looked at more closely
        share = ((1 + node) / 2) ** 2
        step = (1 + node) / 2 * weight
        at = terms.days * share
        found = found + rate * terms.days * step * np.exp(-rate * at) * process.moments(*histories, at)[0]
    return found


def spread_of(
    spend: Spend, known: Ints, alive: Floats | float, mean: Floats, square: Floats, none: Floats
) -> Floats:
    """Squared coefficient of variation of the value, given at least one purchase."""
    between, each = spend.spread(known)
    some = np.maximum(1 - none, 1e-300)
    count, counted = alive * mean / some, alive * square / some
    second = (1 + between) * counted + each * count
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        found: Floats = second / count**2 - 1
    # beyond that there is next to nothing to expect, and its spread tells nothing
    return np.where(np.isfinite(found), np.clip(found, 1e-9, 1e6), 1e6)


def bounds_of(value: Floats, none: Floats, spread: Floats, interval: float) -> tuple[Floats, Floats]:
    """The interval of values that are 0 with chance `none` and else lognormal; it holds the value itself."""
    low = np.minimum(value * _quantile((1 - interval) / 2, none, spread), value)
    return low, np.maximum(value * _quantile((1 + interval) / 2, none, spread), value)


def _quantile(share: float, none: Floats, spread: Floats) -> Floats:
    """Quantile of the value by its mean: 0 up to P(no purchase), then that of a lognormal distribution."""
    some = np.maximum(1 - none, 1e-300)
    chance = np.clip((share - none) / some, 0.0, 1 - 1e-12)
    sigma = np.log1p(spread)
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.exp(ndtri(chance) * np.sqrt(sigma) - sigma / 2) / some
    return np.where(chance > 0, found, 0.0)
