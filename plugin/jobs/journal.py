"""Reads the webhooks journal where it is switched on: what no webhook told is marked, nothing else is done.

Most of what the journal tells has arrived by webhook long ago: records that were read after the event are
left alone. How far a portal's journal was read is kept with the marks, in one transaction. That the app was
taken out of the portal is told by the journal alone: its work ends there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from plugin.errors import PortalGone
from plugin.handlers.router import route
from plugin.hubspot.client.journal import Journal, OffsetExpired
from plugin.hubspot.protocol.events import Event
from plugin.hubspot.protocol.journal import Subscription, Uninstalls, Wanted
from plugin.jobs.context import Context
from plugin.jobs.uninstall import note_uninstalled
from plugin.mapping.model import Mapping
from plugin.records import drift, inbox, portals, work
from plugin.records.work import RecordKey

NOTE = "journal"
#: A record read so long after an event has seen it: HubSpot's clock and ours differ by less, and what a
#: webhook told is read later than this after it.
MARGIN_MS = 500


@dataclass
class JournalRead:
    """What one reading of a portal's journal came to."""

    files: int = 0
    events: int = 0
    missed: int = 0  # records that had not been read since, and are marked now
    gap: bool = False  # the offset was older than what HubSpot keeps: only a comparison finds the rest


def wanted(mapping: Mapping) -> list[Wanted]:
    """What has to be noted in the journal for this mapping."""
    customers = mapping.customer_objects()
    objects = ["contact", "deal", *(["company"] if "company" in customers else [])]
    linked = ["contact", *(["company"] if mapping.companies else [])]
    return [
        Uninstalls(),
        *(Subscription(name, mapping.read_properties(name)) for name in objects),
        *(Subscription("deal", linked_type=name) for name in linked),
        *([Subscription("contact", linked_type="company")] if mapping.companies else []),
    ]


def read_journal(
    context: Context, portal_id: int, source: Journal, go_on: Callable[[], bool] = lambda: True
) -> JournalRead:
    """Read on from where the last reading ended; raises CrmError, and goes on from there when run again.

    Raises PortalGone when the journal tells that the app was taken out, once that is noted.
    """
    result = JournalRead()
    note = _note(context, portal_id)
    _subscribe(context, portal_id, source, note)
    while go_on():
        try:
            entry = source.after(portal_id, note.get("offset"))
        except OffsetExpired:
            note.pop("offset")
            result.gap = True
            continue
        if entry is None:
            break
        note["offset"] = entry.offset
        told = source.events(entry)
        gone = _left(context, portal_id, told)  # before the offset moves, or it could be lost
        _take(context, portal_id, told, note, result)
        if gone:
            raise PortalGone(f"The app was taken out of portal {portal_id}.")
    return result


def _left(context: Context, portal_id: int, told: Iterable[Event]) -> bool:
    """Note the app's departure, if one is told that no installation followed."""
    mine = (one.occurred_at for one in told if one.kind == "uninstall" and one.portal_id == portal_id)
    last = max(mine, default=None)
    return last is not None and note_uninstalled(context, portal_id, last)


def _note(context: Context, portal_id: int) -> dict[str, Any]:
    with context.store.read() as connection:
        return portals.watermark(connection, portal_id, NOTE) or {}


def _subscribe(context: Context, portal_id: int, source: Journal, note: dict[str, Any]) -> None:
    """Once for each mapping: what a portal does not subscribe to never comes into the journal."""
    sought = wanted(context.mapping)
    name = orjson.dumps([one.body(portal_id) for one in sought]).decode()
    if note.get("subscribed") != name:
        source.subscribe(portal_id, sought)
        note["subscribed"] = name
        with context.store.write() as connection:
            portals.set_watermark(connection, context.store, portal_id, NOTE, note, context.now())


def _take(
    context: Context,
    portal_id: int,
    told: list[Event],
    note: dict[str, Any],
    result: JournalRead,
) -> None:
    """Mark what was missed, and note the offset, together."""
    mine = [event for event in told if event.portal_id == portal_id]
    with context.store.write() as connection:
        missed = _missed(context, connection, portal_id, mine)
        now = context.now()
        work.mark_records(
            context.store, connection, portal_id, missed, now=now, priority=work.REPAIR, linger=0
        )
        _hand_on_erasures(connection, portal_id, mine, now)
        counts = {"journal_events": len(mine), "journal_missed": len(missed)}
        inbox.count(context.store, connection, portal_id, counts)
        portals.set_watermark(connection, context.store, portal_id, NOTE, note, now)
    result.files += 1
    result.events += len(mine)
    result.missed += len(missed)


def _missed(
    context: Context, connection: Connection, portal_id: int, told: Iterable[Event]
) -> dict[RecordKey, bool]:
    """The records that were not read since their last event."""
    latest: dict[RecordKey, int] = {}
    ordinary = [event for event in told if event.kind not in ("privacy", "uninstall")]
    for event in ordinary:
        for key in event.records:
            latest[key] = max(latest.get(key, 0), event.occurred_at)
    look = route(ordinary, context.mapping).look
    read = drift.read_at(connection, portal_id, look)
    return {
        key: associations
        for key, associations in look.items()
        if read.get(key, (0, 0))[associations] < latest.get(key, 0) + MARGIN_MS
    }


def _hand_on_erasures(connection: Connection, portal_id: int, told: Iterable[Event], now: int) -> None:
    """A deletion for privacy goes the way of any webhook: through the inbox."""
    bodies = [
        {
            "portalId": portal_id,
            "subscriptionType": f"{kind}.privacyDeletion",
            "objectId": number,
            "occurredAt": event.occurred_at,
            "eventId": int.from_bytes(event.key[:4], "big"),
        }
        for event in told
        if event.kind == "privacy"
        for kind, number in event.records
    ]
    if bodies:
        inbox.put(connection, portal_id, orjson.dumps(bodies), len(bodies), now)
