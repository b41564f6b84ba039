"""Which writes belong together: a change set is a run of writes by one configuration, without a long gap.

So «the last change set» is what a person means by it (the first write of a whole base, the effect of a new
configuration) and not what one worker happened to send at once. Undo takes change sets from here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import portals as portal_rows
from plugin.records.mirror import by_type
from plugin.records.outcomes import Versions
from plugin.records.schema import ledger, portals, watermarks
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey
from plugin.sync.ledger import CONFIRMED, INTENDED

QUIET_MS = 60_000  # a pause of this length ends a change set
_NOTE = "change_set:"
_LANDED = (CONFIRMED, INTENDED)


def join(
    store: Store, connection: Connection, portal_id: int, kind: str, versions: Versions, now: int
) -> str | None:
    """The change set of a write at this moment; None while the portal is not live.

    The portal's row is held until the write is noted: once a pause is committed nothing more is begun.
    """
    query = sa.select(portals.c.mode).where(portals.c.portal_id == portal_id).with_for_update()
    if connection.execute(query).scalar() != portal_rows.LIVE:
        return None
    note = portal_rows.watermark(connection, portal_id, f"{_NOTE}{kind}") or {}
    made_by = {"config": versions.config, "parameters": versions.parameters}
    alike = note.items() >= made_by.items() and now - int(note.get("last", 0)) <= QUIET_MS
    current = str(note["id"]) if alike else uuid.uuid4().hex
    body = {"id": current, **made_by, "last": now}
    portal_rows.set_watermark(connection, store, portal_id, f"{_NOTE}{kind}", body, now)
    return current


def close(connection: Connection, portal_id: int) -> None:
    """What is written from now on is another change set."""
    here = (watermarks.c.portal_id == portal_id, watermarks.c.name.startswith(_NOTE, autoescape=True))
    connection.execute(sa.delete(watermarks).where(*here))


@dataclass(frozen=True)
class Entry:
    """One write to one record, as the ledger has it."""

    id: int
    key: RecordKey
    change_set: str
    old: str
    new: str
    made_at: int


@dataclass(frozen=True)
class Scope:
    """What is to be undone: a change set, a span of time (ms), a record; of several, what they share."""

    change_set: str | None = None
    since: int | None = None
    until: int | None = None
    record: RecordKey | None = None

    def conditions(self, portal_id: int, upto: int) -> list[Any]:
        """The ledger's rows of this scope, none above the id `upto`."""
        c = ledger.c
        found = [c.portal_id == portal_id, c.state.in_(_LANDED), c.id <= upto]
        if self.change_set is not None:
            found.append(c.change_set == self.change_set)
        if self.since is not None:
            found.append(c.made_at >= self.since)
        if self.until is not None:
            found.append(c.made_at < self.until)
        if self.record is not None:
            found += [c.object_type == self.record[0], c.object_id == self.record[1]]
        return found


def newest(connection: Connection, portal_id: int) -> tuple[int, str | None]:
    """The last row's id, and its change set; (0, None) where nothing was ever written."""
    query = sa.select(ledger.c.id, ledger.c.change_set).where(
        ledger.c.portal_id == portal_id, ledger.c.state.in_(_LANDED)
    )
    row = connection.execute(query.order_by(ledger.c.id.desc()).limit(1)).first()
    return (row[0], row[1]) if row else (0, None)


def records(connection: Connection, portal_id: int, scope: Scope, upto: int) -> list[RecordKey]:
    """The records that were written within a scope."""
    c = ledger.c
    query = sa.select(c.object_type, c.object_id).where(*scope.conditions(portal_id, upto)).distinct()
    return [(row[0], row[1]) for row in connection.execute(query.order_by(c.object_type, c.object_id))]


def holds_any(connection: Connection, portal_id: int, scope: Scope) -> bool:
    """Whether anything was written within a scope."""
    upto, _ = newest(connection, portal_id)
    query = sa.select(ledger.c.id).where(*scope.conditions(portal_id, upto)).limit(1)
    return connection.execute(query).first() is not None


def ids(
    connection: Connection, portal_id: int, scope: Scope, upto: int, keys: Iterable[RecordKey]
) -> set[int]:
    """Which rows of these records lie within a scope."""
    found: set[int] = set()
    for object_type, numbers in by_type(keys).items():
        for part in chunks(numbers, 400):
            here = (ledger.c.object_type == object_type, ledger.c.object_id.in_(part))
            query = sa.select(ledger.c.id).where(*scope.conditions(portal_id, upto), *here)
            found |= set(connection.execute(query).scalars())
    return found


def entries(
    connection: Connection, portal_id: int, keys: Iterable[RecordKey]
) -> dict[RecordKey, list[Entry]]:
    """Everything that was written to these records, oldest first."""
    c = ledger.c
    found: dict[RecordKey, list[Entry]] = {}
    for object_type, numbers in by_type(keys).items():
        for part in chunks(numbers, 400):
            query = sa.select(c.id, c.object_id, c.change_set, c.old, c.new, c.made_at).where(
                c.portal_id == portal_id,
                c.object_type == object_type,
                c.object_id.in_(part),
                c.state.in_(_LANDED),
            )
            for row in connection.execute(query.order_by(c.id)):
                key = (object_type, row.object_id)
                entry = Entry(row.id, key, row.change_set, row.old, row.new, row.made_at)
                found.setdefault(key, []).append(entry)
    return found


def listed(connection: Connection, portal_id: int, limit: int) -> list[dict[str, Any]]:
    """The last change sets: id, when its first and its last write were made (ms), how many records."""
    c = ledger.c
    count = sa.func.count(sa.distinct(c.object_id))
    query = (
        sa.select(c.change_set, sa.func.min(c.made_at), sa.func.max(c.made_at), count)
        .where(c.portal_id == portal_id, c.state.in_(_LANDED))
        .group_by(c.change_set)
        .order_by(sa.func.max(c.id).desc())
        .limit(limit)
    )
    names = ("change_set", "since", "until", "records")
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]
