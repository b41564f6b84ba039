"""Single records and batches: what HubSpot takes, refuses and answers."""

from __future__ import annotations

import pytest

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, people


def test_a_created_record_is_read_back_with_its_dates(api: Api) -> None:
    number = api.create("contacts", {"email": "Ada@Example.org", "firstname": "Ada"})
    body = api.objects("GET", f"contacts/{number}", properties="email,city,nonsense").json()
    assert number > 2**32
    assert body["id"] == str(number)
    assert body["archived"] is False
    stamp = body["createdAt"]
    assert body["properties"] == {
        "email": "ada@example.org",
        "city": None,  # defined, without a value: null; not defined: left out
        "hs_object_id": str(number),
        "createdate": stamp,
        "lastmodifieddate": body["updatedAt"],
    }


@pytest.mark.parametrize("name", ["contacts", "contact", "0-1"])
@pytest.mark.parametrize("path", ["/crm/objects/2026-09", "/crm/objects/2026-03", "/crm/v3/objects"])
def test_every_name_and_version_leads_to_the_same_record(api: Api, name: str, path: str) -> None:
    number = api.create("contacts", {"email": "a@example.org"})
    assert api.call("GET", f"{path}/{name}/{number}").json()["properties"]["email"] == "a@example.org"


def test_an_unknown_date_is_no_path(api: Api) -> None:
    assert api.call("GET", "/crm/objects/2024-01/contacts").status_code == 404


def test_listing_pages_through_all_records_once(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(25)))
    seen: list[str] = []
    after = None
    while True:
        page = api.objects("GET", "contacts", limit=10, **({"after": after} if after else {})).json()
        seen += [one["id"] for one in page["results"]]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert seen == [str(number) for number in range(1, 26)]


def test_a_page_is_at_most_a_hundred_and_fifty_with_history(api: Api) -> None:
    assert api.objects("GET", "contacts", limit=100).status_code == 200
    assert api.objects("GET", "contacts", limit=101).status_code == 400
    assert api.objects("GET", "contacts", limit=50, propertiesWithHistory="email").status_code == 200
    assert api.objects("GET", "contacts", limit=51, propertiesWithHistory="email").status_code == 400


def test_an_email_finds_the_contact(api: Api) -> None:
    number = api.create("contacts", {"email": "a@example.org"})
    found = api.objects("GET", "contacts/A@example.org", idProperty="email")
    assert found.json()["id"] == str(number)
    assert api.objects("GET", "contacts/x", idProperty="firstname").status_code == 400


def test_an_email_belongs_to_one_contact(api: Api) -> None:
    number = api.create("contacts", {"email": "a@example.org"})
    refused = api.objects("POST", "contacts", {"properties": {"email": "A@EXAMPLE.ORG"}})
    assert refused.status_code == 409
    assert refused.json()["category"] == "CONFLICT"
    assert refused.json()["message"] == f"Contact already exists. Existing ID: {number}"


def test_an_archived_record_is_gone_until_it_is_restored(sandbox: SandboxServer, api: Api) -> None:
    number = api.create("contacts", {"email": "a@example.org"})
    assert api.objects("DELETE", f"contacts/{number}").status_code == 204
    assert api.objects("GET", f"contacts/{number}").status_code == 404
    assert api.objects("GET", "contacts").json()["results"] == []
    archived = api.objects("GET", f"contacts/{number}", archived="true").json()
    assert archived["archived"] is True
    assert archived["archivedAt"]
    sandbox.store.restore_record("contact", number)
    assert api.objects("GET", f"contacts/{number}").status_code == 200


def test_a_missing_record_is_404(api: Api) -> None:
    refused = api.objects("GET", "contacts/999")
    assert refused.status_code == 404
    assert refused.json()["category"] == "OBJECT_NOT_FOUND"
    assert api.update("contacts", 999, firstname="x").status_code == 404


