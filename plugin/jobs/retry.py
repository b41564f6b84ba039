"""Takes up again what was given up, or forgets it, when an admin asks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.jobs.context import Context
from plugin.records import parked, refused, work
from plugin.records.schema import outcomes
from plugin.records.store import chunks
from plugin.sync import definitions


def retry_parked(context: Context, portal_id: int) -> int:
    """Mark everything given up to be done again; returns how many."""
    now = context.now()
    with context.store.write() as connection:
        rows = parked.listed(connection, portal_id)
        records = {row.key: True for row in rows if row.work == parked.READ}
        customers = [row.key for row in rows if row.work != parked.READ]
        work.mark_records(context.store, connection, portal_id, records, now=now, priority=work.REPAIR)
        work.mark_customers(context.store, connection, portal_id, customers, now=now, priority=work.REPAIR)
        parked.unpark(connection, portal_id, [row.key for row in rows], parked.WORKS)
        definitions.forget(connection, portal_id)
        return len(rows) + take_up_properties(context, connection, portal_id)


def take_up_properties(context: Context, connection: Connection, portal_id: int) -> int:
    """Write refused properties again: every customer may lack them; returns how many properties."""
    cleared = refused.clear(connection, portal_id)
    if cleared:
        mark_everyone(context, connection, portal_id)
    return cleared


def mark_everyone(context: Context, connection: Connection, portal_id: int) -> None:
    """Have every customer computed again, after all other work."""
    c = outcomes.c
    query = sa.select(c.object_type, c.object_id).where(c.portal_id == portal_id)
    for part in chunks([(row[0], row[1]) for row in connection.execute(query)], 10_000):
        work.mark_customers(
            context.store, connection, portal_id, part, now=context.now(), priority=work.BACKFILL, again=False
        )


def drop_parked(context: Context, portal_id: int) -> int:
    """Forget everything given up; returns how many."""
    with context.store.write() as connection:
        rows = parked.listed(connection, portal_id)
        parked.unpark(connection, portal_id, [row.key for row in rows], parked.WORKS)
        return len(rows) + refused.clear(connection, portal_id)
