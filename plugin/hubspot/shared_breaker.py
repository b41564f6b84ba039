"""The breaker of one portal, shared by all processes through Redis; each one's own while Redis is away.

When the CRM is down, four processes that each find out for themselves make four times the failed calls.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import redis

from plugin.clock import Clock
from plugin.hubspot.client.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, LocalBreaker

_MICRO = 1_000_000
_REDIS_RETRY_SECONDS = 1.0


class RedisBreaker:
    """Counts failures in a row over all processes. After a wipe of Redis it is closed."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        portal_id: int,
        clock: Clock,
        first: float = FIRST_PAUSE,
        prefix: str = "lifecycle:breaker",
    ) -> None:
        self._script = client.register_script(files("plugin.hubspot").joinpath("breaker.lua").read_text())
        self._clock = clock
        self._first = first
        self._key = f"{prefix}:{portal_id}"
        self._local = LocalBreaker(clock, first)
        self._redis_back_at = 0.0
        self._clean = False  # nothing failed as of the last look: a success needs no word

    def pause(self) -> float:
        """Seconds until a call may be made; 0 lets it through, and while open only one as a trial."""
        answer = self._tell("ask")
        if answer is None:
            return self._local.pause()
        self._clean = answer[1] == 0
        return answer[0] / _MICRO

    def succeeded(self) -> None:
        """The CRM answered."""
        self._local.succeeded()
        if not self._clean:
            self._tell("succeeded")

    def failed(self) -> None:
        """The CRM did not answer, or with an error of its own."""
        self._local.failed()
        self._clean = False
        self._tell("failed")

    def _tell(self, event: str) -> tuple[int, int] | None:
        """Redis' answer, or None while it is away."""
        if self._clock.now().timestamp() < self._redis_back_at:
            return None
        pauses = (int(self._first * _MICRO), int(LONGEST_PAUSE * _MICRO))
        try:
            answer: Any = self._script(keys=[self._key], args=[event, FAILURES, *pauses])
        except redis.RedisError:
            self._redis_back_at = self._clock.now().timestamp() + _REDIS_RETRY_SECONDS
            return None
        return int(answer[0]), int(answer[1])
