"""The webhooks journal: the app's own token, subscriptions of each portal, entries by offset, signed files.

As strict as HubSpot: a portal's token opens nothing here, what was not subscribed to is not told, an offset
of more than three days ago is gone, and a file is asked for without a token before its address runs out.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import replace
from typing import Any

import orjson
from flask import Blueprint, Response, request

from plugin.sandbox.journal_words import (
    APP_ACTIONS,
    APP_EVENT,
    LINK,
    OBJECT,
    TYPE_IDS,
    is_subscribed,
    told_of,
)
from plugin.sandbox.portals import Portal, Token, new_token
from plugin.sandbox.problems import Problem, invalid, not_found
from plugin.sandbox.values import iso
from plugin.sandbox.web import answer, mapping, nothing, services

blueprint = Blueprint("journal", __name__)
KEPT_MS = 3 * 86_400_000
FILE_EVENTS = 10_000
_URL_MS = 3_600_000
_CLIENT_SECONDS = 1_800
READ = "developer.webhooks_journal.read"
SUBSCRIPTIONS = "developer.webhooks_journal.subscriptions"


def grant(form: dict[str, str]) -> Response:
    """A token of the app itself, for the journal's scopes only."""
    scopes = tuple(form.get("scope", "").split())
    if not scopes or not all(scope.startswith("developer.webhooks_journal.") for scope in scopes):
        text = "client credentials are granted for the scopes of the webhooks journal"
        raise Problem(400, text, "", extra={"status": "BAD_SCOPE", "error": "invalid_scope"})
    store = services().store
    token = Token(new_token("client"), 0, "client", store.now() + _CLIENT_SECONDS * 1000, scopes)
    with store.write() as conn:
        store.portals.add_token(conn, token)
    body = {"access_token": token.token, "token_type": "bearer", "expires_in": _CLIENT_SECONDS}
    return answer(body | {"scopes": list(scopes)})


def _require(scope: str) -> None:
    """Only the app's own token counts, with the scope."""
    _, _, text = request.headers.get("Authorization", "").partition(" ")
    found = services().store.portals.token(text.strip())
    if found is None or found.use != "client" or (found.expires_at or 0) <= services().store.now():
        raise Problem(401, "A client credentials token of the app is needed here.", "INVALID_AUTHENTICATION")
    if scope not in (found.scopes or ()):
        errors = [{"message": "missing scope", "context": {"requiredGranularScopes": [scope]}}]
        raise Problem(403, "The token lacks a scope.", "MISSING_SCOPES", errors=errors)


def _portal(number: Any) -> Portal:
    if not str(number).isdigit() or int(number) not in services().store.portals:
        raise not_found()
    return services().store.portals.get(int(number))


@blueprint.get("/_api/webhooks-journal/subscriptions")
def subscriptions() -> Response:
    """Every subscription, of every portal."""
    _require(f"{SUBSCRIPTIONS}.read")
    store = services().store
    of_portals = [one for portal in store.portals.all() for one in portal.journal]
    return answer({"results": [*store.app.journal, *of_portals]})


@blueprint.post("/_api/webhooks-journal/subscriptions")
def subscribe() -> Response:
    """One subscription of one portal; the like of one that is there replaces it. Or one of the app's own."""
    _require(f"{SUBSCRIPTIONS}.write")
    body = mapping()
    if body.get("subscriptionType") == APP_EVENT:
        return _subscribe_app(body)
    portal, kind = _portal(body.get("portalId")), body.get("subscriptionType")
    allowed = {"OBJECT": OBJECT, "ASSOCIATION": frozenset(LINK)}.get(str(kind))
    if allowed is None or body.get("objectTypeId") not in TYPE_IDS.values():
        raise invalid("subscriptionType or objectTypeId is not known")
    if not body.get("actions") or set(body["actions"]) - allowed:
        raise invalid(f"actions must be some of {', '.join(sorted(allowed))}")
    if kind == "ASSOCIATION" and not body.get("associatedObjectTypeIds"):
        raise invalid("associatedObjectTypeIds is missing")
    store = services().store
    names = ("subscriptionType", "objectTypeId", "associatedObjectTypeIds")
    kept = [one for one in portal.journal if any(one.get(name) != body.get(name) for name in names)]
    made = {**body, "id": len(portal.journal) + 1, "appId": store.app.app_id, "createdAt": iso(store.now())}
    store.add_portal(replace(portal, journal=[*kept, made]))
    return answer(made, 201)


