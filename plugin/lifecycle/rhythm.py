"""A customer's buying rhythm after each of its purchases: usual and long gap, from its own gaps so far."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple

import numpy as np

from plugin.lifecycle.series import Floats, Ints, Points

#: Above this many gaps a running list is cheaper than a table of prefixes.
_TABLE_UP_TO = 48


#: With fewer own gaps than this nothing is said of a customer's own rhythm.
ENOUGH_GAPS = 3


class OwnGaps(NamedTuple):
    """One entry a purchase, NaN for a first one: what the gaps up to it say."""

    median: Floats  # days
    long: Floats  # the smallest own gap g with at least 90 % of gaps ≤ g, days
    near: Floats  # the share of gaps between half and twice the median


def own_gaps(purchases: Points) -> OwnGaps:
    """Per purchase: the median of the gaps up to it, the gap that nine in ten do not exceed, how even."""
    days, size = purchases.days, len(purchases.keys)
    found = OwnGaps(np.full(size, np.nan), np.full(size, np.nan), np.full(size, np.nan))
    counts = np.diff(purchases.first)
    for k in range(2, _TABLE_UP_TO + 2):
        begins = purchases.first[:-1][(counts >= k) & (counts <= _TABLE_UP_TO + 1)]
        if not len(begins):
            continue
        gaps = np.sort(np.diff(days[begins[:, None] + np.arange(k)], axis=1), axis=1)
        median = (gaps[:, (k - 2) // 2] + gaps[:, (k - 1) // 2]) / 2
        found.median[begins + k - 1] = median
        found.long[begins + k - 1] = gaps[:, _rank(k - 1)]
        near = (gaps >= median[:, None] / 2) & (gaps <= median[:, None] * 2)
        found.near[begins + k - 1] = near.mean(axis=1)
    for customer in np.flatnonzero(counts > _TABLE_UP_TO + 1):
        _run(days, int(purchases.first[customer]), int(counts[customer]), found)
    return found


def _rank(gaps: int) -> int:
    return -(-gaps * 9 // 10) - 1  # ceil(0.9 n) - 1 in whole numbers


def _run(days: Ints, begin: int, count: int, found: OwnGaps) -> None:
    seen: list[int] = []
    for i in range(begin + 1, begin + count):
        insort(seen, int(days[i] - days[i - 1]))
        n = len(seen)
        median = (seen[(n - 1) // 2] + seen[n // 2]) / 2
        found.median[i] = median
        found.long[i] = seen[_rank(n)]
        found.near[i] = (bisect_right(seen, median * 2) - bisect_left(seen, median / 2)) / n


def usual_gap(gaps: Floats, median: Floats, portal: float | None, prior: float) -> Floats:
    """(n × own median + prior × portal's) / (n + prior); NaN where neither is known."""
    if portal is None:
        return np.where(gaps > 0, median, np.nan)
    own = np.where(gaps > 0, gaps * np.nan_to_num(median), 0.0)
    weight = gaps + prior
    found: Floats = np.divide(own + prior * portal, weight, out=np.full(len(gaps), np.nan), where=weight > 0)
    return found
