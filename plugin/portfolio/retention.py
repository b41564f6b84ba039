"""Who stayed: retention and churn of a period by sets of customers, their average month, and the lifespan.

Retention is |S ∩ E| / |S|: S the customers when the period begins, E those at its end. The formula
(E − N) / S stands beside it; it differs where customers come back, or come and go within the period.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from plugin.mapping.model import LOSS_CATEGORIES
from plugin.portfolio.months import Period, last_complete
from plugin.portfolio.view import RATE_GATE, Metric, View, share, withheld

#: Months after which a lifespan is cut off: beyond five years a churn of today says nothing.
LONGEST = 60


@dataclass(frozen=True)
class Balance:
    """A period's customers: `start` and `end` how many at both, `left` those of the start not at the end.

    `new` are first purchases within the period.
    """

    period: Period
    start: int
    left: int
    end: int
    new: int

    @property
    def kept(self) -> int:
        """Those of the start who are there at the end."""
        return self.start - self.left

    def notes(self) -> dict[str, Any]:
        """What belongs to the figure; `formula` is (E − N) / S, None where S is nobody."""
        parts = {"start": self.start, "end": self.end, "new": self.new, "kept": self.kept}
        formula = (self.end - self.new) / self.start if self.start else None
        return {"period": self.period.name, **parts, "formula": formula}


def kept_at(view: View, month: int) -> int:
    """Customers kept at a month's end."""
    gone = sum(view.figures.up_to("loss", month, reason) for reason in LOSS_CATEGORIES)
    return view.figures.up_to("gained", month) - gone


def balance(view: View, period: Period) -> Balance:
    """The customers of one month, quarter or year; of a running one as of today."""
    months = [period.first]
    if period.kind == "month":
        left = sum(view.figures.total("loss", months, reason) for reason in LOSS_CATEGORIES)
    else:
        left = view.figures.total("left", months, period.kind)
    start, end = kept_at(view, period.first - 1), kept_at(view, period.last)
    return Balance(period, start, left, end, view.figures.total("won", period.months))


def balanced(view: View) -> Balance:
    """That of the period asked for; to date, of the last complete year, else quarter, else month.

    To date nobody was there at the beginning: so it is the longest period with enough customers at its start.
    """
    if not view.whole:
        return balance(view, view.period)
    tried = [balance(view, period) for period in last_complete(view.now)]
    return next((one for one in tried if one.start >= RATE_GATE), max(tried, key=lambda one: one.start))


def retention_rate(view: View) -> Metric:
    """Customers of a period's beginning who are customers at its end."""
    found = balanced(view)
    made = share("retention_rate", "share", found.kept, found.start, found.start, RATE_GATE)
    return replace(made, notes=found.notes())


def churn_rate(view: View) -> Metric:
    """One less the retention."""
    found = balanced(view)
    made = share("churn_rate", "share", found.left, found.start, found.start, RATE_GATE)
    return replace(made, notes=found.notes())


def _monthly(view: View) -> tuple[int, int]:
    """(customers lost, customers at the start), both summed over the months that are over."""
    lost = sum(view.figures.total("loss", view.closed, reason) for reason in LOSS_CATEGORIES)
    return lost, sum(kept_at(view, month - 1) for month in view.closed)


def monthly_churn(view: View) -> Metric:
    """Customers lost in a month, of those at its start, over all months."""
    lost, start = _monthly(view)
    return share("monthly_churn", "share", lost, start, start, RATE_GATE)


def lifespan(view: View) -> Metric:
    """Months that a customer stays at this churn: 1 / monthly churn, cut off at LONGEST and then marked."""
    lost, start = _monthly(view)
    if start < RATE_GATE:
        reason = "too_few" if start else "undefined"
        return withheld("lifespan_months", "months", reason, RATE_GATE, start)
    capped = not lost or start / lost > LONGEST
    value = float(LONGEST) if capped else start / lost
    notes = {"capped": capped, "cap": LONGEST}
    return Metric("lifespan_months", "months", value, start, lost, start, RATE_GATE, None, notes)
