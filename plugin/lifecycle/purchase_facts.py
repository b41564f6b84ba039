"""The facts about purchases: how many, when, in which rhythm, for how much."""

from __future__ import annotations

import numpy as np

from plugin.lifecycle.ground import Ground, Lookup, nothing, seen
from plugin.lifecycle.rhythm import ENOUGH_GAPS, usual_gap
from plugin.lifecycle.seasons import days_left, season_until
from plugin.lifecycle.series import Floats, Moment


def _first_purchase(e: Ground, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    if not len(points.keys):
        return nothing(m)
    first = points.days[np.minimum(points.first[m.customers], len(points.keys) - 1)]
    return np.where(m.count(points) > 0, m.days - first, np.nan)


def _usual_gap(e: Ground, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    count = m.count(points)
    median = m.last(points, points.values["median"])
    gap = usual_gap(
        np.maximum(count - 1, 0).astype(np.float64),
        median,
        e.comparison.usual_gap_days,
        e.threshold("gap_prior"),
    )
    return np.where(count > 0, gap, np.nan)


def _long_gap(e: Ground, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    return np.where(m.count(points) >= 3, m.last(points, points.values["long"]), np.nan)


def _own(value: str) -> Lookup:
    """What the own gaps say, once there are enough of them."""

    def read(e: Ground, m: Moment) -> Floats:
        points = e.events.points["purchases"]
        return np.where(m.count(points) > ENOUGH_GAPS, m.last(points, points.values[value]), np.nan)

    return read


def _gap_ratio(e: Ground, m: Moment) -> Floats:
    gap = _usual_gap(e, m)
    return np.divide(seen("purchases", days=True)(e, m), gap, out=nothing(m), where=gap > 0)


def _silence_limit(kind: str) -> Lookup:
    def read(e: Ground, m: Moment) -> Floats:
        buyer = m.count(e.events.points["purchases"]) > 0
        if not rhythm_counts(e):
            return np.where(buyer, e.threshold(f"{kind}_fixed_days"), np.nan)
        limit = e.threshold(f"{kind}_multiple") * _usual_gap(e, m)
        held = np.clip(limit, e.threshold(f"{kind}_min_days"), e.threshold(f"{kind}_max_days"))
        return np.where(buyer, held, np.nan)

    return read


def rhythm_counts(e: Ground) -> bool:
    """Whether the portal has enough repeat customers for silence to be measured by the usual gap."""
    enough = e.comparison.repeat_customers >= e.threshold("rhythm_min_repeaters")
    return enough and e.comparison.usual_gap_days is not None


def _money(name: str) -> Lookup:
    def read(e: Ground, m: Moment) -> Floats:
        points = e.events.points["money"]
        known = m.count(points) if name != "profit" else m.total(points, points.values["sum_known"])
        return np.where(known > 0, m.total(points, points.values[f"sum_{name}"]) / 100, np.nan)

    return read


def _refunds(e: Ground, m: Moment) -> Floats:
    points = e.events.points["money"]
    return np.asarray(m.total(points, points.values["sum_refund"]) / -100 + 0.0)


def _average_order(e: Ground, m: Moment) -> Floats:
    points = e.events.points["money"]
    sold = m.total(points, points.values["sum_sold"])
    cents = m.total(points, points.values["sum_cents"]).astype(np.float64)
    return np.asarray(np.divide(cents / 100, sold, out=nothing(m), where=sold > 0))


def _recent(e: Ground, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    return (m.count(points) - m.before(points, int(e.threshold("trend_days")) + 1)).astype(np.float64)


def _before(e: Ground, m: Moment) -> Floats:
    points, window = e.events.points["purchases"], int(e.threshold("trend_days"))
    return (m.before(points, window + 1) - m.before(points, 2 * window + 1)).astype(np.float64)


def _trend(e: Ground, m: Moment) -> Floats:
    recent, before = _recent(e, m), _before(e, m)
    enough = (recent + before >= 3) & (before > 0)
    return np.divide(recent, before, out=nothing(m), where=enough)


def _reactivated(e: Ground, m: Moment) -> Floats:
    return m.age(e.reactivations)


def _reactivation_gap(e: Ground, m: Moment) -> Floats:
    points = e.reactivations
    return m.last(points, points.values["gap"]) if len(points.keys) else nothing(m)


_SEASON = season_until(_silence_limit("sleeping"))

PURCHASES: dict[str, Lookup] = {
    "purchases": seen("purchases"),
    "orders": seen("orders"),
    "days_since_first_purchase": _first_purchase,
    "days_since_purchase": seen("purchases", days=True),
    "usual_gap_days": _usual_gap,
    "own_gap_days": _own("median"),
    "gap_regularity": _own("near"),
    "long_gap_days": _long_gap,
    "gap_ratio": _gap_ratio,
    "sleeping_after_days": _silence_limit("sleeping"),
    "lost_after_days": _silence_limit("lost"),
    "season_until": _SEASON,
    "season_days_left": days_left(_SEASON),
    "days_since_reactivation": _reactivated,
    "reactivation_gap_days": _reactivation_gap,
    "revenue": _money("cents"),
    "profit": _money("profit"),
    "refunds": _refunds,
    "average_order_value": _average_order,
    "purchases_recent": _recent,
    "purchases_before": _before,
    "activity_trend": _trend,
}
