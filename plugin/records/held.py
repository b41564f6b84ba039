"""What the CRM holds of our own properties, and what we wrote to them last; kept in the mirror's rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.mirror import by_type
from plugin.records.schema import mirror
from plugin.records.store import Row, chunks
from plugin.records.work import RecordKey

_PART = 400  # ids a statement, as in mirror.py


def outputs(connection: Connection, portal_id: int, keys: Iterable[RecordKey]) -> dict[RecordKey, Row]:
    """{customer: {"outputs": what stands in the CRM, "ours": what we wrote last}}, both {property: value}."""
    result: dict[RecordKey, Row] = {}
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            query = sa.select(mirror.c.object_id, mirror.c.outputs, mirror.c.ours).where(
                mirror.c.portal_id == portal_id,
                mirror.c.object_type == object_type,
                mirror.c.object_id.in_(part),
                mirror.c.deleted_at.is_(None),
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
        for key, now, ours, at in sorted(written, key=lambda one: one[0])  # as readings keep them
    ]
    if rows:
        connection.execute(statement, rows)
