"""What we know of the CRM's records: mapped values, their history, and which records are gone.

Older never beats newer: the CRM's modification stamp decides, and for deletion the moment of our read.
Rows are changed here only by what was read from the CRM. Who belongs to whom stands in associations.py,
what we wrote ourselves in held.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import associations, minutes, tombstones
from plugin.records.schema import history, mirror
from plugin.records.store import Row, Store, chunks
from plugin.records.work import RecordKey

_PART = 400  # ids a statement: SQLite takes at most 32,766 parameters, PostgreSQL plans short lists well


@dataclass(frozen=True)
class Seen:
    """One record as it was just read; `outputs` are our own properties, `history` (property, ms, value)."""

    object_type: str
    id: int
    properties: Mapping[str, str | None]
    outputs: Mapping[str, str | None]
    history: Sequence[tuple[str, int, str]]
    modified_at: int


def save(
    store: Store,
    connection: Connection,
    portal_id: int,
    records: Sequence[Seen],
    read_at: int,
    *,
    exported: bool = False,
) -> None:
    """Keep what was read at `read_at` (ms), unless something newer is kept already.

    `exported`: what an export told that was asked for then; whatever was read since wins over it.
    """
    gone = tombstones.erased(store, connection, portal_id, [(r.object_type, r.id) for r in records])
    records = [one for one in records if (one.object_type, one.id) not in gone]
    rows = [_mirror_row(portal_id, record, read_at) for record in records]
    fields = ("properties", "outputs", "modified_at", "read_at")

    def newer(new: Any) -> Any:
        alive = sa.or_(mirror.c.deleted_at.is_(None), new.read_at > mirror.c.deleted_at)
        later = sa.or_(
            new.modified_at > mirror.c.modified_at,
            sa.and_(_same_stamp(new.modified_at), new.read_at >= mirror.c.read_at),
        )
        return sa.and_(alive, later, *([new.read_at > mirror.c.read_at] if exported else ()))

    def update(new: Any) -> dict[str, Any]:
        return {**{name: new[name] for name in fields}, "deleted_at": None}

    store.upsert(connection, mirror, rows, update, newer)
    _save_history(store, connection, portal_id, records)


def _same_stamp(told: Any) -> Any:
    """Whether the kept stamp is the one told, or stands for the minute that it lies in (see minutes.py)."""
    kept = mirror.c.modified_at
    whole = sa.and_(kept % minutes.MINUTE == minutes.MINUTE - 1, (kept - told).between(0, minutes.MINUTE - 1))
    return sa.or_(kept == told, whole)


def _mirror_row(portal_id: int, record: Seen, read_at: int) -> Row:
    return {
        "portal_id": portal_id,
        "object_type": record.object_type,
        "object_id": record.id,
        "properties": orjson.dumps({k: v for k, v in record.properties.items() if v}).decode(),
        "outputs": orjson.dumps({k: v for k, v in record.outputs.items() if v}).decode(),
        "ours": "{}",
        "modified_at": record.modified_at,
        "read_at": read_at,
    }


def _save_history(store: Store, connection: Connection, portal_id: int, records: Sequence[Seen]) -> None:
    rows = [
        {
            "portal_id": portal_id,
            "object_type": record.object_type,
            "object_id": record.id,
            "property": name,
            "at": at,
            "value": value,
        }
        for record in records
        for name, at, value in record.history
    ]
    store.upsert(connection, history, rows, lambda new: {"value": new.value})


def forget(
    connection: Connection, portal_id: int, object_type: str, ids: Iterable[int], read_at: int
) -> None:
    """The CRM no longer has these records: empty their rows and keep only that they are gone."""
    for part in chunks(sorted(ids), _PART):
        gone = {
            "properties": "{}",
            "outputs": "{}",
            "ours": "{}",
            "deleted_at": read_at,
            "associations_at": 0,
        }
        connection.execute(
            sa.update(mirror)
            .where(*_these(portal_id, object_type, part), mirror.c.read_at <= read_at)
            .values(**gone)
        )
        is_record = [history.c.portal_id == portal_id, history.c.object_type == object_type]
        connection.execute(sa.delete(history).where(*is_record, history.c.object_id.in_(part)))
        associations.drop(connection, portal_id, object_type, part)


def note_gone(
    store: Store, connection: Connection, portal_id: int, object_type: str, ids: Iterable[int], read_at: int
) -> None:
    """Note that the CRM does not have these records, also where they were never kept.

    An export that was asked for before must not bring them back. Nobody who was erased is named.
    """
    erased = tombstones.erased_ids(store, connection, portal_id, object_type, list(ids))
    rows = [
        _mirror_row(portal_id, Seen(object_type, id_, {}, {}, (), 0), read_at) | {"deleted_at": read_at}
        for id_ in set(ids) - erased
    ]
    store.upsert(connection, mirror, rows)


def gone_since(
    connection: Connection, portal_id: int, object_type: str, ids: Iterable[int], moment: int
) -> set[int]:
    """Those of the ids that were found to be gone after this moment."""
    result: set[int] = set()
    for part in chunks(sorted(ids), _PART):
        query = sa.select(mirror.c.object_id).where(
            *_these(portal_id, object_type, part), mirror.c.deleted_at > moment
        )
        result |= set(connection.execute(query).scalars())
    return result


def _these(portal_id: int, object_type: str, ids: Sequence[int]) -> list[Any]:
    c = mirror.c
    return [c.portal_id == portal_id, c.object_type == object_type, c.object_id.in_(ids)]


def known(connection: Connection, portal_id: int, object_type: str, ids: Iterable[int]) -> set[int]:
    """Those of the ids whose values and associations are both kept and alive."""
    result: set[int] = set()
    for part in chunks(sorted(ids), _PART):
        alive = [mirror.c.deleted_at.is_(None), mirror.c.associations_at > 0]
        query = sa.select(mirror.c.object_id).where(*_these(portal_id, object_type, part), *alive)
        result |= set(connection.execute(query).scalars())
    return result


def by_type(keys: Iterable[RecordKey]) -> dict[str, list[int]]:
    """The ids by object type, each once, sorted."""
    result: dict[str, set[int]] = {}
    for object_type, id_ in keys:
        result.setdefault(object_type, set()).add(id_)
    return {object_type: sorted(ids) for object_type, ids in sorted(result.items())}
