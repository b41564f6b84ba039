"""A fit as the parameters record keeps it (plain JSON), and back: gate, models, findings, predictions.

Lifecycle hands over plain arrays and gets plain arrays; neither room knows the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from plugin.value.arrays import Floats, Ints
from plugin.value.choose import Fit, fit_purchases, frequency_cap, process_of
from plugin.value.clv import Terms, Values, values
from plugin.value.findings import Finding
from plugin.value.histories import Histories
from plugin.value.process import Process, bought_by, no_purchase
from plugin.value.spend import Spend, fit_spend

#: The data gate: below any of these there are no predictions.
MIN_CUSTOMERS, MIN_REPEATERS, MIN_DAYS, MAX_QUIET_DAYS = 100, 30, 180, 90
#: Days ahead of the churn risk.
RISK_DAYS = 90
#: A new fit that moves the total predicted value by more than this share waits for the next to confirm it.
DRIFT = 0.25

Section = dict[str, Any]


def gate(histories: Histories) -> list[str]:
    """Why these customers are too few or too young to predict from; empty where they suffice."""
    age, x = histories.age, histories.x
    quiet = int((age - histories.recency).min()) if len(age) else 0
    wanted = (
        (int((age > 0).sum()), MIN_CUSTOMERS, "customers"),
        (int((x > 0).sum()), MIN_REPEATERS, "repeat customers"),
        (int(age.max()) if len(age) else 0, MIN_DAYS, "days of history"),
    )
    short = [f"{have} {what}, {need} needed" for have, need, what in wanted if have < need]
    if len(age) and quiet > MAX_QUIET_DAYS:
        short.append(f"no purchase in the last {quiet} days: the records may be incomplete")
    return short


def fit_section(histories: Histories, *, model: str = "auto", terms: Terms | None = None) -> Section:
    """Fit the purchase and the spend model; JSON for the parameters record.

    `open` says whether the gate let it through; where not, `reasons` say why and nothing is predicted.
    """
    terms, short = terms or Terms(), gate(histories)
    found: Section = {
        "open": not short,
        "reasons": short,
        "customers": int((histories.age > 0).sum()),
        "terms": dict(terms.__dict__),
        "risk_days": RISK_DAYS,
        "adopted": True,
    }
    if short:
        return {**found, "findings": [f.to_json() for f in histories.findings]}
    fit = fit_purchases(histories, model)
    spend, more = fit_spend(histories.paid, histories.mean, frequency_cap(histories.x))
    notes: tuple[Finding, ...] = (*histories.findings, *fit.findings, *more)
    section = {
        **found,
        **_plain(fit),
        "gamma_gamma": plain_spend(spend),
        "findings": [f.to_json() for f in notes],
    }
    if fit.model is None:
        return {**section, "open": False, "reasons": [f.message for f in fit.findings]}
    predicted = Predictor(section).predict(histories.timing, (histories.paid, histories.mean), interval=False)
    return {**section, "total": float(np.nansum(predicted.value))}


def predictor_of(fit: Fit, spend: Spend | None, terms: Terms, risk_days: float = RISK_DAYS) -> Predictor:
    """Predictions by a fit that no gate was asked about."""
    plain = {"gamma_gamma": plain_spend(spend), "terms": dict(terms.__dict__), "risk_days": risk_days}
    return Predictor({**_plain(fit), **plain, "open": fit.model is not None})


def _plain(fit: Fit) -> Section:
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
    }


def with_drift_watch(present: Mapping[str, Any] | None, fitted: Section, share: float = DRIFT) -> Section:
    """The section to put in force: a fit that moves the total by more than `share` waits for confirmation.

    The waiting total is kept beside the present models; the next fit that lands within `share` of it is
    adopted. A section that opens or closes the gate is adopted at once.
    """
    if not present or not present.get("total") or not fitted.get("total"):
        return fitted
    if _near(fitted["total"], present["total"], share):
        return fitted
    if "waiting" in present and _near(fitted["total"], present["waiting"], share):
        return fitted
    return {**present, "adopted": False, "waiting": fitted["total"]}


def _near(one: float, other: float, share: float) -> bool:
    return abs(one - other) <= share * abs(other)


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
        return process_of(self.section["model"], self.section["params"], float(self.section["unit"]))

    @property
    def spend(self) -> Spend | None:
        """The spend model; None where none was fitted."""
        given = self.section.get("gamma_gamma")
        return Spend(float(given["p"]), float(given["q"]), float(given["gamma"])) if given else None

    @property
    def terms(self) -> Terms:
        """What values are counted over."""
        return Terms(**self.section["terms"])

    def p_alive(self, timing: tuple[Ints, Ints, Ints]) -> Floats:
        """Probability that each customer has not left; timing is (x, recency, age) in days."""
        return self.process.p_alive(*timing)

    def p_no_purchase(self, timing: tuple[Ints, Ints, Ints]) -> Floats:
        """Probability of no purchase in the coming `risk_days`."""
        return no_purchase(self.process, *timing, float(self.section["risk_days"]))

    def predict(
        self, timing: tuple[Ints, Ints, Ints], paid: tuple[Ints, Floats], *, interval: bool = True
    ) -> Values:
        """Purchases and value over the section's terms; value NaN where no spend model stands."""
        spend = self.spend
        found = values(
            self.process, spend or Spend(1.0, 2.0, 1.0), timing, paid, self.terms, interval=interval
        )
        if spend is not None:
            return found
        none = np.full(len(found.p_alive), np.nan)
        return Values(found.p_alive, found.purchases, none, none, none, none)

    def bought_by(self, timing: tuple[Ints, Ints, Ints], share: float) -> Floats:
        """Days until a purchase has been made with probability `share`; NaN: not within ten years."""
        return bought_by(self.process, *timing, share)
