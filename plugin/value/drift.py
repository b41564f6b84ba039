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
