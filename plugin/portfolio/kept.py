"""The table of who stayed and what they paid again: one row a period, sets and formula side by side."""

from __future__ import annotations

from typing import Any

from plugin.portfolio import retention, revenue
from plugin.portfolio.months import SPANS, Period, last_complete
from plugin.portfolio.view import View


def kept(view: View) -> list[dict[str, Any]]:
    """One object a period: that asked for; to date the last complete year, quarter and month.

    `start`, `kept`, `new`, `end` count customers; `formula` is (E − N) / S, None where S is nobody. `base_n`
    customers paid `base` in the period before. `retention`, `gross`, `net` and `net_with` (with reactivation)
    are metrics. `complete`: whether the period is over.
    """
    periods = last_complete(view.now) if view.whole else [view.period]
    return [_row(view.over({"period": period}), period) for period in periods]


def _row(view: View, period: Period) -> dict[str, Any]:
    found, paid = retention.balance(view, period), revenue.held(view, period)
    notes = found.notes()
    return {
        **notes,
        "complete": period.first + SPANS[period.kind] <= view.now,
        "retention": retention.retention_rate(view),
        "base_period": paid.before,
        "base_n": paid.n,
        "base": paid.base / 100,
        "gross": revenue.gross_revenue_retention(view),
        "net": revenue.net_revenue_retention(view.over({"reactivation": False})),
        "net_with": revenue.net_revenue_retention(view.over({"reactivation": True})),
    }
