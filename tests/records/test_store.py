"""The store itself: migrations build the schema, transactions are whole, a dead database is named."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from plugin.errors import StoreError
from plugin.mapping.bundle import Bundle
from plugin.records import configs, inbox, portals
from plugin.records.configs import Origin, Version
from plugin.records.schema import metadata
from plugin.records.store import Store


def test_the_migrations_build_exactly_the_schema(store: Store) -> None:
    """A table or column that is declared but not migrated (or the reverse) is found here."""
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_every_table_of_a_portals_data_is_keyed_by_portal() -> None:
    """Only locks belong to the house as a whole."""
    without = {table.name for table in metadata.sorted_tables if "portal_id" not in table.c}
    assert without == {"locks"}


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    """A start of web, workers and scheduler together makes the schema once."""
    faults: list[Exception] = []

    def migrate() -> None:
        try:
            made = Store(database_url)
            made.migrate()
            made.close()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_database_that_was_not_migrated_is_named_with_its_cure(database_url: str) -> None:
    """A worker or a command that comes before the first migration, or after a newer one was not run."""
    made = Store(database_url)
    with pytest.raises(StoreError, match="lifecycle migrate"), made.read() as connection:
        portals.every(connection)
    made.migrate()
    with made.write() as connection:
        assert portals.every(connection) == []
        connection.execute(sa.text("ALTER TABLE portals RENAME COLUMN ui_domain TO another"))
    with pytest.raises(StoreError, match="lifecycle migrate"), made.read() as connection:
        portals.every(connection)
    made.close()


def test_several_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    """The switch of a new SQLite file to WAL does not wait by itself: about every 30th of these failed."""
    faults: list[Exception] = []
    together = threading.Barrier(6)

    def open_them() -> None:
        for number in range(100):
            together.wait()
            try:
                made = Store(f"sqlite:///{tmp_path}/{number}.db")
                with made.read():
                    pass
                made.close()
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=open_them) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_processes_that_start_together_put_one_configuration_in_force(store: Store) -> None:
    """The history tells of one first version, whoever made it."""
    bundle, together = Bundle("default.yaml", b"version: 1", {}), threading.Barrier(3)

    def begin(now: int) -> Version | None:
        together.wait()
        with store.write() as connection:
            return configs.add_first(connection, store, bundle, Origin("default", "test", now))

    with ThreadPoolExecutor(3) as pool:
        made = [one for one in pool.map(begin, (1, 2, 3)) if one is not None]
    with store.read() as connection:
        assert configs.history(connection, configs.EVERYONE) == made
    assert [one.number for one in made] == [1]


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    """All of a transaction lasts, or none of it."""

    def put_and_fail() -> None:
        with store.write() as connection:
            inbox.put(connection, 7, b"[]", 0, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put_and_fail()
    with store.read() as connection:
        assert inbox.waiting(connection)[0] == 0


def test_a_database_that_is_not_there_is_named_with_its_cure() -> None:
    """The message says what to check."""
    store = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="Cure: Check DATABASE_URL"), store.read() as connection:
        connection.execute(sa.text("SELECT 1"))


def test_one_scheduler_leads_until_its_lead_runs_out(store: Store) -> None:
    """A second one waits, and takes over when the first stops renewing."""

    def lead(holder: str, now: int) -> bool:
        with store.write() as connection:
            return portals.hold_lock(connection, store, "scheduler", holder, now, now + 10)

    assert [lead("a", 0), lead("b", 5), lead("a", 8), lead("b", 18), lead("b", 19)] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_the_receivers_store_waits_for_the_disk(tmp_path: Path) -> None:
    """What is acknowledged survives a power cut: SQLite's synchronous is FULL (2) there."""
    durable = Store(f"sqlite:///{tmp_path / 'd.db'}", durable=True)
    with durable.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    durable.close()


def test_bodies_leave_the_inbox_in_order_and_come_back_when_applying_fails(store: Store) -> None:
    """An event is gone from the inbox only with the transaction that applied it."""
    with store.write() as connection:
        for number in range(3):
            inbox.put(connection, 7, b"[%d]" % number, 1, number)

    def take_and_fail() -> None:
        with store.write() as connection:
            assert [row.body for row in inbox.take(connection, 2)] == [b"[0]", b"[1]"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_and_fail()
    with store.write() as connection:
        assert [row.body for row in inbox.take(connection, 9)] == [b"[0]", b"[1]", b"[2]"]
        assert inbox.waiting(connection) == (0, 0, None)
