"""What a section of the parameters record says to people and programs: published or not, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def standing(section: Mapping[str, Any] | None) -> dict[str, Any]:
    """For people and programs: whether predictions are published, by which model, and if not, why.

    `months` is the period of contracts; null: purchases are no contracts.
    `waiting` is the total of a fit that waits for a yes beside the present one; null: none waits.
    """
    if section is None:
        section = {"reasons": ["nothing was fitted yet: the first complete read comes first"]}
    waiting = section.get("waiting")
    return {
        "published": bool(section.get("open")),
        "reasons": list(section.get("reasons", ())),
        "model": section.get("model"),
        "params": dict(section.get("params", {})),
        "customers": section.get("customers"),
        "months": section.get("months"),
        "total": section.get("total"),
        "risk_bands": section.get("risk_bands"),
        "backtest": section.get("backtest"),
        "findings": list(section.get("findings", ())),
        "waiting": waiting["total"] if waiting else None,
    }


def why_empty(section: Mapping[str, Any] | None, *, bought: bool) -> list[str]:
    """Why a customer has no predictions; empty where it has them."""
    if not bought:
        return ["no order yet: nothing to predict from"]
    known = standing(section)
    return [] if known["published"] else known["reasons"]


def rests_on(section: Mapping[str, Any] | None, metrics: Mapping[str, Any]) -> list[str]:
    """What a customer's predictions rest on, from its metrics; empty where it has none."""
    if not section or not section.get("open") or not metrics.get("purchases"):
        return []
    proven = bool((section.get("backtest") or {}).get("origins"))
    said = _contract(section, metrics) if section.get("months") else _purchases(section, metrics)
    return [*said, *([] if proven else ["not yet held against past days: too little past"])]


def _purchases(section: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[str]:
    count = int(metrics["purchases"])
    own = "the only purchase" if count == 1 else f"the {count:,} purchases"
    return [f"how {section['customers']:,} customers here buy ({section['model']}), and {own} of this one"]


def _contract(section: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[str]:
    seen = section["renewals"]
    name = {1: "month", 3: "quarter", 12: "year"}.get(section["months"], f"{section['months']} months")
    told = f"{seen['paid']:,} renewals paid and {seen['refused']:,} refused here, by the {name} (sbg)"
    done, due = int(metrics.get("renewals") or 0), metrics.get("renewal_due_on")
    if due is None:
        return [told, "notice was given: no payment is expected"]
    if metrics.get("p_alive") == 0:
        return [told, f"the payment due on {due} was not made: the contract counts as ended"]
    alpha, beta = (float(section["params"][n]) for n in ("alpha", "beta"))
    share = (beta + done) / (alpha + beta + done)
    times = "once" if done == 1 else f"{done:,} times"
    return [
        told,
        f"renewed {times if done else 'never yet'}; of such contracts {share:.0%} renew; next due on {due}",
    ]
