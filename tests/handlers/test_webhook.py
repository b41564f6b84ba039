"""What the receiver answers, and what it keeps: exactly the bodies that it answered 204 to."""

from __future__ import annotations

import orjson
import pytest

from plugin.clock import FixedClock, milliseconds
from plugin.errors import StoreError
from plugin.handlers.refusals import Refusals
from plugin.handlers.webhook import MAX_BODY, Incoming, receive
from plugin.hubspot.protocol.signatures import TIMESTAMP_HEADER, V3_HEADER, sign_v3
from plugin.records import inbox, refused_webhooks
from plugin.records.refused_webhooks import RefusedWebhooks
from plugin.records.store import Store

SECRET = "s3cret"
PUBLIC = "https://hooks.example.com"
PATH = "/webhooks/hubspot"
EVENT = {"portalId": 7, "subscriptionType": "deal.creation", "objectId": 1, "eventId": 1, "occurredAt": 1}


def post(
    store: Store,
    clock: FixedClock,
    body: bytes,
    *,
    age: int = 0,
    refusals: Refusals | None = None,
    **changed: str,
) -> int:
    """Post a body signed `age` ms ago; `changed` replaces what is signed: secret, uri, signed body."""
    stamp = str(milliseconds(clock.now()) - age)
    signature = sign_v3(
        changed.get("secret", SECRET),
        method="POST",
        uri=changed.get("uri", PUBLIC + PATH),
        body=changed.get("signed", "").encode() or body,
        timestamp=stamp,
    )
    headers = {V3_HEADER: signature, TIMESTAMP_HEADER: stamp}
    request = Incoming("POST", PATH, "", body, headers.get)
    return receive(store, clock, SECRET, PUBLIC, request, refusals).status


def kept(store: Store) -> list[tuple[int, int, bytes]]:
    with store.write() as connection:
        return [(row.portal_id, row.received_at, row.body) for row in inbox.take(connection, 99)]


def test_an_authentic_body_is_kept_as_it_came(store: Store, clock: FixedClock) -> None:
    """Byte for byte, before the answer."""
    body = b'[ {"portalId": 7, "objectId":1} ]'
    assert post(store, clock, body) == 204
    assert kept(store) == [(7, milliseconds(clock.now()), body)]


@pytest.mark.parametrize(
    ("body", "portal"),
    [
        (b"[]", inbox.SEVERAL),
        (orjson.dumps([EVENT] * 250), 7),
        (orjson.dumps([{**EVENT, "portalId": 9}, EVENT]), inbox.SEVERAL),
        (orjson.dumps([{**EVENT, "subscriptionType": "ticket.creation"}]), 7),
        (orjson.dumps([{**EVENT, "portalId": 99}]), 99),
        (b'[1, "x", null, {"portalId": []}]', inbox.SEVERAL),
    ],
)
def test_whatever_is_authentic_and_an_array_is_kept(
    store: Store, clock: FixedClock, body: bytes, portal: int
) -> None:
    """Length and kinds do not matter: another answer would make HubSpot send it all again."""
    assert post(store, clock, body) == 204
    assert [(row[0], row[2]) for row in kept(store)] == [(portal, body)]


@pytest.mark.parametrize(
    ("changed", "age"),
    [
        ({"secret": "other"}, 0),
        ({"signed": "[1]"}, 0),
        ({"uri": PUBLIC + "/webhooks/other"}, 0),
        ({"uri": "http://hooks.example.com" + PATH}, 0),
        ({}, 300_001),
        ({}, -60_001),
    ],
)
def test_what_is_not_from_hubspot_or_not_of_now_is_refused(
    store: Store, clock: FixedClock, changed: dict[str, str], age: int
) -> None:
    """A wrong signature, and a right one from more than five minutes ago or one ahead."""
    assert post(store, clock, b"[]", age=age, **changed) == 401
    assert kept(store) == []


@pytest.mark.parametrize("age", [300_000, -60_000])
def test_five_minutes_back_and_one_ahead_are_allowed(store: Store, clock: FixedClock, age: int) -> None:
    """Clocks differ."""
    assert post(store, clock, b"[]", age=age) == 204


@pytest.mark.parametrize("body", [b"", b"{}", b"nul", b'"x"', b"[1", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_array_is_refused(store: Store, clock: FixedClock, body: bytes) -> None:
    """400, and nothing is kept."""
    assert post(store, clock, body) == 400
    assert kept(store) == []


def test_the_size_is_looked_at_first(store: Store, clock: FixedClock) -> None:
    """A huge body is refused whatever its signature, and before anything is computed over it."""
    assert post(store, clock, b"x" * (MAX_BODY + 1), secret="other") == 413
    assert post(store, clock, b"[" + b" " * (MAX_BODY - 2) + b"]") == 204
    assert len(kept(store)) == 1


def test_without_the_store_nothing_is_acknowledged(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HubSpot sends it again later, because we answer 503."""

    def down(*_: object) -> None:
        raise StoreError("down")

    monkeypatch.setattr(inbox, "put", down)
    assert post(store, clock, b"[]") == 503


def test_a_flood_of_refused_ones_is_one_line_and_one_note_a_minute(
    store: Store, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It says how many since, why and the cure; nothing that the requests hold."""
    refusals = Refusals(store, PUBLIC)
    begun = milliseconds(clock.now())
    for _ in range(50):
        assert post(store, clock, b'["private"]', refusals=refusals, uri="http://127.0.0.1" + PATH) == 401
    assert [record.__dict__["refused"] for record in caplog.records] == [1]
    assert noted(store).counts == {"wrong": 1}
    clock.sleep(60)
    assert post(store, clock, b'["private"]', refusals=refusals, age=400_000) == 401
    assert [record.__dict__["refused"] for record in caplog.records] == [1, 50]
    assert noted(store) == RefusedWebhooks(begun, begun + 60_000, {"wrong": 50, "stale": 1}, PUBLIC + PATH)
    said = caplog.records[1].__dict__
    assert "the signature does not fit (49), the signature is over five minutes old" in said["why"]
    assert f"must be {PUBLIC}{PATH}, as PUBLIC_URL says" in said["cure"]
    assert "HUBSPOT_CLIENT_SECRET must be this app's" in said["cure"]
    assert not [word for word in ("private", SECRET) if any(word in str(r.__dict__) for r in caplog.records)]
    assert post(store, clock, b"[]", refusals=refusals) == 204
    assert len(caplog.records) == 2


def noted(store: Store) -> RefusedWebhooks:
    with store.read() as connection:
        found = refused_webhooks.noted(connection)
    assert found is not None
    return found


def test_refused_ones_are_answered_also_where_they_cannot_be_noted(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log still says so."""

    def down(*_: object) -> None:
        raise StoreError("down")

    monkeypatch.setattr(refused_webhooks, "add", down)
    assert post(store, clock, b"[]", refusals=Refusals(store, PUBLIC), secret="other") == 401
    assert caplog.records[0].message == "webhooks refused"
