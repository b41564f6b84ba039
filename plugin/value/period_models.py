"""sBG and BG/BB over calendar periods: fitted to orders, and as predictions beside those of the other models.

sBG takes every customer to be under a contract that is renewed, or not, each period; BG/BB takes purchases to
be possible once a period. Neither is chosen by itself: whoever knows that customers are so asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plugin.errors import InputError
from plugin.value.arrays import Floats
from plugin.value.clv import Terms, Values, bounds_of, spread_of
from plugin.value.contractual import Contract, fit_tenures
from plugin.value.findings import Finding
from plugin.value.fixed_periods import FixedPeriods, fit_fixed_periods
from plugin.value.renewals import PERIODS
from plugin.value.rounds import Rounds, discounts
from plugin.value.spend import Spend

#: The names that a fit can be asked for.
PERIOD_MODELS = ("sbg", "bg-bb")
_DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, eq=False)
class PeriodFit:
    """A fitted model; `params` in the literature's names, `covariance` of their logarithms."""

    model: str
    fitted: Contract | FixedPeriods
    params: dict[str, float]
    findings: tuple[Finding, ...]

    @property
    def log_likelihood(self) -> float:
        return self.fitted.log_likelihood

    @property
    def covariance(self) -> Floats:
        return self.fitted.covariance


def fit_periods(rounds: Rounds, model: str) -> PeriodFit:
    """Fit to everyone's rounds; InputError where nobody left, renewed or bought again."""
    if model == "sbg":
        contract = fit_tenures(rounds.renewed, rounds.left)
        params = {"alpha": contract.alpha, "beta": contract.beta}
        return PeriodFit(model, contract, params, _alike(contract.covariance))
    if model != "bg-bb":
        raise InputError(f"{model!r} is no model of periods.", cure=f"One of {', '.join(PERIOD_MODELS)}.")
    rows, count = np.unique(np.stack([rounds.x, rounds.last, rounds.n]), axis=1, return_counts=True)
    some = rows[2] > 0
    found = fit_fixed_periods(rows[0][some], rows[1][some], rows[2][some], count[some].astype(np.float64))
    names = ("alpha", "beta", "gamma", "delta")
    params = dict(zip(names, (float(v) for v in found.values), strict=True))
    return PeriodFit(model, found, params, _alike(found.covariance))


def _alike(covariance: Floats) -> tuple[Finding, ...]:
    if np.isfinite(covariance).all():
        return ()
    return (Finding("no_peak", "customers differ too little for this model: its parameters say little"),)


def retention(fit: PeriodFit, periods: int = 12) -> list[float]:
    """Of a contract: the share of those there before renewal 1, 2 … who renew."""
    if not isinstance(fit.fitted, Contract):
        return []
    return [float(v) for v in fit.fitted.retention(np.arange(1.0, periods + 1))]


def outlook(fit: PeriodFit, rounds: Rounds, spend: Spend | None, terms: Terms) -> tuple[Values, Floats]:
    """(predictions over the whole periods of `terms.days`, P(no purchase in them)).

    The running period is the first of the coming ones, unless a contract has been paid for it. The interval
    holds what chance does to one customer; the parameters are taken as known.
    """
    ahead = max(round(terms.days / _DAYS_PER_MONTH / PERIODS[rounds.period]), 1)
    if isinstance(fit.fitted, Contract):
        alive, none, buying, square = _contract(fit.fitted, rounds, ahead)
    else:
        alive, none, buying, square = _fixed(fit.fitted, rounds, ahead)
    mean = buying.sum(axis=1)
    nothing = np.full(len(mean), np.nan)
    if spend is None:
        return Values(alive, mean, nothing, nothing, nothing, nothing), none
    known = (rounds.histories.paid, rounds.histories.mean)
    amount = spend.expected(*known)
    value = terms.margin * amount * (buying @ discounts(terms.yearly_rate, rounds.period, ahead))
    spread = spread_of(spend, known[0], 1.0, mean, square, none)
    return Values(alive, mean, amount, value, *bounds_of(value, none, spread, terms.interval)), none


def _contract(model: Contract, rounds: Rounds, ahead: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Who refused has left; who is there renews once a period, or leaves for good."""
    there = (~rounds.left).astype(np.float64)
    buying = model.stays(rounds.renewed, ahead) * there[:, None]
    numbers = 2 * np.arange(1, ahead + 1) - 1
    return there, 1 - buying[:, 0], buying, buying @ numbers


def _fixed(model: FixedPeriods, rounds: Rounds, ahead: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Active customers buy in a period or not."""
    rows = (rounds.x, rounds.last, rounds.n)
    active = model.active(*rows, ahead)
    rate, rate2 = model.buys(rounds.x, rounds.n)
    buying = active * rate[:, None]
    pairs = active @ np.arange(ahead, dtype=np.float64)
    return active[:, 0], model.silence(*rows, ahead), buying, buying.sum(axis=1) + 2 * rate2 * pairs
