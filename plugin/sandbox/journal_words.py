"""The webhooks journal's words: what goes into it of an event, and which subscription has it noted.

Events are kept as webhooks tell them. That the app was taken out is kept for the journal alone, and noted by
a subscription of the app itself, for every portal.
"""

from __future__ import annotations

from typing import Any

from plugin.sandbox.kinds import KINDS
from plugin.sandbox.portals import App, Portal
from plugin.sandbox.values import iso

ACTIONS = {
    "creation": "CREATE",
    "propertyChange": "UPDATE",
    "deletion": "DELETE",
    "merge": "MERGE",
    "restore": "RESTORE",
    "privacyDeletion": "GDPR_DELETE",
}
OBJECT = frozenset(ACTIONS.values()) - {"GDPR_DELETE"}
LINK = ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED")
APP_EVENT = "APP_LIFECYCLE_EVENT"
UNINSTALLED = "4-1916193"
APP_ACTIONS = {"4-1909196": "APP_INSTALL", UNINSTALLED: "APP_UNINSTALL"}
TYPE_IDS = {kind.name: kind.type_id for kind in KINDS}


def uninstalled(portal_id: int, app_id: int, now: int) -> dict[str, Any]:
    """That the app was taken out of a portal, as it is kept."""
    said = {"portalId": portal_id, "appId": app_id, "occurredAt": now}
    return {**said, "subscriptionType": APP_EVENT, "eventTypeId": UNINSTALLED}


def told_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """A webhook's payload in the journal's words."""
    word, _, sort = body["subscriptionType"].partition(".")
    base = {"portalId": body["portalId"], "occurredAt": iso(body["occurredAt"])}
    if word == APP_EVENT:
        return {"type": "app_lifecycle_event", **base, "action": APP_ACTIONS[body["eventTypeId"]]}
    if sort == "associationChange":
        ends = body["associationType"].lower().partition("_to_")
        types = {"fromObjectTypeId": TYPE_IDS[ends[0]], "toObjectTypeId": TYPE_IDS[ends[2]]}
        ids = {name: body[name] for name in ("fromObjectId", "toObjectId")}
        action = LINK[1] if body.get("associationRemoved") else LINK[0]
        return {"type": "association", **base, "action": action, **types, **ids}
    type_id = body.get("objectTypeId") or TYPE_IDS.get(word)
    if type_id is None or sort not in ACTIONS:
        return None
    told = {"type": "crmObject", **base, "action": ACTIONS[sort], "objectTypeId": type_id}
    merged = ("primaryObjectId", "mergedObjectIds", "newObjectId")
    several: dict[str, Any] = {name: body[name] for name in merged if name in body}
    changes = {body["propertyName"]: body.get("propertyValue")} if sort == "propertyChange" else {}
    return {**told, "objectId": body["objectId"], "propertyChanges": changes, **several}


def is_subscribed(app: App, portal: Portal, told: dict[str, Any]) -> bool:
    """Whether a subscription of the app or of the portal has this noted."""
    if told["action"] in APP_ACTIONS.values():
        return any(APP_ACTIONS[one["eventTypeId"]] == told["action"] for one in app.journal)
    if told["action"] == "GDPR_DELETE":
        return any(one["objectTypeId"] == told["objectTypeId"] for one in portal.journal)
    return any(told["action"] in one["actions"] and _covers(one, told) for one in portal.journal)


def _covers(one: dict[str, Any], told: dict[str, Any]) -> bool:
    if one["subscriptionType"] == "ASSOCIATION":
        ends = {told["fromObjectTypeId"], told["toObjectTypeId"]}
        return one["objectTypeId"] in ends and bool(ends & set(one["associatedObjectTypeIds"]))
    names = one.get("properties")
    changed = told["propertyChanges"].keys()
    named = not changed or not names or bool(changed & set(names))
    return named and one["objectTypeId"] == told["objectTypeId"]
