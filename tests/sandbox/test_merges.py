"""Merges: a new record with a new id, aliases, and what is kept of both."""

from __future__ import annotations

import pytest

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, Receiver


@pytest.fixture
def merged(sandbox: SandboxServer, api: Api, small_world: World) -> int:
    """Contact 2 merged into contact 1; the new id."""
    sandbox.store.load(small_world)
    api.update("contacts", 2, city="Oslo", firstname="Other", lifecyclestage="customer")
    api.update("contacts", 1, lifecyclestage="lead")
    answer = api.objects("POST", "contacts/merge", {"primaryObjectId": "1", "objectIdToMerge": "2"})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def test_a_merge_makes_a_new_record(api: Api, merged: int) -> None:
    assert merged > 2**32
    assert api.value("contacts", merged, "firstname") == "Name 1"  # the primary's value wins
    assert api.value("contacts", merged, "city") == "Oslo"  # the other's fills the gap
    assert api.value("contacts", merged, "lifecyclestage") == "customer"  # the furthest
    assert api.value("contacts", merged, "hs_merged_object_ids") == "1;2"
    vids = api.value("contacts", merged, "hs_calculated_merged_vids") or ""
    assert [part.split(":")[0] for part in vids.split(";")] == ["1", "2"]
    assert api.value("contacts", merged, "hs_additional_emails") == "c2@example.org"


def test_old_ids_are_aliases_of_a_get_and_of_a_single_update(api: Api, merged: int) -> None:
    for old in (1, 2):
        assert api.objects("GET", f"contacts/{old}").json()["id"] == str(merged)
    assert api.update("contacts", 2, city="Bergen").json()["id"] == str(merged)
    assert api.value("contacts", merged, "city") == "Bergen"


def test_a_batch_refuses_old_ids(api: Api, merged: int) -> None:
    inputs = [{"id": str(one), "properties": {"city": "Rome"}} for one in (1, merged)]
    body = api.objects("POST", "contacts/batch/update", {"inputs": inputs}).json()
    assert [one["id"] for one in body["results"]] == [str(merged)]
    assert body["errors"][0]["context"]["ids"] == ["1"]
    read = api.objects("POST", "contacts/batch/read", {"inputs": [{"id": "1"}]})
    assert read.status_code == 207


def test_old_ids_are_not_listed(api: Api, merged: int) -> None:
    assert [one["id"] for one in api.objects("GET", "contacts").json()["results"]] == ["3", str(merged)]


def test_associations_move_to_the_new_record(api: Api, merged: int) -> None:
    body = {"inputs": [{"id": "301"}]}
    found = api.call("POST", "/crm/associations/2026-09/deals/contacts/batch/read", body).json()["results"]
    assert [one["toObjectId"] for one in found[0]["to"]] == [str(merged)]
    assert api.value("deals", 301, "num_associated_contacts") == "1"
    assert api.value("contacts", merged, "num_associated_deals") == "1"


def test_history_goes_with_the_values(api: Api, merged: int) -> None:
    body = api.objects("GET", f"contacts/{merged}", propertiesWithHistory="lifecyclestage,firstname").json()
    assert body["propertiesWithHistory"]["firstname"][0]["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert body["propertiesWithHistory"]["lifecyclestage"][0]["value"] == "customer"


def test_merged_records_merge_again(api: Api, merged: int) -> None:
    answer = api.objects("POST", "contacts/merge", {"primaryObjectId": "3", "objectIdToMerge": str(merged)})
    final = answer.json()["id"]
    assert api.objects("GET", "contacts/2").json()["id"] == final
    assert api.value("contacts", int(final), "hs_merged_object_ids") == f"1;2;3;{merged}"


def test_a_record_does_not_merge_with_itself_or_an_old_id(api: Api, merged: int) -> None:
    itself = {"primaryObjectId": str(merged), "objectIdToMerge": str(merged)}
    assert api.objects("POST", "contacts/merge", itself).status_code == 400
    old = {"primaryObjectId": str(merged), "objectIdToMerge": "1"}
    assert api.objects("POST", "contacts/merge", old).status_code == 404


def test_a_merge_announces_itself_and_two_deletions(
    sandbox: SandboxServer, api: Api, hooked: Receiver, small_world: World
) -> None:
    sandbox.store.load(small_world)
    body = {"primaryObjectId": "1", "objectIdToMerge": "2"}
    new = int(api.objects("POST", "contacts/merge", body).json()["id"])
    assert sandbox.drained()
    merge = hooked.of("contact.merge")
    assert [(one["primaryObjectId"], one["mergedObjectIds"]) for one in merge] == [(1, [2])]
    assert merge[0]["newObjectId"] == new
    assert {one["objectId"] for one in hooked.of("contact.deletion")} == {1, 2}
    assert hooked.of("contact.propertyChange") == []
