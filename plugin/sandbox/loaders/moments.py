"""Days and hours of invented records as the CRM writes them; nothing here asks what time it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The calendar day of a day number."""
    return EPOCH + timedelta(days=number)


def iso(moments: npt.NDArray[Any]) -> list[str]:
    """Milliseconds since 1970 as HubSpot writes a datetime: `2026-01-31T14:05:00.000Z`."""
    stamps: list[str] = np.datetime_as_string(moments.astype("datetime64[ms]"), timezone="UTC").tolist()
    return stamps


def noon_ms(days: npt.NDArray[Any], zone: str) -> Ints:
    """Local noon of each day number in `zone`, as UTC milliseconds.

    Hours between 8 and 20 can be added or taken off: clocks change at night.
    """
    distinct, place = np.unique(days, return_inverse=True)
    tz = ZoneInfo(zone)
    noons = [
        datetime(d.year, d.month, d.day, 12, tzinfo=tz).timestamp() for d in map(day_of, distinct.tolist())
    ]
    return (np.asarray(noons, dtype=np.float64) * 1000).astype(np.int64)[place]


def end_of_day_ms(day: date, zone: str) -> int:
    """The last millisecond of `day` in `zone`."""
    after = day + timedelta(days=1)
    return int(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000) - 1
