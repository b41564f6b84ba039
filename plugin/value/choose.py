"""Which purchase model fits these customers, with what parameters, and what must be said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plugin.errors import InputError
from plugin.value.arrays import Floats, Ints
from plugin.value.beta_geometric import BetaGeometricLikelihood
from plugin.value.findings import Finding
from plugin.value.histories import Histories
from plugin.value.newton import Maximum, Prior, maximise
from plugin.value.pareto import ParetoLikelihood
from plugin.value.process import BetaGeometric, ParetoNbd, Process
from plugin.value.triples import Triples

#: The names that a fit can be asked for.
MODELS = ("auto", "mbg-cnbd-k", "mbg-nbd", "bg-nbd", "pareto-nbd")
#: Below this many customers the weak prior joins in.
PRIOR_BELOW = 500
#: A drop-out that gains less log-likelihood than this over none, or has b above this, is not visible.
GAIN, LARGEST_B = 2.0, 1e6
_PHASES = (1, 2, 3, 4)
#: Logarithms of parameters beyond this are those of a climb without a peak.
_FAR = 10.0


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted purchase model. `params` in the literature's names; `covariance` of their logarithms.

    `model` is None, and the rest empty, where nothing could be fitted; `findings` say why.
    """

    model: str | None
    params: dict[str, float] = field(default_factory=dict)
    log_likelihood: float | None = None
    covariance: Floats = field(default_factory=lambda: np.empty((0, 0)))
    customers: int = 0
    findings: tuple[Finding, ...] = ()
    unit: float = 7.0

    @property
    def process(self) -> Process:
        """The model as something that predicts; InputError where none was fitted."""
        return process_of(self.model, self.params, self.unit)


def process_of(model: str | None, params: dict[str, Any], unit: float) -> Process:
    """The process by its name and parameters, as a parameters record keeps them."""
    if model == "pareto-nbd":
        return ParetoNbd(**{n: float(params[n]) for n in ("r", "alpha", "s", "beta")}, unit=unit)
    if model in ("mbg-cnbd-k", "mbg-nbd", "bg-nbd", "nbd-k"):
        a, b, k = params.get("a", 0.0), params.get("b", 1.0), params.get("k", 1)
        alike = {"r": float(params["r"]), "alpha": float(params["alpha"]), "a": float(a), "b": float(b)}
        return BetaGeometric(**alike, k=int(k), first=model != "bg-nbd", unit=unit)
    raise InputError(f"{model!r} is not a purchase model that predicts.", cure=f"One of {', '.join(MODELS)}.")


def fit_purchases(histories: Histories, model: str = "auto", *, unit: float = 7.0) -> Fit:
    """Fit to the customers with T > 0; `unit` is days per unit of time (7: weeks, as the literature prints).

    "auto" is MBG/CNBD-k with k by likelihood, or NBD-k where no drop-out is visible.
    """
    if model not in MODELS:
        raise InputError(f"{model!r} is not a purchase model.", cure=f"One of {', '.join(MODELS)}.")
    used = histories.age > 0
    x, recency, age = (v[used] for v in histories.timing)
    findings = _looked_at(x, int((~used).sum()))
    if any(f.code in ("too_few_customers", "no_repeat_purchases") for f in findings):
        return Fit(None, customers=len(x), findings=tuple(findings), unit=unit)
    cap = frequency_cap(x)
    findings += _aggregators(histories, cap)
    triples = Triples.of(x, recency, age, histories.log_gaps[used], days_per_unit=unit, cap=cap)
    prior = len(x) < PRIOR_BELOW
    if prior:
        findings.append(
            Finding("weak_prior", f"under {PRIOR_BELOW} customers: a weak prior joined in", len(x))
        )
    found = _pareto(triples, prior) if model == "pareto-nbd" else _beta_geometric(triples, model, prior)
    name, params, top, more = found
    return Fit(name, params, top.log_likelihood, top.covariance, len(x), (*findings, *more), unit)


def frequency_cap(x: Ints) -> float:
    """More purchases than this are an aggregator's: a marketplace, a test account, a till."""
    again = x[x > 0]
    return float("inf") if not len(again) else max(50.0, 10.0 * float(np.quantile(again, 0.99)))


def _looked_at(x: Ints, fresh: int) -> list[Finding]:
    found = []
    if fresh:
        found.append(Finding("first_day", "customers of the last day are scored, not fitted", fresh))
    if len(x) < 2:
        found.append(Finding("too_few_customers", "two customers at the least are needed", len(x)))
    elif not x.any():
        found.append(Finding("no_repeat_purchases", "nobody bought twice: nothing to learn from", len(x)))
    return found


def _aggregators(histories: Histories, cap: float) -> list[Finding]:
    heavy = histories.x > cap
    if not heavy.any():
        return []
    names = tuple(str(i) for i in histories.only(heavy).ids[:5])
    text = f"customers with over {cap:.0f} purchases weigh less: marketplaces or test accounts?"
    return [Finding("aggregators", text, int(heavy.sum()), names)]


