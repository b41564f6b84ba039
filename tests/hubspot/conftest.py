"""Fixtures of these tests: an empty queue server, a sandbox CRM, and a client to it on each API version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from plugin.clock import SystemClock
from plugin.hubspot.client import Crm
from plugin.hubspot.own_budget import NullBudget
from plugin.sandbox.server import SandboxServer


@pytest.fixture
def valkey(redis_url: str) -> Iterator[redis.Redis]:
    """The run's queue server, emptied."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A running CRM without records."""
    with SandboxServer() as server:
        yield server


@pytest.fixture(params=["2026-09", "2026-03", "legacy"])
def version(request: pytest.FixtureRequest) -> str:
    """Every version of the API that we speak."""
    return str(request.param)


@pytest.fixture
def crm(sandbox: SandboxServer, version: str) -> Crm:
    """A client to the sandbox, without limits of its own."""
    return Crm(
        base_url=sandbox.url,
        token=lambda: sandbox.token,
        portal_id=sandbox.store.portals.get().id,
        budget=NullBudget(),
        clock=SystemClock(),
        version=version,
    )
