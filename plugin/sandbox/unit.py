"""A unit of work: what one request changes in a portal, and the events that the change gives rise to.

Everything is collected first and written once: records, history, events, all in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from plugin.sandbox import history, records
from plugin.sandbox.definitions import Property
from plugin.sandbox.documents import Documents
from plugin.sandbox.history import Entry, Source
from plugin.sandbox.kinds import MODIFIED_NAMES, Kind
from plugin.sandbox.pipelines import Pipelines
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import not_found
from plugin.sandbox.records import Record
from plugin.sandbox.schema import Schema
from plugin.sandbox.values import iso

# HubSpot offers no subscription for these, and they change with every write.
SILENT = frozenset({*MODIFIED_NAMES, "hs_object_id"})


@dataclass(slots=True)
class Change:
    """Something that happened to a record, before it is put into a webhook's words."""

    sort: str  # creation, deletion, propertyChange, merge, associationChange, restore, privacyDeletion
    kind: Kind
    id: int
    source: Source
    details: dict[str, Any] = field(default_factory=dict)


class Unit:
    """The open change of one portal; see `Store.unit`."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        portal: Portal,
        now: int,
        source: Source,
        schema: Schema,
        pipelines: Pipelines,
        documents: Documents,
    ) -> None:
        self.conn, self.portal, self.now, self.source = conn, portal, now, source
        self.schema, self.pipelines, self.documents = schema, pipelines, documents
        self.changes: list[Change] = []
        self._records: dict[tuple[str, int], Record] = {}
        self._dirty: dict[tuple[str, int], Record] = {}
        self._entries: list[Entry] = []

    def properties(self, kind: Kind) -> dict[str, Property]:
        """The live property definitions of an object type."""
        return self.schema.properties(self.portal, kind)

    def fetch(self, kind: Kind, ids: Iterable[int]) -> dict[int, Record]:
        """Records by id, as this unit has left them."""
        wanted = list(dict.fromkeys(ids))
        missing = [number for number in wanted if (kind.name, number) not in self._records]
        for number, record in records.fetch(self.conn, self.portal.id, kind, missing).items():
            self._records[kind.name, number] = record
        keys = ((number, self._records.get((kind.name, number))) for number in wanted)
        return {number: record for number, record in keys if record is not None}

    def get(self, kind: Kind, record_id: int) -> Record:
        """A live record by its own id; 404 when there is none."""
        record = self.fetch(kind, [record_id]).get(record_id)
        if record is None or not record.live:
            raise not_found(f"Object not found.  objectId is usually numeric: {record_id}")
        return record

    def add(self, record: Record) -> Record:
        """Take a new record into the unit."""
        self._records[record.kind.name, record.id] = record
        self.touch(record)
        return record

    def touch(self, record: Record) -> None:
        """Mark a record as modified now."""
        record.updated_at = max(self.now, record.created_at)
        record.properties[record.kind.modified] = iso(record.updated_at)
        self._dirty[record.kind.name, record.id] = record

    def next_id(self) -> int:
        """A record id that was never used in this portal."""
        row = self.conn.execute(
            "UPDATE portals SET next_id = next_id + 1 WHERE id = ? RETURNING next_id - 1", (self.portal.id,)
        ).fetchone()
        return int(row[0])

    def set(self, record: Record, values: dict[str, str], source: Source | None = None) -> dict[str, str]:
        """Write checked values; those that differ are kept in history, announced and returned.

        A value equal to the one that stands makes no history and no event.
        """
        by = source or self.source
        changed: dict[str, str] = {}
        for name, value in values.items():
            old = record.properties.get(name) or ""
            if old == value:
                continue
            record.properties[name] = value
            changed[name] = value
            self._entries.append(Entry(record, name, value, old, self.now, by))
            self._keep_unique(record, name, old, value)
            if name not in SILENT:
                details = {"propertyName": name, "propertyValue": value}
                self.changes.append(Change("propertyChange", record.kind, record.id, by, details))
        if changed:
            self.touch(record)
        return changed

    def _keep_unique(self, record: Record, name: str, old: str, value: str) -> None:
        definition = self.properties(record.kind).get(name)
        if definition is None or not definition.unique:
            return
        key = (self.portal.id, record.kind.name, name)
        if old:
            self.conn.execute(
                "DELETE FROM uniques WHERE portal=? AND kind=? AND property=? AND value=?",
                (*key, old.lower()),
            )
        if value:
            self.conn.execute(
                "INSERT OR REPLACE INTO uniques VALUES (?, ?, ?, ?, ?)", (*key, value.lower(), record.id)
            )

    def announce(self, sort: str, record: Record, **details: Any) -> None:
        """Note an event about a record."""
        self.changes.append(Change(sort, record.kind, record.id, self.source, details))

    def forget(self, record: Record) -> None:
        """Drop a record from the unit without saving it: it was erased."""
        self._dirty.pop((record.kind.name, record.id), None)
        self._records.pop((record.kind.name, record.id), None)
        self._entries = [entry for entry in self._entries if entry.record is not record]

    def flush(self) -> None:
        """Write what was collected."""
        if self._entries:
            history.write(self.conn, self.portal.id, self._entries)
        records.save(self.conn, self.portal.id, self._dirty.values())
        self._entries, self._dirty = [], {}
