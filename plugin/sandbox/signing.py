"""HubSpot's request signatures, from the sender's side: v3, and the v1 header that goes with it."""

from __future__ import annotations

import base64
import hashlib
import hmac

# In the URI only these are decoded before signing.
_DECODED = {
    f"%{ord(character):02X}": character for character in ":/?@!$'()*,;"
}  # fmt: skip


def signing_uri(uri: str) -> str:
    """The address as it enters the signature."""
    for code, character in _DECODED.items():
        uri = uri.replace(code, character).replace(code.lower(), character)
    return uri


def signature_v3(secret: str, method: str, uri: str, body: bytes, timestamp: int) -> str:
    """base64(HMAC-SHA256(secret, method + URI + body + timestamp in ms))."""
    text = method.encode() + signing_uri(uri).encode() + body + str(timestamp).encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def signature_v1(secret: str, body: bytes) -> str:
    """hex(SHA-256(secret + body))."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def signature_v2(secret: str, method: str, uri: str, body: bytes) -> str:
    """hex(SHA-256(secret + method + URI + body))."""
    return hashlib.sha256(secret.encode() + method.encode() + uri.encode() + body).hexdigest()


def signed_headers(secret: str, uri: str, body: bytes, timestamp: int) -> dict[str, str]:
    """The headers of a webhook request; HubSpot sends v3 and the old header together."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "HubSpot Webhooks/1.0",
        "X-HubSpot-Signature-v3": signature_v3(secret, "POST", uri, body, timestamp),
        "X-HubSpot-Request-Timestamp": str(timestamp),
        "X-HubSpot-Signature": signature_v1(secret, body),
        "X-HubSpot-Signature-Version": "v1",
    }
