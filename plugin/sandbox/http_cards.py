"""What HubSpot does for a card's `hubspot.fetch`: names the user, signs the request, calls, retries once.

POST /sandbox/v1/extension-fetch {"url", "method", "body", "timeout", "portal", "userId", "userEmail"} answers
{"status", "body", "attempts"}. HubSpot's rules: at most 15 s and 1 MB each way, 20 calls at once in an
account (429 beyond), once more after a 5xx, only https addresses; here also this machine's own.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
from flask import Blueprint, Response

from plugin.clock import milliseconds
from plugin.sandbox.problems import Problem, invalid
from plugin.sandbox.signing import signature_v3
from plugin.sandbox.web import answer, mapping, services

blueprint = Blueprint("cards", __name__, url_prefix="/sandbox/v1")
LONGEST, LARGEST, AT_ONCE = 15.0, 1_000_000, 20
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_pool = urllib3.PoolManager(maxsize=4, retries=False)
_under_way: Counter[int] = Counter()
_lock = threading.Lock()


@blueprint.post("/extension-fetch")
def extension_fetch() -> Response:
    """Make one call as HubSpot makes it for a card."""
    given = mapping()
    portal = services().store.portals.get(given.get("portal")).id
    method, url = str(given.get("method", "GET")).upper(), _permitted(str(given.get("url", "")))
    if method not in METHODS:
        raise invalid(f"method must be one of {', '.join(METHODS)}")
    body = b"" if given.get("body") is None else orjson.dumps(given["body"])
    if len(body) > LARGEST:
        raise invalid("The request's body is larger than 1 MB")
    seconds = min(LONGEST, float(given.get("timeout", LONGEST)))
    named = {
        "userId": given.get("userId", 501),
        "portalId": portal,
        "userEmail": given.get("userEmail", "ada@example.com"),
        "appId": services().store.app.app_id,
    }
    joint = "&" if urlsplit(url).query else "?"
    return _within_limit(portal, method, f"{url}{joint}{urlencode(named)}", body, seconds)


def _permitted(url: str) -> str:
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not (local or (parts.scheme == "https" and parts.hostname)):
        raise invalid("The address must be https and among the app's permittedUrls.fetch")
    return url


def _within_limit(portal: int, method: str, url: str, body: bytes, seconds: float) -> Response:
    with _lock:
        if _under_way[portal] >= AT_ONCE:
            raise Problem(429, f"At most {AT_ONCE} calls of a card's app at once", "RATE_LIMITS")
        _under_way[portal] += 1
    try:
        return answer(_called(method, url, body, seconds))
    finally:
        with _lock:
            _under_way[portal] -= 1


def _called(method: str, url: str, body: bytes, seconds: float) -> dict[str, Any]:
    for attempt in (1, 2):
        status, content = _once(method, url, body, seconds)
        if status < 500 or attempt == 2:
            break
    return {"status": status, "body": content, "attempts": attempt}


def _once(method: str, url: str, body: bytes, seconds: float) -> tuple[int, Any]:
    here = services()
    moment = milliseconds(here.clock.now())
    headers = {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": signature_v3(here.store.app.client_secret, method, url, body, moment),
        "X-HubSpot-Request-Timestamp": str(moment),
    }
    try:
        got = _pool.request(method, url, body=body or None, headers=headers, timeout=seconds)
    except urllib3.exceptions.HTTPError as error:
        return 502, {"message": f"No answer: {type(error).__name__}"}
    if len(got.data) > LARGEST:
        return 502, {"message": "The answer is larger than 1 MB"}
    try:
        return got.status, orjson.loads(got.data)
    except orjson.JSONDecodeError:
        return got.status, got.data.decode(errors="replace")
