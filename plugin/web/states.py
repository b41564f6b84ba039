"""The `state` of an authorisation: signed, dated, and good only in the browser that began it.

Nothing is stored for it until it comes back, so that asking a million times costs nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import orjson

from plugin.errors import InputError

LIFETIME_MS = 600_000
#: what a text is good for; the key signs other things, too, and one must not stand in for another
STATE, TICKET = "oauth state", "oauth ticket"


@dataclass(frozen=True)
class State:
    """What a state that came back says: the portal that was asked for (0: any)."""

    portal_id: int
    at: int


def new_browser() -> str:
    """A name for a browser, kept in its cookie."""
    return secrets.token_urlsafe(32)


def make(key: str, browser: str, portal_id: int, now: int, purpose: str = STATE) -> str:
    """A state for this browser, or the ticket to the page of an installation that it made."""
    body = orjson.dumps([portal_id, now, _digest(browser), secrets.token_urlsafe(16)])
    return f"{_text(body)}.{_text(_sign(key, purpose, body))}"


def read(
    key: str, state: str, browser: str, now: int, *, purpose: str = STATE, lifetime: int = LIFETIME_MS
) -> State:
    """What the state says; raises InputError when it is not ours, too old, or another browser's."""
    try:
        body, signature = (_bytes(part) for part in state.split("."))
    except (ValueError, binascii.Error):
        raise _refused("is not one of ours") from None
    if not hmac.compare_digest(signature, _sign(key, purpose, body)):
        raise _refused("is not one of ours")
    portal_id, at, digest, _ = orjson.loads(body)
    if not -60_000 <= now - at <= lifetime:
        raise _refused("is too old")
    if not browser or not hmac.compare_digest(digest, _digest(browser)):
        raise _refused("was begun in another browser")
    return State(int(portal_id), int(at))


def _refused(why: str) -> InputError:
    return InputError(f"This authorisation {why}.", cure="Begin again at /oauth/install, in this browser.")


def _sign(key: str, purpose: str, body: bytes) -> bytes:
    return hmac.new(key.encode(), purpose.encode() + b":" + body, hashlib.sha256).digest()


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    if not text or not text.isascii() or len(text) > 1_000:
        raise ValueError
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
