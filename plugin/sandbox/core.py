"""The sandbox's memory: portals, records, definitions and events in one SQLite file.

This is the interface for the HTTP layer, the pages and tests. Every change goes through `unit`;
the short methods below it (`listed`, `record`, `edit`, `create_record`, ...) are what a page needs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from plugin.clock import Clock, SystemClock, milliseconds
from plugin.sandbox import load
from plugin.sandbox.db import Database
from plugin.sandbox.documents import Documents
from plugin.sandbox.history import UI, Source
from plugin.sandbox.journal_words import uninstalled
from plugin.sandbox.lists import Lists
from plugin.sandbox.outbox import Event, Outbox, WebhookSettings
from plugin.sandbox.owners import seed_owners
from plugin.sandbox.pipelines import Pipelines
from plugin.sandbox.portals import App, Portal, Portals, Token
from plugin.sandbox.schema import Schema
from plugin.sandbox.travel import ClockFile
from plugin.sandbox.unit import Unit
from plugin.sandbox.world import World

DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but a stand-in
_TABLES = ("settings", "portals", "tokens", "definitions", "records", "uniques", "history",
           "associations", "memberships", "events")  # fmt: skip


class Core:
    """One sandbox's state; safe to use from many threads."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock | None = None,
        app: App | None = None,
        portal: Portal | None = None,
        token: str = DEFAULT_TOKEN,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.app = app or App()
        self._first, self._token = portal or Portal(), token
        self.db = Database(path)
        self.on_events: Callable[[Sequence[Event]], None] = lambda events: None
        self.clock_file: ClockFile | None = None  # where the pages can move time
        with self.db.read() as conn:
            self.documents = Documents(conn)
            self.portals = Portals(conn)
            kept = conn.execute("SELECT body FROM settings WHERE name = 'webhooks'").fetchone()
            journal = conn.execute("SELECT body FROM settings WHERE name = 'journal'").fetchone()
        if journal:
            self.app = replace(self.app, journal=tuple(orjson.loads(journal[0])))
        self.schema = Schema(self.documents)
        self.pipelines = Pipelines(self.documents)
        self.lists = Lists(self.documents, self.schema)
        settings = WebhookSettings(**orjson.loads(kept[0])) if kept else WebhookSettings()
        self.outbox = Outbox(self.app.app_id, settings)
        if not self.portals.all():
            self.add_portal(self._first, token=token)
        elif token and self.portals.token(token) is None:
            with self.db.write() as conn:
                self.portals.add_token(conn, Token(token, self.portals.get().id, "static"))

    def now(self) -> int:
        """The present moment in milliseconds, by the sandbox's clock."""
        return milliseconds(self.clock.now())

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection for queries."""
        return self.db.read()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction for definitions and settings; what is kept in memory follows a rollback."""
        with self.db.write() as conn:
            try:
                yield conn
            except BaseException:
                conn.execute("ROLLBACK")
                conn.execute("BEGIN IMMEDIATE")
                self.documents.reload(conn)
                self.portals.reload(conn)
                raise

    @contextmanager
    def unit(self, portal_id: int | None = None, source: Source = UI) -> Iterator[Unit]:
        """A change of records: written, with its events, when the block ends without an error."""
        portal = self.portals.get(portal_id)
        events: list[Event] = []
        with self.write() as conn:
            unit = Unit(conn, portal, self.now(), source, self.schema, self.pipelines, self.documents)
            yield unit
            unit.flush()
            # HubSpot tells an app of nothing in an account that it is not installed in
            told = unit.changes if self.portals.has_app(portal.id) else []
            events = self.outbox.write(conn, portal.id, unit.now, told)
        self.on_events(events)

    def add_portal(self, portal: Portal, token: str = "") -> Portal:
        """Add a portal with HubSpot's own definitions, or change the settings of one that is there."""
        with self.write() as conn:
            known = portal.id in self.portals
            self.portals.save(conn, portal)
            if not known:
                self.schema.seed(conn, portal)
                self.pipelines.seed(conn, portal)
                seed_owners(conn, self.documents, portal)
            if token:
                self.portals.add_token(conn, Token(token, portal.id, "static"))
        return portal

    def take_app_out(self, conn: sqlite3.Connection, portal_id: int) -> None:
        """The app leaves a portal: tokens granted to it stop working; the journal alone tells it."""
        granted = [token.token for token in self.portals.tokens(portal_id) if token.use != "static"]
        if granted:
            self.portals.drop_tokens(conn, granted)
            body = uninstalled(portal_id, self.app.app_id, self.now())
            self.outbox.keep_for_journal(conn, portal_id, body)

    def load(self, world: World) -> dict[str, int]:
        """Store a world's records quickly, without events, in the portal with its id.

        A first portal that is still empty takes the world's id. Returns how many records of each type.
        """
        if world.portal_id not in self.portals:
            if self._busy():
                self.add_portal(Portal(id=world.portal_id))
            else:
                self._first = replace(self._first, id=world.portal_id)
                self.reset()
        with self.write() as conn:
            portal = load.world_portal(self.portals.get(world.portal_id), world)
            self.portals.save(conn, portal)
            loader = load.Loader(conn, portal, self.schema, self.pipelines, self.documents)
            return loader.load(world)

    def _busy(self) -> bool:
        with self.read() as conn:
            return conn.execute("SELECT 1 FROM records LIMIT 1").fetchone() is not None

    def reset(self) -> None:
        """Forget everything but the app's webhook settings and its subscriptions to its own events.

        The first portal and its token are made anew.
        """
        with self.write() as conn:
            for table in _TABLES:
                conn.execute(f"DELETE FROM {table}")
            self.documents.reload(conn)
            self.portals.reload(conn)
        self.configure_webhooks(self.outbox.settings)
        self.subscribe_app(self.app.journal)
        self.add_portal(self._first, token=self._token)

    def subscribe_app(self, journal: Sequence[dict[str, Any]]) -> None:
        """Replace the app's subscriptions to its own events; they survive a restart."""
        with self.db.write() as conn:
            conn.execute("INSERT OR REPLACE INTO settings VALUES ('journal', ?)", (orjson.dumps(journal),))
        self.app = replace(self.app, journal=tuple(journal))

    def configure_webhooks(self, settings: WebhookSettings) -> None:
        """Replace the webhook settings; they survive a restart."""
        with self.db.write() as conn:
            conn.execute(
                "INSERT OR REPLACE INTO settings VALUES ('webhooks', ?)", (orjson.dumps(asdict(settings)),)
            )
        self.outbox.configure(settings)
