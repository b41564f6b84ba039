"""Records as rows: fetch, page, save, and the JSON that HubSpot answers for one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from plugin.sandbox.definitions import Property
from plugin.sandbox.kinds import Kind
from plugin.sandbox.values import iso

_COLUMNS = "id, properties, created_at, updated_at, archived_at, merged_into"


@dataclass(slots=True)
class Record:
    """One record; `properties` are wire strings, "" for a value that was cleared."""

    kind: Kind
    id: int
    properties: dict[str, str]
    created_at: int
    updated_at: int
    archived_at: int | None = None
    merged_into: int | None = None

    @property
    def live(self) -> bool:
        """Neither archived nor merged away."""
        return self.archived_at is None and self.merged_into is None


def _record(kind: Kind, row: tuple[Any, ...]) -> Record:
    return Record(kind, row[0], orjson.loads(row[1]), row[2], row[3], row[4], row[5])


def fetch(conn: sqlite3.Connection, portal: int, kind: Kind, ids: Iterable[int]) -> dict[int, Record]:
    """The records with these ids, archived and merged-away ones too."""
    wanted = list(ids)
    found: dict[int, Record] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        marks = ",".join("?" * len(part))
        rows = conn.execute(
            f"SELECT {_COLUMNS} FROM records WHERE portal = ? AND kind = ? AND id IN ({marks})",
            (portal, kind.name, *part),
        )
        found.update((row[0], _record(kind, row)) for row in rows)
    return found


def survivor(conn: sqlite3.Connection, portal: int, kind: Kind, record_id: int) -> Record | None:
    """The record behind an id, through any merges; None when there is none."""
    for _ in range(100):
        record = fetch(conn, portal, kind, [record_id]).get(record_id)
        if record is None or record.merged_into is None:
            return record
        record_id = record.merged_into
    return None


def page(
    conn: sqlite3.Connection, portal: int, kind: Kind, after: int, limit: int, archived: bool = False
) -> list[Record]:
    """Up to `limit` records with an id above `after`, by id."""
    state = "IS NOT NULL" if archived else "IS NULL"
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM records WHERE portal = ? AND kind = ? AND id > ? "
        f"AND archived_at {state} AND merged_into IS NULL ORDER BY id LIMIT ?",
        (portal, kind.name, after, limit),
    )
    return [_record(kind, row) for row in rows]


def scan(conn: sqlite3.Connection, portal: int, kind: Kind, since: int = 0) -> Iterable[Record]:
    """Every live record modified at or after `since`, oldest id first."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM records WHERE portal = ? AND kind = ? AND updated_at >= ? "
        "AND archived_at IS NULL AND merged_into IS NULL ORDER BY id",
        (portal, kind.name, since),
    )
    return (_record(kind, row) for row in rows)


def save(conn: sqlite3.Connection, portal: int, records: Iterable[Record]) -> None:
    """Add or replace records."""
    conn.executemany(
        "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                portal,
                record.kind.name,
                record.id,
                orjson.dumps(record.properties),
                record.created_at,
                record.updated_at,
                record.archived_at,
                record.merged_into,
            )
            for record in records
        ],
    )


def by_unique(conn: sqlite3.Connection, portal: int, kind: Kind, prop: str, value: str) -> int | None:
    """The id of the record that holds a unique value; compared without case, as HubSpot does."""
    row = conn.execute(
        "SELECT id FROM uniques WHERE portal = ? AND kind = ? AND property = ? AND value = ?",
        (portal, kind.name, prop, value.strip().lower()),
    ).fetchone()
    return None if row is None else int(row[0])


def shown(
    record: Record, wanted: Sequence[str] | None, schema: dict[str, Property], *, id_property: str = ""
) -> dict[str, Any]:
    """A record as HubSpot answers it.

    With `wanted` None the object's usual properties are shown. A property without a value is null,
    one that is not defined is left out; the id and both dates are always there.
    """
    kind = record.kind
    names = [*(kind.shown if wanted is None else wanted), *kind.always]
    if id_property and id_property != "hs_object_id":
        names.append(id_property)
    values = record.properties
    body: dict[str, Any] = {
        "id": str(record.id),
        "properties": {name: values.get(name) for name in names if name in schema},
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.updated_at),
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        body["archivedAt"] = iso(record.archived_at)
    return body
