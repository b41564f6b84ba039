"""Which records an event makes us read again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from plugin.handlers.router import Routed, route
from plugin.handlers.subscriptions import subscriptions
from plugin.hubspot.protocol.events import decode_events
from plugin.mapping.model import Mapping

CONTACTS, COMPANIES = Mapping(), Mapping(customer="company")


def routed(mapping: Mapping = CONTACTS, **event: Any) -> Routed:
    wire = {"portalId": 7, "eventId": 1, "occurredAt": 1, "objectId": 5, **event}
    return route(decode_events(orjson.dumps([wire])), mapping)


def look(mapping: Mapping = CONTACTS, **event: Any) -> dict[tuple[str, int], bool]:
    return routed(mapping, **event).look


def associated(kind: str, from_id: int = 5, to_id: int = 6, **more: Any) -> dict[str, Any]:
    subject = kind.partition("_")[0].lower()
    wire = {"subscriptionType": f"{subject}.associationChange", "associationType": kind}
    return {**wire, "fromObjectId": from_id, "toObjectId": to_id, "objectId": None, **more}


def test_a_change_of_a_mapped_value_reads_the_record_alone() -> None:
    """Its associations did not change."""
    event = {"subscriptionType": "deal.propertyChange", "propertyName": "amount", "propertyValue": "5"}
    assert look(**event) == {("deal", 5): False}


@pytest.mark.parametrize("name", ["clm_stage", "clm_reason", "hubspot_owner_id", "firstname"])
def test_our_own_writes_and_values_we_do_not_read_cost_nothing(name: str) -> None:
    """Echoes of our outputs never make work, so there is no loop."""
    assert look(subscriptionType="contact.propertyChange", propertyName=name) == {}


@pytest.mark.parametrize("kind", ["creation", "restore"])
def test_a_new_record_is_read_with_its_associations(kind: str) -> None:
    """Also one that came back from the bin."""
    assert look(subscriptionType=f"contact.{kind}") == {("contact", 5): True}


def test_a_deletion_is_looked_at_not_believed() -> None:
    """The record is read; if it is gone, the CRM says so."""
    assert look(subscriptionType="contact.deletion") == {("contact", 5): False}


def test_a_deletion_for_privacy_erases_and_is_not_looked_at() -> None:
    """HubSpot never shows that person again; nothing may be fetched about them."""
    found = routed(subscriptionType="contact.privacyDeletion")
    assert (found.look, found.erase) == ({}, {("contact", 5)})


def test_a_merge_reads_all_that_took_part() -> None:
    """Primary, merged and new record."""
    wire = {
        "subscriptionType": "contact.merge",
        "primaryObjectId": 5,
        "mergedObjectIds": [6],
        "newObjectId": 9,
    }
    assert look(**wire) == {("contact", 5): True, ("contact", 6): True, ("contact", 9): True}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (associated("DEAL_TO_CONTACT", 5, 6), {("deal", 5): True}),
        (associated("CONTACT_TO_DEAL", 6, 5), {("deal", 5): True}),
        (associated("CONTACT_TO_COMPANY", 6, 8), {}),
        (associated("DEAL_TO_COMPANY", 5, 8), {}),
    ],
)
def test_an_association_reads_the_side_that_keeps_it(
    event: dict[str, Any], expected: dict[tuple[str, int], bool]
) -> None:
    """Both directions of one association mark the same record; without companies theirs mean nothing."""
    assert look(**event) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (associated("CONTACT_TO_COMPANY", 6, 8), {("contact", 6): True}),
        (associated("COMPANY_TO_CONTACT", 8, 6), {("contact", 6): True}),
        (associated("COMPANY_TO_DEAL", 8, 5), {("deal", 5): True}),
        (associated("DEAL_TO_COMPANY", 5, 8), {("deal", 5): True}),
    ],
)
def test_where_companies_are_customers_their_associations_count(
    event: dict[str, Any], expected: dict[tuple[str, int], bool]
) -> None:
    """The same, company side included."""
    assert look(COMPANIES, **event) == expected


def test_the_fate_of_every_event_is_counted() -> None:
    """Nothing that arrived goes without a trace."""
    wires = [
        {"portalId": 7, "subscriptionType": "deal.creation", "objectId": 1},
        {"portalId": 7, "subscriptionType": "ticket.creation", "objectId": 1},
        {"portalId": 7, "subscriptionType": "deal.levitation", "objectId": 1},
        {"portalId": 7, "subscriptionType": "contact.propertyChange", "propertyName": "x", "objectId": 1},
        {"portalId": 7, "subscriptionType": "deal.creation"},
    ]
    assert route(decode_events(orjson.dumps(wires)), CONTACTS).counts == {
        "events_applied": 1,
        "events_unknown_kind": 2,
        "events_not_mapped": 1,
        "events_malformed": 1,
    }


@pytest.mark.parametrize("mapping", [CONTACTS, COMPANIES, Mapping(customer="both")])
def test_what_is_subscribed_to_is_exactly_what_is_used(mapping: Mapping) -> None:
    """An event that we ask for makes us look; our own outputs are not asked for."""
    for wanted in subscriptions(mapping):
        kind, name = wanted["type"], wanted["type"].partition(".")[0]
        wire: dict[str, Any] = {"subscriptionType": kind, "propertyName": wanted.get("property")}
        if kind.endswith("associationChange"):
            other = {"contact": "deal", "deal": "contact", "company": "deal"}[name]
            wire = associated(f"{name}_to_{other}".upper())
        if kind.endswith("merge"):
            wire |= {"primaryObjectId": 5, "mergedObjectIds": [6], "newObjectId": 9}
        found = routed(mapping, **wire)
        assert found.look or found.erase, wanted
    assert not any(one.get("property", "").startswith("clm_") for one in subscriptions(mapping))
