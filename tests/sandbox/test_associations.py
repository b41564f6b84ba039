"""Associations: both directions, labels, paging of long lists, and which versions answer what."""

from __future__ import annotations

import pytest

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World, WorldRecord
from tests.sandbox.conftest import EPOCH, Api, people

READ = "/crm/associations/2026-09/{}/{}/batch/read"


def read(api: Api, source: str, target: str, *ids: object) -> dict[str, list[tuple[str, list[int]]]]:
    """Associated ids with type ids, by record."""
    answer = api.call("POST", READ.format(source, target), {"inputs": [{"id": str(one)} for one in ids]})
    return {
        one["from"]["id"]: [(to["toObjectId"], [spec["typeId"] for spec in to["associationTypes"]])
                            for to in one["to"]]
        for one in answer.json()["results"]
    }  # fmt: skip


def crowd(deals: int) -> World:
    """One contact with many deals."""
    made = [
        WorldRecord(1_000 + number, {"dealname": "D"}, EPOCH, associations=[("contact", 1, 3)])
        for number in range(deals)
    ]
    return World(contacts=people(1), deals=made)


def test_an_association_is_seen_from_both_sides(sandbox: SandboxServer, api: Api, small_world: World) -> None:
    sandbox.store.load(small_world)
    assert read(api, "deals", "contacts", 301) == {"301": [("1", [3]), ("2", [3])]}
    assert read(api, "contacts", "deals", 1, 2) == {"1": [("301", [4])], "2": [("301", [4])]}
    assert read(api, "deals", "companies", 302) == {"302": [("201", [5, 341])]}
    assert read(api, "companies", "deals", 201) == {"201": [("302", [6, 342])]}