def test_batch_read_answers_207_with_the_missing_ids(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(2)))
    inputs = [{"id": "1"}, {"id": "77"}, {"id": "2"}, {"id": "88"}]
    answer = api.objects("POST", "contacts/batch/read", {"properties": ["email"], "inputs": inputs})
    body = answer.json()
    assert answer.status_code == 207
    assert [one["id"] for one in body["results"]] == ["1", "2"]
    assert body["numErrors"] == 2
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"] == {"ids": ["77", "88"]}


def test_batch_read_takes_a_hundred_or_fifty_with_history(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(101)))

    def status(count: int, **more: list[str]) -> int:
        inputs = [{"id": str(number)} for number in range(1, count + 1)]
        return api.objects("POST", "contacts/batch/read", {"inputs": inputs, **more}).status_code

    assert [status(100), status(101)] == [200, 400]
    history = {"propertiesWithHistory": ["email"]}
    assert [status(50, **history), status(51, **history)] == [200, 400]


def test_one_bad_value_refuses_the_whole_batch(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(3)))
    inputs = [{"id": str(number), "properties": {"firstname": "New"}} for number in (1, 2)]
    inputs.append({"id": "3", "properties": {"hs_lead_status": "NONSENSE"}})
    refused = api.objects("POST", "contacts/batch/update", {"inputs": inputs})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "INVALID_OPTION"
    assert [api.value("contacts", number, "firstname") for number in (1, 2)] == ["Name 1", "Name 2"]


def test_a_batch_names_each_id_once(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(2)))
    inputs = [{"id": "1", "properties": {"city": "A"}}, {"id": "1", "properties": {"city": "B"}}]
    refused = api.objects("POST", "contacts/batch/update", {"inputs": inputs})
    assert refused.status_code == 400
    assert "Duplicate IDs" in refused.json()["message"]
    assert api.value("contacts", 1, "city") is None


def test_batch_update_writes_what_is_there_and_names_the_rest(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(2)))
    inputs = [{"id": one, "properties": {"city": "Oslo"}} for one in ("1", "2", "999")]
    answer = api.objects("POST", "contacts/batch/update", {"inputs": inputs})
    body = answer.json()
    assert answer.status_code == 207
    assert len(body["results"]) + body["numErrors"] == 3
    assert body["errors"][0]["context"]["ids"] == ["999"]
    assert api.value("contacts", 2, "city") == "Oslo"


def test_batch_update_takes_at_most_a_hundred(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(101)))
    inputs = [{"id": str(number), "properties": {"city": "Oslo"}} for number in range(1, 102)]
    assert api.objects("POST", "contacts/batch/update", {"inputs": inputs}).status_code == 400
    assert api.objects("POST", "contacts/batch/update", {"inputs": inputs[:100]}).status_code == 200


def test_batch_create_makes_all_or_none(api: Api) -> None:
    inputs = [{"properties": {"email": f"{name}@example.org"}} for name in "ab"]
    made = api.objects("POST", "contacts/batch/create", {"inputs": inputs})
    assert made.status_code == 201
    assert len({one["id"] for one in made.json()["results"]}) == 2
    twins = [{"properties": {"email": "c@example.org"}}, {"properties": {"email": "a@example.org"}}]
    assert api.objects("POST", "contacts/batch/create", {"inputs": twins}).status_code == 409
    assert len(api.objects("GET", "contacts").json()["results"]) == 2


def test_upsert_updates_the_known_and_creates_the_new(api: Api) -> None:
    known = api.create("contacts", {"email": "a@example.org"})
    inputs = [
        {"idProperty": "email", "id": f"{name}@example.org", "properties": {"city": "Oslo"}} for name in "ab"
    ]
    body = api.objects("POST", "contacts/batch/upsert", {"inputs": inputs}).json()
    assert [one["new"] for one in body["results"]] == [False, True]
    assert body["results"][0]["id"] == str(known)
    assert api.value("contacts", int(body["results"][1]["id"]), "email") == "b@example.org"


