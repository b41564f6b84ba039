"""What a section of the parameters record says to people and programs: published or not, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def standing(section: Mapping[str, Any] | None) -> dict[str, Any]:
    """For people and programs: whether predictions are published, by which model, and if not, why.

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
