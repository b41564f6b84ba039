"""Rate limits: an exact rolling window per portal, the day's allowance, and five searches a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from plugin.clock import Clock, SystemClock
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import Problem

WINDOW = 10.0
_LATE = 1e-9


def limited(policy: str, retry_after: float | None = None) -> Problem:
    """The 429 that names the spent allowance."""
    return Problem(
        429,
        f"You have reached your {policy.lower()} limit.",
        "",
        extra={"errorType": "RATE_LIMIT", "policyName": policy},
        headers={} if retry_after is None else {"Retry-After": f"{retry_after:g}"},
    )


@dataclass
class Allowance:
    """What an answer's rate headers say."""

    limit: int
    remaining: int
    daily_limit: int = 0
    daily_remaining: int = 0

    def headers(self) -> dict[str, str]:
        """HubSpot's rate headers; OAuth apps have no daily ones."""
        shown = {
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(self.limit),
            "X-HubSpot-RateLimit-Remaining": str(self.remaining),
        }
        if self.daily_limit:
            shown["X-HubSpot-RateLimit-Daily"] = str(self.daily_limit)
            shown["X-HubSpot-RateLimit-Daily-Remaining"] = str(self.daily_remaining)
        return shown


class RollingWindow:
    """Counts what happened in the last `seconds`, exactly."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._moments: deque[float] = deque()

    def count(self, now: float) -> int:
        """How many are in the window that ends now."""
        while self._moments and self._moments[0] <= now - self._seconds + _LATE:
            self._moments.popleft()
        return len(self._moments)

    def add(self, now: float) -> int:
        """Add one; how many are in the window with it."""
        self._moments.append(now)
        return self.count(now)


class Limits:
    """The allowances of every portal. The app is one, so a portal's window is the app's."""

    def __init__(self, clock: Clock) -> None:
        # Rolling windows follow the machine's monotonic clock unless a test injects one of its own.
        real = isinstance(clock, SystemClock)
        self._moment: Callable[[], float] = time.monotonic if real else (lambda: clock.now().timestamp())
        self._clock = clock
        self._lock = threading.Lock()
        self._bursts: dict[int, RollingWindow] = {}
        self._searches: dict[int, RollingWindow] = {}
        self._days: dict[int, tuple[str, int]] = {}

    def moment(self) -> float:
        """The present moment in seconds, on the clock that the windows follow."""
        return self._moment()

    def reset(self) -> None:
        """Start with fresh allowances."""
        with self._lock:
            self._bursts, self._searches, self._days = {}, {}, {}

    def search(self, portal: Portal) -> None:
        """Count a search; it is not counted in the ten-second window and its answer has no headers."""
        with self._lock:
            window = self._searches.setdefault(portal.id, RollingWindow(1.0))
            now = self._moment()
            if window.count(now) >= portal.search_limit:
                raise limited("SECONDLY")
            window.add(now)

    def call(self, portal: Portal, oauth: bool) -> Allowance:
        """Count a call; raises the 429 when an allowance is spent. A refused call is not counted."""
        limit = portal.oauth_burst_limit if oauth else portal.burst_limit
        daily = 0 if oauth else portal.daily_limit
        with self._lock:
            window = self._bursts.setdefault(portal.id, RollingWindow(WINDOW))
            now = self._moment()
            used = self._used_today(portal)
            if daily and used >= daily:
                raise limited("DAILY")
            if window.count(now) >= limit:
                raise limited("TEN_SECONDLY_ROLLING")
            spent = window.add(now)
            self._days[portal.id] = (self._day(portal), used + 1)
        return Allowance(limit, limit - spent, daily, max(0, daily - used - 1))

    def used_today(self, portal: Portal) -> int:
        """Calls counted since midnight in the portal's time zone."""
        with self._lock:
            return self._used_today(portal)

    def _used_today(self, portal: Portal) -> int:
        day, used = self._days.get(portal.id, ("", 0))
        return used if day == self._day(portal) else 0

    def _day(self, portal: Portal) -> str:
        moment: datetime = self._clock.now().astimezone(ZoneInfo(portal.time_zone))
        return moment.date().isoformat()
