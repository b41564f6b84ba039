"""The budget: many processes, one allowance, and HubSpot never has to refuse."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from plugin.clock import FixedClock, SystemClock
from plugin.errors import CrmRateLimited
from plugin.hubspot.budget import RedisBudget
from plugin.hubspot.client import Crm
from plugin.hubspot.own_budget import OwnBudget
from plugin.hubspot.pace import Priority, general_pace, our_part
from plugin.hubspot.protocol.requests import Policy
from plugin.sandbox.server import SandboxServer
from tests.conftest import NOON

PORTAL = 4242


class CountingClock(SystemClock):
    """The machine's clock, counting what is slept; really sleeps unless told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        super().sleep(seconds)


def make_budget(client: redis.Redis, limit: int = 100, starve: float = 10.0) -> RedisBudget:
    return RedisBudget(client, portal_id=PORTAL, clock=SystemClock(), limit=limit, starve_seconds=starve)


def worst_window(moments: list[float], seconds: float = 10.0) -> int:
    moments = sorted(moments)
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


def take(budget: RedisBudget, seconds: float, priority: Priority = "live") -> list[float]:
    """Call as fast as the budget lets us; gives the moments."""
    end = time.monotonic() + seconds
    moments = []
    while time.monotonic() < end:
        budget.acquire(priority)
        moments.append(time.monotonic())
    return moments


def _call_from_a_process(url: str, redis_url: str, token: str, limit: int, seconds: float) -> int:
    with redis.Redis.from_url(redis_url) as client:
        crm = Crm(
            base_url=url,
            token=lambda: token,
            portal_id=PORTAL,
            budget=make_budget(client, limit),
            clock=SystemClock(),
            priority="backfill",
        )
        end = time.monotonic() + seconds
        calls = 0
        while time.monotonic() < end:
            crm.account()
            calls += 1
        return calls


def run_four_processes(redis_url: str, limit: int, seconds: float) -> tuple[int, dict[str, int]]:
    """Four processes call a CRM that counts its rolling window exactly; gives calls and statistics."""
    with SandboxServer() as sandbox:
        portal = sandbox.store.portals.get()
        sandbox.store.add_portal(replace(portal, id=PORTAL, burst_limit=limit))
        arguments = (sandbox.url, redis_url, sandbox.token, limit, seconds)
        with multiprocessing.get_context("spawn").Pool(4) as pool:
            calls = sum(pool.starmap(_call_from_a_process, [arguments] * 4, chunksize=1))
        return calls, sandbox.stats.report()


def test_four_processes_are_never_refused_and_use_the_allowance(valkey: redis.Redis, redis_url: str) -> None:
    limit, seconds = 100, 12.0
    calls, stats = run_four_processes(redis_url, limit, seconds)
    assert stats["refused"] == 0
    assert stats["worst_window"] <= limit
    assert calls >= 0.93 * limit * (seconds - 0.5) / 10  # half a second until the processes are up


@pytest.mark.slow
@pytest.mark.parametrize("limit", [100, 110, 190])
def test_four_processes_for_minutes_are_never_refused(
    valkey: redis.Redis, redis_url: str, limit: int
) -> None:
    calls, stats = run_four_processes(redis_url, limit, 180.0)
    assert stats["refused"] == 0
    assert stats["worst_window"] <= limit
    assert calls >= 0.93 * limit * 17.9


def test_it_starts_with_nothing_saved_up(valkey: redis.Redis) -> None:
    started = time.monotonic()
    moments = take(make_budget(valkey, limit=100), 0.9)
    every = general_pace(100).every
    assert moments[0] - started >= every * 0.99
    assert len(moments) <= 0.9 / every + 1


def test_a_wipe_of_redis_gives_nothing_away(valkey: redis.Redis) -> None:
    budget = make_budget(valkey, limit=100)
    moments = []
    for _ in range(5):
        moments += take(budget, 0.3)
        valkey.flushall()
    assert len(moments) <= 1.5 / general_pace(100).every + 1


def test_an_idle_portal_saves_up_a_small_burst(valkey: redis.Redis) -> None:
    budget = make_budget(valkey, limit=100)
    pace = general_pace(100)
    budget.acquire("interactive")
    SystemClock().sleep(pace.every * (pace.burst + 2))  # idle for long enough to save up all there is
    began, at_once = time.monotonic(), 0
    while budget._look("interactive", "general", 0.0)[0] <= 0:
        at_once += 1
    meanwhile = int((time.monotonic() - began) / pace.every) + 1  # more come due while a slow machine counts
    assert pace.burst <= at_once <= pace.burst + meanwhile


