"""Which customers are on the CRM's list that alone is to be written; the list is read again as it changes."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.errors import ConfigError
from plugin.hubspot.client import Crm
from plugin.mapping.model import Mapping
from plugin.records.mirror import by_type
from plugin.records.portals import Portal
from plugin.records.schema import audience
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey


def keep(store: Store, crm: Crm, portal_id: int, list_id: str, mapping: Mapping) -> int:
    """Read a list and keep its members in place of those kept before; returns how many there are."""
    kind = crm.list_type(list_id)
    if kind not in mapping.customer_objects():
        wanted = " or ".join(mapping.customer_objects())
        raise ConfigError(
            f"The members of list {list_id} are of the type {kind or 'unknown'}.",
            cure=f"Name a list of a {wanted}, which is what the mapping calls a customer.",
        )
    members = sorted({member for page in crm.list_members(list_id) for member in page})
    rows = [{"portal_id": portal_id, "object_type": kind, "object_id": member} for member in members]
    with store.write() as connection:
        connection.execute(sa.delete(audience).where(audience.c.portal_id == portal_id))
        for part in chunks(rows, 5_000):
            store.upsert(connection, audience, part)
    return len(members)


def permitted(connection: Connection, portal: Portal, keys: Collection[RecordKey]) -> set[RecordKey]:
    """Those of the customers that the portal's list permits to be written; all of them without a list."""
    if portal.list_id is None:
        return set(keys)
    found: set[RecordKey] = set()
    for kind, ids in by_type(keys).items():
        for part in chunks(ids, 400):
            query = sa.select(audience.c.object_id).where(
                audience.c.portal_id == portal.portal_id,
                audience.c.object_type == kind,
                audience.c.object_id.in_(part),
            )
            found |= {(kind, id_) for id_ in connection.execute(query).scalars()}
    return found
