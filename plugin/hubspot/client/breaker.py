"""Stop calling a portal that fails again and again, and try with one call after a while."""

from __future__ import annotations

import threading

from plugin.clock import Clock

_FAILURES = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0


class Breaker:
    """Opens after five failures in a row, for two seconds, then twice as long each time its trial fails too.

    A refusal (4xx) is an answer, not a failure. Shared by the threads of one process.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0
        self._pause = _FIRST_PAUSE

    def pause(self) -> float:
        """Seconds until a call may be made; 0 lets it through, and while open only one as a trial."""
        with self._lock:
            if self._failures < _FAILURES:
                return 0.0
            now = self._clock.now().timestamp()
            if now < self._open_until:
                return self._open_until - now
            self._open_until = now + self._pause  # the others wait for the trial's outcome
            return 0.0

    def succeeded(self) -> None:
        """The CRM answered."""
        with self._lock:
            self._failures, self._pause = 0, _FIRST_PAUSE

    def failed(self) -> None:
        """The CRM did not answer, or with an error of its own."""
        with self._lock:
            self._failures += 1
            if self._failures > _FAILURES:
                self._pause = min(_LONGEST_PAUSE, self._pause * 2)
            if self._failures >= _FAILURES:
                self._open_until = self._clock.now().timestamp() + self._pause
