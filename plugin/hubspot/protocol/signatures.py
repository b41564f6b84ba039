"""Whether a request truly comes from HubSpot: its signature, over the raw bytes. No clock, no framework.

v3 (current): base64 of HMAC-SHA256 over METHOD + URI + body + timestamp. v1 and v2 are plain SHA-256 without
a timestamp, so that anybody who saw one request can send it again: accepted only where a caller asks for it,
and never in place of a v3 signature that is present and wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from enum import StrEnum

V3_HEADER = "X-HubSpot-Signature-v3"
TIMESTAMP_HEADER = "X-HubSpot-Request-Timestamp"
OLD_HEADER = "X-HubSpot-Signature"
OLD_VERSION_HEADER = "X-HubSpot-Signature-Version"

#: HubSpot's rule: refuse what is older than five minutes.
MAX_AGE_MS = 300_000
#: Ours: refuse what comes from the future, but for clocks that differ; `lifecycle doctor` tells of more.
MAX_AHEAD_MS = 60_000

# HubSpot's rule: before signing, exactly these escapes of the URI are decoded; not %20, not %25.
_ESCAPES = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
_TIMESTAMP = re.compile(r"[0-9]{1,15}", re.ASCII)

Header = Callable[[str], str | None]


class Verdict(StrEnum):
    """What became of a signature; only VALID lets the request in."""

    VALID = "valid"
    MISSING = "missing"
    STALE = "stale"
    WRONG = "wrong"


def public_uri(public_url: str, path: str, query: str = "") -> str:
    """The URI as HubSpot called it: behind a proxy the server sees another scheme, host and port.

    `path` and `query` are raw, escapes untouched, as they stand in the request line.
    """
    question = f"?{query}" if query else ""
    return f"{public_url.rstrip('/')}/{path.lstrip('/')}{question}"


def decode_uri(uri: str) -> str:
    """The URI with the escapes decoded that HubSpot decodes before it signs."""
    return _ESCAPES.sub(lambda match: chr(int(match[1], 16)), uri)


def sign_v3(secret: str, *, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """The v3 signature, as it stands in the header."""
    signed = (
        f"{method.upper()}{decode_uri(uri)}".encode("utf-8", "surrogateescape") + body + timestamp.encode()
    )
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def sign_v1(secret: str, body: bytes) -> str:
    """The v1 signature: SHA-256 of secret and body in hexadecimal digits."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def sign_v2(secret: str, *, method: str, uri: str, body: bytes) -> str:
    """The v2 signature: SHA-256 of secret, method, URI and body in hexadecimal digits."""
    signed = f"{secret}{method.upper()}{uri}".encode("utf-8", "surrogateescape") + body
    return hashlib.sha256(signed).hexdigest()


def check_request(
    secret: str,
    *,
    method: str,
    uri: str,
    body: bytes,
    header: Header,
    now_ms: int,
    accept_old: bool = False,
) -> Verdict:
    """Judge one request. `header` looks a header up by name, case aside (`request.headers.get`)."""
    if not secret:
        return Verdict.WRONG  # anybody can sign with an empty secret
    given = header(V3_HEADER)
    if given is not None:
        return _check_v3(secret, method=method, uri=uri, body=body, header=header, given=given, now_ms=now_ms)
    old = header(OLD_HEADER)
    if old is None or not accept_old:
        return Verdict.MISSING
    return _check_old(secret, method=method, uri=uri, body=body, header=header, given=old)


def _check_v3(
    secret: str, *, method: str, uri: str, body: bytes, header: Header, given: str, now_ms: int
) -> Verdict:
    timestamp = header(TIMESTAMP_HEADER) or ""
    if not _TIMESTAMP.fullmatch(timestamp):
        return Verdict.MISSING
    expected = sign_v3(secret, method=method, uri=uri, body=body, timestamp=timestamp)
    if not _same(given, expected):
        return Verdict.WRONG
    in_time = -MAX_AHEAD_MS <= now_ms - int(timestamp) <= MAX_AGE_MS
    return Verdict.VALID if in_time else Verdict.STALE


def _check_old(secret: str, *, method: str, uri: str, body: bytes, header: Header, given: str) -> Verdict:
    candidates = {
        "v1": lambda: sign_v1(secret, body),
        "v2": lambda: sign_v2(secret, method=method, uri=uri, body=body),
    }
    expected = candidates.get((header(OLD_VERSION_HEADER) or "v1").lower())
    return Verdict.VALID if expected is not None and _same(given, expected()) else Verdict.WRONG


def _same(given: str, expected: str) -> bool:
    """Compare in constant time; a header that is not ASCII is no signature."""
    return given.isascii() and hmac.compare_digest(given, expected)
