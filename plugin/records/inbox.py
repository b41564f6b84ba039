"""What arrived: raw webhook bodies, kept until they are applied, and the memory of events already seen."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.schema import counters, inbox, seen
from plugin.records.store import Store

SEVERAL = 0  # the portal of a body that names several portals, or none
SEEN_MS = 48 * 3_600_000  # the CRM retries for 24 hours; twice that is remembered


@dataclass(frozen=True)
class Arrived:
    """One stored body."""

    id: int
    portal_id: int
    received_at: int
    events: int
    body: bytes


def put(connection: Connection, portal_id: int, body: bytes, events: int, now: int) -> None:
    """Keep a body of so many events until it is applied."""
    row = {"portal_id": portal_id, "received_at": now, "body": body, "events": events}
    connection.execute(sa.insert(inbox), row)


def take(connection: Connection, limit: int) -> list[Arrived]:
    """Remove and return the oldest bodies; they come back if the transaction does not commit."""
    oldest = sa.select(inbox).order_by(inbox.c.id).limit(limit).with_for_update(skip_locked=True)
    found = connection.execute(oldest)
    rows = [Arrived(r.id, r.portal_id, r.received_at, r.events, bytes(r.body)) for r in found]
    if rows:
        connection.execute(sa.delete(inbox).where(inbox.c.id.in_([row.id for row in rows])))
    return rows


def waiting(connection: Connection, portal_id: int | None = None) -> tuple[int, int, int | None]:
    """(bodies, events in them, when the oldest arrived in ms), of one portal or of all."""
    events = sa.func.coalesce(sa.func.sum(inbox.c.events), 0)
    query = sa.select(sa.func.count(), events, sa.func.min(inbox.c.received_at)).select_from(inbox)
    if portal_id is not None:
        query = query.where(inbox.c.portal_id.in_((portal_id, SEVERAL)))
    row = connection.execute(query).one()
    return row[0], int(row[1]), row[2]


def unseen(connection: Connection, portal_id: int, keys: list[bytes]) -> set[bytes]:
    """Those of the event keys that were not seen in the last two days."""
    known = set()
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        query = sa.select(seen.c.key).where(seen.c.portal_id == portal_id, seen.c.key.in_(part))
        known |= {bytes(key) for key in connection.execute(query).scalars()}
    return set(keys) - known


def remember(store: Store, connection: Connection, portal_id: int, keys: set[bytes], now: int) -> None:
    """Remember event keys, so that a repeated delivery is known as such."""
    store.upsert(connection, seen, [{"portal_id": portal_id, "key": key, "at": now} for key in keys])


def forget_old(connection: Connection, now: int) -> int:
    """Drop keys older than the CRM's own retries can be; returns how many."""
    return connection.execute(sa.delete(seen).where(seen.c.at < now - SEEN_MS)).rowcount


def count(store: Store, connection: Connection, portal_id: int, amounts: dict[str, int]) -> None:
    """Add to the portal's counters."""
    rows = [{"portal_id": portal_id, "name": name, "value": n} for name, n in amounts.items() if n]
    store.upsert(connection, counters, rows, lambda new: {"value": counters.c.value + new.value})


def counts(connection: Connection, portal_id: int | None = None) -> dict[str, int]:
    """The counters by name, of one portal or summed over all."""
    query = sa.select(counters.c.name, sa.func.sum(counters.c.value)).group_by(counters.c.name)
    if portal_id is not None:
        query = query.where(counters.c.portal_id == portal_id)
    return {name: int(value) for name, value in connection.execute(query)}