def test_upsert_by_a_property_that_is_not_unique_is_refused(api: Api) -> None:
    inputs = [{"idProperty": "firstname", "id": "Ada", "properties": {"city": "Oslo"}}]
    refused = api.objects("POST", "contacts/batch/upsert", {"inputs": inputs})
    assert refused.status_code == 400
    assert "non-unique 0-1 property firstname" in refused.json()["message"]


def test_batch_archive_puts_records_into_the_bin(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(3)))
    inputs = [{"id": "1"}, {"id": "3"}, {"id": "999"}]
    assert api.objects("POST", "contacts/batch/archive", {"inputs": inputs}).status_code == 204
    assert [one["id"] for one in api.objects("GET", "contacts").json()["results"]] == ["2"]


def test_erasing_a_contact_leaves_nothing(sandbox: SandboxServer, api: Api) -> None:
    number = api.create("contacts", {"email": "a@example.org"})
    api.update("contacts", number, email="b@example.org")
    body = {"objectId": "b@example.org", "idProperty": "email"}
    assert api.objects("POST", "contacts/gdpr-delete", body).status_code == 204
    for archived in ("true", "false"):
        assert api.objects("GET", f"contacts/{number}", archived=archived).status_code == 404
    with sandbox.store.read() as conn:
        assert conn.execute("SELECT count(*) FROM history WHERE id = ?", (number,)).fetchone() == (0,)


def test_history_keeps_each_value_with_date_and_source(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(World(contacts=people(1)))
    api.update("contacts", 1, firstname="Second")
    sandbox.store.edit("contact", 1, {"firstname": "Third"})
    body = api.objects("GET", "contacts/1", propertiesWithHistory="firstname,email,city").json()
    history = body["propertiesWithHistory"]
    assert [one["value"] for one in history["firstname"]] == ["Third", "Second", "Name 1"]
    assert [one["sourceType"] for one in history["firstname"]] == ["CRM_UI", "INTEGRATION", "IMPORT"]
    assert history["firstname"][1]["sourceId"] == str(sandbox.store.app.app_id)
    assert history["email"][0]["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert history["city"] == []


def test_writing_the_same_value_changes_nothing(api: Api, sandbox: SandboxServer) -> None:
    sandbox.store.load(World(contacts=people(1)))
    before = api.objects("GET", "contacts/1").json()["updatedAt"]
    assert api.update("contacts", 1, firstname="Name 1").status_code == 200
    assert api.objects("GET", "contacts/1").json()["updatedAt"] == before


def test_a_very_long_address_is_414(api: Api) -> None:
    names = ",".join(f"property_number_{number}" for number in range(900))
    refused = api.objects("GET", "contacts", properties=names)
    assert refused.status_code == 414
    shorter = api.objects("GET", "contacts", properties=names[:15_000])
    assert shorter.status_code == 200


def test_what_is_no_json_or_lacks_a_field_is_400(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(1)))
    url = f"{api.server.url}/crm/objects/2026-09/contacts/batch/update"
    assert api.session.post(url, data=b"{not json", timeout=10).status_code == 400
    misshapen = [{"inputs": [{"id": "1"}]}, {"inputs": ["1"]}, {"inputs": [{"id": "1", "properties": [1]}]}]
    for body in ({}, {"inputs": []}, {"inputs": [{"properties": {}}]}, [], *misshapen):
        refused = api.session.post(url, json=body, timeout=10)
        assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_search_of_another_shape_is_400(api: Api) -> None:
    for body in ({"limit": "many"}, {"filterGroups": ["x"]}, {"filterGroups": [{"filters": ["x"]}]}):
        refused = api.objects("POST", "contacts/search", body)
        assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_known_path_with_the_wrong_method_names_the_right_one(api: Api) -> None:
    refused = api.call("PUT", "/crm/objects/2026-09/contacts/batch/update", {})
    assert refused.status_code == 405
    assert "POST" in refused.headers["Allow"]


def test_an_unknown_object_type_is_refused(api: Api) -> None:
    assert api.objects("GET", "unicorns").status_code == 400
