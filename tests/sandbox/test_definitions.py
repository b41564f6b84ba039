"""Property definitions, groups, pipelines, limits: what may be defined and what HubSpot refuses."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, people

PATH = "/crm/properties/2026-09/contacts"
STAGES = "/crm/pipelines/2026-09/deals/default/stages"

NAMED = {
    "contacts": [
        "hs_email_last_open_date", "hs_email_last_click_date", "hs_email_last_reply_date",
        "hs_analytics_last_visit_timestamp", "hs_analytics_num_visits", "num_conversion_events",
        "recent_conversion_date", "notes_last_contacted", "notes_last_updated",
        "hs_last_sales_activity_timestamp", "hs_email_optout", "hs_feedback_last_nps_rating",
        "hs_analytics_source", "lifecyclestage", "hs_merged_object_ids", "hs_calculated_merged_vids",
    ],
    "deals": [
        "dealname", "dealstage", "pipeline", "amount", "closedate", "createdate", "hs_is_closed",
        "hs_is_closed_won", "amount_in_home_currency", "deal_currency_code", "dealtype",
        "hs_deal_stage_probability", "closed_lost_reason", "closed_won_reason", "hs_arr", "hs_mrr", "hs_acv",
        "hs_tcv", "hs_lastmodifieddate", "hubspot_owner_id",
    ],
}  # fmt: skip


def definition(**changes: Any) -> dict[str, Any]:
    return {
        "name": "clm_stage",
        "label": "Stage",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "options": [
            {"label": "New", "value": "new"},
            {"label": "Loyal", "value": "loyal", "displayOrder": 5},
        ],
    } | changes


@pytest.mark.parametrize("kind", list(NAMED))
def test_a_new_portal_has_hubspots_own_properties(api: Api, kind: str) -> None:
    listed = {one["name"]: one for one in api.call("GET", f"/crm/v3/properties/{kind}").json()["results"]}
    assert [name for name in NAMED[kind] if name not in listed] == []
    assert all(one["hubspotDefined"] for one in listed.values())


def test_read_only_properties_say_so(api: Api) -> None:
    body = api.call("GET", "/crm/properties/2026-09/deals/hs_is_closed").json()
    assert body["modificationMetadata"]["readOnlyValue"] is True
    assert body["calculated"] is True
    stage = api.call("GET", "/crm/properties/2026-09/deals/dealstage").json()
    assert (stage["externalOptions"], stage["options"]) == (True, [])
    rating = api.call("GET", f"{PATH}/hs_feedback_last_nps_rating").json()
    assert [one["value"] for one in rating["options"]] == [str(number) for number in range(11)]


def test_a_property_is_created_changed_and_archived(api: Api) -> None:
    made = api.call("POST", PATH, definition())
    assert made.status_code == 201
    assert made.json()["hubspotDefined"] is False
    assert [one["displayOrder"] for one in made.json()["options"]] == [0, 5]
    changed = api.call("PATCH", f"{PATH}/clm_stage", {"label": "Lifecycle stage", "name": "other"}).json()
    assert (changed["label"], changed["name"]) == ("Lifecycle stage", "clm_stage")
    options = [{"label": "Lost", "value": "lost"}]
    assert api.call("PATCH", f"{PATH}/clm_stage", {"options": options}).status_code == 200
    assert api.call("DELETE", f"{PATH}/clm_stage").status_code == 204
    assert api.call("GET", f"{PATH}/clm_stage").status_code == 404
    assert api.call("GET", f"{PATH}/clm_stage", archived="true").status_code == 200
    assert api.call("POST", PATH, definition()).status_code == 201


def test_new_options_are_taken_at_once(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(1)))
    api.call("POST", PATH, definition())
    assert api.update("contacts", 1, clm_stage="gone").status_code == 400
    api.call("PATCH", f"{PATH}/clm_stage", {"options": [{"label": "Gone", "value": "gone"}]})
    assert api.update("contacts", 1, clm_stage="gone").status_code == 200


def test_an_existing_name_is_409(api: Api) -> None:
    api.call("POST", PATH, definition())
    refused = api.call("POST", PATH, definition())
    assert refused.status_code == 409
    assert refused.json()["category"] == "OBJECT_ALREADY_EXISTS"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Clm_Stage"},
        {"name": "1clm"},
        {"name": "clm-stage"},
        {"name": "c" * 101},
        {"name": ""},
        {"label": ""},
        {"groupName": "nowhere"},
        {"type": "text"},
        {"fieldType": "number"},
        {"type": "number", "fieldType": "text"},
        {"options": []},
        {"options": [{"label": "A", "value": "a"}, {"label": "B", "value": "a"}]},
        {"options": [{"label": "A", "value": "a"}, {"label": "A", "value": "b"}]},
    ],
)
def test_a_definition_that_hubspot_would_not_take_is_400(api: Api, changes: dict[str, Any]) -> None:
    refused = api.call("POST", PATH, definition(**changes))
    assert refused.status_code == 400
    assert refused.json()["category"] == "VALIDATION_ERROR"


def test_hubspots_own_properties_stay(api: Api) -> None:
    assert api.call("PATCH", f"{PATH}/email", {"label": "Mail"}).status_code == 400
    assert api.call("DELETE", f"{PATH}/email").status_code == 400
    stages = [{"label": "Only", "value": "only"}]
    assert api.call("PATCH", f"{PATH}/lifecyclestage", {"options": stages}).status_code == 200


def test_unique_properties_identify_records_and_are_at_most_ten(api: Api) -> None:
    text = {"type": "string", "fieldType": "text", "options": [], "hasUniqueValue": True}
    for number in range(9):  # e-mail is the tenth
        assert api.call("POST", PATH, definition(name=f"key{number}", **text)).status_code == 201
    assert api.call("POST", PATH, definition(name="key9", **text)).status_code == 400
    first = api.create("contacts", {"key0": "A-1"})
    second = api.create("contacts", {"key0": "A-2"})
    assert api.objects("GET", "contacts/A-1", idProperty="key0").json()["id"] == str(first)
    assert api.update("contacts", second, key0="a-1").status_code == 400


def test_the_custom_property_limit_is_told_and_kept(api: Api) -> None:
    api.control("POST", "portals", {"custom_property_limit": 2})
    for number in range(2):
        assert api.call("POST", PATH, definition(name=f"own{number}")).status_code == 201
    assert api.call("POST", PATH, definition(name="own2")).status_code == 400
    body = api.call("GET", "/crm/limits/2026-09/custom-properties").json()
    contacts = next(one for one in body["byObjectType"] if one["objectTypeId"] == "0-1")
    assert (contacts["limit"], contacts["usage"], contacts["percentage"]) == (2, 2, 100.0)
    assert body["overallUsage"] == 2


def test_batches_of_properties(api: Api) -> None:
    inputs = [definition(name="one"), definition(name="email"), definition(name="two")]
    made = api.call("POST", f"{PATH}/batch/create", {"inputs": inputs})
    assert made.status_code == 207
    assert [one["name"] for one in made.json()["results"]] == ["one", "two"]
    assert made.json()["errors"][0]["context"] == {"name": ["email"]}
    names = [{"name": "one"}, {"name": "nine"}]
    read = api.call("POST", f"{PATH}/batch/read", {"inputs": names, "archived": False})
    assert (read.status_code, read.json()["numErrors"]) == (207, 1)
    assert api.call("POST", f"{PATH}/batch/archive", {"inputs": names[:1]}).status_code == 204
    assert api.call("GET", f"{PATH}/one").status_code == 404


def test_groups_are_created_changed_and_dropped(api: Api) -> None:
    body = {"name": "customer_lifecycle", "label": "Customer lifecycle"}
    assert api.call("POST", f"{PATH}/groups", body).status_code == 201
    assert api.call("POST", f"{PATH}/groups", body).status_code == 409
    assert api.call("POST", f"{PATH}/groups", {"name": "Bad Name", "label": "x"}).status_code == 400
    changed = api.call("PATCH", f"{PATH}/groups/customer_lifecycle", {"label": "Lifecycle"}).json()
    assert changed["label"] == "Lifecycle"
    api.call("POST", PATH, definition(groupName="customer_lifecycle"))
    assert api.call("DELETE", f"{PATH}/groups/customer_lifecycle").status_code == 400
    api.call("DELETE", f"{PATH}/clm_stage")
    assert api.call("DELETE", f"{PATH}/groups/customer_lifecycle").status_code == 204
    names = [one["name"] for one in api.call("GET", f"{PATH}/groups").json()["results"]]
    assert "customer_lifecycle" not in names
    assert "contactinformation" in names


def test_the_default_pipeline_tells_won_from_lost(api: Api) -> None:
    stages = api.call("GET", STAGES).json()["results"]
    assert stages[0]["id"] == "appointmentscheduled"
    facts = {one["id"]: one["metadata"] for one in stages}
    assert facts["closedwon"] == {"probability": "1.0", "isClosed": "true"}
    assert facts["closedlost"] == {"probability": "0.0", "isClosed": "true"}
    assert facts["contractsent"]["isClosed"] == "false"


def test_pipelines_are_created_and_used(api: Api) -> None:
    body = {
        "label": "Renewals",
        "displayOrder": 1,
        "stages": [
            {"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.5"}},
            {"label": "Signed", "displayOrder": 1, "metadata": {"probability": "1.0"}},
        ],
    }
    made = api.call("POST", "/crm/pipelines/2026-09/deals", body)
    assert made.status_code == 201
    pipeline = made.json()["id"]
    deal = api.create("deals", {"dealname": "D", "pipeline": pipeline, "dealstage": "signed"})
    assert api.value("deals", deal, "hs_is_closed_won") == "true"
    listed = api.call("GET", "/crm/v3/pipelines/deals").json()["results"]
    assert [one["id"] for one in listed] == ["default", pipeline]
    assert api.call("DELETE", f"/crm/v3/pipelines/deals/{pipeline}").status_code == 204
    assert api.call("GET", f"/crm/v3/pipelines/deals/{pipeline}").status_code == 404


def test_stages_are_added_changed_and_dropped(api: Api) -> None:
    stage = {"label": "Trial", "displayOrder": 2, "metadata": {"probability": "0.3"}}
    assert api.call("POST", STAGES, stage).json()["id"] == "trial"
    changed = api.call("PATCH", f"{STAGES}/trial", {"metadata": {"probability": "1.0"}}).json()
    assert changed["metadata"] == {"probability": "1.0", "isClosed": "true"}
    assert api.call("DELETE", f"{STAGES}/trial").status_code == 204
    assert api.call("GET", f"{STAGES}/trial").status_code == 404
