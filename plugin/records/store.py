"""The store: one engine, transactions for reading and for writing, upserts, and migrations.

SQLite (WAL) and PostgreSQL behave alike from here on: a write transaction on SQLite takes the write
lock at once, on PostgreSQL rows are claimed with SKIP LOCKED.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from plugin.errors import ConfigError, StoreError

Row = dict[str, Any]
_BUSY_SECONDS = 30
_MIGRATION_LOCK = 7_114_203  # any number that only this product uses, for PostgreSQL's advisory lock


class Store:
    """An open database.

    `durable` makes SQLite wait for the disk at every commit: the receiver needs that, because the CRM
    forgets an event once we acknowledge it; workers can do without, because their work can be done again.
    """

    def __init__(self, url: str, *, durable: bool = False, erasure_keys: Sequence[bytes] = ()) -> None:
        self.url = url
        self.erasure_keys = tuple(erasure_keys)  # newest first; without any, nobody can be erased
        self.engine = _engine(url, durable)
        self.is_postgresql = self.engine.dialect.name == "postgresql"

    @property
    def place(self) -> str:
        """Where it is, for messages: a file, or a server's database without user and password."""
        url = self.engine.url
        return f"{url.host}/{url.database}" if self.is_postgresql else str(url.database)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises StoreError when the database cannot be reached.
        """
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; all of it lasts, or none of it.

        Raises StoreError when the database cannot be reached or stays locked.
        """
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        try:
            options = {"lifecycle_write": write}
            with self.engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            if _lacks_a_table(error):
                said = f"The database is not prepared for this version: {error.orig}"
                raise StoreError(said, cure="Run `lifecycle migrate`, then try again.") from error
            if isinstance(error, OperationalError):
                raise StoreError(f"The database did not answer: {error.orig}") from error
            if error.connection_invalidated:
                raise StoreError(f"The connection to the database broke: {error.orig}") from error
            raise

    def upsert(
        self,
        connection: Connection,
        table: sa.Table,
        rows: Sequence[Row],
        update: Callable[[Any], dict[str, Any]] | None = None,
        where: Callable[[Any], Any] | None = None,
    ) -> None:
        """Insert rows; where the key exists, set what `update` makes of the new row (None: leave it be).

        Rows go in the order of their keys, so that two workers cannot lock each other out.
        """
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
        statement: Any = (postgresql_insert if self.is_postgresql else sqlite_insert)(table)
        if update is None:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        else:
            new = statement.excluded
            condition = where(new) if where else None
            statement = statement.on_conflict_do_update(
                index_elements=keys, set_=update(new), where=condition
            )
        connection.execute(statement, ordered)

    def migrate(self) -> None:
        """Bring the schema up to this version; safe when several processes start at once."""
        if self.engine.dialect.name == "sqlite" and self.engine.url.database:
            folder = Path(self.engine.url.database).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                cure = "Set DATA_DIR, or DATABASE_URL, to a place that this user may write to."
                raise ConfigError(f"{folder} cannot be written: {error.strerror}.", cure=cure) from error
        with self.write() as connection:
            if self.is_postgresql:
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            command.upgrade(alembic_config(connection), "head")

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def schema_version(connection: Connection) -> str | None:
    """The migration that the database stands at; None: it has no tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_schema() -> str:
    """The migration that this version of the product needs."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for this package's migrations, run on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The values in lists of at most `size` (a statement takes a limited number of parameters)."""
    batch: list[Any] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _name_no_values(context: Any) -> None:
    """PostgreSQL's details tell the row that failed: only the first line of its message is kept."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).split("\n", 1)[0], *error.args[1:])


def _lacks_a_table(error: DBAPIError) -> bool:
    """Whether a table or column is not there: SQLite says it in words, PostgreSQL by a code."""
    code = getattr(error.orig, "sqlstate", None)
    return code in {"42P01", "42703"} or f"{error.orig}".startswith(("no such table", "no such column"))


def _engine(url: str, durable: bool) -> Engine:
    # parameters hidden: an error's text goes to logs and failed jobs, and must hold no value of a record
    if not url.startswith("sqlite"):
        engine = sa.create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True, hide_parameters=True)
        sa.event.listen(engine, "handle_error", _name_no_values)
        return engine
    # a pool that waits instead of SQLite's default of one connection a thread: few files stay open
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
        poolclass=sa.pool.QueuePool,
        pool_size=8,
        max_overflow=16,
    )

    @sa.event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _record: Any) -> None:
        _into_wal(connection)
        for pragma in (f"synchronous={'FULL' if durable else 'NORMAL'}", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("lifecycle_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _into_wal(connection: sqlite3.Connection) -> None:
    """Where two processes switch a new file to WAL at once, SQLite gives up without waiting: we wait."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # the low byte: the code's family
            if not busy or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
