"""Retention cohorts: customers by the month of their first purchase, and what became of them by age."""

from __future__ import annotations

from typing import Any

from plugin.portfolio.months import UNDATED, month_name
from plugin.portfolio.view import MEAN_GATE, View

MOST = 120  # cohorts shown


def cohorts(view: View) -> list[dict[str, Any]]:
    """One object a cohort, oldest first; lists run by age in months, 0 the month of the first purchase.

    `bought`: how many bought in that month; `kept`: how many had not been lost by its end; `profit`: earned
    up to its end. `bought_share` and `kept_share` are withheld (None) below the gate. The running month is
    left out, unless the cohort is of it: then age 0 is as of today.
    """
    won = view.figures.by_month("won")
    wanted = [m for m in sorted(won) if m != UNDATED and won[m] and (view.whole or m in view.months)]
    bought, kept, profit = (view.figures.aged(name) for name in ("buying_age", "kept_age", "profit_age"))
    return [
        _cohort(view, month, won[month], bought.get(month, {}), kept.get(month, {}), profit.get(month, {}))
        for month in wanted[-MOST:]
    ]


def _cohort(
    view: View, month: int, size: int, bought: dict[int, int], kept: dict[int, int], profit: dict[int, int]
) -> dict[str, Any]:
    ages = range(max(view.now - month, 1))
    still = _running(kept, ages)
    few = size < MEAN_GATE
    return {
        "cohort": month_name(month),
        "n": size,
        "gate": MEAN_GATE,
        "reason": "too_few" if few else None,
        "complete": month < view.now,
        "bought": [bought.get(age, 0) for age in ages],
        "bought_share": None if few else [bought.get(age, 0) / size for age in ages],
        "kept": still,
        "kept_share": None if few else [count / size for count in still],
        "profit": [cents / 100 for cents in _running(profit, ages)] if profit else None,
    }


def _running(values: dict[int, int], ages: range) -> list[int]:
    found, total = [], 0
    for age in ages:
        total += values.get(age, 0)
        found.append(total)
    return found
