"""The record card's addresses: signed by HubSpot, answered from the store, for the calling portal alone.

`GET /card/v1/records/{type}/{id}`: everything that the card shows, in one answer. `POST /card/v1/refresh`:
look at the record again now. `GET /card/v1/portal`: the settings page. Each may be called again without harm,
because of HubSpot's rule: a call that fails with 5xx is made once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from plugin.handlers.webhook import Incoming
from plugin.records import lookup, portals
from plugin.records.portals import Portal
from plugin.web import card_portal, card_view
from plugin.web.card_request import MAX_BODY, Refused, Signed, check, named_record, record_key
from plugin.web.card_texts import words
from plugin.web.customers import Customers
from plugin.web.receiver import raw_uri

WINDOW_MS = 5_000  # a second wish to look again within this is the first one repeated


def blueprint(customers: Customers, secret: str, public_url: str) -> Blueprint:
    """The routes of the card and the settings page."""
    routes = Blueprint("card", __name__, url_prefix="/card/v1")
    context = customers.context

    def signed() -> tuple[Signed, Incoming]:
        source = _incoming()
        return check(secret, public_url, source, context.now()), source

    @routes.get("/records/<object_type>/<object_id>")
    def record(object_type: str, object_id: str) -> Any:
        who, _ = signed()
        return jsonify(_record(customers, who, object_type, object_id))

    @routes.post("/refresh")
    def refresh() -> Any:
        who, source = signed()
        return jsonify(_refresh(customers, who, source.body))

    @routes.get("/portal")
    def portal() -> Any:
        who, _ = signed()
        with context.store.read() as connection:
            served = _served(customers, lambda: portals.get(connection, who.portal_id))
            return jsonify(
                card_portal.told(context.current(served.portal_id), connection, served, public_url)
            )

    @routes.errorhandler(Refused)
    def refused(error: Refused) -> Any:
        told = card_view.refusal(error.state, context.mapping.language, error.message)
        return jsonify(told), error.status

    @routes.after_request
    def unstored(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes


def _record(customers: Customers, who: Signed, object_type: str, object_id: str) -> dict[str, Any]:
    key = record_key(object_type, object_id)
    with customers.context.store.read() as connection:
        portal = _served(customers, lambda: portals.get(connection, who.portal_id))
        told = card_view.told(customers, connection, portal, key)
    if told["state"] == "unknown_record":
        raise Refused(404, "unknown_record", words(customers.context.mapping.language)["unknown_record"])
    return told


def _refresh(customers: Customers, who: Signed, body: bytes) -> dict[str, Any]:
    context, key = customers.context, named_record(body)
    with context.store.write() as connection:
        portal = _served(customers, lambda: portals.get(connection, who.portal_id))
        if key[0] not in context.current(portal.portal_id).mapping.customer_objects():
            return {"state": "not_a_customer", "marked": False}
        marked = lookup.look_again(
            context.store, connection, portal.portal_id, key, now=context.now(), window=WINDOW_MS
        )
    context.bells.ring_work(portal.portal_id, "live")
    return {"state": "waiting", "marked": marked}


def _served(customers: Customers, find: Callable[[], Portal | None]) -> Portal:
    found = find()
    if found is None or found.mode == portals.GONE:
        text = words(customers.context.mapping.language)["not_installed"]
        raise Refused(404, "not_installed", text)
    return found


def _incoming() -> Incoming:
    """The request as it came in; at most one byte more than the limit is read of its body."""
    path, _, query = raw_uri(request).partition("?")
    declared = request.content_length or 0
    body = b"x" * (MAX_BODY + 1) if declared > MAX_BODY else request.stream.read(MAX_BODY + 1)
    return Incoming(request.method, path, query, body, request.headers.get)
