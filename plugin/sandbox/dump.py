"""Everything the sandbox holds, read back: for display, and for an offline computation to compare with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from plugin.sandbox import history, records
from plugin.sandbox.kinds import KINDS, MODIFIED_NAMES, Kind, kind_of
from plugin.sandbox.portals import Portal
from plugin.sandbox.records import Record
from plugin.sandbox.values import iso

if TYPE_CHECKING:
    from plugin.sandbox.core import Core

_CHUNK = 1_000


def listed(
    store: Core, kind: Kind, portal: Portal, query: str, limit: int, after: int
) -> list[dict[str, Any]]:
    """Records above the id `after`, those whose values contain `query`."""
    found: list[dict[str, Any]] = []
    with store.read() as conn:
        while len(found) < limit:
            chunk = records.page(conn, portal.id, kind, after, max(limit, 200))
            for record in chunk:
                text = " ".join([str(record.id), *(record.properties.values() if query else ())]).lower()
                if query in text and len(found) < limit:
                    found.append(_plain(record))
            if not chunk:
                break
            after = chunk[-1].id
    return found


def _plain(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "object": record.kind.name,
        "properties": {name: value for name, value in record.properties.items() if value},
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.updated_at),
    }


def complete(conn: sqlite3.Connection, portal: int, record: Record) -> dict[str, Any]:
    """One record with its history and associations."""
    return next(_completed(conn, portal, record.kind, [record]))


def everything(store: Core, portal: int | None = None, only_kept: bool = False) -> Iterator[dict[str, Any]]:
    """Every live record of a portal, with history and associations, read in one state of the file.

    Each: object, id, properties, createdAt, updatedAt, history {property: [newest first]},
    associations {plural: [{id, types}]}. A property whose value never changed has a history of one value,
    dated at the record's creation, which `only_kept` leaves out.
    """
    number = store.portals.get(portal).id
    with store.read() as conn:
        for kind in KINDS:
            after = 0
            while chunk := records.page(conn, number, kind, after, _CHUNK):
                yield from _completed(conn, number, kind, chunk, only_kept)
                after = chunk[-1].id


def _completed(
    conn: sqlite3.Connection, portal: int, kind: Kind, chunk: list[Record], only_kept: bool = False
) -> Iterator[dict[str, Any]]:
    ids = [record.id for record in chunk]
    kept = history.read(conn, portal, kind, ids)
    linked = _associations(conn, portal, kind, ids)
    for record in chunk:
        own = kept.get(record.id, {})
        listed = own if only_kept else dict.fromkeys([*record.properties, *own])
        names = [name for name in listed if name not in MODIFIED_NAMES]
        yield _plain(record) | {
            "history": history.complete(record, own, names, 0),
            "associations": linked.get(record.id, {}),
        }


def _associations(
    conn: sqlite3.Connection, portal: int, kind: Kind, ids: list[int]
) -> dict[int, dict[str, list[dict[str, Any]]]]:
    found: dict[int, dict[str, list[dict[str, Any]]]] = {}
    rows = conn.execute(
        "SELECT id, to_kind, to_id, group_concat(type_id) FROM associations WHERE portal=? AND kind=? "
        "AND id BETWEEN ? AND ? AND live GROUP BY id, to_kind, to_id ORDER BY id, to_kind, to_id",
        (portal, kind.name, min(ids), max(ids)),
    )
    for record_id, to_kind, to_id, types in rows:
        entry = {"id": to_id, "types": sorted(int(number) for number in str(types).split(","))}
        found.setdefault(record_id, {}).setdefault(kind_of(to_kind).plural, []).append(entry)
    return found
