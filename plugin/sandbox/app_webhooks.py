"""A legacy app's webhook settings and subscriptions, as its settings API keeps them; they rule deliveries.

[?] HubSpot does not document how it refuses a second subscription to the same thing; here it is a 409.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson

from plugin.sandbox.problems import Problem, invalid, not_found
from plugin.sandbox.store import Store
from plugin.sandbox.values import iso

MOST = 1_000
_OBJECTS = ("contact", "company", "deal", "ticket", "product", "line_item")
_KINDS = ("creation", "deletion", "merge", "restore", "propertyChange", "associationChange")
TYPES = frozenset(
    {f"{name}.{kind}" for name in _OBJECTS for kind in _KINDS} | {"contact.privacyDeletion"}
) - {"product.associationChange"}
_NAME = "app_webhooks"


class AppWebhooks:
    """The settings (None: never made) and subscriptions in the sandbox's file."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.read() as conn:
            row = conn.execute("SELECT body FROM settings WHERE name = ?", (_NAME,)).fetchone()
        kept = orjson.loads(row[0]) if row else {"settings": None, "subscriptions": [], "next": 1}
        self.settings: dict[str, Any] | None = kept["settings"]
        self.subscriptions: list[dict[str, Any]] = kept["subscriptions"]
        self.next: int = kept["next"]

    def keep(self) -> None:
        """Write down, and deliver by these from now on."""
        body = {"settings": self.settings, "subscriptions": self.subscriptions, "next": self.next}
        with self.store.write() as conn:
            conn.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (_NAME, orjson.dumps(body)))
        active = [
            {"type": one["eventType"], **({"property": one["propertyName"]} if "propertyName" in one else {})}
            for one in self.subscriptions
            if one["active"]
        ]
        changes = {
            "target_url": self.settings["targetUrl"] if self.settings else "",
            "subscriptions": active,
        }
        self.store.configure_webhooks(self.store.outbox.settings.merged(changes))

    def save_settings(self, body: dict[str, Any]) -> dict[str, Any]:
        """Replace the settings."""
        target, throttling = body.get("targetUrl"), body.get("throttling")
        parts = urlsplit(target if isinstance(target, str) else "")
        if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
            raise invalid("targetUrl must be an https address")
        most = throttling.get("maxConcurrentRequests") if isinstance(throttling, dict) else None
        if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= 100:
            raise invalid("throttling.maxConcurrentRequests must be a number of at least 1")
        now = iso(self.store.now())
        before = self.settings or {"createdAt": now}
        self.settings = {
            "targetUrl": target,
            "throttling": {"maxConcurrentRequests": most},
            "createdAt": before["createdAt"],
            "updatedAt": now,
        }
        self.keep()
        return self.settings

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Add a subscription, refused where it is there already or is none."""
        kind, name = body.get("eventType"), body.get("propertyName")
        if kind not in TYPES:
            raise invalid(f"eventType {kind} is not one of the known ones")
        if str(kind).endswith(".propertyChange") != bool(name):
            raise invalid("propertyName is required for propertyChange, and only there")
        if name == "hs_lastmodifieddate":
            raise invalid("hs_lastmodifieddate cannot be subscribed to")
        if not isinstance(body.get("active", False), bool):
            raise invalid("active must be true or false")
        if any((one["eventType"], one.get("propertyName")) == (kind, name) for one in self.subscriptions):
            raise Problem(409, "A subscription to this exists already", "CONFLICT")
        if len(self.subscriptions) >= MOST:
            raise invalid(f"An app may have {MOST} subscriptions")
        now = iso(self.store.now())
        made = {"id": str(self.next), "eventType": kind, "active": body.get("active", False)}
        made |= {"createdAt": now, "updatedAt": now} | ({"propertyName": name} if name else {})
        self.next += 1
        self.subscriptions.append(made)
        self.keep()
        return made

    def get(self, number: str) -> dict[str, Any]:
        """One subscription."""
        for one in self.subscriptions:
            if one["id"] == number:
                return one
        raise not_found(f"Subscription {number} does not exist")

    def set_active(self, number: str, active: Any) -> dict[str, Any]:
        """Switch one on or off: nothing else of it can be changed."""
        if not isinstance(active, bool):
            raise invalid("active must be true or false")
        found = self.get(number)
        found.update(active=active, updatedAt=iso(self.store.now()))
        self.keep()
        return found

    def delete(self, number: str) -> None:
        """Remove one."""
        self.subscriptions.remove(self.get(number))
        self.keep()