def _subscribe_app(body: dict[str, Any]) -> Response:
    """To the app's own events, of every portal: one for each event type."""
    store = services().store
    if body.get("eventTypeId") not in APP_ACTIONS:
        raise invalid(f"eventTypeId must be one of {', '.join(APP_ACTIONS)}")
    if strange := body.keys() - {"subscriptionType", "eventTypeId", "properties"}:
        raise invalid(f"not of an {APP_EVENT} subscription: {', '.join(sorted(strange))}")
    if any(one["eventTypeId"] == body["eventTypeId"] for one in store.app.journal):
        raise Problem(409, "This subscription is there already.", "CONFLICT")
    made = {**body, "id": 60_000_001 + len(store.app.journal), "appId": store.app.app_id}
    made["createdAt"] = made["updatedAt"] = iso(store.now())
    store.subscribe_app((*store.app.journal, made))
    return answer(made, 201)


@blueprint.get("/_api/webhooks-journal/journal-local/earliest")
def earliest() -> Response:
    """The first entry that is kept."""
    return _entry(0)


@blueprint.get("/_api/webhooks-journal/journal-local/offset/<text>/next")
def following(text: str) -> Response:
    """The entry after an offset; 404 where that is no longer kept."""
    try:
        number = uuid.UUID(text).int & 0xFFFFFFFFFFFF
    except ValueError:
        raise invalid("The offset is not a UUID.") from None
    with services().store.read() as conn:
        row = conn.execute("SELECT body FROM events WHERE number = ?", (number,)).fetchone()
    if row is None or orjson.loads(row[0])["occurredAt"] < services().store.now() - KEPT_MS:
        raise not_found()
    return _entry(number)


def _entry(after: int) -> Response:
    _require(READ)
    portal = _portal(request.args.get("installPortalId"))
    rows = _rows(portal, after, 2**62)
    if not rows:
        return nothing()
    offset = uuid.UUID(int=(0x4A << 120) | (4 << 76) | (2 << 62) | rows[-1][0])
    until = services().store.now() + _URL_MS
    path = f"/journal-files/{portal.id}/{after}/{rows[-1][0]}"
    signed = f"{path}?until={until}&signature={_signature(path, until)}"
    url = f"{request.host_url.rstrip('/')}{signed}"
    return answer({"url": url, "expiresAt": iso(until), "currentOffset": str(offset)})


def _rows(portal: Portal, after: int, upto: int) -> list[tuple[int, dict[str, Any]]]:
    """(number, event) of a portal's subscribed events of the last three days."""
    query = "SELECT number, body FROM events WHERE portal = ? AND number > ? AND number <= ? ORDER BY number"
    with services().store.read() as conn:
        found = conn.execute(query, (portal.id, after, upto)).fetchall()
    oldest = services().store.now() - KEPT_MS
    events = ((int(row[0]), orjson.loads(row[1])) for row in found)
    told = ((number, told_of(body)) for number, body in events if body["occurredAt"] >= oldest)
    wanted = [
        (number, one)
        for number, one in told
        if one is not None and is_subscribed(services().store.app, portal, one)
    ]
    return wanted[:FILE_EVENTS]


def _signature(path: str, until: int) -> str:
    secret = services().store.app.client_secret.encode()
    return hmac.new(secret, f"{path}:{until}".encode(), hashlib.sha256).hexdigest()


@blueprint.get("/journal-files/<int:portal_id>/<int:after>/<int:upto>")
def file(portal_id: int, after: int, upto: int) -> Response:
    """The events of an entry; as with any signed address, credentials beside it are refused."""
    until, path = int(request.args.get("until", "0")), request.path
    good = hmac.compare_digest(request.args.get("signature", ""), _signature(path, until))
    if not good or until < services().store.now():
        return Response("<Error><Code>AccessDenied</Code></Error>", 403, mimetype="application/xml")
    if "Authorization" in request.headers:
        return Response("<Error><Code>InvalidArgument</Code></Error>", 400, mimetype="application/xml")
    events = [one for _, one in _rows(_portal(portal_id), after, upto)]
    return answer({"offset": str(upto), "journalEvents": events, "publishedAt": iso(services().store.now())})
