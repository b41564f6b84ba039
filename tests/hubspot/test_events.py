"""Webhook bodies: every documented form, and nothing that HubSpot may send makes the decoder raise."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.errors import InputError
from plugin.hubspot.protocol.events import Event, decode_events

BASE: dict[str, Any] = {
    "eventId": 3_456_789_012,
    "subscriptionId": 11,
    "portalId": 4242,
    "appId": 77,
    "occurredAt": 1_790_000_000_123,
    "attemptNumber": 0,
    "changeSource": "CRM_UI",
}
BIG = 98_765_432_109_876


def decode(*elements: Any) -> list[Event]:
    return decode_events(orjson.dumps(list(elements)))


def one(**fields: Any) -> Event:
    (event,) = decode(BASE | fields)
    return event


def shape(event: Event) -> tuple[Any, ...]:
    return event.kind, event.object_type, event.records, event.property_name, event.survivor


@pytest.mark.parametrize("name", ["subscriptionType", "eventType"])
@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("creation", "creation"),
        ("deletion", "deletion"),
        ("restore", "restore"),
        ("privacyDeletion", "privacy"),
    ],
)
def test_plain_kinds_name_their_record(name: str, action: str, kind: str) -> None:
    event = one(**{name: f"contact.{action}", "objectId": BIG})
    assert shape(event) == (kind, "contact", (("contact", BIG),), "", None)
    assert (event.portal_id, event.occurred_at, event.source) == (4242, 1_790_000_000_123, "CRM_UI")
    assert event.ids == (BIG,)


@pytest.mark.parametrize(
    ("type_id", "name"), [("0-1", "contact"), ("0-2", "company"), ("0-3", "deal"), ("2-77", "2-77")]
)
def test_object_forms_name_their_type_by_number(type_id: str, name: str) -> None:
    event = one(
        subscriptionType="object.propertyChange", objectTypeId=type_id, objectId=5, propertyName="amount"
    )
    assert shape(event) == ("property", name, ((name, 5),), "amount", None)


def test_a_merge_touches_all_and_the_new_record_survives() -> None:
    event = one(
        subscriptionType="contact.merge",
        objectId=30,
        primaryObjectId=10,
        mergedObjectIds=[20, 21],
        newObjectId=30,
    )
    contacts = tuple(("contact", number) for number in (10, 20, 21, 30))
    assert shape(event) == ("merge", "contact", contacts, "", 30)


def test_an_older_merge_leaves_the_primary_and_a_bare_one_its_object() -> None:
    assert one(subscriptionType="deal.merge", primaryObjectId=10, mergedObjectIds=[20]).survivor == 10
    assert one(subscriptionType="deal.merge", objectId=9).survivor == 9


@pytest.mark.parametrize(
    ("fields", "sides"),
    [
        (
            {"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_CONTACT"},
            "deal contact",
        ),
        (
            {"subscriptionType": "contact.associationChange", "associationType": "CONTACT_TO_DEAL"},
            "contact deal",
        ),
        (
            {
                "subscriptionType": "company.associationChange",
                "associationType": "PARENT_COMPANY_TO_CHILD_COMPANY",
            },
            "company company",
        ),
        (
            {"subscriptionType": "line_item.associationChange", "associationType": "LINE_ITEM_TO_DEAL"},
            "line_item deal",
        ),
        (
            {
                "subscriptionType": "object.associationChange",
                "fromObjectTypeId": "0-1",
                "toObjectTypeId": "0-2",
            },
            "contact company",
        ),
        ({"subscriptionType": "object.associationChange", "associationTypeId": 341}, "deal company"),
        ({"subscriptionType": "deal.associationChange", "associationTypeId": "3"}, "deal contact"),
    ],
)
def test_an_association_touches_both_sides(fields: dict[str, Any], sides: str) -> None:
    event = one(**fields, fromObjectId=BIG, toObjectId=7, associationRemoved=False, isPrimaryAssociation=True)
    first, second = sides.split()
    assert event.kind == "association"
    assert event.records == ((first, BIG), (second, 7))


def test_unknown_kinds_are_counted_not_refused() -> None:
    kinds = [
        event.kind
        for event in decode(BASE | {"subscriptionType": "conversation.newMessage", "objectId": 1}, BASE)
    ]
    assert kinds == ["unknown", "unknown"]


@pytest.mark.parametrize(
    "element",
    [
        None,
        7,
        "text",
        [],
        {"subscriptionType": "contact.creation", "objectId": 1},
        BASE | {"subscriptionType": "contact.creation"},
        BASE | {"subscriptionType": "contact.creation", "objectId": {"a": 1}},
        BASE | {"subscriptionType": "contact.creation", "objectId": -3},
        BASE | {"subscriptionType": "contact.creation", "objectId": 2**63},
        BASE | {"subscriptionType": "contact.creation", "objectId": "12x"},
        BASE | {"subscriptionType": "deal.associationChange", "fromObjectId": 1},
        BASE | {"subscriptionType": 5, "objectId": 1},
    ],
)
def test_a_weird_element_spoils_only_itself(element: Any) -> None:
    good = BASE | {"subscriptionType": "deal.creation", "objectId": 1}
    body = (
        b"["
        + b",".join(orjson.dumps(e) if e is not element else _big(e) for e in (good, element, good))
        + b"]"
    )
    assert [event.kind for event in decode_events(body)] == ["creation", "malformed", "creation"]


def _big(element: Any) -> bytes:
    return json.dumps(element).encode()


def test_numbers_may_come_as_strings() -> None:
    event = one(
        subscriptionType="deal.creation", portalId="4242", objectId=str(BIG), occurredAt="1790000000123"
    )
    assert (event.portal_id, event.ids, event.occurred_at) == (4242, (BIG,), 1_790_000_000_123)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1,", b"[]x", b"\xff\xfe", b'"[]"', b"[\xff]x"])
def test_only_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        decode_events(body)


@pytest.mark.parametrize("opening", [b'[{"propertyValue":', b""])
def test_a_body_nested_without_bottom_is_refused(opening: bytes) -> None:
    with pytest.raises(InputError):
        decode_events(opening + b"[" * 500_000)


def test_an_empty_array_is_no_event() -> None:
    assert decode_events(b" [ ] ") == []


def test_a_repeated_delivery_has_the_same_key() -> None:
    fields = {
        "subscriptionType": "deal.propertyChange",
        "objectId": 1,
        "propertyName": "amount",
        "propertyValue": "1",
    }
    again = BASE | fields | {"attemptNumber": 3, "subscriptionId": 12, "changeSource": "API"}
    assert one(**fields).key == decode(again)[0].key
    assert len(one(**fields).key) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"portalId": 4243},
        {"subscriptionType": "deal.creation"},
        {"objectId": 2},
        {"eventId": 4},
        {"occurredAt": 1},
        {"propertyName": "closedate"},
        {"propertyValue": "2"},
        {"fromObjectId": 3},
        {"toObjectId": 3},
        {"associationRemoved": True},
        {"mergedObjectIds": [3]},
    ],
)
def test_another_event_has_another_key(change: dict[str, Any]) -> None:
    fields = {
        "subscriptionType": "deal.propertyChange",
        "objectId": 1,
        "propertyName": "amount",
        "propertyValue": "1",
    }
    assert one(**fields).key != one(**(fields | change)).key


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "portalId",
        "subscriptionType",
        "eventType",
        "objectId",
        "objectTypeId",
        "occurredAt",
        "mergedObjectIds",
        "fromObjectId",
        "toObjectId",
        "associationType",
        "primaryObjectId",
        "newObjectId",
        "propertyName",
    ]
)
KINDS = st.sampled_from(
    ["contact.merge", "deal.associationChange", "object.creation", "deal.propertyChange", "", "."]
)


@given(st.lists(st.dictionaries(NAMES, JSON | KINDS, max_size=8) | JSON, max_size=6))
def test_no_array_raises_and_no_element_is_lost(elements: list[Any]) -> None:
    events = decode_events(json.dumps(elements).encode())
    assert len(events) == len(elements)
    assert all(0 < number < 2**63 for event in events for number in event.ids)


@given(st.binary(max_size=60))
def test_any_bytes_are_events_or_an_input_error(body: bytes) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(decode_events(body), list)
