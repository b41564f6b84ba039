"""The facts about deals that are or were open."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plugin.lifecycle.ground import Ground, Lookup, seen
from plugin.lifecycle.series import Bools, Floats, Ints, Moment, Points


def _open_deals(e: Ground, m: Moment) -> Floats:
    return (m.count(e.events.points["opened"]) - m.count(e.events.points["ended"])).astype(np.float64)


def _open_amount(e: Ground, m: Moment) -> Floats:
    opened, ended = e.events.points["opened"], e.events.points["ended"]

    def between(name: str) -> Ints:
        here = m.total(opened, opened.values[f"sum_{name}"]) - m.total(ended, ended.values[f"sum_{name}"])
        return np.asarray(here)

    known = (between("known") > 0) & (m.days >= e.today)
    return np.where(known, between("cents") / 100, np.nan)


def _probability(e: Ground, m: Moment) -> Floats:
    points = e.events.points["chances"]
    start, end, chance = (points.values[k] for k in ("start", "end", "chance"))
    found = _walk_down(
        m, points, points.first[m.customers + 1] - 1, lambda i, d: (start[i] <= d) & (d < end[i])
    )
    value = np.where(found >= 0, chance[np.maximum(found, 0)] if len(chance) else np.nan, np.nan)
    return np.where(m.days >= e.today, value, np.nan)


def _deal_moved(e: Ground, m: Moment) -> Floats:
    points = e.events.points["pieces"]
    end, reach = points.values["end"], points.values["reach"]

    def covers(i: Ints, d: Ints) -> Bools:
        return np.asarray(d < end[i])

    found = _walk_down(m, points, m.position(points) - 1, covers, reach)
    start = points.days[np.maximum(found, 0)] if len(points.keys) else np.zeros(len(m.keys))
    return np.where(found >= 0, m.days - start, np.nan)


def _walk_down(
    m: Moment,
    points: Points,
    begin: Ints,
    covers: Callable[[Ints, Ints], Bools],
    reach: Ints | None = None,
) -> Ints:
    """From index `begin` down, the first event of the pair's customer that covers its day; -1 where none.

    `reach`, the furthest end so far as a key, ends the search where nothing earlier reaches the day.
    """
    found = np.full(len(m.keys), -1, np.int64)
    at = begin.copy()
    left = np.flatnonzero(at >= points.first[m.customers])
    while len(left):
        hit = covers(at[left], m.days[left])
        found[left[hit]] = at[left[hit]]
        left = left[~hit]
        if reach is not None:
            left = left[reach[at[left]] > m.keys[left]]
        at[left] -= 1
        left = left[at[left] >= points.first[m.customers[left]]]
    return found


PIPELINE: dict[str, Lookup] = {
    "open_deals": _open_deals,
    "open_amount": _open_amount,
    "furthest_probability": _probability,
    "days_since_deal_moved": _deal_moved,
    "days_since_deal_activity": seen("deal_activity", days=True),
    "lost_deals": seen("lost_deals"),
}