def test_records_without_associations_are_errors_of_a_207(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(crowd(1))
    answer = api.call("POST", READ.format("contacts", "deals"), {"inputs": [{"id": "1"}, {"id": "2"}]})
    body = answer.json()
    assert answer.status_code == 207
    assert [one["from"]["id"] for one in body["results"]] == ["1"]
    assert body["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert body["errors"][0]["context"]["fromObjectId"] == ["2"]


def test_long_lists_are_cut_and_paged_per_record(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(crowd(1_201))
    seen: list[str] = []
    given = {"id": "1"}
    pages = 0
    while True:
        body = api.call("POST", READ.format("contacts", "deals"), {"inputs": [given]}).json()
        entry = body["results"][0]
        seen += [to["toObjectId"] for to in entry["to"]]
        pages += 1
        if "paging" not in entry:
            break
        given = {"id": "1", "after": entry["paging"]["next"]["after"]}
    assert pages == 3  # 500 at a time
    assert seen == [str(1_000 + number) for number in range(1_201)]


def test_the_page_size_can_be_set(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(crowd(7))
    api.control("POST", "portals", {"association_page": 3})
    entry = api.call("POST", READ.format("contacts", "deals"), {"inputs": [{"id": "1"}]}).json()["results"][0]
    assert len(entry["to"]) == 3
    assert entry["paging"]["next"]["after"]


def test_older_paths_cut_at_a_hundred(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(crowd(150))
    v3 = api.call("POST", "/crm/v3/associations/contacts/deals/batch/read", {"inputs": [{"id": "1"}]}).json()
    assert len(v3["results"][0]["to"]) == 100
    assert v3["results"][0]["to"][0] == {"id": "1000", "type": "contact_to_deal"}
    listed = api.objects("GET", "contacts/1", associations="deals").json()["associations"]["deals"]
    assert len(listed["results"]) == 100
    assert listed["paging"]["next"]["after"]


def test_a_list_page_carries_associations(api: Api, sandbox: SandboxServer, small_world: World) -> None:
    sandbox.store.load(small_world)
    page = api.objects("GET", "deals", associations="contacts,companies", limit=10).json()["results"]
    both = [{"id": "1", "type": "deal_to_contact"}, {"id": "2", "type": "deal_to_contact"}]
    assert page[0]["associations"] == {"contacts": {"results": both}}
    assert page[1]["associations"]["companies"]["results"] == [
        {"id": "201", "type": "deal_to_company"},
        {"id": "201", "type": "deal_to_company_unlabeled"},
    ]


def test_a_batch_read_takes_a_thousand(api: Api) -> None:
    path = READ.format("contacts", "deals")
    inputs = [{"id": str(number)} for number in range(1, 1_002)]
    assert api.call("POST", path, {"inputs": inputs}).status_code == 400
    assert api.call("POST", path, {"inputs": inputs[:1_000]}).status_code == 207


def test_creating_and_archiving_in_batches(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(crowd(2))
    task = api.create("tasks", {"hs_task_subject": "Call"})
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 203}
    inputs = [{"from": {"id": "1"}, "to": {"id": str(task)}, "types": [spec]}]
    made = api.call("POST", "/crm/associations/2026-09/contacts/tasks/batch/create", {"inputs": inputs})
    assert made.status_code == 201
    assert made.json()["results"][0]["toObjectId"] == str(task)
    assert read(api, "tasks", "contacts", task) == {str(task): [("1", [204])]}
    gone = {"inputs": [{"from": {"id": "1"}, "to": [{"id": str(task)}]}]}
    path = "/crm/associations/2026-09/contacts/tasks/batch/archive"
    assert api.call("POST", path, gone).status_code == 204
    assert read(api, "tasks", "contacts", task) == {}


def test_a_missing_record_is_an_error_of_the_batch(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(crowd(1))
    inputs = [{"from": {"id": "1"}, "to": {"id": "77"}, "types": []}]
    answer = api.call("POST", "/crm/associations/2026-09/contacts/deals/batch/create", {"inputs": inputs})
    assert (answer.status_code, answer.json()["numErrors"]) == (207, 1)


@pytest.mark.parametrize(("version", "status"), [("2026-03", 200), ("2026-09", 404)])
def test_the_per_record_get_is_gone_in_2026_09(
    api: Api, sandbox: SandboxServer, version: str, status: int
) -> None:
    sandbox.store.load(crowd(1))
    path = f"/crm/objects/{version}/contacts/1/associations/deals"
    assert api.call("GET", path).status_code == status
    legacy = api.call("GET", "/crm/v4/objects/contacts/1/associations/deals").json()["results"]
    assert legacy[0]["toObjectId"] == 1_000


def test_default_associations_are_put(api: Api, sandbox: SandboxServer, small_world: World) -> None:
    sandbox.store.load(small_world)
    answer = api.objects("PUT", "contacts/1/associations/default/companies/201")
    assert answer.status_code == 200
    specs = [one["associationSpec"]["associationTypeId"] for one in answer.json()["results"]]
    assert specs == [279, 280]
    assert read(api, "contacts", "companies", 1) == {"1": [("201", [1, 279])]}  # the first is the primary
    assert api.value("contacts", 1, "associatedcompanyid") == "201"


def test_a_contact_has_one_primary_company(api: Api, sandbox: SandboxServer, small_world: World) -> None:
    sandbox.store.load(small_world)
    second = api.create("companies", {"name": "Second"})
    api.objects("PUT", "contacts/1/associations/default/companies/201")
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    assert api.objects("PUT", f"contacts/1/associations/companies/{second}", spec).status_code == 201
    assert read(api, "contacts", "companies", 1)["1"] == [("201", [279]), (str(second), [1, 279])]
    assert api.value("contacts", 1, "associatedcompanyid") == str(second)


def test_labels_are_defined_set_and_taken_away(api: Api, sandbox: SandboxServer, small_world: World) -> None:
    sandbox.store.load(small_world)
    path = "/crm/associations/2026-09/deals/contacts"
    made = api.call("POST", f"{path}/labels", {"label": "Buyer", "name": "buyer", "inverseLabel": "Bought"})
    ids = [one["typeId"] for one in made.json()["results"]]
    assert "Buyer" in [one["label"] for one in api.call("GET", f"{path}/labels").json()["results"]]
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": ids[0]}
    inputs = [{"from": {"id": "301"}, "to": {"id": "1"}, "types": [spec]}]
    labelled = api.call("POST", f"{path}/batch/create", {"inputs": inputs}).json()["results"][0]
    assert labelled["labels"] == ["Buyer"]
    assert ("1", [3, ids[0]]) in read(api, "deals", "contacts", 301)["301"]
    assert read(api, "contacts", "deals", 1)["1"] == [("301", [4, ids[1]])]
    assert api.call("POST", f"{path}/batch/labels/archive", {"inputs": inputs}).status_code == 204
    assert ("1", [3]) in read(api, "deals", "contacts", 301)["301"]


def test_an_unknown_type_is_refused(api: Api, sandbox: SandboxServer, small_world: World) -> None:
    sandbox.store.load(small_world)
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 999}]
    assert api.objects("PUT", "deals/301/associations/contacts/3", spec).status_code == 400


def test_archived_records_have_no_associations(api: Api, sandbox: SandboxServer, small_world: World) -> None:
    sandbox.store.load(small_world)
    api.objects("DELETE", "contacts/1")
    assert read(api, "deals", "contacts", 301) == {"301": [("2", [3])]}
    sandbox.store.restore_record("contact", 1)
    assert read(api, "deals", "contacts", 301) == {"301": [("1", [3]), ("2", [3])]}
