"""How one record stands in the store: its outcome, whether it waits, what was given up about it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import tombstones, work
from plugin.records.schema import audience, dirty, marks, mirror, outcomes, parked, seen
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey


@dataclass(frozen=True)
class Kept:
    """The present outcome of a customer: `body` as `evaluate` prints it, computed on `day`."""

    body: dict[str, Any]
    day: date
    evaluated_at: int
    write_state: int


@dataclass(frozen=True)
class Standing:
    """What the store knows of a record; `gone`: the CRM no longer has it, or the person was erased."""

    known: bool
    gone: bool
    waiting: bool
    given_up: tuple[str, str] | None  # cause and cure


def kept(connection: Connection, portal_id: int, key: RecordKey) -> Kept | None:
    """The present outcome, if this is a customer of this portal."""
    c = outcomes.c
    query = sa.select(c.body, c.day, c.evaluated_at, c.write_state).where(*_is(outcomes, portal_id, key))
    row = connection.execute(query).first()
    return Kept(orjson.loads(row.body), row.day, row.evaluated_at, row.write_state) if row else None


def anyone(connection: Connection, portal_id: int, object_type: str) -> int | None:
    """The id of some customer of this portal, if it has any."""
    c = outcomes.c
    query = sa.select(c.object_id).where(c.portal_id == portal_id, c.object_type == object_type)
    return connection.execute(query.order_by(c.object_id).limit(1)).scalar()


def standing(store: Store, connection: Connection, portal_id: int, key: RecordKey) -> Standing:
    """Whether the record is known here, waits to be read or evaluated, or was given up."""
    row = connection.execute(sa.select(mirror.c.deleted_at).where(*_is(mirror, portal_id, key))).first()
    waits = any(
        connection.execute(sa.select(sa.literal(1)).where(*_is(table, portal_id, key))).first()
        for table in (marks, dirty)
    )
    lost = sa.select(parked.c.cause, parked.c.cure).where(*_is(parked, portal_id, key)).limit(1)
    cause = connection.execute(lost).first()
    return Standing(
        known=row is not None,
        gone=bool(row and row.deleted_at) or bool(tombstones.erased(store, connection, portal_id, [key])),
        waiting=waits,
        given_up=(cause.cause, cause.cure) if cause else None,
    )


def in_audience(connection: Connection, portal_id: int, key: RecordKey) -> bool:
    """Whether the record is a member of the list that alone is written."""
    found = sa.select(sa.literal(1)).where(*_is(audience, portal_id, key))
    return connection.execute(found).first() is not None


def look_again(
    store: Store, connection: Connection, portal_id: int, key: RecordKey, *, now: int, window: int
) -> bool:
    """Mark a record to be read at once; false where that was asked for within the last `window` ms.

    The note of it lies among the event keys, so that it is forgotten as those are.
    """
    name = _look_of(key)
    here = (seen.c.portal_id == portal_id, seen.c.key == name)
    last = connection.execute(sa.select(seen.c.at).where(*here)).scalar()
    if last is not None and now - window < last <= now:
        return False
    row = {"portal_id": portal_id, "key": name, "at": now}
    store.upsert(connection, seen, [row], lambda new: {"at": new.at})
    work.mark_records(store, connection, portal_id, {key: True}, now=now, priority=work.INTERACTIVE, linger=0)
    return True


def _look_of(key: RecordKey) -> bytes:
    return hashlib.blake2b(f"look again:{key[0]}:{key[1]}".encode(), digest_size=16).digest()


def forget_looks(connection: Connection, portal_id: int, keys: Sequence[RecordKey]) -> None:
    """Drop the notes that somebody asked for these records: whoever guesses an id could find it by them."""
    for part in chunks([_look_of(key) for key in keys], 400):
        connection.execute(sa.delete(seen).where(seen.c.portal_id == portal_id, seen.c.key.in_(part)))


def _is(table: sa.Table, portal_id: int, key: RecordKey) -> list[Any]:
    c = table.c
    return [c.portal_id == portal_id, c.object_type == key[0], c.object_id == key[1]]
