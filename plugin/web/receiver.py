"""The address that HubSpot posts webhooks to. All thinking is in handlers.webhook; this reads the socket."""

from __future__ import annotations

from flask import Blueprint, Request, Response, request

from plugin.handlers.refusals import PATH, Refusals
from plugin.handlers.webhook import MAX_BODY, Incoming, receive
from plugin.jobs.context import Context
from plugin.records.store import Store


def blueprint(context: Context, store: Store, secret: str, public_url: str) -> Blueprint:
    """The receiver's route."""
    routes = Blueprint("receiver", __name__)

    refusals = Refusals(store, public_url)

    @routes.post(PATH)
    def webhook() -> Response:
        answer = receive(store, context.clock, secret, public_url, incoming(request), refusals)
        if answer.status == 204:
            context.bells.ring_apply()
        return Response(answer.text, answer.status, mimetype="text/plain")

    return routes


def incoming(source: Request) -> Incoming:
    """The request as it came in; at most one byte more than the limit is read of its body."""
    path, _, query = raw_uri(source).partition("?")
    declared = source.content_length or 0
    body = b"x" * (MAX_BODY + 1) if declared > MAX_BODY else source.stream.read(MAX_BODY + 1)
    return Incoming(source.method, path, query, body, source.headers.get)


def raw_uri(source: Request) -> str:
    """Path and query with their escapes untouched, because HubSpot signs them so.

    gunicorn gives RAW_URI, werkzeug's server REQUEST_URI; a proxy may have put a host before it.
    """
    uri: str = source.environ.get("RAW_URI") or source.environ.get("REQUEST_URI") or source.full_path
    if "://" in uri:
        uri = "/" + uri.split("://", 1)[1].partition("/")[2]
    return uri.removesuffix("?")
