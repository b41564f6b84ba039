"""Days on which something that moves along a curve changes sign: probed in growing steps, then bisected.

Between two probes a curve is taken to cross at most once. Chances of silence rise, or dip after a purchase
and then rise: the probes stand close at first and half as far again each time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plugin.lifecycle.series import FAR, Floats, Ints

#: (rows, days) → a number each, NaN where nothing is known.
Curve = Callable[[Ints, Ints], Floats]

_PROBES = (1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 63, 94, 141, 211, 316, 474, 711, 1066, 1599, 2398, 3597)
_FARTHEST = (5_395, 8_092, 12_138, 18_207, 27_310, 40_965)


def sign_changes(curve: Curve, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """(row, day) of every day, start < day ≤ stop, from which on the sign is another than before."""
    rows = np.arange(len(starts), dtype=np.int64)
    here = np.sign(curve(rows, starts))
    keep = ~np.isnan(here) & (stops > starts)
    rows, here, last = rows[keep], here[keep], starts[keep]
    found_rows, found_days = [rows[:0]], [rows[:0]]
    for step in (*_PROBES, *_FARTHEST):
        if not len(rows):
            break
        day = np.minimum(starts[rows] + step, stops[rows])
        now = np.sign(curve(rows, day))
        turned = (now != here) & ~np.isnan(now)
        found_rows.append(rows[turned])
        found_days.append(_bisected(curve, rows[turned], last[turned], day[turned], here[turned]))
        going = (day < stops[rows]) & ~np.isnan(now)
        rows, here, last = rows[going], now[going], day[going]
    return np.concatenate(found_rows), np.concatenate(found_days)


def _bisected(curve: Curve, rows: Ints, low: Ints, high: Ints, sign: Floats) -> Ints:
    """The first day in (low, high] on which the sign is no longer `sign`."""
    low, high = low.copy(), high.copy()
    while len(rows) and (high - low > 1).any():
        middle = (low + high) // 2
        same = np.sign(curve(rows, middle)) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return high


def first_change(curve: Curve, starts: Ints, stops: Ints) -> Ints:
    """Per row the first day after its start, up to its stop, with another sign; FAR where none."""
    rows, days = sign_changes(curve, starts, stops)
    found = np.full(len(starts), FAR, np.int64)
    np.minimum.at(found, rows, days)
    return found
