"""A portal's own past as the backtest takes it: what was known on past days, and what followed.

The purchases are those that stages and predictions are computed from: the mapping says which deals count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

from plugin.jobs.meaning import histories_of
from plugin.lifecycle.events import build_events
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.pasts import buyers
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping
from plugin.value.histories import Histories
from plugin.value.lookback import Look, looks_between, rolling

_EPOCH = date(1970, 1, 1)


def portal_looks(
    records: Records,
    mapping: Mapping,
    parameters: Parameters,
    day: date,
    object_type: str,
    *,
    days: int,
    count: int,
    given: Sequence[date] = (),
) -> list[Look]:
    """Looks at `given` days, or at up to `count` past days, `days` apart, the last `days` before `day`.

    Of `parameters` only time zone and currency are used; what was known on a past day is fitted anew.
    """
    zone, money = mapping.time_zone or parameters.time_zone, mapping.currency or parameters.currency
    events = build_events(records, mapping, object_type, zone, money)

    @cache
    def at(on: int) -> Histories:
        return histories_of(buyers(events, on))

    last = (day - _EPOCH).days
    today = at(last)
    if not len(today):
        return []
    first = last - int(today.age.max())
    origins = [(d - _EPOCH).days for d in given] or rolling(first, last, days, count)
    return looks_between(at, origins, days)
