"""A legacy public app's webhooks, by HubSpot's settings API: of the app, not of an account, with its own key.

HubSpot's rule: apps on the developer platform cannot be set here, only by their project.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from plugin.clock import Clock
from plugin.errors import CrmProtocolError, CrmRefused
from plugin.hubspot.client.transport import Transport
from plugin.hubspot.own_budget import NullBudget
from plugin.hubspot.protocol.requests import Request
from plugin.hubspot.versions import DEFAULT_VERSION, api_version

BATCH = 100


@dataclass(frozen=True)
class Subscription:
    """One subscription of the app; `property` is empty but for changes of a property."""

    id: str
    type: str
    property: str
    active: bool


class AppWebhooks:
    """The app's webhook settings and subscriptions; every method raises a CrmError where HubSpot refuses."""

    def __init__(
        self,
        *,
        base_url: str,
        app_id: str,
        developer_key: str,
        clock: Clock,
        session: requests.Session | None = None,
    ) -> None:
        self._root = f"/webhooks/v3/{app_id}"
        self._key = (("hapikey", developer_key),)
        # these calls are of the developer's account: no portal's allowance is touched
        self._transport = Transport(
            base_url=base_url,
            token=lambda: "",
            budget=NullBudget(),
            clock=clock,
            version=api_version(DEFAULT_VERSION),
            session=session,
        )

    def target(self) -> tuple[str, int] | None:
        """(target URL, requests under way at most); None where nothing was ever set."""
        try:
            found = self._call("GET", "/settings")
        except CrmRefused as error:
            if error.status == 404 and error.category == "OBJECT_NOT_FOUND":
                return None
            raise
        throttling = found.get("throttling") or {}
        return str(found.get("targetUrl") or ""), int(throttling.get("maxConcurrentRequests") or 0)

    def set_target(self, url: str, at_once: int) -> None:
        """Send events to this address."""
        body = {"targetUrl": url, "throttling": {"maxConcurrentRequests": at_once}}
        self._call("PUT", "/settings", body)

    def subscriptions(self) -> list[Subscription]:
        """Every subscription."""
        found = self._call("GET", "/subscriptions").get("results")
        if not isinstance(found, list):
            raise CrmProtocolError("HubSpot's list of subscriptions has no results.")
        return [
            Subscription(
                str(one["id"]), str(one["eventType"]), str(one.get("propertyName") or ""), bool(one["active"])
            )
            for one in found
        ]

    def create(self, type_: str, property_: str) -> None:
        """Subscribe; one that is there already is no fault, because it may be this call repeated."""
        body: dict[str, Any] = {"eventType": type_, "active": True}
        if property_:
            body["propertyName"] = property_
        try:
            self._call("POST", "/subscriptions", body)
        except CrmRefused as error:
            if error.status != 409:
                raise

    def activate(self, ids: Sequence[str]) -> None:
        """Switch subscriptions on."""
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            body = {"inputs": [{"id": int(one), "active": True} for one in part]}
            done = self._call("POST", "/subscriptions/batch/update", body).get("results") or []
            if len(done) != len(part):
                raise CrmProtocolError(f"HubSpot switched on {len(done)} of {len(part)} subscriptions.")

    def delete(self, id_: str) -> None:
        """Unsubscribe; one that is gone already is no fault."""
        try:
            self._call("DELETE", f"/subscriptions/{id_}")
        except CrmRefused as error:
            if error.status != 404:
                raise

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        request = Request(method, f"{self._root}{path}", self._key, body)
        found = self._transport.call(request, "interactive")
        return found if isinstance(found, dict) else {}
