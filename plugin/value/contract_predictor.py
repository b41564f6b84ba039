"""Predictions for customers under contract, by sBG: who renews, when, how often, and what that is worth.

A customer is there until a payment that fell due is not made. Past the due day the chance of a late payment
falls as it did in this portal; after the days of grace, or a notice, the customer has left. The churn risk is
the chance of leaving within the coming days: where no payment falls due in them it is none.

Source: Fader & Hardie 2007, "How to project customer retention"; late payments are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.clv import Terms, Values, bounds_of, spread_of
from plugin.value.contractual import Contract
from plugin.value.doubt import Params, relative_variance
from plugin.value.predictor import NEGLIGIBLE, SPEND, spend_by, spend_of
from plugin.value.renewals import Period, Renewals, renewals_of
from plugin.value.spend import Spend

#: The model's name in a section.
CONTRACTS = "sbg"
_YEAR = 365.25
_NAMES = ("alpha", "beta")

#: (renewals of the running contract, days until the next payment is due, 1 where notice was given)
Standing = tuple[Ints, Ints, Ints]


@dataclass(frozen=True, eq=False)
class ContractPredictor:
    """Predictions by one section of the parameters record that holds contracts."""

    section: Mapping[str, Any]

    @property
    def ready(self) -> bool:
        """Whether the gate is open and a model stands."""
        return bool(self.section.get("open")) and self.section.get("model") is not None

    @cached_property
    def period(self) -> Period:
        """The contracts' period."""
        return Period(int(self.section["months"]))

    @property
    def grace(self) -> int:
        """Days after the due day in which a payment still renews."""
        return self.period.grace

    @property
    def terms(self) -> Terms:
        """What values are counted over."""
        return Terms(**self.section["terms"])

    @cached_property
    def spend(self) -> Spend | None:
        """What a period is worth; None where that was not fitted."""
        return spend_of(self.section)

    @cached_property
    def _unpaid(self) -> Floats:
        return np.array(self.section["unpaid"], np.float64)

    @property
    def renewals(self) -> Callable[[Ints, Ints, Floats, Bools], Renewals]:
        """`renewals.renewals_of` by this period."""
        return lambda owner, day, until, dated: renewals_of(owner, day, until, dated, self.period)

    def due(self, due: Ints, paid_on: Ints, until: Floats, dated: Bools) -> Ints:
        """`Period.due`."""
        return self.period.due(due, paid_on, until, dated)

    def _model(self, params: Params) -> Contract:
        return Contract(float(params["alpha"]), float(params["beta"]), float("nan"), np.empty((0, 0)))

    @cached_property
    def model(self) -> Contract:
        """The fitted sBG."""
        return self._model(self.section["params"])

    def p_renewal(self, timing: Standing) -> Floats:
        """Chance that the next payment is made."""
        return self._first(self.model, timing)

    def _first(self, model: Contract, timing: Standing) -> Floats:
        renewed, due, cancelled = timing
        chance = model.retention(renewed + 1.0)
        unpaid = np.where(due > 0, 1.0, self._unpaid[np.clip(-due, 0, self.grace)])
        found: Floats = np.where(
            (cancelled > 0) | (-due > self.grace), 0.0, chance * unpaid / (chance * unpaid + 1 - chance)
        )
        return found

    def p_alive(self, timing: Standing) -> Floats:
        """Chance of being under contract: certain until the due day, unless notice was given."""
        _, due, cancelled = timing
        return np.where((due > 0) & (cancelled == 0), 1.0, self.p_renewal(timing))

    def p_no_purchase(self, timing: Standing) -> Floats:
        """The churn risk: chance of having left when the coming `risk_days` are over."""
        days = float(self.section["risk_days"])
        stays, due = self._coming(self.model, timing, days)
        # the last payment due in these days decides; without one, being there now does
        there = np.where(np.maximum(due, 0.0) <= days, stays, 1.0).min(axis=1, initial=1.0)
        found: Floats = 1 - np.minimum(there, self.p_alive(timing))
        return found

    def silence(self, timing: Standing, days: float) -> Floats:
        """Chance of no payment at all in the coming days."""
        stays, due = self._coming(self.model, timing, days)
        found: Floats = 1 - stays[:, 0] * self._paid(due[:, :1], days)[:, 0]
        return found

    def _coming(self, model: Contract, timing: Standing, days: float) -> tuple[Floats, Floats]:
        """Chances that payment 1, 2 … from now is made, and the days until each is due; (customers, n)."""
        renewed, due, _ = timing
        number = np.arange(int(days / self.period.days) + 2)
        done = renewed + 1.0
        later = model.survival(done[:, None] + number) / model.survival(done)[:, None]
        return self._first(model, timing)[:, None] * later, due[:, None] + number * self.period.days

    def _paid(self, due: Floats, days: float) -> Floats:
        """Of the payments that are made the share that comes within the coming days, and not later still."""
        whole = np.rint(due).astype(np.int64)
        still = np.where(whole > 0, 1.0, self._unpaid[np.clip(-whole, 0, self.grace)])
        then = self._unpaid[np.clip(int(days) - whole, 0, self.grace)]
        share = 1 - np.divide(then, still, out=np.zeros_like(still), where=still > 0)
        found: Floats = np.where(np.maximum(due, 0.0) <= days, share, 0.0)
        return found

    def predict(self, timing: Standing, paid: tuple[Ints, Floats], *, interval: bool = True) -> Values:
        """Payments and value over the section's terms; value NaN where no spend model stands.

        `paid` are periods of known amount and their mean. The interval holds what chance does to one
        customer and how far the parameters may be off.
        """
        terms, spend = self.terms, self.spend
        stays, due = self._coming(self.model, timing, terms.days)
        buying = stays * self._paid(due, terms.days)
        mean = buying.sum(axis=1)
        alive, nothing = self.p_alive(timing), np.full(len(mean), np.nan)
        if spend is None:
            return Values(alive, mean, nothing, nothing, nothing, nothing)
        worth = (1 + terms.yearly_rate) ** (-np.maximum(due, 0.0) / _YEAR)  # one overdue comes at once
        amount = spend.expected(*paid)
        value = terms.margin * amount * (buying * worth).sum(axis=1)
        if not interval:
            return Values(alive, mean, amount, value, nothing, nothing)
        none = 1 - buying[:, 0]
        square = (buying * (2 * np.arange(buying.shape[1]) + 1)).sum(axis=1)
        spread = spread_of(spend, paid[0], 1.0, mean, square, none)
        low, high = bounds_of(value, none, spread, terms.interval)
        if float(self.section.get("doubt", 1.0)) >= NEGLIGIBLE:
            unsure = (1 + spread) * (1 + self.doubt(timing, paid, mean, amount)) - 1
            wider = bounds_of(value, none, unsure, terms.interval)
            low, high = np.minimum(low, wider[0]), np.maximum(high, wider[1])
        return Values(alive, mean, amount, value, low, high)

    def doubt(
        self, timing: Standing, paid: tuple[Ints, Floats], bought: Floats, spent: Floats
    ) -> Floats | float:
        """Variance of each value by its squared mean, from the covariances of all parameters."""

        def payments(params: Params) -> Floats:
            stays, due = self._coming(self._model(params), timing, self.terms.days)
            found: Floats = (stays * self._paid(due, self.terms.days)).sum(axis=1)
            return found

        section = self.section
        sure = np.where(bought > 0, bought, 1.0)  # nothing to come moves by nothing
        found = relative_variance(payments, section["params"], _NAMES, section.get("covariance", ()), sure)
        found = np.where(bought > 0, found, 0.0)
        plain = section.get("gamma_gamma") or {}
        paying = {n: plain.get(n, 1.0) for n in SPEND}

        def amounts(params: Params) -> Floats:
            return spend_by(params).expected(*paid)

        return found + relative_variance(amounts, paying, SPEND, plain.get("covariance", ()), spent)

    def bought_by(self, timing: Standing, share: float) -> Floats:
        """Days until the next payment has been made with probability `share`; NaN: it is less likely."""
        renewed, due, cancelled = timing
        chance = self.model.retention(renewed + 1.0)
        late = np.clip(-due, 0, self.grace)
        now = np.where(due > 0, 1.0, self._unpaid[late])
        wanted = now - share * (chance * now + 1 - chance) / chance
        # the first day after the due day by which few enough are still to pay
        day = np.searchsorted(-self._unpaid, -wanted, side="left")
        never = (wanted < 0) | (cancelled > 0) | (-due > self.grace) | (day > self.grace)
        return np.where(never, np.nan, np.maximum(due + day, 1)).astype(np.float64)
