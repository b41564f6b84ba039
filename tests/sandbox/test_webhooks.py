"""Webhooks: payloads, signatures, batches, retries, and the disorder that can be ordered."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest
from hubspot.utils.signature import Signature

from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.signing import signature_v1, signature_v2, signature_v3, signing_uri
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, Receiver, people
from tests.support.running import eventually

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"


def test_signatures_match_hubspots_vectors() -> None:
    uri, body = "https://www.example.com/webhook_uri", b"{'example_field':'example_value'}"
    first, second = (signature_v3(SECRET, "POST", uri, body, at) for at in (1693657560000, 1700000300000))
    assert first == "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="
    assert second == "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="
    v2 = signature_v2(SECRET, "POST", uri, b'{"example_field":"example_value"}')
    assert v2 == "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"


def test_only_the_listed_characters_are_decoded_before_signing() -> None:
    coded = "https://x/a%3Ab%2Fc%3F%40%21%24%27%28%29%2A%2C%3B%20%25"
    assert signing_uri(coded) == "https://x/a:b/c?@!$'()*,;%20%25"


def test_requests_are_signed_as_hubspots_own_library_expects(
    sandbox: SandboxServer, api: Api, hooked: Receiver
) -> None:
    api.create("contacts", {"email": "жук@example.org"})
    assert sandbox.drained()
    headers, body = hooked.requests[0]
    assert Signature.is_valid(
        signature=headers["X-HubSpot-Signature-v3"],
        client_secret=sandbox.secret,
        request_body=body.decode(),
        http_uri=hooked.url,
        signature_version="v3",
        timestamp=headers["X-HubSpot-Request-Timestamp"],
    )
    assert headers["X-HubSpot-Signature"] == signature_v1(sandbox.secret, body)
    assert headers["X-HubSpot-Signature-Version"] == "v1"
    stamp = int(headers["X-HubSpot-Request-Timestamp"])
    forged = signature_v3("another secret", "POST", hooked.url, body, stamp)
    assert headers["X-HubSpot-Signature-v3"] != forged


def test_another_address_can_be_signed(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    public = "https://plugin.example.com/webhooks/hubspot"
    sandbox.configure_webhooks(signing_url=public)
    api.create("contacts", {"email": "a@example.org"})
    assert sandbox.drained()
    headers, body = hooked.requests[0]
    stamp = int(headers["X-HubSpot-Request-Timestamp"])
    assert headers["X-HubSpot-Signature-v3"] == signature_v3(sandbox.secret, "POST", public, body, stamp)


def test_own_writes_echo_with_their_source(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    number = api.create("contacts", {"firstname": "Ada"})
    assert sandbox.drained()
    created, changed = hooked.of("contact.creation")[0], hooked.of("contact.propertyChange")[0]
    app_id = sandbox.store.app.app_id
    assert created["objectId"] == changed["objectId"] == number
    assert changed["propertyName"] == "firstname"
    assert changed["propertyValue"] == "Ada"
    assert (changed["changeSource"], changed["sourceId"]) == ("INTEGRATION", str(app_id))
    assert (changed["portalId"], changed["appId"], changed["attemptNumber"]) == (4242, app_id, 0)
    assert abs(changed["occurredAt"] - sandbox.store.now()) < 60_000
    assert changed.keys() >= {"eventId", "subscriptionId"}
    assert "objectTypeId" not in changed


def test_a_persons_edit_has_another_source(sandbox: SandboxServer, hooked: Receiver) -> None:
    sandbox.store.load(World(contacts=people(1)))
    sandbox.store.edit("contact", 1, {"firstname": "New"})
    assert sandbox.drained()
    assert [one["changeSource"] for one in hooked.events] == ["CRM_UI"]


def test_unchanged_and_unsubscribable_properties_make_no_event(
    sandbox: SandboxServer, api: Api, hooked: Receiver
) -> None:
    sandbox.store.load(World(contacts=people(1)))
    api.update("contacts", 1, firstname="Name 1", city="Oslo")
    assert sandbox.drained()
    assert [one["propertyName"] for one in hooked.events] == ["city"]


def test_the_object_form_names_the_type(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    sandbox.configure_webhooks(form="object")
    api.create("deals", {"dealname": "D"})
    assert sandbox.drained()
    kinds = {(one["subscriptionType"], one["objectTypeId"]) for one in hooked.events}
    assert kinds == {("object.creation", "0-3"), ("object.propertyChange", "0-3")}


def test_subscriptions_restrict_what_is_sent(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    wanted = [{"type": "deal.propertyChange", "property": "amount"}, {"type": "contact.deletion"}]
    sandbox.configure_webhooks(subscriptions=wanted)
    contact = api.create("contacts", {"email": "a@example.org"})
    api.create("deals", {"dealname": "D", "amount": "5"})
    api.objects("DELETE", f"contacts/{contact}")
    assert sandbox.drained()
    assert Counter(one["subscriptionType"] for one in hooked.events) == {
        "deal.propertyChange": 1,
        "contact.deletion": 1,
    }


def test_an_association_is_announced_once_per_direction_without_object_id(
    sandbox: SandboxServer, api: Api, hooked: Receiver
) -> None:
    sandbox.store.load(World(contacts=people(1)))
    deal = api.create("deals", {"dealname": "D"}, (1, 3))
    assert sandbox.drained()
    found = [one for one in hooked.events if one["subscriptionType"].endswith("associationChange")]
    assert {one["subscriptionType"]: one["associationType"] for one in found} == {
        "deal.associationChange": "DEAL_TO_CONTACT",
        "contact.associationChange": "CONTACT_TO_DEAL",
    }
    assert {(one["fromObjectId"], one["toObjectId"]) for one in found} == {(deal, 1), (1, deal)}
    for one in found:
        assert "objectId" not in one
        assert one["associationRemoved"] is False
        assert one["isPrimaryAssociation"] is False


def test_deletion_restore_and_erasure_are_announced(
    sandbox: SandboxServer, api: Api, hooked: Receiver
) -> None:
    number = api.create("contacts", {"email": "a@example.org"})
    api.objects("DELETE", f"contacts/{number}")
    sandbox.store.restore_record("contact", number)
    api.objects("POST", "contacts/gdpr-delete", {"objectId": str(number)})
    assert sandbox.drained()
    counts = Counter(one["subscriptionType"] for one in hooked.events)
    assert counts["contact.deletion"] == 2
    assert counts["contact.restore"] == 1
    assert counts["contact.privacyDeletion"] == 1


def test_events_travel_in_batches_of_at_most_a_hundred(
    sandbox: SandboxServer, api: Api, hooked: Receiver
) -> None:
    sandbox.store.load(World(contacts=people(100)))
    inputs = [
        {"id": str(number), "properties": {"city": "Oslo", "country": "Norway", "zip": "1"}}
        for number in range(1, 101)
    ]
    assert api.objects("POST", "contacts/batch/update", {"inputs": inputs}).status_code == 200
    assert sandbox.drained()
    sizes = [len(orjson.loads(body)) for _, body in hooked.requests]
    assert sum(sizes) == 300
    assert max(sizes) == 100
    assert len(sizes) == 3


def test_portals_do_not_share_a_request(sandbox: SandboxServer, hooked: Receiver) -> None:
    sandbox.store.add_portal(Portal(id=77), token="other")
    sandbox.store.load(World(contacts=people(1)))
    sandbox.store.load(World(contacts=people(1), portal_id=77))
    sandbox.configure_webhooks(delay=0.05)
    for portal in (4242, 77):
        sandbox.store.edit("contact", 1, {"city": "Oslo"}, portal=portal)
    assert sandbox.drained()
    batches = [{one["portalId"] for one in orjson.loads(body)} for _, body in hooked.requests]
    assert sorted(batches, key=min) == [{77}, {4242}]


def test_a_refused_request_is_tried_again_with_a_higher_attempt(
    sandbox: SandboxServer, hooked: Receiver
) -> None:
    sandbox.store.load(World(contacts=people(1)))
    hooked.answers = [500, 404]
    sandbox.store.edit("contact", 1, {"city": "Oslo"})
    assert sandbox.drained()
    assert [one["attemptNumber"] for one in hooked.events] == [0, 1, 2]
    assert len({one["eventId"] for one in hooked.events}) == 1
    journal = Api(sandbox).control("GET", "events").json()["results"]
    assert [(one["state"], one["attempts"]) for one in journal] == [("delivered", 3)]


def test_a_retry_waits_as_long_as_the_schedule_says(sandbox: SandboxServer, hooked: Receiver) -> None:
    sandbox.configure_webhooks(retry_scale=1.0)
    sandbox.store.load(World(contacts=people(1)))
    hooked.answers = [500]
    sandbox.store.edit("contact", 1, {"city": "Oslo"})
    eventually(lambda: sandbox.webhooks.state()["retrying"] == 1)
    assert not sandbox.drained(timeout=0.1)
    assert len(hooked.requests) == 1


def test_after_ten_retries_it_is_given_up(sandbox: SandboxServer, hooked: Receiver) -> None:
    sandbox.configure_webhooks(retry_scale=0.000001)
    sandbox.store.load(World(contacts=people(1)))
    hooked.answers = [503] * 50
    sandbox.store.edit("contact", 1, {"city": "Oslo"})
    assert sandbox.drained()
    assert [one["attemptNumber"] for one in hooked.events] == list(range(11))
    assert sandbox.webhooks.state()["given_up"] == 1


def test_an_unreachable_receiver_is_tried_again(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.configure_webhooks(target_url="http://127.0.0.1:1/", retry_scale=0.000001, batch_window=0.001)
    sandbox.store.load(World(contacts=people(1)))
    sandbox.store.edit("contact", 1, {"city": "Oslo"})
    assert sandbox.drained()
    assert sandbox.webhooks.state()["failed_requests"] == 11


def test_events_are_duplicated_on_request(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    sandbox.configure_webhooks(duplicate=1.0)
    api.create("contacts", {"firstname": "Ada"})
    assert sandbox.drained()
    keys = Counter((one["subscriptionType"], one["eventId"]) for one in hooked.events)
    assert set(keys.values()) == {2}


def test_events_are_dropped_on_request_and_stay_in_the_journal(
    sandbox: SandboxServer, api: Api, hooked: Receiver
) -> None:
    sandbox.configure_webhooks(drop=1.0)
    api.create("contacts", {"firstname": "Ada"})
    assert sandbox.drained()
    assert hooked.events == []
    journal = api.control("GET", "events").json()["results"]
    assert {one["state"] for one in journal} == {"dropped"}
    kinds = [one["event"]["subscriptionType"] for one in journal]
    assert kinds == ["contact.creation", "contact.propertyChange"]


def test_events_are_shuffled_on_request(sandbox: SandboxServer, hooked: Receiver) -> None:
    sandbox.configure_webhooks(shuffle=True, seed=5)
    sandbox.store.load(World(contacts=people(1)))
    values = [str(number) for number in range(60)]
    for value in values:
        sandbox.store.edit("contact", 1, {"city": value})
    assert sandbox.drained()
    arrived = [one["propertyValue"] for one in hooked.events]
    assert sorted(arrived) == sorted(values)
    assert arrived != values


def test_a_pause_holds_events_back(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    sandbox.configure_webhooks(paused=True)
    api.create("contacts", {"firstname": "Ada"})
    assert not sandbox.drained(timeout=0.1)
    assert hooked.events == []
    state = api.control("GET", "drained").json()
    assert (state["drained"], state["queued"], state["paused"]) == (False, 2, True)
    api.control("POST", "webhooks", {"paused": False})
    assert api.control("GET", "drained", wait=10).json()["drained"] is True
    assert len(hooked.events) == 2


def test_events_wait_as_long_as_they_are_told_to(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    sandbox.configure_webhooks(delay=3600)
    api.create("contacts", {"firstname": "Ada"})
    assert not sandbox.drained(timeout=0.1)
    assert hooked.requests == []


def test_anything_can_be_injected(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    strange = [{"subscriptionType": "unicorn.creation", "objectId": 5, "portalId": 1, "attemptNumber": 0}]
    assert api.control("POST", "events", strange).json() == {"queued": 1}
    assert sandbox.drained()
    assert hooked.events == strange


@pytest.mark.parametrize("target", ["", "set"])
def test_without_a_target_the_journal_still_fills(
    sandbox: SandboxServer, api: Api, receiver: Receiver, target: str
) -> None:
    if target:
        sandbox.configure_webhooks(target_url=receiver.url)
    api.create("contacts", {"firstname": "Ada"})
    assert sandbox.drained()
    states = {one["state"] for one in api.control("GET", "events").json()["results"]}
    assert states == ({"delivered"} if target else {"unsent"})
