"""From changes to webhook events: the subscriptions, HubSpot's payloads, and the rows that keep them.

Events are written in the transaction of the change, so that none is lost when the sandbox is killed.
"""

from __future__ import annotations

import random
import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson

from plugin.sandbox.history import Source
from plugin.sandbox.kinds import COMPANY, CONTACT, DEAL
from plugin.sandbox.unit import Change

# What a fresh app subscribes to: every sort of event of these three, every property.
_SUBSCRIBED = frozenset({CONTACT, COMPANY, DEAL})


@dataclass
class WebhookSettings:
    """Where events go and what happens to them on the way."""

    target_url: str = ""  # empty: events are kept in the journal and go nowhere
    signing_url: str = ""  # the address that is signed, when it is not the target (a proxy in between)
    form: str = "classic"  # or "object": object.propertyChange with objectTypeId
    subscriptions: list[dict[str, str]] | None = None  # {"type": ..., "property": ...}; None: everything
    duplicate: float = 0.0  # probability that an event is sent twice
    shuffle: bool = False  # send in random order
    drop: float = 0.0  # probability that an event is never sent
    delay: float = 0.0  # seconds before an event is sent
    paused: bool = False  # an outage of the sender: events wait
    batch_window: float = 0.03  # seconds to wait for company
    batch_size: int = 100
    in_flight: int = 10
    timeout: float = 5.0
    retry_scale: float = 0.01  # HubSpot's schedule (10 retries in 24 h) times this
    journal_size: int = 200_000  # delivered events kept for reading back
    seed: int = 0  # of the random choices above; 0: different every time

    def merged(self, changes: dict[str, Any]) -> WebhookSettings:
        """The settings with the known names of `changes` taken over."""
        known = {item.name for item in fields(self)}
        return WebhookSettings(
            **(asdict(self) | {name: value for name, value in changes.items() if name in known})
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One event on its way: its row, its portal and its payload without attemptNumber."""

    number: int
    portal: int
    body: dict[str, Any]


class Outbox:
    """Turns changes into event rows; `settings` may be replaced at any time."""

    def __init__(self, app_id: int, settings: WebhookSettings) -> None:
        self.app_id = app_id
        self.settings = settings
        self._random = random.Random(settings.seed or None)

    def configure(self, settings: WebhookSettings) -> None:
        """Take new settings; a seed starts the random choices again."""
        self.settings = settings
        self._random = random.Random(settings.seed or None)

    def write(
        self, conn: sqlite3.Connection, portal: int, now: int, changes: Sequence[Change]
    ) -> list[Event]:
        """Keep the events of the subscribed changes; those to be sent are returned."""
        bodies = [self._body(portal, now, change) for change in changes if self._wanted(change)]
        return self.keep(conn, portal, bodies)

    def keep(self, conn: sqlite3.Connection, portal: int, bodies: Sequence[dict[str, Any]]) -> list[Event]:
        """Keep ready-made payloads; those to be sent are returned."""
        sent: list[Event] = []
        for body in bodies:
            state = self._state()
            row = conn.execute(
                "INSERT INTO events (portal, body, state) VALUES (?, ?, ?) RETURNING number",
                (portal, orjson.dumps(body), state),
            ).fetchone()
            if state == "queued":
                sent.append(Event(int(row[0]), portal, body))
        return sent

    def keep_for_journal(self, conn: sqlite3.Connection, portal: int, body: dict[str, Any]) -> None:
        """Keep what no webhook tells, only the journal."""
        query = "INSERT INTO events (portal, body, state) VALUES (?, ?, 'unsent')"
        conn.execute(query, (portal, orjson.dumps(body)))

    def _state(self) -> str:
        if not self.settings.target_url:
            return "unsent"
        return "dropped" if self._random.random() < self.settings.drop else "queued"

    def _wanted(self, change: Change) -> bool:
        subscriptions = self.settings.subscriptions
        if subscriptions is None:
            return change.kind in _SUBSCRIBED
        names = {f"{change.kind.name}.{change.sort}", f"object.{change.sort}"}
        for one in subscriptions:
            prop = one.get("property") or one.get("propertyName")
            if one["type"] in names and (not prop or prop == change.details.get("propertyName")):
                return True
        return False

    def _body(self, portal: int, now: int, change: Change) -> dict[str, Any]:
        as_object = self.settings.form == "object" and change.sort != "privacyDeletion"
        kind_name = "object" if as_object else change.kind.name
        subscription = f"{kind_name}.{change.sort}"
        named = f"{subscription}:{change.kind.name}:{change.details.get('propertyName', '')}"
        body: dict[str, Any] = {
            "eventId": self._random.getrandbits(31),  # not unique, as in HubSpot
            "subscriptionId": zlib.crc32(named.encode()) % 10_000_000,
            "portalId": portal,
            "appId": self.app_id,
            "occurredAt": now,
            "subscriptionType": subscription,
            "attemptNumber": 0,
        }
        body |= _source_fields(change.source) | _details(change, as_object)
        if change.sort != "associationChange":
            body["objectId"] = change.id
        if as_object:
            body["objectTypeId"] = change.kind.type_id
        return body


def _source_fields(source: Source) -> dict[str, str]:
    return {"changeSource": source.type} | ({"sourceId": source.id} if source.id else {})


def _details(change: Change, as_object: bool) -> dict[str, Any]:
    details = dict(change.details)
    if change.sort == "associationChange" and not as_object:
        for name in ("associationTypeId", "fromObjectTypeId", "toObjectTypeId"):
            details.pop(name, None)
    if change.sort == "creation":
        details["changeFlag"] = "CREATED"
    if change.sort in ("deletion", "privacyDeletion"):
        details["changeFlag"] = "DELETED"
    return details
