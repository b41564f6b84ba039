"""Work that was given up, one row each, with its cause and its cure; nothing is ever dropped silently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.mirror import by_type
from plugin.records.schema import parked
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey

READ, EVALUATE, WRITE = WORKS = ("read", "evaluate", "write")


@dataclass(frozen=True)
class Parked:
    """One piece of work that was given up."""

    object_type: str
    object_id: int
    work: str
    code: str
    cause: str
    cure: str
    at: int

    @property
    def key(self) -> RecordKey:
        """(object type, id)."""
        return self.object_type, self.object_id


def park(
    store: Store, connection: Connection, portal_id: int, rows: Sequence[Parked], config_version: str
) -> None:
    """Set work aside until an admin asks for it again or the configuration changes."""
    values = [{"portal_id": portal_id, "config_version": config_version, **asdict(row)} for row in rows]
    names = ("code", "cause", "cure", "at", "config_version")
    store.upsert(connection, parked, values, lambda new: {name: new[name] for name in names})


def listed(connection: Connection, portal_id: int, *, config_not: str | None = None) -> list[Parked]:
    """What is parked; with `config_not`, only what was parked under another configuration."""
    query = sa.select(parked).where(parked.c.portal_id == portal_id)
    if config_not is not None:
        query = query.where(parked.c.config_version != config_not)
    ordered = query.order_by(parked.c.at, parked.c.object_type, parked.c.object_id)
    return [_parked(row) for row in connection.execute(ordered).mappings()]


def _parked(row: Any) -> Parked:
    return Parked(**{name: row[name] for name in Parked.__dataclass_fields__})


def unpark(connection: Connection, portal_id: int, keys: Iterable[RecordKey], works: Sequence[str]) -> None:
    """These pieces of work are done or asked for again."""
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, 400):
            connection.execute(
                sa.delete(parked).where(
                    parked.c.portal_id == portal_id,
                    parked.c.object_type == object_type,
                    parked.c.object_id.in_(part),
                    parked.c.work.in_(works),
                )
            )


def held(connection: Connection, portal_id: int, keys: Iterable[RecordKey], kind: str) -> set[RecordKey]:
    """Those of the records of which this kind of work is parked."""
    found: set[RecordKey] = set()
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, 400):
            query = sa.select(parked.c.object_id).where(
                parked.c.portal_id == portal_id,
                parked.c.object_type == object_type,
                parked.c.object_id.in_(part),
                parked.c.work == kind,
            )
            found |= {(object_type, number) for number in connection.execute(query).scalars()}
    return found


def causes(connection: Connection, portal_id: int) -> dict[str, int]:
    """How many are parked, by error code."""
    query = sa.select(parked.c.code, sa.func.count()).where(parked.c.portal_id == portal_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(parked.c.code))}
