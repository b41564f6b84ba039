"""From one section of the parameters record (plain JSON) to what predicts by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from plugin.value.arrays import Floats, Ints
from plugin.value.choose import Fit, process_of
from plugin.value.clv import Terms, Values, values
from plugin.value.doubt import Params, relative_variance
from plugin.value.process import Process, bought_by, no_purchase
from plugin.value.spend import Spend

#: Days ahead of the churn risk.
RISK_DAYS = 90
#: A spread of the value by the parameters below this share is not seen beside what chance does: left out.
NEGLIGIBLE = 0.03
#: The spend model's parameters, in the order of its covariance.
SPEND = ("p", "q", "gamma")

Section = dict[str, Any]


def plain_fit(fit: Fit) -> Section:
    """A purchase model as JSON; the covariance is that of the logarithms of the parameters but k."""
    spread = fit.covariance if np.isfinite(fit.covariance).all() else np.empty((0, 0))
    return {
        "model": fit.model,
        "unit": fit.unit,
        "params": fit.params,
        "log_likelihood": fit.log_likelihood,
        "covariance": spread.tolist(),
    }


def plain_spend(spend: Spend | None) -> Section | None:
    """The spend model as JSON, in the literature's names; None where none was fitted."""
    if spend is None:
        return None
    likelihood = spend.log_likelihood if np.isfinite(spend.log_likelihood) else None
    return {
        "p": spend.p,
        "q": spend.q,
        "gamma": spend.gamma,
        "log_likelihood": likelihood,
        "customers": spend.customers,
        "covariance": spend.covariance.tolist(),
    }


def predictor_of(fit: Fit, spend: Spend | None, terms: Terms, risk_days: float = RISK_DAYS) -> Predictor:
    """Predictions by a fit that no gate was asked about."""
    plain = {"gamma_gamma": plain_spend(spend), "terms": dict(terms.__dict__), "risk_days": risk_days}
    return Predictor({**plain_fit(fit), **plain, "open": fit.model is not None})


def spend_by(params: Params) -> Spend:
    """The spend model by its parameters in the literature's names."""
    return Spend(float(params["p"]), float(params["q"]), float(params["gamma"]))


def spend_of(section: Mapping[str, Any]) -> Spend | None:
    """The section's spend model; None where none was fitted."""
    given = section.get("gamma_gamma")
    return spend_by(given) if given else None


@dataclass(frozen=True, eq=False)
class Predictor:
    """Predictions by one section of the parameters record."""

    section: Mapping[str, Any]

    @property
    def ready(self) -> bool:
        """Whether the gate is open and a model stands."""
        return bool(self.section.get("open")) and self.section.get("model") is not None

    @property
    def process(self) -> Process:
        """The purchase model."""
        return self._process(self.section["params"])

    def _process(self, params: Params) -> Process:
        return process_of(self.section["model"], dict(params), float(self.section["unit"]))

    @property
    def spend(self) -> Spend | None:
        """The spend model; None where none was fitted."""
        return spend_of(self.section)

    @property
    def terms(self) -> Terms:
        """What values are counted over."""
        return Terms(**self.section["terms"])

    @property
    def renewals(self) -> None:
        """Purchases are no contracts: nothing is renewed."""
        return None

    def p_alive(self, timing: tuple[Ints, Ints, Ints]) -> Floats:
        """Probability that each customer has not left; timing is (x, recency, age) in days."""
        return self.process.p_alive(*timing)

    def p_no_purchase(self, timing: tuple[Ints, Ints, Ints]) -> Floats:
        """Probability of no purchase in the coming `risk_days`."""
        return no_purchase(self.process, *timing, float(self.section["risk_days"]))

    def predict(
        self, timing: tuple[Ints, Ints, Ints], paid: tuple[Ints, Floats], *, interval: bool = True
    ) -> Values:
        """Purchases and value over the section's terms; value NaN where no spend model stands.

        The interval holds what chance does to one customer and how far the parameters may be off.
        """
        spend = self.spend
        doubt = partial(self.doubt, timing, paid) if spend is not None and self._doubtful else None
        found = values(
            self.process,
            spend or Spend(1.0, 2.0, 1.0),
            timing,
            paid,
            self.terms,
            interval=interval,
            doubt=doubt,
        )
        if spend is not None:
            return found
        none = np.full(len(found.p_alive), np.nan)
        return Values(found.p_alive, found.purchases, none, none, none, none)

    @property
    def _doubtful(self) -> bool:
        """Whether the parameters' own uncertainty can be seen beside what chance does."""
        return float(self.section.get("doubt", 1.0)) >= NEGLIGIBLE

    def doubt(
        self, timing: tuple[Ints, Ints, Ints], paid: tuple[Ints, Floats], bought: Floats, spent: Floats
    ) -> Floats | float:
        """Variance of each value by its squared mean, from the covariances of all parameters.

        `bought` and `spent` are the expected purchases and amounts.
        """
        days = self.terms.days

        def purchases(params: Params) -> Floats:
            process = self._process(params)
            return process.p_alive(*timing) * process.moments(*timing, days)[0]

        def amounts(params: Params) -> Floats:
            return spend_by(params).expected(*paid)

        params, spend = self.section["params"], self.section.get("gamma_gamma") or {}
        names = [name for name in params if name != "k"]
        found = relative_variance(purchases, params, names, self.section.get("covariance", ()), bought)
        paying = {n: spend.get(n, 1.0) for n in SPEND}
        return found + relative_variance(amounts, paying, SPEND, spend.get("covariance", ()), spent)

    def bought_by(self, timing: tuple[Ints, Ints, Ints], share: float) -> Floats:
        """Days until a purchase has been made with probability `share`; NaN: not within ten years."""
        return bought_by(self.process, *timing, share)
