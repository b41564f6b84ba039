"""A portal's fit of contracts as the parameters record keeps it: data gate, sBG, proof, findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plugin.errors import InputError
from plugin.value.arrays import Bools, Floats
from plugin.value.choose import frequency_cap
from plugin.value.clv import Terms
from plugin.value.contract_predictor import CONTRACTS, ContractPredictor
from plugin.value.contracts import Contracts
from plugin.value.contractual import Contract, fit_tenures
from plugin.value.findings import Finding
from plugin.value.histories import Histories
from plugin.value.lookback import Look
from plugin.value.newton import Prior
from plugin.value.predictor import RISK_DAYS, Section, plain_spend
from plugin.value.proof import BEATEN_BY, CLEARLY_BY, Attempt, Proof, proved
from plugin.value.section import kept_open, level, proven, too_few, too_quiet, typical, was_open
from plugin.value.spend import fit_spend

#: The data gate: customers, renewals that fell due, that were paid, that were refused.
MIN_CUSTOMERS, MIN_ASKED, MIN_PAID, MIN_REFUSED = 100, 100, 30, 15
#: What a past day must have to teach; below so many contracts the weak prior joins in.
LEAST_PAID, LEAST_REFUSED, PRIOR_BELOW = 15, 8, 500
#: More than this share of payments that renew nothing: the period is shorter than the mapping says.
_MANY = 0.25
_SAMPLE = 1_000


def gate(histories: Histories, contracts: Contracts, *, opened: bool = False) -> list[str]:
    """Why these contracts are too few or too young to predict from; empty where they suffice."""
    wanted = (
        (len(histories), MIN_CUSTOMERS, "customers"),
        (contracts.asked, MIN_ASKED, "renewals that fell due"),
        (int(contracts.counted.sum()), MIN_PAID, "renewals paid"),
        (int(contracts.left.sum()), MIN_REFUSED, "renewals refused"),
    )
    period = contracts.period
    quiet = max(90, round(period.days) + period.grace)
    return [*too_few(wanted, opened=opened), *too_quiet(histories, quiet, opened=opened)]


def fit_contracts_section(
    histories: Histories,
    contracts: Contracts,
    *,
    terms: Terms | None = None,
    looks: Sequence[Look] = (),
    present: Mapping[str, Any] | None = None,
) -> Section:
    """Fit sBG and the spend model; JSON for the parameters record, as `section.fit_section`.

    `histories` hold money by period (`paid` periods of known amount, their mean), and those of `looks` their
    contracts.
    """
    terms = terms or Terms()
    opened = was_open(present)
    short = gate(histories, contracts, opened=opened)
    found: Section = {
        "open": not short,
        "reasons": gate(histories, contracts) if short else [],  # what it takes to open again
        "customers": len(histories),
        "terms": dict(terms.__dict__),
        "risk_days": RISK_DAYS,
        "months": contracts.period.months,
        "adopted": True,
        "findings": [f.to_json() for f in histories.findings],
    }
    if short:
        return found
    attempts = [one for look in looks if (one := attempt(look, terms)) is not None]
    proof = proved(attempts, CLEARLY_BY if opened else BEATEN_BY)
    notes = [*_notes(histories, contracts, proof), *kept_open(gate(histories, contracts))]
    section = {**found, **fitted(histories, contracts, notes), **proven(proof)}
    if proof.beaten:
        return {**section, "open": False, "reasons": [f"in the past {one}" for one in proof.beaten]}
    return {**section, **_weighed(section, histories, contracts)}


def fit(contracts: Contracts) -> Contract:
    """sBG on contracts of every age; InputError where nobody refused a renewal, or all the first."""
    weak = Prior(np.zeros(2), np.full(2, 1.5)) if len(contracts.counted) < PRIOR_BELOW else None
    return fit_tenures(contracts.counted, contracts.left, weak)


def fitted(histories: Histories, contracts: Contracts, notes: Sequence[Finding]) -> Section:
    """The models as JSON; `unpaid` is the share that pays later than 0, 1 … days after the due day."""
    model = fit(contracts)
    spend, more = fit_spend(histories.paid, histories.mean, frequency_cap(histories.x))
    spread = model.covariance if np.isfinite(model.covariance).all() else np.empty((0, 0))
    return {
        "model": CONTRACTS,
        "unit": contracts.period.days,
        "params": {"alpha": model.alpha, "beta": model.beta},
        "log_likelihood": model.log_likelihood,
        "covariance": spread.tolist(),
        "unpaid": [round(float(v), 6) for v in contracts.unpaid],
        "renewals": {"paid": int(contracts.counted.sum()), "refused": int(contracts.left.sum())},
        "gamma_gamma": plain_spend(spend),
        "findings": [f.to_json() for f in (*histories.findings, *more, *notes)],
    }


def attempt(look: Look, terms: Terms) -> Attempt | None:
    """Predictions of one past day by what was known then; None where that was too little."""
    contracts = look.histories.contracts
    if contracts is None or contracts.counted.sum() < LEAST_PAID or contracts.left.sum() < LEAST_REFUSED:
        return None
    by = predictor(look, terms)
    if by is None:
        return None
    found = by.predict(contracts.timing, (look.histories.paid, look.histories.mean), interval=False)
    risk = by.silence(contracts.timing, float(look.days))
    return Attempt(look, found.purchases, risk, _judged(contracts, look.days))


def predictor(look: Look, terms: Terms) -> ContractPredictor | None:
    """The models fitted on a look's contracts, over the look's days; None where nothing can be fitted."""
    histories, contracts = look.histories, look.histories.contracts
    if contracts is None:
        return None
    ahead = {**terms.__dict__, "days": float(look.days)}
    try:
        section = fitted(histories, contracts, ())
    except InputError:
        return None
    more = {"open": True, "terms": ahead, "risk_days": look.days, "months": contracts.period.months}
    return ContractPredictor({**section, **more})


def _judged(contracts: Contracts, days: int) -> Bools:
    """The customers whose silence in the days ahead says that they refused: who had the time to pay."""
    settled = int(np.argmax(contracts.unpaid <= 0.05))
    due = contracts.due
    found: Bools = (due > -contracts.period.grace) & (due + settled <= days) & (contracts.cancelled == 0)
    return found


def _notes(histories: Histories, contracts: Contracts, proof: Proof) -> list[Finding]:
    found = level(proof)
    if not proof.tried:
        text = "too little past to hold the model against plain rules: not proven yet"
        found.append(Finding("not_proven", text))
    extra = int(histories.x.sum() - (contracts.terms - 1).sum())
    if extra > _MANY * max(int(histories.x.sum()), 1):
        text = "payments beside the first of a period: is the period shorter than the mapping says?"
        found.append(Finding("more_often", text, extra))
    back = len(contracts.owner) - len(histories)
    if back > _MANY * len(histories):
        text = "contracts begun again after a lapse: is the period longer than the mapping says?"
        found.append(Finding("skipped", text, back))
    return found


def _weighed(section: Section, histories: Histories, contracts: Contracts) -> Section:
    """The total predicted value, and how far the parameters' uncertainty spreads a customer's."""
    by, paid = ContractPredictor(section), (histories.paid, histories.mean)
    found = by.predict(contracts.timing, paid, interval=False)
    there = np.flatnonzero(found.purchases > 0)
    few = there[:: max(len(there) // _SAMPLE, 1)]
    if not len(few):
        return {"total": 0.0, "doubt": 0.0}
    some = np.zeros(len(histories), dtype=bool)
    some[few] = True
    part, one = contracts.only(some), histories.only(some)
    spent = np.nan_to_num(found.spend[some], nan=1.0)
    doubt: Floats | float = by.doubt(part.timing, (one.paid, one.mean), found.purchases[some], spent)
    return {"total": float(np.nansum(found.value)), "doubt": typical(doubt)}
