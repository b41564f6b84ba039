"""Silence beside that of the same season a year ago: until when a customer's own last year excuses it.

A shop that sells at Christmas has customers who are silent from January to November, every year. Their
silence says nothing while last year's was as long at that time of the year and ended with a purchase.
"""

from __future__ import annotations

import numpy as np

from plugin.lifecycle.ground import Ground, Lookup, nothing
from plugin.lifecycle.parameters import DATA_DAYS
from plugin.lifecycle.series import Floats, Moment, pack

#: Days of a year.
YEAR = 365


def compared(e: Ground) -> bool:
    """Whether the mapping asks for it, and the portal has two years of data."""
    return e.mapping.compare_seasons and e.comparison.data_days >= DATA_DAYS


def season_until(limit: Lookup) -> Lookup:
    """The last day, since 1970, on which last year's silence excuses the present one; NULL where none does.

    The present silence began with the last purchase L. Its counterpart is the pause between two purchases
    that was running `YEAR` days before L, `season_grace_days` (g) allowed. It excuses if it was longer than
    the silence that counts as sleeping (`limit`) and not longer than YEAR + g, up to the day YEAR + g after
    the purchase that ended it. Only purchases up to L are looked at: it stands still between purchases.
    """

    def read(e: Ground, m: Moment) -> Floats:
        bought = e.events.points["purchases"]
        if not compared(e) or not len(bought.keys):
            return nothing(m)
        grace = int(e.threshold("season_grace_days"))
        last = bought.days[np.maximum(m.position(bought) - 1, 0)]
        counterpart = pack(m.customers, last - YEAR + grace)
        ended = np.searchsorted(bought.keys, counterpart, side="right").astype(np.int64)
        known = (m.count(bought) > 0) & (ended > bought.first[m.customers])
        ended = np.where(known, ended, 0)
        pause = bought.days[ended] - bought.days[ended - 1]
        known &= (pause > limit(e, m)) & (pause <= YEAR + grace)
        return np.where(known, bought.days[ended] + YEAR + grace, np.nan)

    return read


def days_left(until: Lookup) -> Lookup:
    """Days until then; negative afterwards."""
    return lambda e, m: np.asarray(until(e, m) - m.days)
