"""Who belongs to whom: the associations of the CRM's records, as last read.

The moment of our read decides: what was read later stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import tombstones
from plugin.records.schema import associations, mirror
from plugin.records.store import Store, chunks

_PART = 400  # ids a statement, as in mirror.py


def save(
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
            *_rows(portal_id, object_type, part), mirror.c.associations_at > read_at
        )
        late |= set(connection.execute(query).scalars())
    return sorted(set(ids) - late)


def stamp(connection: Connection, portal_id: int, object_type: str, ids: Iterable[int], read_at: int) -> None:
    """Note that these records' associations stand as read at `read_at`."""
    for part in chunks(sorted(ids), _PART):
        connection.execute(
            sa.update(mirror)
            .where(*_rows(portal_id, object_type, part), mirror.c.associations_at < read_at)
            .values(associations_at=read_at)
        )


def drop(connection: Connection, portal_id: int, object_type: str, ids: Iterable[int]) -> None:
    """Forget every association of these records, whichever end they are."""
    for part in chunks(sorted(ids), _PART):
        for side in ("from", "to"):
            type_, id_ = associations.c[f"{side}_type"], associations.c[f"{side}_id"]
            connection.execute(
                sa.delete(associations).where(
                    associations.c.portal_id == portal_id, type_ == object_type, id_.in_(part)
                )
            )


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


def _rows(portal_id: int, object_type: str, ids: Sequence[int]) -> list[Any]:
    """The records' own rows, on which the moment of that read stands."""
    c = mirror.c
    return [c.portal_id == portal_id, c.object_type == object_type, c.object_id.in_(ids)]
