"""OAuth as values: the address to send a person to, the forms, what a grant says, what a refusal means.

HubSpot's rules: an access token lives for 1,800 s, a refresh token until the app is taken out, tokens have at
most 512 characters. BAD_REFRESH_TOKEN and BAD_HUB say that the portal is gone; BAD_CLIENT_* that our own
configuration is wrong, which no portal may suffer for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from plugin.errors import AppRefused, CrmError, CrmProtocolError, CrmRefused, PortalGone
from plugin.hubspot.protocol.responses import Reply, error_of

TOKEN = "/oauth/v1/token"  # noqa: S105 - a path; versions.py dates it
INTROSPECT = "/oauth/v1/token/introspect"
LONGEST_TOKEN = 512

_GONE = {"BAD_REFRESH_TOKEN", "BAD_HUB"}
_OURS = {"BAD_CLIENT_ID", "BAD_CLIENT_SECRET", "BAD_REDIRECT_URI", "INVALID_CLIENT", "UNAUTHORIZED_CLIENT"}
_CODE = {"BAD_AUTH_CODE"}
_GRANT = {"INVALID_GRANT"}  # RFC 6749's word for a code or a refresh token that is worth nothing


@dataclass(frozen=True)
class Grant:
    """What the token endpoint gave: `lifetime` in seconds; `portal_id` 0 and no scopes where it is silent."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime: int
    portal_id: int = 0
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Introspection:
    """What HubSpot says a token is worth."""

    active: bool
    portal_id: int = 0
    client_id: str = ""
    scopes: tuple[str, ...] = ()
    domain: str = ""


def authorise_url(
    app_url: str,
    *,
    client_id: str,
    redirect_uri: str,
    scopes: Iterable[str],
    optional: Iterable[str],
    state: str,
    portal_id: int = 0,
) -> str:
    """Where a person grants access; with a portal, straight to that one."""
    query = {"client_id": client_id, "redirect_uri": redirect_uri, "scope": " ".join(scopes)}
    query |= {"optional_scope": " ".join(optional), "state": state}
    path = f"/oauth/{portal_id}/authorize" if portal_id else "/oauth/authorize"
    return f"{app_url}{path}?{urlencode(query, quote_via=quote)}"


def code_form(code: str, redirect_uri: str) -> dict[str, str]:
    """The form that turns a code into tokens."""
    return {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}


def refresh_form(refresh_token: str) -> dict[str, str]:
    """The form that turns a refresh token into an access token."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def grant(body: Any) -> Grant:
    """Read the token endpoint's answer; raises CrmProtocolError when it is no grant."""
    found = body if isinstance(body, Mapping) else {}
    access, refresh = _token(found, "access_token"), _token(found, "refresh_token")
    lifetime = found.get("expires_in")
    if not isinstance(lifetime, int) or lifetime <= 0:
        raise CrmProtocolError("HubSpot's token endpoint answered without expires_in.")
    return Grant(access, refresh, lifetime, _number(found, "hub_id", "hubId"), _scopes(found))


def _token(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise CrmProtocolError(f"HubSpot's token endpoint answered without {name}.")
    if len(value) > LONGEST_TOKEN:
        raise CrmProtocolError(f"HubSpot's {name} is longer than {LONGEST_TOKEN} characters.")
    return value


def _number(body: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0


def _scopes(body: Mapping[str, Any]) -> tuple[str, ...]:
    given = body.get("scopes") or body.get("scope") or ()
    listed = given.split() if isinstance(given, str) else given
    return tuple(sorted({str(scope) for scope in listed})) if isinstance(listed, (list, tuple)) else ()


def introspection(body: Any) -> Introspection:
    """Read what HubSpot says about a token."""
    found = body if isinstance(body, Mapping) else {}
    return Introspection(
        active=found.get("active") is True,
        portal_id=_number(found, "hub_id", "hubId"),
        client_id=str(found.get("client_id") or ""),
        scopes=_scopes(found),
        domain=str(found.get("hub_domain") or "")[:255],
    )


def refusal(reply: Reply) -> CrmError:
    """The error for an answer of the token endpoint that is not 2xx."""
    words, error = _words(reply.content), error_of(reply)
    details: dict[str, Any] = {"status": reply.status, "category": next(iter(sorted(words)), error.category)}
    details |= {"correlation_id": error.correlation_id, "retry_after": error.retry_after}
    if words & _GONE:
        return PortalGone("HubSpot says that the app is no longer installed in this portal.", **details)
    if words & _OURS:
        return AppRefused(f"HubSpot refused the app itself: {error.message}", **details)
    if words & (_CODE | _GRANT):
        return CrmRefused(
            "HubSpot says that this authorisation was used before, or is too old.",
            cure="Begin again at /oauth/install.",
            **details,
        )
    if reply.status in (401, 403):  # a portal is never given up for a word that we do not know
        return AppRefused(f"HubSpot refused the app itself: {error.message}", **details)
    return error


def refused_refresh(reply: Reply) -> CrmError:
    """The same for a refresh, where RFC 6749's invalid_grant is said of the refresh token."""
    error = refusal(reply)
    if isinstance(error, CrmRefused) and error.category in _GRANT:
        return PortalGone(
            "HubSpot says that the app is no longer installed in this portal.",
            status=error.status,
            category=error.category,
            correlation_id=error.correlation_id,
        )
    return error


def _words(content: bytes) -> set[str]:
    """The codes of a refusal: HubSpot puts its own into `status`, the standard's stands in `error`."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return set()
    if not isinstance(body, dict):
        return set()
    named = (body.get(name) for name in ("status", "error", "category", "subCategory"))
    known = _GONE | _OURS | _CODE | _GRANT
    return {word.upper() for word in named if isinstance(word, str)} & known
