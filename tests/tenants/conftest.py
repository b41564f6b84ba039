"""Two portals with the same ids, loaded once; the store's file is copied for each test."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugin.clock import FixedClock
from plugin.records.store import Store
from tests.conftest import NOON
from tests.support.guard import Guard
from tests.support.many import Many, many
from tests.support.tenants import KEYS, load_both


@dataclass
class Base:
    """The product with both portals, a file with their store as it was then, and who watched."""

    home: Many
    file: Path
    guard: Guard

    def copy(self, folder: Path, name: str) -> Store:
        """The store as it was."""
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(self.file.read_bytes())
        store = Store(f"sqlite:///{folder / name}", erasure_keys=KEYS)
        self.guard.watch(store.engine)
        return store


@pytest.fixture(scope="package")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """Both portals loaded."""
    folder = tmp_path_factory.mktemp("tenants")
    store = Store(f"sqlite:///{folder / 'store.db'}", erasure_keys=KEYS)
    store.migrate()
    guard = Guard()
    guard.watch(store.engine)
    with many(store, FixedClock(NOON)) as home:
        load_both(home)
        with (
            closing(sqlite3.connect(folder / "store.db")) as loaded,
            closing(sqlite3.connect(folder / "base.db")) as kept,
        ):
            loaded.backup(kept)
        yield Base(home, folder / "base.db", guard)
    store.close()
