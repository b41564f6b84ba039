"""Who may ask for a card: HubSpot alone, just now, for the portal that it names, and no other."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import requests

from plugin.clock import milliseconds
from plugin.hubspot.protocol.signatures import sign_v3
from plugin.sandbox.portals import Portal
from tests.card.conftest import card, fetched
from tests.support.house import House

IDENTITY = "userId=501&portalId=4242&userEmail=ada%40example.com&appId=1234567"


def asked(
    home: House, path: str, *, method: str = "GET", body: bytes = b"", age: int = 0, **wrong: str
) -> int:
    """The status of a request signed by hand; `wrong` replaces what is signed (uri, secret) or a header."""
    uri = f"{home.url}{path}"
    timestamp = str(milliseconds(home.clock.now()) - age)
    secret, signed_uri = wrong.get("secret", home.crm.secret), wrong.get("uri", uri)
    headers = {
        "X-HubSpot-Signature-v3": sign_v3(
            secret, method=method, uri=signed_uri, body=body, timestamp=timestamp
        ),
        "X-HubSpot-Request-Timestamp": wrong.get("timestamp", timestamp),
    }
    return requests.request(method, uri, data=body, headers=headers, timeout=10).status_code


def record(home: House) -> str:
    return f"/card/v1/records/0-1/{min(home.standing())}?{IDENTITY}"


def test_a_signed_request_is_answered(home: House) -> None:
    """Also when signed a while ago, and with escapes in the query."""
    assert asked(home, record(home)) == 200
    assert asked(home, record(home), age=299_000) == 200
    assert asked(home, record(home).replace("ada%40", quote("ä b+", safe="") + "%40")) == 200


@pytest.mark.parametrize("path", ["/card/v1/records/0-1/1", "/card/v1/portal", "/card/v1/refresh"])
def test_without_a_signature_nothing_is_told(home: House, path: str) -> None:
    """401 before anything is looked up, whatever the address."""
    call = requests.post if path.endswith("refresh") else requests.get
    answer = call(f"{home.url}{path}?{IDENTITY}", timeout=10)
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"


def test_old_future_foreign_and_changed_requests_are_refused(home: House) -> None:
    """The timestamp is signed, the secret ours, the address the public one, the body as sent."""
    path = record(home)
    assert asked(home, path, age=301_000) == 401
    assert asked(home, path, age=-301_000) == 401
    assert asked(home, path, secret="another") == 401
    assert asked(home, path, uri=f"https://elsewhere.example{path}") == 401
    assert asked(home, path, uri=f"{home.url}{path}".replace("portalId=4242", "portalId=4243")) == 401
    assert asked(home, path, timestamp="not a number") == 401
    body = b'{"objectType": "0-1", "objectId": 1}'
    refresh = f"/card/v1/refresh?{IDENTITY}"
    assert asked(home, refresh, method="POST", body=body) == 200
    assert asked(home, refresh, method="POST", body=b"x" * 70_000) == 413


def test_a_portal_that_the_card_itself_adds_to_the_address_is_refused(home: House) -> None:
    """Who uses a card can change its address; HubSpot then signs both names, and neither is believed."""
    number = min(home.standing())
    for forged in ("portalId=7", "portalId=4242", "userId=1", "%70ortalId=7"):
        status, told = fetched(home, f"/card/v1/records/0-1/{number}?{forged}")
        assert (status, told["state"]) == (400, "refused"), forged


def test_a_portal_sees_its_own_records_only(home: House) -> None:
    """Another portal of the same app: not installed, then installed and still without our records."""
    number = min(home.standing())
    home.crm.store.add_portal(Portal(id=7))
    status, told = fetched(home, f"/card/v1/records/0-1/{number}", portal=7)
    assert (status, told["state"]) == (404, "not_installed")
    assert fetched(home, "/card/v1/portal", portal=7)[0] == 404
    assert fetched(
        home, "/card/v1/refresh", portal=7, method="POST", body={"objectType": "0-1", "objectId": number}
    )[0] == 404  # fmt: skip
    assert card(home, number)["waiting"] is False
    from plugin.records import portals

    with home.context.store.write() as connection:
        portals.remember(connection, home.context.store, 7, "UTC", "USD", "app.hubspot.com")
        portals.change(connection, 7, parameters_version=1)
    status, told = fetched(home, f"/card/v1/records/0-1/{number}", portal=7)
    assert (status, told["state"]) == (404, "unknown_record")


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("0-3", "1"),
        ("deal", "1"),
        ("0-1", "0"),
        ("0-1", "-1"),
        ("0-1", "9" * 30),
        ("0-1", "x"),
        ("0-1", "٣"),
        ("", "1"),
    ],
)
def test_what_is_no_contact_or_company_is_not_found(home: House, kind: str, number: str) -> None:
    """404, never an error."""
    assert asked(home, f"/card/v1/records/{kind}/{quote(number)}?{IDENTITY}") == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff", b'{"objectType": "0-1"}', b'{"objectType": 1, "objectId": 1}',
     b'{"objectType": "0-1", "objectId": true}', b'{"objectType": "0-1", "objectId": [1]}', b"null"],
)  # fmt: skip
def test_a_wish_to_look_again_that_names_no_record_is_refused(home: House, body: bytes) -> None:
    """400 with a clear word; nothing is marked."""
    assert asked(home, f"/card/v1/refresh?{IDENTITY}", method="POST", body=body) == 400


@pytest.mark.parametrize(
    "query", ["", "portalId=", "portalId=abc", "portalId=-1", "portalId=99999999999999999999"]
)
def test_a_signature_over_an_address_without_a_portal_opens_nothing(home: House, query: str) -> None:
    """The portal is in what HubSpot signs, or there is none."""
    assert asked(home, f"/card/v1/records/0-1/1?{query}&x=1") == 400
