"""Takes people out of every table at once; a tombstone keeps them out, others' shares are computed anew.

Work that was under way in the same moment may still write a row about them: for five minutes the rows are
deleted again and again, then the last trace, the note of who that was, goes too.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from plugin.jobs import erased_notes, portfolio
from plugin.jobs.context import Context
from plugin.records import associations, erasure, inbox, lookup, mirror, tombstones, work
from plugin.records import portfolio as figures
from plugin.records.work import RecordKey


def erase_in(
    context: Context, connection: Connection, portal_id: int, records: Sequence[RecordKey]
) -> tuple[dict[str, int], int]:
    """Erase in the caller's transaction: (rows deleted by table, other records marked to be read again)."""
    store, now = context.store, context.now()
    theirs = sorted({one for key in records for one in erasure.with_merged(connection, portal_id, key)})
    beside = _beside(context, connection, portal_id, theirs)
    tombstones.put(store, connection, portal_id, theirs, now)
    erasure.begin(store, connection, portal_id, theirs, now)
    rows = _remove(context, connection, portal_id, theirs)
    work.mark_records(store, connection, portal_id, dict.fromkeys(beside, True), now=now)
    inbox.count(store, connection, portal_id, {"people_erased": len(records)})
    return rows, len(beside)


def _remove(
    context: Context, connection: Connection, portal_id: int, theirs: Sequence[RecordKey]
) -> dict[str, int]:
    """Delete their rows, their part in figures, and their names in notes; returns how many rows by table."""
    portfolio.keep(context.store, connection, portal_id, {}, theirs)
    figures.drop_empty(connection, portal_id)  # a channel through which only they came would tell of it
    rows = erasure.remove(connection, portal_id, theirs)
    lookup.forget_looks(connection, portal_id, theirs)
    erased_notes.clear(context, connection, portal_id, theirs)
    return rows


def _beside(
    context: Context, connection: Connection, portal_id: int, theirs: Sequence[RecordKey]
) -> set[RecordKey]:
    """The deals they had a part in, and companies that are customers: others are computed from these, too."""
    found: set[RecordKey] = set()
    for kind, ids in mirror.by_type(theirs).items():
        deals = associations.neighbours(connection, portal_id, "deal", kind, of="to", ids=ids)
        found |= {("deal", id_) for id_ in deals}
        if kind == "contact" and "company" in context.current(portal_id).mapping.customer_objects():
            companies = associations.neighbours(
                connection, portal_id, "contact", "company", of="from", ids=ids
            )
            found |= {("company", id_) for id_ in companies}
    return found


def finish_erasures(context: Context) -> int:
    """Delete again what work under way wrote about people just erased; returns how many rows."""
    with context.store.read() as connection:
        open_ = erasure.under_way(connection)
    if not open_:
        return 0
    with context.store.write() as connection:
        again = [_remove(context, connection, portal_id, records) for portal_id, records in open_.items()]
        erasure.settled(connection, context.now())
    return sum(sum(rows.values()) for rows in again)