def _clockwork(k: int) -> list[Finding]:
    """Purchases as regular as the models go may be payments."""
    if k < _PHASES[-1]:
        return []
    text = "purchases come almost by the clock: if customers pay by contract, `lifecycle clv fit --model sbg`"
    return [Finding("very_regular", f"{text} says how many renew")]


_Found = tuple[str, dict[str, float], Maximum, list[Finding]]


def _pareto(triples: Triples, prior: bool) -> _Found:
    scale = _scale(triples)
    weak = Prior(np.log([1.0, scale, 1.0, scale]), np.full(4, 1.5)) if prior else None
    top = maximise(ParetoLikelihood(triples), np.array([1.0, scale, 1.0, scale]), weak)
    params = dict(zip(("r", "alpha", "s", "beta"), (float(v) for v in top.values), strict=True))
    more = [] if top.settled else [_invisible("the likelihood has no peak")]
    return "pareto-nbd", params, top, more


def _beta_geometric(triples: Triples, model: str, prior: bool) -> _Found:
    if model in ("bg-nbd", "mbg-nbd"):
        top = _climb(triples, 1, prior, first=model == "mbg-nbd")
        return _named(model, top, 1)
    best, k = _best_phases(triples, prior, drop_out=True)
    if model == "mbg-cnbd-k":
        return _named(model, best, k)
    # where it falls short by more than the gain that makes a drop-out visible, how far does not matter
    short_of = best.log_likelihood - GAIN if best.settled else -np.inf
    without, phases = _best_phases(
        triples, prior, drop_out=False, begin=best.values[:2] * k, at_least=short_of
    )
    why = _why_invisible(best, without)
    if why is None:
        return _named("mbg-cnbd-k", best, k)
    params = {"r": float(without.values[0]), "alpha": float(without.values[1]), "k": phases}
    return "nbd-k", params, without, [_invisible(why), *_clockwork(phases)]


def _named(model: str, top: Maximum, k: int) -> _Found:
    params: dict[str, float] = dict(
        zip(("r", "alpha", "a", "b"), (float(v) for v in top.values), strict=True)
    )
    if model == "mbg-cnbd-k":
        params["k"] = k
    more = [] if top.settled and params["b"] <= LARGEST_B else [_invisible("the likelihood has no peak")]
    more += _clockwork(k)
    return model, params, top, more


def _best_phases(
    triples: Triples,
    prior: bool,
    *,
    drop_out: bool,
    begin: Floats | None = None,
    at_least: float = -np.inf,
) -> tuple[Maximum, int]:
    """The best k; the likelihood rises to it and falls after it, so the search ends at the first fall.

    Each k begins where the one before ended; `begin` is where k = 1 does.
    """
    best, k = _climb(triples, 1, prior, drop_out=drop_out, begin=begin, at_least=at_least), 1
    for more in _PHASES[1:]:
        near = best.values.copy()
        near[1] *= k / more
        reach = max(best.log_likelihood, at_least)
        other = _climb(triples, more, prior, drop_out=drop_out, begin=near, at_least=reach)
        if other.log_likelihood <= best.log_likelihood:
            break
        best, k = other, more
    return best, k


def _climb(
    triples: Triples,
    k: int,
    prior: bool,
    *,
    first: bool = True,
    drop_out: bool = True,
    begin: Floats | None = None,
    at_least: float = -np.inf,
) -> Maximum:
    start = np.array([1.0, _scale(triples) / k, 1.0, 2.0])[: 4 if drop_out else 2]
    # T scaled to mean 1: what is weakly expected does not depend on the unit of time
    weak = Prior(np.log(start), np.array([1.5, 1.5, 1.5, 1.5])[: len(start)]) if prior else None
    likelihood = BetaGeometricLikelihood(triples, k, first, drop_out)
    # a climb that ended at a bound is no place to begin
    near = begin if begin is not None and (np.abs(np.log(begin)) < _FAR).all() else start
    return maximise(likelihood, near, weak, at_least=at_least)


def _scale(triples: Triples) -> float:
    return float(np.average(triples.age, weights=triples.weight)) / 2


def _why_invisible(best: Maximum, without: Maximum) -> str | None:
    """Why a drop-out cannot be told from none; None where it can."""
    if best.values[3] > LARGEST_B:
        return f"b = {best.values[3]:.1e}"
    if not best.settled:
        return "the likelihood has no peak"
    gain = best.log_likelihood - without.log_likelihood
    return f"it gains only {gain:.2f} in log-likelihood" if gain < GAIN else None


def _invisible(why: str) -> Finding:
    return Finding("no_drop_out_visible", f"customers leaving cannot be told from customers pausing: {why}")
