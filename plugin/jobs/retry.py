"""Takes up again what was given up, or forgets it, when an admin asks."""

from __future__ import annotations

from plugin.jobs.context import Context
from plugin.records import parked, work

_WORKS = (parked.READ, parked.EVALUATE, parked.WRITE)


def retry_parked(context: Context, portal_id: int) -> int:
    """Mark everything given up to be done again; returns how many."""
    now = context.now()
    with context.store.write() as connection:
        rows = parked.listed(connection, portal_id)
        records = {row.key: True for row in rows if row.work == parked.READ}
        customers = [row.key for row in rows if row.work != parked.READ]
        work.mark_records(context.store, connection, portal_id, records, now=now, priority=work.REPAIR)
        work.mark_customers(context.store, connection, portal_id, customers, now=now, priority=work.REPAIR)
        parked.unpark(connection, portal_id, [row.key for row in rows], _WORKS)
    return len(rows)


def drop_parked(context: Context, portal_id: int) -> int:
    """Forget everything given up; returns how many."""
    with context.store.write() as connection:
        rows = parked.listed(connection, portal_id)
        parked.unpark(connection, portal_id, [row.key for row in rows], _WORKS)
    return len(rows)
