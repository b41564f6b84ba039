"""Deletes everything kept of a portal that left, some rows at a time; begun again, it goes on.

The tables are those of the schema, so that a new one is never forgotten. What a comeback could build on goes
first and at once: a portal that returns in between starts from nothing. Tombstones stay: a person who was
erased must not come back with a portal that returns.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.jobs.context import Context
from plugin.jobs.uninstall import DAY_MS
from plugin.records import accounts
from plugin.records.schema import metadata

AT_ONCE = 5_000
#: without these a portal counts as never installed and never read
_FIRST = ("portals", "parameters", "watermarks", "accounts", "marks", "dirty")
_LAST = "departures"  # says that there is something to purge
_KEPT = "tombstones"  # digests that tell nothing without SECRET_KEY


def purge_what_is_due(context: Context) -> list[int]:
    """Purge the portals whose days are over; returns which."""
    with context.store.read() as connection:
        due = accounts.to_purge(connection, context.now() - context.keep_days * DAY_MS)
    for portal_id in due:
        purge_portal(context, portal_id)
    return due


def purge_portal(context: Context, portal_id: int) -> int:
    """Delete every row of a portal that left; returns how many, or stops when it comes back."""
    with context.store.write() as connection:
        if accounts.departed(connection, portal_id) is None:
            return 0
        count = sum(_delete(connection, table, portal_id) for table in tables() if table.name in _FIRST)
    for table in tables():
        if table.name not in (*_FIRST, _LAST):
            count += _empty(context, table, portal_id)
    with context.store.write() as connection:
        departures = metadata.tables[_LAST]
        return count + _delete(connection, departures, portal_id)


def tables() -> list[sa.Table]:
    """Every table that keeps something of a portal, but for the tombstones."""
    return [one for one in metadata.sorted_tables if "portal_id" in one.c and one.name != _KEPT]


def _empty(context: Context, table: sa.Table, portal_id: int) -> int:
    total = 0
    while True:
        with context.store.write() as connection:
            if accounts.departed(connection, portal_id) is None:
                return total
            count = _delete_some(connection, table, portal_id)
        total += count
        if count < AT_ONCE:
            return total


def _delete(connection: Connection, table: sa.Table, portal_id: int) -> int:
    return connection.execute(sa.delete(table).where(table.c.portal_id == portal_id)).rowcount


def _delete_some(connection: Connection, table: sa.Table, portal_id: int) -> int:
    keys = list(table.primary_key)
    some = sa.select(*keys).where(table.c.portal_id == portal_id).limit(AT_ONCE)
    if len(keys) == 1 and keys[0].name == "portal_id":
        return _delete(connection, table, portal_id)
    chosen = sa.tuple_(*keys).in_(some) if len(keys) > 1 else keys[0].in_(some)
    return connection.execute(sa.delete(table).where(table.c.portal_id == portal_id, chosen)).rowcount