def test_portals_do_not_share(valkey: redis.Redis) -> None:
    clock = CountingClock()
    budgets = [RedisBudget(valkey, portal_id=n, clock=clock, limit=40) for n in range(6)]
    for budget in budgets:
        budget._look("live", "general", 0.0)  # the first look starts each portal's allowance
    SystemClock().sleep(2 * general_pace(40).every)
    for budget in budgets:
        budget.acquire("live")
    assert clock.slept == 0


def contest(url: str, classes: list[Priority], seconds: float, starve: float) -> dict[str, int]:
    """Threads of each class call as fast as they may; gives the calls of each."""
    from concurrent.futures import ThreadPoolExecutor

    def run(priority: Priority) -> tuple[str, int]:
        with redis.Redis.from_url(url) as client:
            return priority, len(take(make_budget(client, 200, starve), seconds, priority))

    with ThreadPoolExecutor(len(classes)) as pool:
        found: dict[str, int] = {}
        for name, count in pool.map(run, classes):
            found[name] = found.get(name, 0) + count
        return found


@pytest.mark.slow  # a contest of five processes: on a busy machine the shares say nothing
def test_a_higher_class_goes_first(valkey: redis.Redis, redis_url: str) -> None:
    calls = contest(redis_url, ["live", "live", "backfill", "backfill", "backfill"], 3.0, starve=60)
    assert calls["live"] >= 9 * calls["backfill"]


@pytest.mark.slow
def test_a_lower_class_is_not_starved(valkey: redis.Redis, redis_url: str) -> None:
    calls = contest(redis_url, ["live", "live", "backfill"], 3.0, starve=0.5)
    assert 3 <= calls["backfill"] <= 7  # about one in half a second, and no more
    assert calls["live"] >= 5 * calls["backfill"]


