"""Plain rules that need no model: what predictions must beat to be worth showing."""

from __future__ import annotations

import numpy as np

from plugin.value.arrays import Floats, Ints
from plugin.value.lookback import Look

#: The rule of thumb: who bought in the last so many days goes on as before, the others do not.
RULE_DAYS = 90


def guesses(look: Look) -> dict[str, Floats]:
    """Purchases in the days after the origin by each rule's name."""
    histories = look.histories
    size = len(histories)
    rate = np.divide(histories.x, histories.age, out=np.zeros(size), where=histories.age > 0) * look.days
    return {
        "own rate": rate,
        "last period again": look.before,
        f"{RULE_DAYS}-day rule": np.where(silence(look) <= RULE_DAYS, rate, 0.0),
        "nobody buys": np.zeros(size),
    }


def silence(look: Look) -> Ints:
    """Days since the last purchase: the plain measure of risk, "recency"."""
    days: Ints = look.histories.age - look.histories.recency
    return days
