"""The book of everything written to the CRM: a row before each write (intended), settled after it.

A write whose answer never came stays intended until the record is read back: then it shows whether the
values arrived. Undo reads this book.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import portals
from plugin.records.mirror import by_type
from plugin.records.outcomes import Versions
from plugin.records.schema import ledger
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey
from plugin.sync.diff import Change

OPEN_IMPORT = "import"  # the note of an import that was begun and is not confirmed
_IMPORT_MS = 6 * 3_600_000  # nothing is waited for longer
INTENDED, CONFIRMED, REFUSED, NOT_WRITTEN = "intended", "confirmed", "refused", "not_written"


def intend(
    store: Store,
    connection: Connection,
    portal_id: int,
    changes: Sequence[Change],
    *,
    change_set: str,
    versions: Versions,
    now: int,
) -> None:
    """Note what is about to be written."""
    rows = [
        {
            "portal_id": portal_id,
            "object_type": change.key[0],
            "object_id": change.key[1],
            "change_set": change_set,
            "old": orjson.dumps(dict(change.old)).decode(),
            "new": orjson.dumps(dict(change.new)).decode(),
            "state": INTENDED,
            "made_at": now,
            "parameters_version": versions.parameters,
            "config_version": versions.config,
        }
        for change in changes
    ]
    if rows:
        connection.execute(sa.insert(ledger), rows)


def settle(
    connection: Connection, portal_id: int, change_set: str, keys: Iterable[RecordKey], state: str, now: int
) -> None:
    """The write of this change set to these records is known to have ended so."""
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, 400):
            connection.execute(
                sa.update(ledger)
                .where(ledger.c.portal_id == portal_id, ledger.c.object_type == object_type)
                .where(ledger.c.object_id.in_(part), ledger.c.change_set == change_set)
                .where(ledger.c.state == INTENDED)  # a change set may hold earlier writes of a record
                .values(state=state, settled_at=now)
            )


def narrow(connection: Connection, portal_id: int, change_set: str, landed: Change) -> None:
    """Of this write only a part landed: the row keeps that part."""
    connection.execute(
        sa.update(ledger)
        .where(ledger.c.portal_id == portal_id, ledger.c.change_set == change_set)
        .where(ledger.c.state == INTENDED)
        .where(ledger.c.object_type == landed.key[0], ledger.c.object_id == landed.key[1])
        .values(old=orjson.dumps(dict(landed.old)).decode(), new=orjson.dumps(dict(landed.new)).decode())
    )


def settle_by_reading(
    connection: Connection,
    portal_id: int,
    standing: Mapping[RecordKey, Mapping[str, str | None]],
    read_at: int,
) -> None:
    """Settle writes of unknown fate made before `read_at` by what the records held when they were read."""
    for row in _intended(connection, portal_id, standing):
        present = standing[row.object_type, row.object_id]
        if row.made_at <= read_at:
            arrived = all((present.get(name) or "") == value for name, value in orjson.loads(row.new).items())
            if not arrived and _still_open(connection, portal_id, row.made_at, read_at):
                continue
            state = CONFIRMED if arrived else NOT_WRITTEN
            values = {"state": state, "settled_at": read_at}
            here = (ledger.c.portal_id == portal_id, ledger.c.id == row.id)
            connection.execute(sa.update(ledger).where(*here).values(**values))


def _still_open(connection: Connection, portal_id: int, made_at: int, read_at: int) -> bool:
    """Whether an import is open that may still write what was noted then."""
    note = portals.watermark(connection, portal_id, OPEN_IMPORT)
    if note is None:
        return False
    return made_at <= int(note["begun"]) and read_at - int(note["begun"]) <= _IMPORT_MS


def unsettled(connection: Connection, portal_id: int, keys: Iterable[RecordKey]) -> set[RecordKey]:
    """Those of the records with a write whose fate is not known."""
    return {(row.object_type, row.object_id) for row in _intended(connection, portal_id, keys)}


def all_unsettled(connection: Connection, portal_id: int, before: int, limit: int) -> list[RecordKey]:
    """Records with a write of unknown fate made before `before` (ms)."""
    c = ledger.c
    query = sa.select(c.object_type, c.object_id).where(
        c.portal_id == portal_id, c.state == INTENDED, c.made_at < before
    )
    return [(row[0], row[1]) for row in connection.execute(query.distinct().limit(limit))]


def in_flight(connection: Connection, portal_id: int, since: int) -> bool:
    """Whether a write noted after `since` (ms) still waits for its answer."""
    c = ledger.c
    query = sa.select(c.id).where(c.portal_id == portal_id, c.state == INTENDED, c.made_at > since)
    return connection.execute(query.limit(1)).first() is not None


def _intended(
    connection: Connection, portal_id: int, keys: Iterable[RecordKey]
) -> list[sa.Row[tuple[int, str, int, str, int]]]:
    c = ledger.c
    found: list[sa.Row[tuple[int, str, int, str, int]]] = []
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, 400):
            query = sa.select(c.id, c.object_type, c.object_id, c.new, c.made_at).where(
                c.portal_id == portal_id,
                c.state == INTENDED,
                c.object_type == object_type,
                c.object_id.in_(part),
            )
            found.extend(connection.execute(query))
    return found


def totals(connection: Connection, portal_id: int) -> dict[str, int]:
    """How many rows there are of each state."""
    query = sa.select(ledger.c.state, sa.func.count()).where(ledger.c.portal_id == portal_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(ledger.c.state))}
