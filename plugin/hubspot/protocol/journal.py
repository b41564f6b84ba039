"""The webhooks journal as values: entries, the files behind them, and subscriptions. Pure.

HubSpot's rules: an entry names a signed address of a file of up to 10,000 events, and an offset; the next
entry is asked for by the last one's offset. 204: there is none yet. 404: the offset is older than the three
days that are kept. How merges stand in the file is undocumented [?]: every field that may name one is read.
That the app was taken out of a portal is told here alone, by no webhook: the subscription is the app's own,
of all portals, and has an event type but no actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from plugin.errors import CrmProtocolError
from plugin.hubspot.protocol.events import Event, Kind
from plugin.hubspot.protocol.objects import ASSOCIATION_TYPES, BY_TYPE_ID, TYPE_IDS
from plugin.hubspot.protocol.records import moment, results
from plugin.hubspot.protocol.requests import Request

SCOPES = (
    "developer.webhooks_journal.read",
    "developer.webhooks_journal.subscriptions.read",
    "developer.webhooks_journal.subscriptions.write",
)
_LOCAL = "/webhooks-journal/journal-local/v4"
_SUBSCRIPTIONS = "/webhooks-journal/subscriptions/v4"
_KINDS: dict[str, Kind] = {
    "CREATE": "creation",
    "UPDATE": "property",
    "DELETE": "deletion",
    "MERGE": "merge",
    "RESTORE": "restore",
    "ASSOCIATION_ADDED": "association",
    "ASSOCIATION_REMOVED": "association",
    "GDPR_DELETE": "privacy",
    "APP_UNINSTALL": "uninstall",
}
_OBJECT_ACTIONS = ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE")
_UNINSTALLED = "4-1916193"  # the event type; an installation's is 4-1909196
_NO_RECORD = ("unknown", "uninstall")
_ASSOCIATION_ACTIONS = ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED")


@dataclass(frozen=True)
class Entry:
    """One file of the journal: where it is, and the offset by which the next one is asked for."""

    offset: str
    url: str


@dataclass(frozen=True)
class Subscription:
    """What goes into the journal of a portal: an object type's changes, or its links with another."""

    object_type: str
    properties: tuple[str, ...] = ()
    linked_type: str = ""

    def body(self, portal_id: int) -> dict[str, Any]:
        """As HubSpot's API takes it."""
        base = {"portalId": portal_id, "objectTypeId": TYPE_IDS[self.object_type]}
        if self.linked_type:
            linked = [TYPE_IDS[self.linked_type]]
            kind = {"subscriptionType": "ASSOCIATION", "associatedObjectTypeIds": linked}
            return {**base, **kind, "actions": list(_ASSOCIATION_ACTIONS)}
        properties = {"properties": list(self.properties)}
        return {**base, "subscriptionType": "OBJECT", "actions": list(_OBJECT_ACTIONS), **properties}


@dataclass(frozen=True)
class Uninstalls:
    """That the app was taken out goes into the journal: of every portal, by one subscription of the app."""

    def body(self, _portal_id: int) -> dict[str, Any]:
        """As HubSpot's API takes it; it names no portal."""
        return {"subscriptionType": "APP_LIFECYCLE_EVENT", "eventTypeId": _UNINSTALLED}


Wanted = Subscription | Uninstalls


def next_request(portal_id: int, offset: str | None) -> Request:
    """The entry after an offset; None: the earliest that is kept."""
    path = f"{_LOCAL}/offset/{offset}/next" if offset else f"{_LOCAL}/earliest"
    return Request("GET", path, (("installPortalId", str(portal_id)),))


def subscriptions_request() -> Request:
    """Every subscription of the app."""
    return Request("GET", _SUBSCRIPTIONS)


def subscribe_request(portal_id: int, wanted: Wanted) -> Request:
    """Make a subscription; one that is there already stays one."""
    return Request("POST", _SUBSCRIPTIONS, body=wanted.body(portal_id))


def entry(body: Any) -> Entry | None:
    """An answer's entry; None where there is none yet (204)."""
    if body is None:
        return None
    try:
        return Entry(str(body["currentOffset"]), str(body["url"]))
    except (KeyError, TypeError) as error:
        raise CrmProtocolError("HubSpot's answer about the journal is of another shape.") from error


def is_subscribed(body: Any, portal_id: int, wanted: Wanted) -> bool:
    """Whether the subscription is among those listed, with every property that is wanted."""
    sought = wanted.body(portal_id)
    return any(_covers(one, sought) for one in results(body) if not one.get("deletedAt"))


def _covers(listed: Mapping[str, Any], sought: Mapping[str, Any]) -> bool:
    names = ("portalId", "objectTypeId", "subscriptionType", "eventTypeId")
    same = all(listed.get(name) == sought[name] for name in names if name in sought)
    lists = [name for name in ("actions", "properties", "associatedObjectTypeIds") if name in sought]
    return same and all(set(sought[name]) <= set(listed.get(name) or ()) for name in lists)


def events(content: bytes) -> list[Event]:
    """The events of a file, as webhooks would have told them; raises CrmProtocolError on another shape."""
    try:
        listed = orjson.loads(content)["journalEvents"]
        return [event for wire in listed for event in _events(wire)]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CrmProtocolError("A file of the journal has another shape than documented.") from error


def _events(wire: Mapping[str, Any]) -> Iterable[Event]:
    kind: Kind = _KINDS.get(str(wire.get("action")), "unknown")
    changed = wire.get("propertyChanges") or {}
    names = [str(name) for name in changed] if kind == "property" else [""]
    records = _records(wire, kind)
    if not names or (kind not in _NO_RECORD and not records):
        # changed we cannot tell how: look at all of it
        kind, names = ("restore", [""]) if records else ("malformed", [""])
    object_type = BY_TYPE_ID.get(str(wire.get("objectTypeId")), "") or (records[0][0] if records else "")
    for name in names:
        key = blake2b(orjson.dumps([wire, name]), digest_size=16).digest()
        at = moment(wire.get("occurredAt"))
        yield Event(int(wire["portalId"]), kind, object_type, records, at, key, name)


def _records(wire: Mapping[str, Any], kind: Kind) -> tuple[tuple[str, int], ...]:
    if kind == "uninstall":
        return ()
    if kind == "association":
        known = ASSOCIATION_TYPES.get(int(wire.get("associationTypeId") or 0), ("", ""))
        sides = [
            (BY_TYPE_ID.get(str(wire.get(f"{side}ObjectTypeId")), known[place]), int(wire[f"{side}ObjectId"]))
            for place, side in enumerate(("from", "to"))
        ]
        return tuple(sides)
    object_type = BY_TYPE_ID.get(str(wire.get("objectTypeId")), "")
    several = (wire.get("primaryObjectId"), *(wire.get("mergedObjectIds") or ()), wire.get("newObjectId"))
    ids = dict.fromkeys(int(one) for one in (wire.get("objectId"), *several) if one)
    return tuple((object_type, number) for number in ids) if object_type else ()
