"""What is asked of the mirror when it is compared with the CRM: stamps, links, counts by range of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.mirror import by_type
from plugin.records.schema import associations, marks, mirror
from plugin.records.store import chunks

_PART = 400

#: Which links a record has, and at which end of them it stands: (from type, to type, its end).
LINKS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "contact": (("deal", "contact", "to"), ("contact", "company", "from")),
    "company": (("deal", "company", "to"), ("contact", "company", "to")),
    "deal": (("deal", "contact", "from"), ("deal", "company", "from")),
}


@dataclass(frozen=True)
class Kept:
    """A living record of the mirror: the CRM's stamp, the values, and how many records it is linked to."""

    modified_at: int
    properties: Mapping[str, str]
    linked: dict[str, int] = field(default_factory=dict)  # by the other end's object type
    outputs: Mapping[str, str] = field(default_factory=dict)  # our own properties as they stand


def _is(portal_id: int, object_type: str) -> list[Any]:
    c = mirror.c
    return [c.portal_id == portal_id, c.object_type == object_type, c.deleted_at.is_(None)]


def kept(connection: Connection, portal_id: int, object_type: str, ids: Iterable[int]) -> dict[int, Kept]:
    """The living ones of these records."""
    found: dict[int, Kept] = {}
    for part in chunks(sorted(ids), _PART):
        c = mirror.c
        query = sa.select(c.object_id, c.modified_at, c.properties, c.outputs).where(
            *_is(portal_id, object_type), mirror.c.object_id.in_(part)
        )
        for id_, stamp, body, outputs in connection.execute(query):
            found[id_] = Kept(stamp, orjson.loads(body), outputs=orjson.loads(outputs))
        _count_links(connection, portal_id, object_type, part, found)
    return found


def _count_links(
    connection: Connection, portal_id: int, object_type: str, ids: list[int], found: dict[int, Kept]
) -> None:
    c = associations.c
    for from_type, to_type, end in LINKS[object_type]:
        mine, other = c[f"{end}_id"], to_type if end == "from" else from_type
        query = (
            sa.select(mine, sa.func.count())
            .where(c.portal_id == portal_id, c.from_type == from_type, c.to_type == to_type, mine.in_(ids))
            .group_by(mine)
        )
        for id_, count in connection.execute(query):
            if id_ in found:
                found[id_].linked[other] = count


def links(
    connection: Connection, portal_id: int, from_type: str, to_type: str, ids: Iterable[int]
) -> dict[int, set[tuple[int, bool]]]:
    """{id: {(id at the far end, is primary)}} as kept."""
    c = associations.c
    found: dict[int, set[tuple[int, bool]]] = {}
    for part in chunks(sorted(ids), _PART):
        query = sa.select(c.from_id, c.to_id, c.is_primary).where(
            c.portal_id == portal_id, c.from_type == from_type, c.to_type == to_type, c.from_id.in_(part)
        )
        for from_id, to_id, primary in connection.execute(query):
            found.setdefault(from_id, set()).add((to_id, bool(primary)))
    return found


def waiting(connection: Connection, portal_id: int, object_type: str, ids: Iterable[int]) -> set[int]:
    """Those of the ids that are marked to be read again already."""
    found: set[int] = set()
    for part in chunks(sorted(ids), _PART):
        query = sa.select(marks.c.object_id).where(
            marks.c.portal_id == portal_id, marks.c.object_type == object_type, marks.c.object_id.in_(part)
        )
        found |= set(connection.execute(query).scalars())
    return found


def ids_after(connection: Connection, portal_id: int, object_type: str, after: int, limit: int) -> list[int]:
    """The next living ids above one, in order."""
    query = sa.select(mirror.c.object_id).where(*_is(portal_id, object_type), mirror.c.object_id > after)
    return list(connection.execute(query.order_by(mirror.c.object_id).limit(limit)).scalars())


def id_before(connection: Connection, portal_id: int, object_type: str, id_: int) -> int:
    """The highest living id below one; 0 where there is none."""
    query = sa.select(sa.func.max(mirror.c.object_id)).where(
        *_is(portal_id, object_type), mirror.c.object_id < id_
    )
    return connection.execute(query).scalar() or 0


def count(connection: Connection, portal_id: int, object_type: str) -> int:
    """How many living records of a type are kept."""
    query = sa.select(sa.func.count()).select_from(mirror).where(*_is(portal_id, object_type))
    return connection.execute(query).scalar_one()


def expected(connection: Connection, portal_id: int, object_type: str, low: int, high: int) -> int:
    """How many records of this range of ids the CRM should have: those kept, and those marked beside them."""
    here = mirror.c.object_id.between(low, high)
    alive = sa.select(sa.func.count()).select_from(mirror).where(*_is(portal_id, object_type), here)
    same = sa.select(mirror.c.object_id).where(
        *_is(portal_id, object_type), mirror.c.object_id == marks.c.object_id
    )
    fresh = sa.select(sa.func.count()).where(
        marks.c.portal_id == portal_id,
        marks.c.object_type == object_type,
        marks.c.object_id.between(low, high),
        ~sa.exists(same),
    )
    return connection.execute(alive).scalar_one() + connection.execute(fresh).scalar_one()


def ids_between(connection: Connection, portal_id: int, object_type: str, low: int, high: int) -> set[int]:
    """The living ids of a range."""
    here = mirror.c.object_id.between(low, high)
    return set(
        connection.execute(sa.select(mirror.c.object_id).where(*_is(portal_id, object_type), here)).scalars()
    )


def middle(connection: Connection, portal_id: int, object_type: str, low: int, high: int) -> int:
    """An id that halves the kept records of a range (of the range itself where there are none)."""
    here = [*_is(portal_id, object_type), mirror.c.object_id.between(low, high)]
    total = connection.execute(sa.select(sa.func.count()).select_from(mirror).where(*here)).scalar_one()
    query = (
        sa.select(mirror.c.object_id).where(*here).order_by(mirror.c.object_id).offset(total // 2).limit(1)
    )
    found = connection.execute(query).scalar()
    between = (low + high) // 2
    return between if found is None else min(max(found, low), high - 1)


def read_at(
    connection: Connection, portal_id: int, keys: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """When each of these records was last read, and when its associations were (ms); gone ones count, too."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            c = mirror.c
            query = sa.select(c.object_id, c.read_at, c.associations_at, c.deleted_at).where(
                c.portal_id == portal_id, c.object_type == object_type, c.object_id.in_(part)
            )
            for row in connection.execute(query):
                gone = row.deleted_at or 0
                stamps = (max(row.read_at, gone), max(row.associations_at, gone))
                found[object_type, row.object_id] = stamps
    return found
