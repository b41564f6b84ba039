"""Corrections of what we think stands in the CRM in our own properties."""

from __future__ import annotations

from collections.abc import Collection

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.schema import mirror
from plugin.records.store import chunks


def forget(connection: Connection, portal_id: int, object_type: str, names: Collection[str]) -> int:
    """These properties were made anew and are empty in the CRM; returns how many records had one."""
    c = mirror.c
    here = (c.portal_id == portal_id, c.object_type == object_type)
    changed = 0
    ids = connection.execute(sa.select(c.object_id).where(*here, c.outputs != "{}")).scalars().all()
    for part in chunks(ids, 1_000):
        query = sa.select(c.object_id, c.outputs).where(*here, c.object_id.in_(part))
        rows = []
        for id_, body in connection.execute(query):
            values = orjson.loads(body)
            left = {name: value for name, value in values.items() if name not in names}
            if left != values:
                rows.append({"k_id": id_, "v_outputs": orjson.dumps(left).decode()})
        if rows:
            statement = sa.update(mirror).where(*here, c.object_id == sa.bindparam("k_id"))
            connection.execute(statement.values(outputs=sa.bindparam("v_outputs")), rows)
        changed += len(rows)
    return changed
