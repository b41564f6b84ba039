"""Receives a webhook: checks that it is HubSpot's, keeps the raw body, and answers. It thinks about nothing.

The order of the answers is a promise: 413, 401, 400, 503, else 204. A 204 means that the body is on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from plugin.clock import Clock, milliseconds
from plugin.errors import StoreError
from plugin.handlers.refusals import Refusals
from plugin.hubspot.protocol.signatures import Verdict, check_request, public_uri
from plugin.records import inbox
from plugin.records.store import Store

MAX_BODY = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What to answer; `text` is for people who try the address by hand."""

    status: int
    text: str = ""


@dataclass(frozen=True)
class Incoming:
    """A request as it came in: raw path and query, raw body (cut just above the limit), header look-up."""

    method: str
    path: str
    query: str
    body: bytes
    header: Callable[[str], str | None]


class _OnlyPortal(msgspec.Struct):
    portalId: int | str | None = None  # noqa: N815 - the wire's own name


_array = msgspec.json.Decoder(list[msgspec.Raw])
_portals = msgspec.json.Decoder(list[_OnlyPortal])


def receive(
    store: Store,
    clock: Clock,
    secret: str,
    public_url: str,
    request: Incoming,
    refusals: Refusals | None = None,
) -> Answer:
    """Check and keep one webhook request; `refusals` is told of a signature that is refused."""
    if len(request.body) > MAX_BODY:
        return Answer(413, "The body is larger than 1 MiB.")
    now = milliseconds(clock.now())
    verdict = check_request(
        secret,
        method=request.method,
        uri=public_uri(public_url, request.path, request.query),
        body=request.body,
        header=request.header,
        now_ms=now,
    )
    if verdict is not Verdict.VALID:
        if refusals is not None:
            refusals.note(verdict, now)
        return Answer(401, f"The signature is {verdict.value}.")
    events = count_events(request.body)
    if events is None:
        return Answer(400, "The body is not a JSON array.")
    try:
        with store.write() as connection:
            inbox.put(connection, portal_of(request.body), request.body, events, now)
    except StoreError:
        return Answer(503, "The store does not answer; please send this again.")
    return Answer(204)


def count_events(body: bytes) -> int | None:
    """How many elements the JSON array has; None if it is not one."""
    try:
        return len(_array.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def portal_of(body: bytes) -> int:
    """The one portal that all events of a body name, else `inbox.SEVERAL`.

    HubSpot does not document whether an array can mix portals; `apply` sorts mixed ones out.
    """
    try:
        named = {str(event.portalId) for event in _portals.decode(body)}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return inbox.SEVERAL
    only = named.pop() if len(named) == 1 else ""
    return int(only) if only.isascii() and only.isdigit() and len(only) < 19 else inbox.SEVERAL
