"""A portal's fit as the parameters record keeps it (plain JSON): data gate, choice, proof, findings.

Lifecycle hands over plain arrays and gets plain arrays; neither room knows the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plugin.value.arrays import Floats
from plugin.value.choose import fit_purchases, frequency_cap
from plugin.value.clv import Terms
from plugin.value.findings import Finding
from plugin.value.histories import Histories
from plugin.value.lookback import Look
from plugin.value.predictor import RISK_DAYS, Predictor, Section, plain_fit, plain_spend
from plugin.value.proof import Proof, prove
from plugin.value.spend import fit_spend

#: The data gate: below any of these there are no predictions.
MIN_CUSTOMERS, MIN_REPEATERS, MIN_DAYS, MAX_QUIET_DAYS = 100, 30, 180, 90
#: Tried in this order where the portal's own past speaks against the first.
CANDIDATES = ("auto", "pareto-nbd")
_DOUBT_SAMPLE = 1_000


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


def fit_section(
    histories: Histories,
    *,
    model: str = "auto",
    terms: Terms | None = None,
    looks: Sequence[Look] = (),
) -> Section:
    """Fit the purchase and the spend model; JSON for the parameters record.

    `open` says whether data gate and past days let it through; where not, `reasons` say why and nothing is
    predicted. `looks` are the past days that the model must hold against plain rules.
    """
    terms, short = terms or Terms(), gate(histories)
    found: Section = {
        "open": not short,
        "reasons": short,
        "customers": int((histories.age > 0).sum()),
        "terms": dict(terms.__dict__),
        "risk_days": RISK_DAYS,
        "adopted": True,
        "findings": [f.to_json() for f in histories.findings],
    }
    if short:
        return found
    chosen, proof, notes = _chosen(looks, CANDIDATES if model == "auto" else (model,))
    section = {**found, **_fitted(histories, chosen, notes), **_proven(proof)}
    if section["model"] is None:
        return {**section, "open": False, "reasons": [f["message"] for f in section["findings"]]}
    if proof.beaten:
        return {**section, "open": False, "reasons": [f"in the past {one}" for one in proof.beaten]}
    return {**section, **_weighed(section, histories)}


def _chosen(looks: Sequence[Look], candidates: Sequence[str]) -> tuple[str, Proof, list[Finding]]:
    """The first candidate that no plain rule beat; the first of all where each was beaten."""
    first = prove(looks, candidates[0])
    if not first.tried:
        text = "too little past to hold the model against plain rules: not proven yet"
        return candidates[0], first, [Finding("not_proven", text)]
    if not first.beaten:
        return candidates[0], first, _level(first)
    for name in candidates[1:]:
        proof = prove(looks, name)
        if proof.tried and not proof.beaten:
            text = f"{name} instead of the likeliest model, because {first.beaten[0]} than that one"
            return name, proof, [Finding("chosen_by_backtest", text), *_level(proof)]
    return candidates[0], first, []


def _level(proof: Proof) -> list[Finding]:
    if not proof.level:
        return []
    text = (
        f"in the past the model was no better than: {', '.join(proof.level)} (the difference may be chance)"
    )
    return [Finding("no_clear_gain", text)]


def _fitted(histories: Histories, model: str, notes: Sequence[Finding]) -> Section:
    fit = fit_purchases(histories, model)
    spend, more = fit_spend(histories.paid, histories.mean, frequency_cap(histories.x))
    every = (*histories.findings, *fit.findings, *more, *notes)
    return {
        **plain_fit(fit),
        "gamma_gamma": plain_spend(spend),
        "findings": [f.to_json() for f in every],
    }


def _proven(proof: Proof) -> Section:
    """What the past days said; the bands are the usual thirds where there was none."""
    return {
        "risk_bands": list(proof.calibration.bands()),
        "backtest": {
            "origins": list(proof.origins),
            "customers": proof.customers,
            "scores": proof.scores,
            "beaten": list(proof.beaten),
            "calibration": dict(proof.calibration.__dict__),
        },
    }


def _weighed(section: Section, histories: Histories) -> Section:
    """The total predicted value, and how far the parameters' uncertainty spreads a customer's."""
    by = Predictor(section)
    paid = (histories.paid, histories.mean)
    found = by.predict(histories.timing, paid, interval=False)
    some = np.zeros(len(histories), dtype=bool)
    some[:: max(len(histories) // _DOUBT_SAMPLE, 1)] = True
    few = histories.only(some)
    spent = np.nan_to_num(found.spend[some], nan=1.0)
    doubt = by.doubt(few.timing, (few.paid, few.mean), found.purchases[some], spent)
    return {"total": float(np.nansum(found.value)), "doubt": _typical(doubt)}


def _typical(variance: Floats | float) -> float:
    """The spread that nine in ten customers do not exceed."""
    return float(np.sqrt(np.quantile(variance, 0.9)))
