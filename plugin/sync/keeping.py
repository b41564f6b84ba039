"""Keeps what a whole load has read, and marks who is to be looked at after it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.hubspot.client import Record
from plugin.mapping.model import Mapping
from plugin.records import associations, mirror, work
from plugin.records.schema import mirror as mirror_table
from plugin.records.store import Store, chunks
from plugin.sync.reading import as_seen, linked


class Keeping:
    """One portal's records of a load; every method runs in its caller's transaction, moments are in ms."""

    def __init__(self, store: Store, portal_id: int, mapping: Mapping) -> None:
        self.store = store
        self.portal_id = portal_id
        self.mapping = mapping

    def linked_types(self, phase: str) -> list[str]:
        """The object types whose links with this one are read with its records."""
        company = ["company"] if self.mapping.companies else []
        return {"deal": ["contact", *company], "contact": company, "company": []}[phase]

    def keep(
        self,
        connection: Connection,
        phase: str,
        records: Sequence[Record],
        read_at: int,
        *,
        exported: bool = False,
        links_at: int | None = None,
    ) -> None:
        """Keep records as read at `read_at`; `links_at`: when their links were asked for, if before."""
        if not records:
            return
        outputs = {output.name for _, output in self.mapping.crm_outputs()}
        seen = [as_seen(phase, record, outputs) for record in records]
        mirror.save(self.store, connection, self.portal_id, seen, read_at, exported=exported)
        at = links_at or read_at
        for to_type in self.linked_types(phase):
            links = {record.id: linked(record.associations.get(to_type, [])) for record in records}
            far = {id_ for listed in links.values() for id_, _ in listed}
            gone = mirror.gone_since(connection, self.portal_id, to_type, far, at)
            if gone:  # found to be gone after this was told
                links = {id_: [one for one in listed if one[0] not in gone] for id_, listed in links.items()}
            associations.save(self.store, connection, self.portal_id, phase, to_type, links, at)
        ids = [record.id for record in records]
        associations.stamp(connection, self.portal_id, phase, ids, at)

    def mark_unseen(self, connection: Connection, phases: Sequence[str], since: int, now: int) -> None:
        """Records kept from before `since` that no page showed: look at each again."""
        c = mirror_table.c
        query = sa.select(c.object_type, c.object_id).where(
            c.portal_id == self.portal_id,
            c.object_type.in_(phases),
            c.deleted_at.is_(None),
            c.read_at < since,
        )
        unseen = {(row[0], row[1]): True for row in connection.execute(query)}
        work.mark_records(
            self.store, connection, self.portal_id, unseen, now=now, priority=work.REPAIR, linger=0
        )

    def mark_customers(self, connection: Connection, now: int) -> int:
        """Mark every customer that is kept; returns how many there are."""
        c, marked = mirror_table.c, 0
        for name in self.mapping.customer_objects():
            query = sa.select(c.object_id).where(
                c.portal_id == self.portal_id, c.object_type == name, c.deleted_at.is_(None)
            )
            for part in chunks(connection.execute(query).scalars().all(), 10_000):
                keys = [(name, id_) for id_ in part]
                marked += len(keys)
                self._mark(connection, keys, now)
        return marked

    def _mark(self, connection: Connection, keys: list[work.RecordKey], now: int) -> None:
        work.mark_customers(
            self.store,
            connection,
            self.portal_id,
            keys,
            now=now,
            priority=work.BACKFILL,
            again=False,
        )
