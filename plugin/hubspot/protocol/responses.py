"""Answers of the CRM as values or as errors: a table from status to error, and the error body read with care.

Every field of an error body may be missing; a proxy in between answers HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from plugin.errors import (
    CrmAuthError,
    CrmError,
    CrmProtocolError,
    CrmRateLimited,
    CrmRefused,
    CrmUnavailable,
)


@dataclass(frozen=True)
class Reply:
    """A raw answer. `headers` finds names in any case (as requests' own does)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


_ERRORS: dict[int, type[CrmError]] = {
    401: CrmAuthError,
    403: CrmAuthError,
    408: CrmUnavailable,
    423: CrmUnavailable,  # HubSpot: the record is locked, wait two seconds or more
    425: CrmUnavailable,
    429: CrmRateLimited,
    477: CrmUnavailable,  # HubSpot: the account is being migrated, Retry-After up to 24 hours
}
_AUTH_CURES = {
    "EXPIRED_AUTHENTICATION": "The token has expired; it is renewed by itself where the app uses OAuth.",
    "INVALID_AUTHENTICATION": "The token is not valid: create a new one and set HUBSPOT_ACCESS_TOKEN.",
    "MISSING_SCOPES": "Grant the app these scopes and install it again: {scopes}.",
}


def read_answer(reply: Reply) -> Any:
    """The JSON of a good answer, None where there is no body; raises the error that the status stands for."""
    if not 200 <= reply.status < 300:
        raise error_of(reply)
    if not reply.content:
        return None
    try:
        return orjson.loads(reply.content)
    except orjson.JSONDecodeError as error:
        raise CrmProtocolError("HubSpot's answer is not JSON.", status=reply.status) from error


def error_of(reply: Reply) -> CrmError:
    """The error for an answer that is not 2xx."""
    body = _error_body(reply.content)
    details = [entry for entry in _list(body.get("errors")) if isinstance(entry, dict)]
    category = str(body.get("category") or body.get("errorType") or "")
    error = _error_class(reply.status)(
        str(body.get("message") or f"HubSpot answered {reply.status}."),
        status=reply.status,
        category=category,
        details=details,
        correlation_id=str(body.get("correlationId") or reply.headers.get("x-hubspot-correlation-id") or ""),
        retry_after=retry_after(reply.headers),
        cure=_cure(category, body, details),
    )
    if isinstance(error, CrmRateLimited):
        error.policy = _policy(body)
    return error


def _error_class(status: int) -> type[CrmError]:
    if status in _ERRORS:
        return _ERRORS[status]
    if 400 <= status < 500:
        return CrmRefused
    return CrmUnavailable if status >= 500 else CrmProtocolError


def _error_body(content: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _policy(body: Mapping[str, Any]) -> str:
    """Which allowance is spent. HubSpot names DAILY and TEN_SECONDLY_ROLLING; search says SECONDLY."""
    name = str(body.get("policyName") or "").upper()
    if name == "DAILY":
        return name
    return "SEARCH" if name in {"SEARCH", "SECONDLY"} else "TEN_SECONDLY_ROLLING"


def _cure(category: str, body: Mapping[str, Any], details: list[dict[str, Any]]) -> str:
    wanted = [body.get("context") or {}, *(entry.get("context") or {} for entry in details)]
    scopes = [
        str(scope)
        for context in wanted
        if isinstance(context, dict)
        for name in ("requiredGranularScopes", "requiredScopes")
        for scope in _list(context.get(name))
    ]
    return _AUTH_CURES.get(category, "").format(scopes=", ".join(dict.fromkeys(scopes)) or "see the message")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the answer asks: a number, or a date counted from the answer's own Date."""
    text = headers.get("Retry-After")
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date") or "")
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@dataclass(frozen=True)
class RowError:
    """One entry of an answer's `errors`: which rows it names (none: it does not say), and why."""

    ids: tuple[int, ...]
    code: str
    message: str
    properties: tuple[str, ...] = ()
    category: str = ""


def row_errors(entries: list[dict[str, Any]]) -> list[RowError]:
    """The errors of a 207 or of a refused batch, nested ones included."""
    found: list[RowError] = []
    for entry in entries:
        context = entry.get("context") or {}
        if not isinstance(context, dict):
            context = {}
        ids = (*_list(context.get("ids")), *_list(context.get("id")), *_list(context.get("fromObjectId")))
        names = (*_list(context.get("propertyName")), *_list(context.get("propertyNames")))
        code = entry.get("code") or entry.get("subCategory") or entry.get("category") or ""
        numbers = tuple(int(text) for text in map(str, ids) if text.isascii() and text.isdigit())
        message, category = str(entry.get("message") or ""), str(entry.get("category") or "")
        found.append(RowError(numbers, str(code), message, tuple(map(str, names)), category))
        found.extend(
            row_errors([deeper for deeper in _list(entry.get("errors")) if isinstance(deeper, dict)])
        )
    return found
