"""Takes one person out of every table, or shows everything that is held about them.

Which rows are theirs follows from the tables themselves: whatever is keyed by a record, either end of an
association. A table that is added later is covered as it is. Events that wait in the inbox are applied by the
caller; the tombstone keeps them from marking anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.schema import associations, erasing, merged, metadata
from plugin.records.store import Row, Store

RecordKey = tuple[str, int]

UNDER_WAY_MS = 300_000  # nothing that a worker had in hand is older than this: claims run out sooner


def with_merged(connection: Connection, portal_id: int, record: RecordKey) -> list[RecordKey]:
    """The record and all that were ever merged into it."""
    found, fresh = {record[1]}, {record[1]}
    c = merged.c
    while fresh:
        query = sa.select(c.object_id).where(
            c.portal_id == portal_id, c.object_type == record[0], c.into_id.in_(fresh)
        )
        fresh = set(connection.execute(query).scalars()) - found
        found |= fresh
    return [(record[0], id_) for id_ in sorted(found)]


def remember_merged(
    store: Store, connection: Connection, portal_id: int, object_type: str, absorbed: Mapping[int, set[int]]
) -> None:
    """Note what merged records became: erasing the one is erasing the others."""
    rows = [
        {"portal_id": portal_id, "object_type": object_type, "object_id": old, "into_id": new}
        for new, olds in absorbed.items()
        for old in olds
        if old != new
    ]
    store.upsert(connection, merged, rows, lambda new: {"into_id": new.into_id})


def remove(connection: Connection, portal_id: int, records: Sequence[RecordKey]) -> dict[str, int]:
    """Delete every row about these records; returns how many by table."""
    counts: dict[str, int] = {}
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")  # deleted rows leave the file, too
    for table, condition in _theirs(portal_id, records):
        gone = connection.execute(sa.delete(table).where(condition)).rowcount
        counts[table.name] = counts.get(table.name, 0) + gone
    return {name: n for name, n in counts.items() if n}


def held(connection: Connection, portal_id: int, records: Sequence[RecordKey]) -> dict[str, list[Row]]:
    """Every row about these records by table, as plain values; JSON texts decoded."""
    found: dict[str, list[Row]] = {}
    for table, condition in _theirs(portal_id, records):
        rows = [dict(row) for row in connection.execute(sa.select(table).where(condition)).mappings()]
        if rows:
            found.setdefault(table.name, []).extend(_readable(row) for row in rows)
    return found


def _theirs(portal_id: int, records: Sequence[RecordKey]) -> Iterator[tuple[sa.Table, Any]]:
    """(table, condition on its rows) for every table that names a record."""
    for object_type, ids in _by_type(records).items():
        for table in metadata.sorted_tables:
            if "object_id" in table.c and "object_type" in table.c and table is not erasing:
                here = sa.and_(table.c.portal_id == portal_id, table.c.object_type == object_type)
                yield table, sa.and_(here, table.c.object_id.in_(ids))
        c = merged.c
        yield merged, sa.and_(c.portal_id == portal_id, c.object_type == object_type, c.into_id.in_(ids))
        c = associations.c
        for type_, id_ in ((c.from_type, c.from_id), (c.to_type, c.to_id)):
            yield associations, sa.and_(c.portal_id == portal_id, type_ == object_type, id_.in_(ids))


def _by_type(records: Iterable[RecordKey]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for object_type, id_ in records:
        found.setdefault(object_type, []).append(id_)
    return found


def _readable(row: Row) -> Row:
    """JSON texts decoded, days and bytes as text."""
    return {name: _value(value) for name, value in row.items() if name != "portal_id"}


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def begin(
    store: Store, connection: Connection, portal_id: int, records: Iterable[RecordKey], now: int
) -> None:
    """Note that these records were erased just now: work that was under way may still write about them."""
    rows = [
        {"portal_id": portal_id, "object_type": kind, "object_id": id_, "until": now + UNDER_WAY_MS}
        for kind, id_ in records
    ]
    store.upsert(connection, erasing, rows, lambda new: {"until": new.until})


def under_way(connection: Connection) -> dict[int, list[RecordKey]]:
    """The records erased a moment ago, by portal."""
    found: dict[int, list[RecordKey]] = {}
    for row in connection.execute(sa.select(erasing)):
        found.setdefault(row.portal_id, []).append((row.object_type, row.object_id))
    return found


def settled(connection: Connection, now: int) -> int:
    """Forget who was erased long enough ago that nothing can be under way; returns how many."""
    return connection.execute(sa.delete(erasing).where(erasing.c.until < now)).rowcount
