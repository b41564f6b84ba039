"""How revenue stayed: gross and net retention of revenue, and what was churned of it.

The base are the customers who paid in the period before, of equal length; what they pay in the period is held
against it. That needs no contract. Rows: `plugin.portfolio.recurring`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugin.portfolio.months import SPANS, Period, last_complete, span_name
from plugin.portfolio.view import RATE_GATE, Metric, View, share, withheld


@dataclass(frozen=True)
class Held:
    """A period's revenue of those who paid in the one before, in cents; `n` how many they are.

    `capped`: at most each one's base. `back`: of those who had paid before that, but not in the base.
    """

    period: Period
    before: str
    n: int
    base: int
    again: int
    capped: int
    back: int
    again_n: int
    back_n: int

    def notes(self) -> dict[str, Any]:
        """What belongs to the figures: the two periods, and how many paid again or came back."""
        people = {"paid_again": self.again_n, "came_back": self.back_n, "reactivated": self.back / 100}
        return {"period": self.period.name, "base_period": self.before, **people}


def held(view: View, period: Period) -> Held:
    """The revenue of one month, quarter or year beside the one before it."""
    before = period.first - SPANS[period.kind]

    def total(measure: str, month: int = period.first) -> int:
        return view.figures.total(measure, [month], period.kind)

    counted = (total("base_n", before), total("base", before), total("again"), total("again_capped"))
    return Held(
        period,
        span_name(before, period.kind),
        *counted,
        total("back"),
        total("again_n"),
        total("back_n"),
    )


def _held(view: View) -> Held | None:
    """That of the period asked for, None while it runs; to date, of the longest last one with a base."""
    if not view.whole:
        whole = view.period.first + SPANS[view.period.kind] <= view.now
        return held(view, view.period) if whole else None
    tried = [held(view, period) for period in last_complete(view.now)]
    return next((one for one in tried if one.n >= RATE_GATE), max(tried, key=lambda one: one.n))


def gross_revenue_retention(view: View) -> Metric:
    """What customers of the base paid again, each at most its base."""
    found = _held(view)
    if found is None:
        return withheld("gross_revenue_retention", "share", "running", RATE_GATE)
    return _share("gross_revenue_retention", found.capped, found)


def revenue_churn(view: View) -> Metric:
    """One less the gross retention."""
    found = _held(view)
    if found is None:
        return withheld("revenue_churn", "share", "running", RATE_GATE)
    return _share("revenue_churn", found.base - found.capped, found)


def net_revenue_retention(view: View) -> Metric:
    """All that customers of the base paid again; if it is asked for, also what those paid who came back."""
    found = _held(view)
    if found is None:
        return withheld("net_revenue_retention", "share", "running", RATE_GATE)
    back = found.back if view.reactivation else 0
    return _share("net_revenue_retention", found.again + back, found, reactivation=view.reactivation)


def _share(key: str, cents: int, found: Held, **notes: Any) -> Metric:
    notes = {**found.notes(), **notes}
    return share(key, "share", cents / 100, found.base / 100, found.n, RATE_GATE, **notes)
