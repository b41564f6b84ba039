"""Rows that wait for a worker: records to read again (`marks`) and customers to evaluate again (`dirty`).

One row stands for one record however often it changed. A row is claimed by one worker at a time; it is
deleted only if nobody marked it meanwhile (`seq` stood still), and a claim that is not renewed runs out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import tombstones
from plugin.records.schema import dirty, marks
from plugin.records.store import Row, Store

INTERACTIVE, LIVE, DUE, REPAIR, BACKFILL = range(5)  # smaller goes first
CLAIM_MS = 90_000
LINGER_MS = 700  # a record rests this long after its last change ...
LINGER_CAP_MS = 1_500  # ... but never longer than this after its first
#: the priorities that a lane of workers takes
LANES: dict[str, tuple[int, int]] = {"live": (INTERACTIVE, REPAIR), "bulk": (BACKFILL, BACKFILL)}

_LATER_MS = 12 * 3_600_000  # no back-off is longer; rows further ahead wait for a day to come

RecordKey = tuple[str, int]  # object type, id


@dataclass(frozen=True)
class Claimed:
    """A row this worker holds."""

    object_type: str
    object_id: int
    seq: int
    priority: int
    first_at: int
    tries: int
    associations: bool = False

    @property
    def key(self) -> RecordKey:
        """(object type, id)."""
        return self.object_type, self.object_id


def mark_records(
    store: Store,
    connection: Connection,
    portal_id: int,
    records: dict[RecordKey, bool],
    *,
    now: int,
    priority: int = LIVE,
    linger: int = LINGER_MS,
) -> None:
    """Mark records as to be read again; the value says whether their associations are, too.

    Erased ones are never marked.
    """
    gone = tombstones.erased(store, connection, portal_id, records)
    rows = [
        {**_row(portal_id, key, now, priority, linger), "associations": int(associations)}
        for key, associations in records.items()
        if key not in gone
    ]
    store.upsert(connection, marks, rows, lambda new: {**_again(marks, new), "associations": _most(new)})


def _most(new: Any) -> Any:
    return sa.case((marks.c.associations > new.associations, marks.c.associations), else_=new.associations)


def mark_customers(
    store: Store,
    connection: Connection,
    portal_id: int,
    customers: Iterable[RecordKey],
    *,
    now: int,
    priority: int = LIVE,
    again: bool = True,
) -> None:
    """Mark customers as to be evaluated; with `again` false, those already waiting stay as they are."""
    rows = [_row(portal_id, key, now, priority, 0) for key in customers]
    store.upsert(connection, dirty, rows, (lambda new: _again(dirty, new)) if again else None)


def _row(portal_id: int, key: RecordKey, now: int, priority: int, linger: int) -> Row:
    return {
        "portal_id": portal_id,
        "object_type": key[0],
        "object_id": key[1],
        "seq": 1,
        "priority": priority,
        "first_at": now,
        "ready_at": now + linger,
    }


def _again(table: sa.Table, new: Any) -> dict[str, Any]:
    """What marking a waiting row again does: it rests anew, up to the cap, and keeps the higher urgency."""
    cap = table.c.first_at + LINGER_CAP_MS
    within = sa.case((new.ready_at > cap, cap), else_=new.ready_at)
    rests = (new.ready_at > table.c.ready_at, table.c.ready_at > cap)  # beside a load, rows rest for longer
    return {
        "seq": table.c.seq + 1,
        "priority": sa.case((table.c.priority < new.priority, table.c.priority), else_=new.priority),
        "ready_at": sa.case((sa.and_(*rests), table.c.ready_at), else_=within),
    }


def claim(
    connection: Connection, table: sa.Table, portal_id: int, lane: str, limit: int, *, now: int, holder: str
) -> list[Claimed]:
    """Take up to `limit` rows that have rested, most urgent and longest waiting first."""
    low, high = LANES[lane]
    free = (
        sa.select(table)
        .where(table.c.portal_id == portal_id, table.c.priority.between(low, high))
        .where(table.c.ready_at <= now, table.c.claimed_until < now)
        .order_by(table.c.priority, table.c.ready_at, table.c.object_type, table.c.object_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = [_claimed(row) for row in connection.execute(free).mappings()]
    _set_each(connection, table, portal_id, rows, values={"claim": holder, "claimed_until": now + CLAIM_MS})
    return rows


def _claimed(row: Any) -> Claimed:
    fields = ("object_type", "object_id", "seq", "priority", "first_at", "tries")
    values = {name: row[name] for name in fields}
    return Claimed(**values, associations=bool(row.get("associations", 0)))


def renew(
    connection: Connection, table: sa.Table, portal_id: int, rows: Sequence[Claimed], *, now: int, holder: str
) -> None:
    """Hold claimed rows for longer."""
    _set_each(connection, table, portal_id, rows, values={"claimed_until": now + CLAIM_MS}, holder=holder)


def finish(
    connection: Connection, table: sa.Table, portal_id: int, rows: Sequence[Claimed], *, now: int, holder: str
) -> None:
    """Done: delete the rows that were not marked again meanwhile; those that were wait anew."""
    if not rows:
        return
    c = table.c
    connection.execute(
        sa.delete(table).where(*_key(table, portal_id), c.seq == sa.bindparam("k_seq"), c.claim == holder),
        [{**_bind(row), "k_seq": row.seq} for row in _in_order(rows)],
    )
    changed = {"claim": None, "claimed_until": 0, "first_at": now, "tries": 0}
    _set_each(connection, table, portal_id, rows, values=changed, holder=holder)


def release(
    connection: Connection,
    table: sa.Table,
    portal_id: int,
    rows: Sequence[Claimed],
    *,
    now: int,
    holder: str,
    delay: int = 0,
    failed: bool = False,
) -> None:
    """Give claimed rows back, to be taken again after `delay` ms; `failed` counts the try."""
    changed: dict[str, Any] = {"claim": None, "claimed_until": 0, "ready_at": now + delay}
    if failed:
        changed["tries"] = table.c.tries + 1
    _set_each(connection, table, portal_id, rows, values=changed, holder=holder)


def _in_order(rows: Iterable[Claimed]) -> list[Claimed]:
    """In the order in which they are marked, so that who marks and who works cannot lock each other out."""
    return sorted(rows, key=lambda row: row.key)


def _key(table: sa.Table, portal_id: int) -> list[Any]:
    c = table.c
    record = (c.object_type == sa.bindparam("k_type"), c.object_id == sa.bindparam("k_id"))
    return [c.portal_id == portal_id, *record]


def _bind(row: Claimed) -> Row:
    return {"k_type": row.object_type, "k_id": row.object_id}


def _set_each(
    connection: Connection,
    table: sa.Table,
    portal_id: int,
    rows: Sequence[Claimed],
    *,
    values: dict[str, Any],
    holder: str | None = None,
) -> None:
    if not rows:
        return
    mine = [table.c.claim == holder] if holder else []
    statement = sa.update(table).where(*_key(table, portal_id), *mine).values(**values)
    connection.execute(statement, [_bind(row) for row in _in_order(rows)])


def portals_with_work(connection: Connection, now: int) -> list[tuple[int, str]]:
    """(portal, lane) pairs that have rows ready to be claimed."""
    found = set()
    for table in (marks, dirty):
        lane = sa.case((table.c.priority <= LANES["live"][1], "live"), else_="bulk")
        ready = sa.select(table.c.portal_id, lane).where(table.c.ready_at <= now, table.c.claimed_until < now)
        found |= {(row[0], row[1]) for row in connection.execute(ready.distinct())}
    return sorted(found)


def waiting(connection: Connection, portal_id: int, now: int) -> tuple[int, int, int | None]:
    """(records waiting or claimed, customers waiting or claimed, since when the oldest waits in ms).

    What waits for a later day is not counted: nobody could do it now.
    """
    counts, oldest = [], []
    for table in (marks, dirty):
        soon = (table.c.portal_id == portal_id, table.c.ready_at < now + _LATER_MS)
        query = sa.select(sa.func.count(), sa.func.min(table.c.first_at)).where(*soon)
        count, first = connection.execute(query).one()
        counts.append(count)
        oldest.append(first)
    return counts[0], counts[1], min((first for first in oldest if first is not None), default=None)


def waits_in_class(connection: Connection, portal_id: int, priority: int) -> bool:
    """Whether any customer of one class waits or is claimed."""
    c = dirty.c
    query = sa.select(c.object_id).where(c.portal_id == portal_id, c.priority == priority)
    return connection.execute(query.limit(1)).first() is not None


def waiting_in_class(connection: Connection, portal_id: int, priority: int) -> int:
    """How many customers of one class wait or are claimed."""
    c = dirty.c
    query = sa.select(sa.func.count()).where(c.portal_id == portal_id, c.priority == priority)
    return connection.execute(query).scalar_one()
