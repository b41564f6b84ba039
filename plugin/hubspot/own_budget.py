"""One process' own pace, without Redis: for commands, for tests, and while Redis is away."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from plugin.clock import Clock
from plugin.errors import CrmRateLimited
from plugin.hubspot.pace import (
    LEAST_ALLOWANCE,
    PRIORITIES,
    Pace,
    Priority,
    general_pace,
    our_part,
    search_pace,
)
from plugin.hubspot.protocol.requests import Policy

#: A hold longer than this is not waited for: the job ends and comes back.
LONGEST_HOLD_WAIT = 60.0
LONGEST_SLEEP = 0.5  # then look again: a hold may have come or gone
_LOCAL_PROCESSES = 4  # how many processes we suppose, while Redis cannot say


class NullBudget:
    """No limit: for tests and for portals without one."""

    def acquire(self, priority: Priority, policy: Policy = "general") -> None:
        """Never waits."""

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        """Forgets."""

    def observe(self, headers: Mapping[str, str]) -> None:
        """Ignores."""


class OwnBudget:
    """One process' own pace, without a burst: for a command that looks at a portal without a queue server."""

    def __init__(self, *, clock: Clock, limit: int | None = LEAST_ALLOWANCE, share: float = 1.0) -> None:
        self._clock = clock
        self._local = LocalPacer(clock, processes=1)
        self._paces: dict[Policy, Pace] = {
            "general": general_pace(our_part(limit, 0, share)),
            "search": search_pace(share),
        }

    def acquire(self, priority: Priority, policy: Policy = "general") -> None:
        """As a portal's budget, alone."""
        while True:
            wait, held = self._local.look(self._paces[policy], priority, policy)
            if wait <= 0:
                return
            if held and wait > LONGEST_HOLD_WAIT:
                raise held_back(wait)
            self._clock.sleep(min(max(wait, 0.001), LONGEST_SLEEP))

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        """After a 429: nobody in this process calls for so long."""
        for one in self._paces if daily else (policy,):
            self._local.hold(one, seconds)

    def observe(self, headers: Mapping[str, str]) -> None:
        """A command is over before it would use more."""


class LocalPacer:
    """This process' own pace while Redis is away: no burst, a quarter of the rate, empty at the start."""

    def __init__(self, clock: Clock, processes: int = _LOCAL_PROCESSES) -> None:
        self._clock = clock
        self._processes = processes
        self._lock = threading.Lock()
        self._next: dict[Policy, float] = {}
        self._hold: dict[Policy, float] = {}

    def empty(self, paces: Mapping[Policy, Pace]) -> None:
        now = self._clock.now().timestamp()
        with self._lock:
            self._next = {policy: now + pace.every * self._processes for policy, pace in paces.items()}

    def hold(self, policy: Policy, seconds: float) -> None:
        with self._lock:
            until = self._clock.now().timestamp() + seconds
            self._hold[policy] = max(until, self._hold.get(policy, 0.0))

    def look(self, pace: Pace, priority: Priority, policy: Policy) -> tuple[float, bool]:
        now = self._clock.now().timestamp()
        # lower classes come later by one step each, so that a waiting higher one goes first
        behind = PRIORITIES.index(priority) * 0.01
        with self._lock:
            held = self._hold.get(policy, 0.0) - now
            if held > 0:
                return held, True
            at = self._next.get(policy, 0.0) + behind
            if at > now:
                return at - now, False
            self._next[policy] = now + pace.every * self._processes
            return 0.0, False


def held_back(wait: float) -> CrmRateLimited:
    error = CrmRateLimited(
        "The portal's allowance is spent for a while.", status=429, category="RATE_LIMITS", retry_after=wait
    )
    error.policy = "HELD"  # by an earlier answer: DAILY, or a migration
    return error
