"""Property history: each value a property had, when, and who wrote it.

A value that was never changed has no row: it is dated at the record's creation. The row for it is
written when the first change comes, so that loading a hundred thousand records stays cheap.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from plugin.sandbox.kinds import Kind
from plugin.sandbox.records import Record
from plugin.sandbox.values import iso


@dataclass(frozen=True, slots=True)
class Source:
    """Who wrote a value: HubSpot's sourceType and sourceId, in history and in webhooks."""

    type: str
    id: str = ""


UI = Source("CRM_UI", "userId:1")
CALCULATED = Source("CALCULATED", "")
IMPORT = Source("IMPORT", "import:1")
DEALS = Source("DEALS", "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One new value of one property, with the value that stood before."""

    record: Record
    property: str
    value: str
    old: str
    at: int
    source: Source


Row = tuple[int, str, int, str, str, int, str, str]


def write(conn: sqlite3.Connection, portal: int, entries: Sequence[Entry]) -> None:
    """Append entries, after the first value of properties whose history starts here."""
    begun = _begun(conn, portal, entries)
    rows: list[Row] = []
    for entry in entries:
        record = entry.record
        key = (record.kind.name, record.id, entry.property)
        if key not in begun and entry.old:
            rows.append(_row(portal, record, entry.property, entry.old, record.created_at, IMPORT))
        begun.add(key)
        rows.append(_row(portal, record, entry.property, entry.value, entry.at, entry.source))
    add_rows(conn, rows)


def add_rows(conn: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Append rows as they are."""
    conn.executemany(
        "INSERT INTO history (portal, kind, id, property, value, at, source_type, source_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _row(portal: int, record: Record, name: str, value: str, at: int, source: Source) -> Row:
    return (portal, record.kind.name, record.id, name, value, at, source.type, source.id)


def _begun(
    conn: sqlite3.Connection, portal: int, entries: Sequence[Entry]
) -> set[tuple[str, int, str]]:  # fmt: skip
    begun: set[tuple[str, int, str]] = set()
    by_kind: dict[str, set[int]] = {}
    for entry in entries:
        by_kind.setdefault(entry.record.kind.name, set()).add(entry.record.id)
    for kind, ids in by_kind.items():
        for part in _parts(sorted(ids)):
            marks = ",".join("?" * len(part))
            rows = conn.execute(
                "SELECT DISTINCT id, property FROM history "
                f"WHERE portal = ? AND kind = ? AND id IN ({marks})",
                (portal, kind, *part),
            )
            begun.update((kind, row[0], row[1]) for row in rows)
    return begun


def _parts(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def read(
    conn: sqlite3.Connection, portal: int, kind: Kind, ids: Iterable[int], names: Sequence[str] | None = None
) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """Kept history by record id and property, newest first; only `names` when given."""
    found: dict[int, dict[str, list[dict[str, Any]]]] = {}
    narrowed = "" if names is None else f" AND property IN ({','.join('?' * len(names))})"
    for part in _parts(sorted(set(ids))):
        marks = ",".join("?" * len(part))
        rows = conn.execute(
            "SELECT id, property, value, at, source_type, source_id FROM history "
            f"WHERE portal = ? AND kind = ? AND id IN ({marks}){narrowed} ORDER BY at DESC, number DESC",
            (portal, kind.name, *part, *(names or ())),
        )
        for record_id, name, value, at, source_type, source_id in rows:
            listed = found.setdefault(record_id, {}).setdefault(name, [])
            listed.append(entry_json(value, at, source_type, source_id))
    return found


def entry_json(value: str, at: int, source_type: str, source_id: str) -> dict[str, Any]:
    """One value of a property's history as HubSpot answers it."""
    body: dict[str, Any] = {"value": value, "timestamp": iso(at), "sourceType": source_type}
    if source_id:
        body["sourceId"] = source_id
    return body


def complete(record: Record, kept: dict[str, list[dict[str, Any]]], names: Iterable[str], depth: int) -> Any:
    """The history of `names`: what is kept, else the value that stands, dated at creation."""
    answer: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        listed = kept.get(name)
        if listed is None:
            value = record.properties.get(name)
            listed = [entry_json(value, record.created_at, IMPORT.type, IMPORT.id)] if value else []
        answer[name] = listed[:depth] if depth else listed
    return answer


def as_of(record: Record, kept: dict[str, list[dict[str, Any]]], moment: int) -> dict[str, str]:
    """The record's properties as they stood at `moment`, for an index that lags."""
    values = dict(record.properties)
    limit = iso(moment)
    for name, listed in kept.items():
        older = [entry["value"] for entry in listed if entry["timestamp"] <= limit]
        values[name] = older[0] if older else ""
    return values
