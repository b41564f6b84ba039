"""From stored webhook bodies to marked records: decode, drop what was seen before, mark. One transaction."""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy.engine import Connection

from plugin.errors import InputError
from plugin.handlers.router import route
from plugin.hubspot.protocol.events import Event, decode_events
from plugin.jobs.context import Context
from plugin.jobs.erasing import erase_in
from plugin.jobs.rest import rest
from plugin.records import accounts, inbox, portals, work

BODIES = 50  # a transaction; at most 5,000 events
Counts = defaultdict[int, Counter[str]]  # by portal: what became of how many events


def apply_inbox(context: Context) -> int:
    """Apply up to BODIES stored bodies; returns how many there were.

    Portals and counters are taken in the order of their ids, so that two workers cannot lock each other out.
    """
    counted: Counts = defaultdict(Counter)
    with context.store.write() as connection:
        arrived = inbox.take(connection, BODIES)
        by_portal: dict[int, list[Event]] = {}
        for body in arrived:
            for event in _events(body, counted):
                by_portal.setdefault(event.portal_id, []).append(event)
        for portal_id, events in sorted(by_portal.items()):
            _apply(context, connection, portal_id, events, counted)
        for portal_id, amounts in sorted(counted.items()):
            inbox.count(context.store, connection, portal_id, amounts)
    return len(arrived)


def _events(body: inbox.Arrived, counted: Counts) -> list[Event]:
    """The events of a body; one that cannot be decoded is counted, or it would stop all behind it."""
    try:
        return decode_events(body.body)
    except InputError:
        counted[body.portal_id]["events_malformed"] += body.events
        return []


def _apply(
    context: Context, connection: Connection, portal_id: int, events: list[Event], counted: Counts
) -> None:
    now = context.now()
    if not accounts.is_installed(connection, portal_id):
        broken = sum(event.kind == "malformed" for event in events)
        fates = {"events_malformed": broken, "events_unknown_portal": len(events) - broken}
        counted[inbox.SEVERAL].update({"events_received": len(events), **fates})
        return
    first = {event.key: event for event in events}
    new = inbox.unseen(connection, portal_id, list(first))
    inbox.remember(context.store, connection, portal_id, new, now)
    routed = route((event for key, event in first.items() if key in new), context.current(portal_id).mapping)
    if routed.erase:
        erase_in(context, connection, portal_id, sorted(routed.erase))
    resting = rest(connection, portal_id, now)
    work.mark_records(context.store, connection, portal_id, routed.look, now=now, linger=resting)
    portals.change(connection, portal_id, last_incremental=now)
    fates = {"events_received": len(events), "events_repeated": len(events) - len(new)}
    counted[portal_id].update({**fates, **routed.counts})
