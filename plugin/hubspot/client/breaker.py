"""Stop calling a portal that fails again and again, and try with one call after a while."""

from __future__ import annotations

import threading
from typing import Protocol

from plugin.clock import Clock

#: Opens after so many failures in a row, for the first pause, then twice as long each time its trial fails.
FAILURES = 5
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


class Breaker(Protocol):
    """What a client asks before each call and tells after it. A refusal (4xx) is an answer, not a failure."""

    def pause(self) -> float:
        """Seconds until a call may be made; 0 lets it through, and while open only one as a trial."""

    def succeeded(self) -> None:
        """The CRM answered."""

    def failed(self) -> None:
        """The CRM did not answer, or with an error of its own."""


class LocalBreaker:
    """The breaker of one process, shared by its threads."""

    def __init__(self, clock: Clock, first: float = FIRST_PAUSE) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._first = first
        self._failures = 0
        self._open_until = 0.0
        self._pause = first
        self._trial = False

    def pause(self) -> float:
        """Seconds until a call may be made; 0 lets it through, and while open only one as a trial."""
        with self._lock:
            if self._failures < FAILURES:
                return 0.0
            now = self._clock.now().timestamp()
            if now < self._open_until:
                return self._open_until - now
            self._open_until, self._trial = now + self._pause, True  # the others wait for its outcome
            return 0.0

    def succeeded(self) -> None:
        """The CRM answered."""
        with self._lock:
            self._failures, self._pause, self._trial = 0, self._first, False

    def failed(self) -> None:
        """The CRM did not answer, or with an error of its own."""
        with self._lock:
            self._failures += 1
            if self._failures > FAILURES and not self._trial:
                return  # it was under way when the breaker opened, and says nothing new
            if self._trial:
                self._pause, self._trial = min(LONGEST_PAUSE, self._pause * 2), False
            if self._failures >= FAILURES:
                self._open_until = self._clock.now().timestamp() + self._pause
