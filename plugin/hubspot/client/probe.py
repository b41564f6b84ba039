"""A look at HubSpot without a portal: whether it answers, its time, what a legacy app subscribes to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from plugin.errors import CrmUnavailable
from plugin.hubspot.client.transport import open_session
from plugin.hubspot.protocol.requests import ACCOUNT
from plugin.hubspot.protocol.responses import Reply, read_answer
from plugin.hubspot.versions import DEFAULT_VERSION, api_version

_TIMEOUTS = (3.05, 10.0)  # to connect, to read; seconds


@dataclass(frozen=True)
class Probe:
    """How long an answer took in seconds, and the moment that it names (None: it names none)."""

    seconds: float
    moment: datetime | None


def probe(base_url: str, version: str = DEFAULT_VERSION) -> Probe:
    """Ask for the account without a token: a 401 with a date is an answer. Raises CrmUnavailable."""
    path = api_version(version).path(ACCOUNT.path)
    began = time.monotonic()
    answer = _get(base_url, path, {})
    seconds = time.monotonic() - began
    if answer.status_code >= 500:
        raise CrmUnavailable(f"HubSpot answered {answer.status_code}.", status=answer.status_code)
    try:
        moment = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        moment = None
    return Probe(seconds, moment)


def legacy_subscriptions(base_url: str, app_id: str, developer_key: str) -> list[tuple[str, str]]:
    """The active (type, property) subscriptions of a legacy public app; raises CrmError.

    HubSpot's webhooks settings API takes a developer account's key; apps of a developer project have none.
    """
    answer = _get(base_url, f"/webhooks/v3/{app_id}/subscriptions", {"hapikey": developer_key})
    body: Any = read_answer(Reply(answer.status_code, answer.headers, answer.content))
    found = body.get("results") if isinstance(body, dict) else None
    return [
        (str(one.get("eventType")), str(one.get("propertyName") or ""))
        for one in found or ()
        if isinstance(one, dict) and one.get("active")
    ]


def _get(base_url: str, path: str, query: dict[str, str]) -> requests.Response:
    with open_session(base_url) as session:
        try:
            return session.get(
                base_url.rstrip("/") + path,
                params=query,
                timeout=_TIMEOUTS,
                allow_redirects=False,
                auth=lambda request: request,
            )
        except requests.RequestException as error:  # its text would hold the key
            raise CrmUnavailable(f"HubSpot did not answer ({type(error).__name__}).") from None
