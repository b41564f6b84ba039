"""The allowance of one portal, shared by all processes: who may call the CRM now, and who waits.

Pacing (GCRA in Lua on Redis, by Redis' own clock) spreads calls evenly, which never breaks a rolling window;
counting calls in windows does. Redis holds nothing that cannot be lost: after a wipe the allowance is empty,
not full, and without Redis each process paces itself at a fraction of the rate.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Protocol

import redis

from plugin.clock import Clock
from plugin.errors import CrmRateLimited
from plugin.hubspot.pace import (
    LEAST_ALLOWANCE,
    LONGEST_STARVE_SECONDS,
    PRIORITIES,
    WINDOW_SECONDS,
    Pace,
    Priority,
    general_pace,
    our_part,
    search_pace,
)
from plugin.hubspot.protocol.requests import Policy

_MICRO = 1_000_000
#: A hold longer than this is not waited for: the job ends and comes back.
_LONGEST_HOLD_WAIT = 60.0
_LONGEST_SLEEP = 0.5  # then look again: a hold may have come or gone
_LOCAL_PROCESSES = 4  # how many processes we suppose, while Redis cannot say
_REDIS_RETRY_SECONDS = 1.0
_DAY_LOOK_SECONDS = 900.0  # then one call looks whether the day has more again
_CAN_WAIT: tuple[Priority, ...] = ("repair", "backfill")
_REMEMBERED_MS = 86_400_000  # what an account allows changes with its subscription


class Budget(Protocol):
    """What a client asks before each call and tells after it."""

    def acquire(self, priority: Priority, policy: Policy = "general") -> None:
        """Wait until one call may be made; raises CrmRateLimited if that is a minute or more away."""

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        """After a 429: nobody calls for so long."""

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer's rate limit headers."""


class NullBudget:
    """No limit: for tests and for portals without one."""

    def acquire(self, priority: Priority, policy: Policy = "general") -> None:
        """Never waits."""

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        """Forgets."""

    def observe(self, headers: Mapping[str, str]) -> None:
        """Ignores."""


