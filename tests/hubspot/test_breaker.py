"""The breaker: a CRM that is down is asked by one call now and then, whoever of all processes makes it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import redis

from plugin.clock import FixedClock, SystemClock
from plugin.hubspot.client.breaker import FAILURES, Breaker, LocalBreaker
from plugin.hubspot.shared_breaker import RedisBreaker
from tests.conftest import NOON

PORTAL = 77


def opened(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        assert breaker.pause() == 0
        breaker.failed()


def other_process(client: redis.Redis, first: float = 2.0) -> RedisBreaker:
    return RedisBreaker(client, portal_id=PORTAL, clock=SystemClock(), first=first)


@pytest.fixture(params=["local", "shared"])
def make(request: pytest.FixtureRequest, valkey: redis.Redis) -> Callable[[float], Breaker]:
    """Both kinds behave alike."""
    if request.param == "local":
        return lambda first: LocalBreaker(SystemClock(), first)
    return lambda first: other_process(valkey, first)


def test_it_opens_after_five_failures_in_a_row(make: Callable[[float], Breaker]) -> None:
    breaker = make(2.0)
    for _ in range(FAILURES - 1):
        breaker.failed()
    breaker.pause()
    breaker.succeeded()
    opened(breaker)
    assert 1.5 < breaker.pause() <= 2.0


def test_one_call_tries_and_a_success_closes_it(make: Callable[[float], Breaker]) -> None:
    breaker = make(0.05)
    opened(breaker)
    SystemClock().sleep(0.06)
    assert breaker.pause() == 0
    assert breaker.pause() > 0
    breaker.succeeded()
    assert breaker.pause() == 0


def test_each_failed_trial_doubles_the_pause_and_late_failures_do_not(
    make: Callable[[float], Breaker],
) -> None:
    breaker = make(0.2)
    opened(breaker)
    for _ in range(20):  # calls that were under way when it opened
        breaker.failed()
    assert breaker.pause() <= 0.2
    SystemClock().sleep(0.21)
    assert breaker.pause() == 0
    breaker.failed()
    assert 0.3 < breaker.pause() <= 0.4


def test_what_one_process_found_out_all_know(valkey: redis.Redis) -> None:
    opened(other_process(valkey))
    assert other_process(valkey).pause() > 0
    assert RedisBreaker(valkey, portal_id=PORTAL + 1, clock=SystemClock()).pause() == 0
    other_process(valkey).succeeded()
    assert other_process(valkey).pause() == 0


def test_without_redis_each_process_has_its_own() -> None:
    clock = FixedClock(NOON)
    away = redis.Redis(unix_socket_path="/nowhere/queue.sock", retry=None)
    breaker = RedisBreaker(away, portal_id=PORTAL, clock=clock)
    opened(breaker)
    assert 0 < breaker.pause() <= 2.0
    clock.sleep(3)
    assert breaker.pause() == 0
    breaker.succeeded()
    assert breaker.pause() == 0


def test_a_wipe_of_redis_closes_it(valkey: redis.Redis) -> None:
    breaker = other_process(valkey)
    opened(breaker)
    valkey.flushall()
    started = time.monotonic()
    assert breaker.pause() == 0
    assert time.monotonic() - started < 1
