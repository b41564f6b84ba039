"""What is put in force of a new fit: one that moves the portal's total value too far waits for a yes.

The yes is the next fit's, if it lands near the waiting one, or an admin's (`confirmed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.value.predictor import Section

#: A new fit that moves the total predicted value by more than this share waits.
DRIFT = 0.25


def with_drift_watch(present: Mapping[str, Any] | None, fitted: Section, share: float = DRIFT) -> Section:
    """The section to put in force: a fit that moves the total by more than `share` waits for confirmation.

    The waiting fit is kept whole beside the present models; the next fit that lands within `share` of it is
    adopted. A section that opens or closes the gate is adopted at once.
    """
    if not present or not present.get("total") or not fitted.get("total"):
        return fitted
    if _near(fitted["total"], present["total"], share):
        return fitted
    waiting = present.get("waiting")
    if waiting and _near(fitted["total"], waiting["total"], share):
        return fitted
    return {**present, "adopted": False, "waiting": fitted}


def confirmed(section: Mapping[str, Any]) -> Section:
    """The waiting fit, put in force by an admin's yes; the section as it is where none waits."""
    waiting = section.get("waiting")
    return dict(waiting) if waiting else dict(section)


def _near(one: float, other: float, share: float) -> bool:
    return abs(one - other) <= share * abs(other)


def standing(section: Mapping[str, Any] | None) -> dict[str, Any]:
    """For people and programs: whether predictions are published, by which model, and if not, why.

    `waiting` is the total of a fit that waits for a yes beside the present one; null: none waits.
    """
    if section is None:
        return {"published": False, "reasons": ["nothing was fitted yet"], "findings": []}
    waiting = section.get("waiting")
    return {
        "published": bool(section.get("open")),
        "reasons": list(section.get("reasons", ())),
        "model": section.get("model"),
        "params": section.get("params", {}),
        "customers": section.get("customers"),
        "total": section.get("total"),
        "risk_bands": section.get("risk_bands"),
        "backtest": section.get("backtest"),
        "findings": list(section.get("findings", ())),
        "waiting": waiting["total"] if waiting else None,
    }
