"""Fixtures shared by all tests: the store on SQLite and on a real PostgreSQL, a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugin.clock import FixedClock
from plugin.records.store import Store
from tests.support.postgres import new_database, postgres_server
from tests.support.valkey import valkey_server

pytest_plugins = ["plugin.testing.pytest_plugin"]  # tables of customers are tests here, too

PORTAL = 4242
#: Modules that run on both databases in `make test`, because what they hold depends on it: the store,
#: claims and leases, whole loads. All others run there on SQLite, and in `make slow` on both.
ON_BOTH_DATABASES = {
    "test_backfill",
    "test_mirror",
    "test_store",
    "test_tokens",
    "test_work",
}
#: Further variants of tests that run in `make test` in another variant: these wait for `make slow`.
FURTHER_VARIANTS = (
    "test_workers_share_a_load_without_computing_or_writing_anybody_twice[sqlite]",
    "test_a_trickle_of_changes_leaves_the_calls_to_the_load[sqlite-False]",
    "computed_as_offline_before_and_after_changes[sqlite-contact]",
    "computed_as_offline_before_and_after_changes[sqlite-company]",
    "test_a_world_with_everything_in_it_ends_as_computed_offline[sqlite-2]",
    "test_one_event_in_twenty_lost_and_a_day_without_any[sqlite-2]",
    "test_a_storm_is_outlived_and_nothing_is_lost[sqlite-5xx]",
    "test_a_storm_is_outlived_and_nothing_is_lost[sqlite-locked]",
    "test_a_storm_is_outlived_and_nothing_is_lost[sqlite-resets]",
    "test_a_storm_is_outlived_and_nothing_is_lost[sqlite-search]",
    "test_the_next_moment_is_the_first_day_on_which_anything_written_changes[adopted1]",
)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of the time a test waits for other processes (of at most eight)."""
    return min(8, 2 * (os.cpu_count() or 1))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs on the second database without need."""
    for item in items:
        second = "postgresql" in item.name and item.path.stem not in ON_BOTH_DATABASES
        if second or item.name.endswith(FURTHER_VARIANTS):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the whole run."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A queue server for the whole run."""
    with valkey_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A migrated store of each kind."""
    made = Store(database_url, erasure_keys=[b"the tests' own"])
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def clock() -> FixedClock:
    """Noon of 22 November 2026, until moved."""
    return FixedClock(NOON)
