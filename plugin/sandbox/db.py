"""The sandbox's SQLite file: the tables, one writer at a time, any number of readers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS portals (id INTEGER PRIMARY KEY, body BLOB NOT NULL, next_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, portal INTEGER NOT NULL, use TEXT NOT NULL, expires_at INTEGER,
    scopes BLOB, redirect_uri TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS definitions (
    portal INTEGER, kind TEXT, sort TEXT, name TEXT, body BLOB NOT NULL,
    PRIMARY KEY (portal, kind, sort, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    portal INTEGER, kind TEXT, id INTEGER, properties BLOB NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    archived_at INTEGER, merged_into INTEGER,
    PRIMARY KEY (portal, kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_updated ON records (portal, kind, updated_at, id);
CREATE TABLE IF NOT EXISTS uniques (
    portal INTEGER, kind TEXT, property TEXT, value TEXT, id INTEGER NOT NULL,
    PRIMARY KEY (portal, kind, property, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY, portal INTEGER NOT NULL, kind TEXT NOT NULL, id INTEGER NOT NULL,
    property TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL,
    source_type TEXT NOT NULL, source_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_record ON history (portal, kind, id, property);
CREATE TABLE IF NOT EXISTS associations (
    portal INTEGER, kind TEXT, id INTEGER, to_kind TEXT, to_id INTEGER, type_id INTEGER,
    live INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (portal, kind, id, to_kind, to_id, type_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memberships (
    portal INTEGER, list INTEGER, id INTEGER, at INTEGER NOT NULL,
    PRIMARY KEY (portal, list, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    portal INTEGER, name TEXT, body BLOB NOT NULL, PRIMARY KEY (portal, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, portal INTEGER NOT NULL, body BLOB NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS events_queued ON events (number) WHERE state = 'queued';
"""


class Database:
    """One SQLite file in WAL mode; a write holds the lock, reads take a connection from a pool."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.executescript(SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        # A crash of this process loses nothing; only a power cut could, and this is a stand-in.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-65536")
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection whose queries all see one state of the file."""
        try:
            connection = self._readers.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.execute("COMMIT")
            self._readers.put(connection)

    def close(self) -> None:
        """Close every connection; the file stays."""
        with self._lock:
            self._writer.close()
        while not self._readers.empty():
            self._readers.get_nowait().close()
