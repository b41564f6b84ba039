"""A portal's small JSON documents (properties, pipelines, lists, labels, owners), kept in memory too."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

Body = dict[str, Any]


class Documents:
    """Documents by (portal, kind, sort, name). Reads come from memory; writes go to the file first."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._kept: dict[tuple[int, str, str], dict[str, Body]] = {}
        self.reload(conn)

    def reload(self, conn: sqlite3.Connection) -> None:
        """Read everything from the file again: after a rollback, or after a reset."""
        kept: dict[tuple[int, str, str], dict[str, Body]] = {}
        for portal, kind, sort, name, body in conn.execute("SELECT * FROM definitions").fetchall():
            kept.setdefault((portal, kind, sort), {})[name] = orjson.loads(body)
        self._kept = kept

    def all(self, portal: int, kind: str, sort: str) -> dict[str, Body]:
        """Every document of one sort; not to be changed by the caller."""
        return self._kept.get((portal, kind, sort), {})

    def get(self, portal: int, kind: str, sort: str, name: str) -> Body | None:
        """One document, or None."""
        return self.all(portal, kind, sort).get(name)

    def put(self, conn: sqlite3.Connection, portal: int, kind: str, sort: str, name: str, body: Body) -> None:
        """Add or replace a document."""
        conn.execute(
            "INSERT OR REPLACE INTO definitions VALUES (?, ?, ?, ?, ?)",
            (portal, kind, sort, name, orjson.dumps(body)),
        )
        key = (portal, kind, sort)
        self._kept[key] = self._kept.get(key, {}) | {name: body}

    def drop(self, conn: sqlite3.Connection, portal: int, kind: str, sort: str, name: str) -> None:
        """Remove a document."""
        conn.execute(
            "DELETE FROM definitions WHERE portal = ? AND kind = ? AND sort = ? AND name = ?",
            (portal, kind, sort, name),
        )
        key = (portal, kind, sort)
        self._kept[key] = {kept: body for kept, body in self._kept.get(key, {}).items() if kept != name}