class RedisBudget:
    """The allowance of `portal_id`: `limit` requests in any ten seconds, less five per cent.

    `share` of what the account allows is ours (other apps live there, too). What it allows is learnt from the
    answers' headers and kept for all processes; until then `limit` counts as what is allowed. Never more than
    `limit` (None: whatever the account allows) is used.

    Classes wait in order: interactive, live, due, repair, backfill; each leaves the burst's last calls to
    those above it, and each gets at least one call in ten seconds.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        portal_id: int,
        clock: Clock,
        limit: int | None = LEAST_ALLOWANCE,
        share: float = 1.0,
        starve_seconds: float = LONGEST_STARVE_SECONDS,
        prefix: str = "lifecycle:budget",
    ) -> None:
        self._redis = client
        self._script = client.register_script(files("plugin.hubspot").joinpath("budget.lua").read_text())
        self._clock = clock
        self._limit = limit
        self._share = share
        self._allowed: int | None = None  # as the headers say; 0: nobody has seen any yet
        self._starve = starve_seconds
        self._key = f"{prefix}:{portal_id}"
        self._paces: dict[Policy, Pace] = {
            "general": general_pace(our_part(limit, 0, share)),
            "search": search_pace(share),
        }
        self._local = _LocalPacer(clock)
        self._redis_back_at = 0.0

    def acquire(self, priority: Priority, policy: Policy = "general") -> None:
        """Wait until one call may be made; raises CrmRateLimited if that is a minute or more away."""
        waited = 0.0
        while True:
            wait, held = self._look(priority, policy, waited)
            if wait <= 0:
                return
            if held and wait > _LONGEST_HOLD_WAIT:
                raise _held(wait)
            # a few milliseconds apart, so that those who wait do not all ask at one moment
            pause = min(wait, _LONGEST_SLEEP) + random.uniform(0, 0.003)
            self._clock.sleep(pause)
            waited += pause

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        """After a 429: nobody calls for so long. A hold by DAILY covers every policy."""
        for one in self._paces if daily else (policy,):
            self._local.hold(one, seconds)
            self._keep_hold(one, seconds, ("hold",))

    def _keep_hold(self, policy: Policy, seconds: float, fields: Sequence[str]) -> None:
        try:
            now, micro = _server_time(self._redis)
            until = now * _MICRO + micro + int(seconds * _MICRO)
            with self._redis.pipeline() as pipe:
                pipe.hset(self._name(policy), mapping=dict.fromkeys(fields, until))
                pipe.pexpire(self._name(policy), int(seconds * 1000) + 3_600_000)
                pipe.execute()
        except redis.RedisError:
            self._lost_redis()

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer's headers: what the account allows, and what the day has left."""
        self._leave_the_rest(headers)
        try:
            allowed = int(headers["X-HubSpot-RateLimit-Max"])
            window = int(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds") or 10_000)
        except (KeyError, ValueError):
            return  # search answers carry none
        if allowed > 0 and window == WINDOW_SECONDS * 1000 and allowed != self._allowed:
            self._learn(allowed)
            try:
                self._redis.set(f"{self._key}:allowed", allowed, px=_REMEMBERED_MS)
            except redis.RedisError:
                self._lost_redis()

    def _leave_the_rest(self, headers: Mapping[str, str]) -> None:
        """HubSpot counts the day for the whole account: what is not our share is left to the other apps.

        Only work that can wait for tomorrow stops there; what happens now goes on.
        """
        try:
            day, left = (int(headers[f"X-HubSpot-RateLimit-{name}"]) for name in ("Daily", "Daily-Remaining"))
        except (KeyError, ValueError):
            return  # apps of the marketplace have no daily limit
        if left < day * (1 - self._share):
            self._keep_hold("general", _DAY_LOOK_SECONDS, [f"hold:{name}" for name in _CAN_WAIT])

    def _learn(self, allowed: int) -> None:
        self._allowed = allowed
        ours = our_part(self._limit, allowed, self._share)
        self._paces["general"] = general_pace(ours)

    def _recall(self) -> None:
        """What another process has learnt of the account before our first call."""
        known: Any = self._redis.get(f"{self._key}:allowed")
        self._learn(int(known)) if known else self._learn(0)

    def _look(self, priority: Priority, policy: Policy, waited: float) -> tuple[float, bool]:
        """Take one call (0, …) or the seconds to wait and whether by a hold."""
        pace = self._paces[policy]
        if self._clock.now().timestamp() >= self._redis_back_at:
            try:
                if self._allowed is None:
                    self._recall()
                    pace = self._paces[policy]
                granted, wait, held = self._ask(pace, priority, policy, waited)
            except redis.RedisError:
                self._lost_redis()
            else:
                return (0.0 if granted else max(wait, 1) / _MICRO), bool(held)
        return self._local.look(pace, priority, policy)

    def _ask(self, pace: Pace, priority: Priority, policy: Policy, waited: float) -> tuple[int, int, int]:
        seconds = (pace.every, pace.ahead(priority), pace.ahead(PRIORITIES[0]), waited, self._starve)
        arguments = [*(int(one * _MICRO) for one in seconds), priority]
        answer: Any = self._script(keys=[self._name(policy)], args=arguments)
        return int(answer[0]), int(answer[1]), int(answer[2])

    def _name(self, policy: Policy) -> str:
        return f"{self._key}:{policy}"

    def _lost_redis(self) -> None:
        """Pace alone, and look for Redis again in a moment."""
        now = self._clock.now().timestamp()
        if now - self._redis_back_at > 2 * _REDIS_RETRY_SECONDS:
            self._local.empty(self._paces)
        self._redis_back_at = now + _REDIS_RETRY_SECONDS


class OwnBudget:
    """One process' own pace, without a burst: for a command that looks at a portal without a queue server."""

    def __init__(self, *, clock: Clock, limit: int | None = LEAST_ALLOWANCE, share: float = 1.0) -> None:
        self._clock = clock
        self._local = _LocalPacer(clock, processes=1)
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
            if held and wait > _LONGEST_HOLD_WAIT:
                raise _held(wait)
            self._clock.sleep(min(max(wait, 0.001), _LONGEST_SLEEP))

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        """After a 429: nobody in this process calls for so long."""
        for one in self._paces if daily else (policy,):
            self._local.hold(one, seconds)

    def observe(self, headers: Mapping[str, str]) -> None:
        """A command is over before it would use more."""


class _LocalPacer:
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
            self._hold[policy] = self._clock.now().timestamp() + seconds

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


def _server_time(client: redis.Redis) -> tuple[int, int]:
    answer: Any = client.time()
    return int(answer[0]), int(answer[1])


def _held(wait: float) -> CrmRateLimited:
    error = CrmRateLimited(
        "The portal's allowance is spent for a while.", status=429, category="RATE_LIMITS", retry_after=wait
    )
    error.policy = "HELD"  # by an earlier answer: DAILY, or a migration
    return error
