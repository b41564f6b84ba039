"""A portal's fit as the parameters record keeps it (plain JSON): data gate, choice, proof, findings.

Lifecycle hands over plain arrays and gets plain arrays; neither room knows the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from plugin.value.arrays import Floats
from plugin.value.choose import fit_purchases, frequency_cap
from plugin.value.clv import Terms
from plugin.value.findings import Finding
from plugin.value.histories import Histories
from plugin.value.lookback import Look
from plugin.value.predictor import RISK_DAYS, Predictor, Section, plain_fit, plain_spend
from plugin.value.proof import BEATEN_BY, CLEARLY_BY, Proof, prove
from plugin.value.spend import fit_spend

#: The data gate: below any of these there are no predictions.
MIN_CUSTOMERS, MIN_REPEATERS, MIN_DAYS, MAX_QUIET_DAYS = 100, 30, 180, 90
#: An open gate stays open down to this share of each number: a portal at the limit must not open and close.
KEPT = 0.8
#: Tried in this order where the portal's own past speaks against the first.
CANDIDATES = ("auto", "pareto-nbd")
_DOUBT_SAMPLE = 1_000


def gate(histories: Histories, *, opened: bool = False) -> list[str]:
    """Why these customers are too few or too young to predict from; empty where they suffice.

    `opened`: predictions are published already; then a fifth less is enough.
    """
    age, x = histories.age, histories.x
    wanted = (
        (int((age > 0).sum()), MIN_CUSTOMERS, "customers"),
        (int((x > 0).sum()), MIN_REPEATERS, "repeat customers"),
        (int(age.max()) if len(age) else 0, MIN_DAYS, "days of history"),
    )
    return [*too_few(wanted, opened=opened), *too_quiet(histories, MAX_QUIET_DAYS, opened=opened)]


def too_few(wanted: Iterable[tuple[int, int, str]], *, opened: bool) -> list[str]:
    """A sentence for each (number, number needed, of what) that is too small."""
    needed = [(have, round(need * KEPT) if opened else need, what) for have, need, what in wanted]
    return [f"{have} {what}, {need} needed" for have, need, what in needed if have < need]


def too_quiet(histories: Histories, days: int, *, opened: bool) -> list[str]:
    """A sentence where nobody at all bought for longer than `days`."""
    if not len(histories):
        return []
    quiet = int((histories.age - histories.recency).min())
    limit = round(days / KEPT) if opened else days
    return [] if quiet <= limit else [f"no purchase in the last {quiet} days: the records may be incomplete"]


def was_open(present: Mapping[str, Any] | None) -> bool:
    """Whether predictions are published by the section in force."""
    return bool(present and present.get("open") and present.get("model"))


def fit_section(
    histories: Histories,
    *,
    model: str = "auto",
    terms: Terms | None = None,
    looks: Sequence[Look] = (),
    present: Mapping[str, Any] | None = None,
) -> Section:
    """Fit the purchase and the spend model; JSON for the parameters record.

    `open` says whether data gate and past days let it through; where not, `reasons` say why and nothing is
    predicted. `looks` are the past days that the model must hold against plain rules. `present` is the
    section in force: what is published stays so until the data are clearly too few, or a plain rule is
    clearly better (`KEPT`, `proof.CLEARLY_BY`).
    """
    opened = was_open(present)
    terms, short = terms or Terms(), gate(histories, opened=opened)
    found: Section = {
        "open": not short,
        "reasons": gate(histories) if short else [],  # what it takes to open again
        "customers": int((histories.age > 0).sum()),
        "terms": dict(terms.__dict__),
        "risk_days": RISK_DAYS,
        "adopted": True,
        "findings": [f.to_json() for f in histories.findings],
    }
    if short:
        return found
    chosen, proof, notes = _chosen(looks, CANDIDATES if model == "auto" else (model,), present)
    notes += kept_open(gate(histories))
    section = {**found, **_fitted(histories, chosen, notes), **proven(proof)}
    if section["model"] is None:
        return {**section, "open": False, "reasons": [f["message"] for f in section["findings"]]}
    if proof.beaten:
        return {**section, "open": False, "reasons": [f"in the past {one}" for one in proof.beaten]}
    return {**section, **_weighed(section, histories)}


def kept_open(below: Sequence[str]) -> list[Finding]:
    """Said where a gate that is open would not open now."""
    if not below:
        return []
    text = f"published before and kept, though a first publication needs more: {'; '.join(below)}"
    return [Finding("kept_open", text)]


def _chosen(
    looks: Sequence[Look], candidates: Sequence[str], present: Mapping[str, Any] | None
) -> tuple[str, Proof, list[Finding]]:
    """The candidate in force unless a plain rule clearly beat it; else the first that none beat.

    Where each was beaten it is the first of all.
    """
    kept = _in_force(present, candidates)
    first = prove(looks, kept or candidates[0], beaten_by=CLEARLY_BY if kept else BEATEN_BY)
    if not first.tried:
        text = "too little past to hold the model against plain rules: not proven yet"
        return kept or candidates[0], first, [Finding("not_proven", text)]
    if not first.beaten:
        return kept or candidates[0], first, level(first)
    for name in (other for other in candidates if other != (kept or candidates[0])):
        proof = prove(looks, name)
        if proof.tried and not proof.beaten:
            text = f"{name} instead of {kept or 'the likeliest model'}, because {first.beaten[0]}"
            return name, proof, [Finding("chosen_by_backtest", f"{text} than that one"), *level(proof)]
    return kept or candidates[0], first, []


def _in_force(present: Mapping[str, Any] | None, candidates: Sequence[str]) -> str | None:
    """The candidate that the published model came from; None where nothing is published."""
    if present is None or not was_open(present):
        return None
    return str(present["model"]) if present["model"] in candidates else candidates[0]


def level(proof: Proof) -> list[Finding]:
    """Named where plain rules were as good as the model."""
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


def proven(proof: Proof) -> Section:
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
    return {"total": float(np.nansum(found.value)), "doubt": typical(doubt)}


def typical(variance: Floats | float) -> float:
    """The spread that nine in ten customers do not exceed."""
    return float(np.sqrt(np.quantile(variance, 0.9)))
