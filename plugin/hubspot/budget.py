"""The allowance of one portal, shared by all processes: who may call the CRM now, and who waits.

Pacing (GCRA in Lua on Redis, by Redis' own clock) spreads calls evenly, which never breaks a rolling window;
counting calls in windows does. Redis holds nothing that cannot be lost: after a wipe the allowance is empty,
not full, and without Redis each process paces itself at a fraction of the rate.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Protocol

import redis

from plugin.clock import Clock
from plugin.hubspot.own_budget import LONGEST_HOLD_WAIT, LONGEST_SLEEP, LocalPacer, held_back
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
        self._script, self._hold_script = (_script(client, name) for name in ("budget.lua", "hold.lua"))
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
        self._local = LocalPacer(clock)
        self._redis_back_at = 0.0

    def acquire(self, priority: Priority, policy: Policy = "general") -> None:
        """Wait until one call may be made; raises CrmRateLimited if that is a minute or more away."""
        waited = 0.0
        while True:
            wait, held = self._look(priority, policy, waited)
            if wait <= 0:
                return
            if held and wait > LONGEST_HOLD_WAIT:
                raise held_back(wait)
            # a few milliseconds apart, so that those who wait do not all ask at one moment
            pause = min(wait, LONGEST_SLEEP) + random.uniform(0, 0.003)
            self._clock.sleep(pause)
            waited += pause

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        """After a 429: nobody calls for so long, or for as long as a hold says that stands already.

        A hold by DAILY covers every policy.
        """
        for one in self._paces if daily else (policy,):
            self._local.hold(one, seconds)
            self._keep_hold(one, seconds, ("hold",))

    def _keep_hold(self, policy: Policy, seconds: float, fields: Sequence[str]) -> None:
        try:
            self._hold_script(keys=[self._name(policy)], args=[int(seconds * _MICRO), *fields])
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


def _script(client: redis.Redis, name: str) -> Any:
    return client.register_script(files("plugin.hubspot").joinpath(name).read_text())
