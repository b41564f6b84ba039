"""The only place that asks what time it is; everything else is handed a Clock."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""


class SystemClock:
    """The machine's clock, moved by the seconds written in `offset_file`, if there is one.

    The file is read at each look, so that tests can move running processes through time;
    settings.py hands it over only when the CRM is a loopback address.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def _offset(self) -> float:
        if self._offset_file is None:
            return 0.0
        try:
            return float(self._offset_file.read_text().strip() or 0)
        except (OSError, ValueError):
            return 0.0  # not written yet, or being written at this moment

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.fromtimestamp(time.time() + self._offset(), UTC)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of real time pass."""
        time.sleep(max(0.0, seconds))


class FixedClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds` without waiting."""
        self.moment = datetime.fromtimestamp(self.moment.timestamp() + seconds, UTC)


def milliseconds(moment: datetime) -> int:
    """The moment as whole milliseconds since 1970-01-01 UTC, as HubSpot writes it."""
    return round(moment.timestamp() * 1000)


def from_milliseconds(value: int) -> datetime:
    """The aware UTC moment of a count of milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of `moment` in the time zone named `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()
