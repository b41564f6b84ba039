"""A customer's buying rhythm after each of its purchases: median and long gap, from its own gaps so far."""

from __future__ import annotations

from bisect import insort

import numpy as np

from plugin.lifecycle.series import Floats, Ints, Points

#: Above this many gaps a running list is cheaper than a table of prefixes.
_TABLE_UP_TO = 48


def own_gaps(purchases: Points) -> tuple[Floats, Floats]:
    """Per purchase: the median of the gaps up to it, and the gap that nine in ten do not exceed.

    NaN for a first purchase. The long gap is the smallest own gap g with at least 90 % of gaps ≤ g.
    """
    days, size = purchases.days, len(purchases.keys)
    median, long = np.full(size, np.nan), np.full(size, np.nan)
    counts = np.diff(purchases.first)
    for k in range(2, _TABLE_UP_TO + 2):
        begins = purchases.first[:-1][(counts >= k) & (counts <= _TABLE_UP_TO + 1)]
        if not len(begins):
            continue
        gaps = np.sort(np.diff(days[begins[:, None] + np.arange(k)], axis=1), axis=1)
        median[begins + k - 1] = (gaps[:, (k - 2) // 2] + gaps[:, (k - 1) // 2]) / 2
        long[begins + k - 1] = gaps[:, _rank(k - 1)]
    for customer in np.flatnonzero(counts > _TABLE_UP_TO + 1):
        _run(days, int(purchases.first[customer]), int(counts[customer]), median, long)
    return median, long


def _rank(gaps: int) -> int:
    return -(-gaps * 9 // 10) - 1  # ceil(0.9 n) - 1 in whole numbers


def _run(days: Ints, begin: int, count: int, median: Floats, long: Floats) -> None:
    seen: list[int] = []
    for i in range(begin + 1, begin + count):
        insort(seen, int(days[i] - days[i - 1]))
        n = len(seen)
        median[i] = (seen[(n - 1) // 2] + seen[n // 2]) / 2
        long[i] = seen[_rank(n)]


def usual_gap(gaps: Floats, median: Floats, portal: float | None, prior: float) -> Floats:
    """(n × own median + prior × portal's) / (n + prior); NaN where neither is known."""
    if portal is None:
        return np.where(gaps > 0, median, np.nan)
    own = np.where(gaps > 0, gaps * np.nan_to_num(median), 0.0)
    weight = gaps + prior
    found: Floats = np.divide(own + prior * portal, weight, out=np.full(len(gaps), np.nan), where=weight > 0)
    return found
