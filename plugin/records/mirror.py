"""What we know of the CRM's records: mapped values, our outputs as they stand there, and who belongs to whom.

Older never beats newer: the CRM's modification stamp decides, and for deletion and associations the
moment of our read. Rows are changed here only by what was read from the CRM.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import minutes, tombstones
from plugin.records.schema import associations, history, mirror
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


def save_associations(
    store: Store,
    connection: Connection,
    portal_id: int,
    from_type: str,
    to_type: str,
    found: Mapping[int, Sequence[tuple[int, bool]]],
    read_at: int,
) -> None:
    """Replace the associations of each record in `found` {from id: [(to id, is primary)]} by what was read.

    A record whose associations were read later than `read_at` keeps those.
    """
    found = _of_the_living(store, connection, portal_id, (from_type, to_type), found)
    fresh = _not_read_since(connection, portal_id, from_type, list(found), read_at)
    for part in chunks(fresh, _PART):
        connection.execute(
            sa.delete(associations).where(
                *_from(portal_id, from_type),
                associations.c.from_id.in_(part),
                associations.c.to_type == to_type,
            )
        )
    rows = [
        {
            "portal_id": portal_id,
            "from_type": from_type,
            "from_id": from_id,
            "to_type": to_type,
            "to_id": to_id,
            "is_primary": int(primary),
        }
        for from_id in fresh
        for to_id, primary in found[from_id]
    ]
    store.upsert(connection, associations, rows, lambda new: {"is_primary": new.is_primary})


def _of_the_living(
    store: Store,
    connection: Connection,
    portal_id: int,
    types: tuple[str, str],
    found: Mapping[int, Sequence[tuple[int, bool]]],
) -> Mapping[int, Sequence[tuple[int, bool]]]:
    """The associations without those of erased people, at either end."""
    far = {to_id for links in found.values() for to_id, _ in links}
    near_gone = tombstones.erased_ids(store, connection, portal_id, types[0], found)
    far_gone = tombstones.erased_ids(store, connection, portal_id, types[1], far)
    if not near_gone and not far_gone:
        return found
    return {
        id_: [link for link in links if link[0] not in far_gone]
        for id_, links in found.items()
        if id_ not in near_gone
    }


def _from(portal_id: int, from_type: str) -> list[Any]:
    return [associations.c.portal_id == portal_id, associations.c.from_type == from_type]


def _not_read_since(
    connection: Connection, portal_id: int, object_type: str, ids: list[int], read_at: int
) -> list[int]:
    late = set()
    for part in chunks(ids, _PART):
        query = sa.select(mirror.c.object_id).where(
            *_these(portal_id, object_type, part), mirror.c.associations_at > read_at
        )
        late |= set(connection.execute(query).scalars())
    return sorted(set(ids) - late)


def stamp_associations(
    connection: Connection, portal_id: int, object_type: str, ids: Iterable[int], read_at: int
) -> None:
    """Note that these records' associations stand as read at `read_at`."""
    for part in chunks(sorted(ids), _PART):
        connection.execute(
            sa.update(mirror)
            .where(*_these(portal_id, object_type, part), mirror.c.associations_at < read_at)
            .values(associations_at=read_at)
        )


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
        for side in ("from", "to"):
            type_, id_ = associations.c[f"{side}_type"], associations.c[f"{side}_id"]
            connection.execute(
                sa.delete(associations).where(
                    associations.c.portal_id == portal_id, type_ == object_type, id_.in_(part)
                )
            )


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


def neighbours(
    connection: Connection, portal_id: int, from_type: str, to_type: str, *, of: str, ids: Iterable[int]
) -> set[int]:
    """Ids at the other end of the kept associations from_type → to_type; `of` says which end `ids` are."""
    mine, other = associations.c[f"{of}_id"], associations.c["to_id" if of == "from" else "from_id"]
    result: set[int] = set()
    for part in chunks(sorted(ids), _PART):
        query = sa.select(other).where(
            *_from(portal_id, from_type), associations.c.to_type == to_type, mine.in_(part)
        )
        result |= set(connection.execute(query.distinct()).scalars())
    return result


def outputs(connection: Connection, portal_id: int, keys: Iterable[RecordKey]) -> dict[RecordKey, Row]:
    """{customer: {"outputs": what stands in the CRM, "ours": what we wrote last}}, both {property: value}."""
    result: dict[RecordKey, Row] = {}
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            query = sa.select(mirror.c.object_id, mirror.c.outputs, mirror.c.ours).where(
                *_these(portal_id, object_type, part), mirror.c.deleted_at.is_(None)
            )
            for row in connection.execute(query):
                both = {"outputs": orjson.loads(row.outputs), "ours": orjson.loads(row.ours)}
                result[object_type, row.object_id] = both
    return result


def confirm_outputs(
    connection: Connection,
    portal_id: int,
    written: Sequence[tuple[RecordKey, Mapping[str, str], Mapping[str, str], int]],
) -> None:
    """After a confirmed write: (customer, its outputs as they stand now, all we wrote, the CRM's stamp)."""
    c = mirror.c
    statement = (
        sa.update(mirror)
        .where(c.portal_id == portal_id, c.object_type == sa.bindparam("k_type"))
        .where(c.object_id == sa.bindparam("k_id"))
        .values(
            outputs=sa.bindparam("v_outputs"),
            ours=sa.bindparam("v_ours"),
            modified_at=sa.case(
                (c.modified_at > sa.bindparam("v_at"), c.modified_at), else_=sa.bindparam("v_at")
            ),
        )
    )
    rows = [
        {
            "k_type": key[0],
            "k_id": key[1],
            "v_outputs": orjson.dumps({k: v for k, v in now.items() if v}).decode(),
            "v_ours": orjson.dumps(dict(ours)).decode(),
            "v_at": at,
        }
        for key, now, ours, at in written
    ]
    if rows:
        connection.execute(statement, rows)


def by_type(keys: Iterable[RecordKey]) -> dict[str, list[int]]:
    """The ids by object type, each once, sorted."""
    result: dict[str, set[int]] = {}
    for object_type, id_ in keys:
        result.setdefault(object_type, set()).add(id_)
    return {object_type: sorted(ids) for object_type, ids in sorted(result.items())}
