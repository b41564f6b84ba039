"""The facts about the record itself, the customer's voice and cancellation, and the portal's own figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plugin.lifecycle.events import Events
from plugin.lifecycle.ground import Ground, Lookup, nothing, seen
from plugin.lifecycle.series import EVER, Floats, Moment, Points


def _outreaches(e: Ground, m: Moment) -> Floats:
    """Unknown, not 0, in a portal that records no outreach at all (the parameters know)."""
    return seen("outreach")(e, m) if "outreach" in e.comparison.seen else nothing(m)


def held(name: str) -> Lookup:
    """The value of a property that holds from a day on; unknown where it is not read."""

    def read(e: Ground, m: Moment) -> Floats:
        points = e.events.steps.get(name)
        return nothing(m) if points is None else m.last(points, points.values["value"])

    return read


def _tenure(e: Ground, m: Moment) -> Floats:
    created = e.events.created[m.customers]
    return np.asarray(np.where((created > EVER) & (created <= m.days), m.days - created, np.nan))


def _company_buyer(e: Ground, m: Moment) -> Floats:
    if "company_buyer" in e.events.missing:
        return nothing(m)
    without = m.count(e.events.points["deal_activity"]) + m.count(e.events.points["orders"]) == 0
    return np.asarray(without & (m.count(e.events.points["company_purchases"]) > 0), dtype=np.float64)


def _loyalty(e: Ground, m: Moment) -> Floats:
    values = [m.last(p, p.values["value"]) for p in loyalty(e.events)]
    if not values:
        return nothing(m)
    stacked = np.stack(values)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0))


def loyalty(events: Events) -> list[Points]:
    """The steps of every loyalty property."""
    return [points for name, points in events.steps.items() if name.startswith("loyalty_")]


def _contract_left(e: Ground, m: Moment) -> Floats:
    return np.asarray(held("contract_until")(e, m) - m.days)


def cancellation(e: Ground, m: Moment) -> tuple[Floats, Floats]:
    """Whether a cancellation stands (NaN: not mapped), and its day (NaN: undated).

    A purchase after its day lifts it; an undated one is never lifted. Where flag and day are mapped, the
    day says it, too, unless the flag says no.
    """
    flag, dated = e.events.steps.get("cancelled"), e.events.points["cancelled_on"]
    day = m.last(dated, dated.days)
    if flag is None:
        if not e.mapping.sources(e.events.object_type).cancelled_on:
            return nothing(m), nothing(m)
        on = ~np.isnan(day)
    else:
        said = m.last(flag, flag.values["value"])
        on = (said == 1.0) | (np.isnan(said) & ~np.isnan(day))
        coming = (dated.first[m.customers + 1] - dated.first[m.customers] > 0) & np.isnan(day)
        on &= ~coming  # cancelled for a day that has not come
        since = m.last(flag, flag.values["since"])
        day = np.where(np.isnan(day), since, day)
    bought = m.days - m.age(e.events.points["purchases"])
    stands = on & ~(bought > day)
    return stands.astype(np.float64), np.where(stands, day, np.nan)


def _missing_keys(e: Ground, m: Moment) -> Floats:
    fixed = e.events.fixed.get("missing_key_fields")
    return nothing(m) if fixed is None else np.asarray(fixed)[m.customers]


def _constant(find: Callable[[Ground], float | None]) -> Lookup:
    def read(e: Ground, m: Moment) -> Floats:
        value = find(e)
        return np.full(len(m.keys), np.nan if value is None else value)

    return read


def _cut(kind: str, i: int) -> Lookup:
    def find(e: Ground) -> float | None:
        cuts: tuple[float, ...] = getattr(e.comparison, f"{kind}_cuts")
        return cuts[i - 1] if cuts else None

    return _constant(find)


PERSON: dict[str, Lookup] = {
    "tenure_days": _tenure,
    "company_buyer": _company_buyer,
    "engagements": seen("engagement"),
    "days_since_engaged": seen("engagement", days=True),
    "outreaches": _outreaches,
    "days_since_outreach": seen("outreach", days=True),
    "days_since_marker": seen("markers", days=True),
    "loyalty_activity": _loyalty,
    "contract_until": held("contract_until"),
    "contract_days_left": _contract_left,
    **{name: held(name) for name in ("nps", "csat", "referrals", "reviews", "open_tickets")},
    "cancelled": lambda e, m: cancellation(e, m)[0],
    "cancelled_on": lambda e, m: cancellation(e, m)[1],
    "missing_key_fields": _missing_keys,
    "days_since_key_fields": seen("key_fields", days=True),
    "portal_gap_days": _constant(lambda e: e.comparison.usual_gap_days),
    "portal_repeaters": _constant(lambda e: float(e.comparison.repeat_customers)),
    "churn_band_upper": _constant(lambda e: e.parameters.bands(e.events.object_type)[1]),
    **{f"{kind}_cut_{i}": _cut(kind, i) for kind in ("recency", "frequency", "money") for i in range(1, 5)},
    **{f"value_cut_{i}": _cut("value", i) for i in range(1, 4)},
}