def test_a_person_who_waits_is_served_at_once_during_a_backfill(valkey: redis.Redis, redis_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def flood() -> None:
        with redis.Redis.from_url(redis_url) as client:
            take(make_budget(client, 200), 2.5, "backfill")

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(flood)
        SystemClock().sleep(1.0)
        clock = CountingClock()
        budget = RedisBudget(valkey, portal_id=PORTAL, clock=clock, limit=200)
        budget.acquire("interactive")
    assert clock.slept <= general_pace(200).every


def test_searches_have_an_allowance_of_their_own(valkey: redis.Redis) -> None:
    budget = make_budget(valkey)
    end = time.monotonic() + 2.2
    moments = []
    while time.monotonic() < end:
        budget.acquire("live", "search")
        moments.append(time.monotonic())
    assert worst_window(moments, 1.0) <= 5
    assert len(moments) >= 8


def test_a_hold_stops_every_process_for_as_long_as_asked(valkey: redis.Redis) -> None:
    started, clock = time.monotonic(), CountingClock()
    make_budget(valkey).hold(0.8)
    RedisBudget(valkey, portal_id=PORTAL, clock=clock).acquire("interactive")
    assert time.monotonic() - started >= 0.8
    assert clock.slept < 1.5


def test_a_long_hold_is_raised_not_slept_through(valkey: redis.Redis) -> None:
    make_budget(valkey).hold(7200, daily=True)
    for policy in ("general", "search"):
        with pytest.raises(CrmRateLimited) as caught:
            make_budget(valkey).acquire("live", policy)  # type: ignore[arg-type]
        assert caught.value.retry_after is not None
        assert 7100 < caught.value.retry_after <= 7200


def test_a_short_hold_does_not_end_a_long_one(valkey: redis.Redis) -> None:
    """Calls that were under way when the day was spent come back with refusals and headers of their own."""
    for budget in (make_budget(valkey), make_budget(unreachable())):
        budget.hold(7200, daily=True)
        budget.hold(1)
        budget.observe(told(Daily=1_000, Daily_Remaining=0))
        with pytest.raises(CrmRateLimited) as caught:
            budget.acquire("interactive")
        assert caught.value.retry_after is not None
        assert 7100 < caught.value.retry_after <= 7200
    left: Any = valkey.pttl(f"lifecycle:budget:{PORTAL}:general")
    assert left > 7_200_000


def test_the_portals_own_limit_counts_when_it_is_lower(valkey: redis.Redis) -> None:
    budget = make_budget(valkey, limit=1000)
    budget.observe({"X-HubSpot-RateLimit-Max": "50", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"})
    assert len(take(budget, 1.0)) <= 6
    budget.observe({"X-HubSpot-RateLimit-Max": "nonsense"})
    budget.observe({})


def shared(client: redis.Redis, share: float) -> RedisBudget:
    return RedisBudget(client, portal_id=PORTAL, clock=SystemClock(), limit=None, share=share)


def told(**rates: int) -> dict[str, str]:
    """The headers of an answer."""
    named = {"Interval-Milliseconds": 10_000, **{k.replace("_", "-"): v for k, v in rates.items()}}
    return {f"X-HubSpot-RateLimit-{name}": str(value) for name, value in named.items()}


def test_a_share_of_what_the_account_allows_is_ours(valkey: redis.Redis) -> None:
    """Learnt from the headers by one process, known to the next before its first call."""
    shared(valkey, 0.5).observe(told(Max=800))
    started, other = time.monotonic(), shared(valkey, 0.5)
    moments = take(other, 1.0)
    assert other._paces["general"] == general_pace(400)
    assert len(moments) <= 400 * 0.95 / 10 + 6
    assert started <= moments[0]


@pytest.mark.parametrize(
    ("limit", "allowed", "share", "ours"),
    [
        (100, 0, 1.0, 100),
        (100, 190, 1.0, 100),
        (100, 50, 1.0, 50),
        (100, 190, 0.5, 95),
        (None, 0, 0.5, 50),
        (None, 250, 0.8, 200),
        (None, 1, 0.01, 1),
    ],
)
def test_what_is_ours_of_an_allowance(limit: int | None, allowed: int, share: float, ours: int) -> None:
    assert our_part(limit, allowed, share) == ours


def test_the_rest_of_the_day_is_left_to_other_apps(valkey: redis.Redis) -> None:
    """What can wait for tomorrow waits; what happens now goes on."""
    budget = shared(valkey, 0.6)
    budget.observe(told(Daily=1_000, Daily_Remaining=400))
    budget.acquire("backfill")
    budget.observe(told(Daily=1_000, Daily_Remaining=399))
    for priority in ("backfill", "repair"):
        with pytest.raises(CrmRateLimited):
            shared(valkey, 0.6).acquire(priority)  # type: ignore[arg-type]
    shared(valkey, 0.6).acquire("live")


def unreachable() -> redis.Redis:
    return redis.Redis(unix_socket_path="/nowhere/queue.sock", retry=None)


def test_without_redis_a_process_paces_itself_slowly_and_without_a_burst() -> None:
    started = time.monotonic()
    moments = take(make_budget(unreachable(), limit=400), 1.0)
    assert len(moments) <= 400 * 0.95 / 10 / 4 + 1
    assert moments[0] - started >= general_pace(400).every


def test_without_redis_a_hold_still_holds() -> None:
    budget = make_budget(unreachable())
    budget.hold(600)
    with pytest.raises(CrmRateLimited):
        budget.acquire("interactive")


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        SystemClock().sleep(0.02)
    raise AssertionError("it never came about")


def test_redis_is_used_again_when_it_is_back(valkey: redis.Redis) -> None:
    budget = make_budget(unreachable(), limit=400)
    budget.acquire("live")
    budget._redis = valkey
    budget._script.registered_client = valkey

    def shared() -> bool:
        budget.acquire("live")
        return bool(valkey.exists(f"lifecycle:budget:{PORTAL}:general"))

    wait_until(shared)


@pytest.mark.parametrize(("policy", "most"), [("general", 100), ("search", 50)])
def test_a_command_by_itself_keeps_to_the_allowance(policy: Policy, most: int) -> None:
    """Where nothing of ours runs: as fast as allowed from the first call, never faster."""
    clock = FixedClock(NOON)
    budget = OwnBudget(clock=clock, limit=100)
    moments = []
    for _ in range(300):
        budget.acquire("interactive", policy)
        moments.append(clock.now().timestamp())
    assert 0.85 * most <= worst_window(moments) <= most
    budget.hold(5, policy)
    budget.acquire("interactive", policy)
    assert clock.now().timestamp() - moments[-1] >= 5
    budget.hold(100, policy, daily=True)
    with pytest.raises(CrmRateLimited):
        budget.acquire("interactive", "general")
