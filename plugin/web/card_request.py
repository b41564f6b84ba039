"""What a request of the record card says, once its signature is good: whose portal, which record.

HubSpot's rule: `hubspot.fetch` appends userId, portalId, userEmail and appId to the query and signs the whole
address (v3). The address before that is the card's own, which whoever uses the card can change: a name that
stands there twice is therefore refused, and nothing but these signed names says who is asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from plugin.handlers.webhook import Incoming
from plugin.hubspot.protocol.objects import BY_TYPE_ID, SINGULARS
from plugin.hubspot.protocol.signatures import Verdict, check_request, public_uri
from plugin.records.work import RecordKey

LARGEST_ID = 2**63 - 1
MAX_BODY = 64 * 1024
_SIGNED = ("portalId", "userId", "userEmail", "appId")


class Refused(Exception):
    """A request that is not answered with data; `state` is a stable word for the card."""

    def __init__(self, status: int, state: str, message: str) -> None:
        super().__init__(message)
        self.status, self.state, self.message = status, state, message


@dataclass(frozen=True)
class Signed:
    """The identity that HubSpot signed."""

    portal_id: int
    user_id: str


def check(secret: str, public_url: str, source: Incoming, now_ms: int) -> Signed:
    """Who is asking; raises Refused (401, 413, 400) unless HubSpot signed exactly this request just now."""
    if len(source.body) > MAX_BODY:
        raise Refused(413, "refused", "The body is larger than 64 KiB.")
    verdict = check_request(
        secret,
        method=source.method,
        uri=public_uri(public_url, source.path, source.query),
        body=source.body,
        header=source.header,
        now_ms=now_ms,
    )
    if verdict is not Verdict.VALID:
        raise Refused(401, "refused", f"The signature is {verdict.value}.")
    return _identity(source.query)


def _identity(query: str) -> Signed:
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    for name in _SIGNED:
        if len(given.get(name, ())) > 1:
            raise Refused(400, "refused", f"{name} stands twice in the address.")
    portal = number(given.get("portalId", [""])[0])
    if portal is None:
        raise Refused(400, "refused", "The address names no portal: HubSpot adds portalId.")
    return Signed(portal, given.get("userId", [""])[0])


def number(text: str) -> int | None:
    """A positive whole number as HubSpot writes ids, else None."""
    # int() takes other scripts' digits, too
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    found = int(text)
    return found if 0 < found <= LARGEST_ID else None


def record_key(object_type: str, object_id: str) -> RecordKey:
    """(object type, id) from `contact`, `contacts` or `0-1` and digits; raises Refused (404)."""
    name = BY_TYPE_ID.get(object_type) or SINGULARS.get(object_type, object_type)
    found = number(object_id)
    if name not in {"contact", "company"} or found is None:
        raise Refused(404, "unknown_record", "The card is for contacts and companies, by their numbers.")
    return name, found


def named_record(body: bytes) -> RecordKey:
    """The record that a body `{"objectType": …, "objectId": …}` names; raises Refused (400, 404)."""
    try:
        given: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "refused", "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Refused(400, "refused", "The body is not a JSON object.")
    kind, number_ = given.get("objectType"), given.get("objectId")
    if not isinstance(kind, str) or isinstance(number_, bool) or not isinstance(number_, str | int):
        raise Refused(400, "refused", "The body must hold objectType and objectId.")
    return record_key(kind, str(number_))
