"""What the server computes: closed and won, amounts in the account's currency, stages, lifecycle, tasks."""

from __future__ import annotations

import pytest

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, people

FACTS = "hs_is_closed,hs_is_closed_won,hs_deal_stage_probability,amount_in_home_currency,closedate,pipeline"


def facts(api: Api, deal: int) -> dict[str, str]:
    found: dict[str, str] = api.objects("GET", f"deals/{deal}", properties=FACTS).json()["properties"]
    return found


@pytest.mark.parametrize(
    ("stage", "closed", "won", "chance"),
    [
        ("appointmentscheduled", "false", "false", "0.2"),
        ("contractsent", "false", "false", "0.9"),
        ("closedwon", "true", "true", "1.0"),
        ("closedlost", "true", "false", "0.0"),
    ],
)
def test_a_stage_says_closed_won_and_probable(
    api: Api, stage: str, closed: str, won: str, chance: str
) -> None:
    deal = api.create("deals", {"dealname": "D", "dealstage": stage, "amount": "12.5"})
    found = facts(api, deal)
    assert (found["hs_is_closed"], found["hs_is_closed_won"]) == (closed, won)
    assert found["hs_deal_stage_probability"] == chance
    assert found["amount_in_home_currency"] == "12.5"
    assert found["pipeline"] == "default"


def test_moving_a_deal_changes_what_is_computed(api: Api) -> None:
    deal = api.create("deals", {"dealname": "D", "dealstage": "contractsent"})
    assert facts(api, deal)["closedate"] is None
    api.update("deals", deal, dealstage="closedwon")
    assert facts(api, deal)["hs_is_closed_won"] == "true"
    assert facts(api, deal)["closedate"]  # closing sets it
    api.update("deals", deal, dealstage="contractsent")
    assert facts(api, deal)["hs_is_closed_won"] == "false"


def test_a_given_close_date_is_kept(api: Api) -> None:
    given = {"dealname": "D", "dealstage": "closedwon", "closedate": "2026-01-05T00:00:00.000Z"}
    assert facts(api, api.create("deals", given))["closedate"] == "2026-01-05T00:00:00.000Z"


def test_amounts_are_converted_to_the_accounts_currency(sandbox: SandboxServer, api: Api) -> None:
    api.control("POST", "portals", {"exchange_rates": {"EUR": "1.1"}})
    deal = api.create("deals", {"dealname": "D", "amount": "200", "deal_currency_code": "EUR"})
    assert facts(api, deal)["amount_in_home_currency"] == "220.0"
    api.update("deals", deal, amount="")
    assert facts(api, deal)["amount_in_home_currency"] == ""


def test_an_unknown_stage_or_pipeline_is_an_invalid_option(api: Api) -> None:
    for values in ({"dealstage": "dreaming"}, {"pipeline": "none"}):
        refused = api.objects("POST", "deals", {"properties": {"dealname": "D", **values}})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == "INVALID_OPTION"


def test_a_deal_moves_its_contact_to_opportunity_and_customer(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(1)))
    api.update("contacts", 1, lifecyclestage="lead")
    deal = api.create("deals", {"dealname": "D"}, (1, 3))
    assert api.value("contacts", 1, "lifecyclestage") == "opportunity"
    api.update("deals", deal, dealstage="closedwon")
    assert api.value("contacts", 1, "lifecyclestage") == "customer"
    api.update("deals", deal, dealstage="closedlost")
    assert api.value("contacts", 1, "lifecyclestage") == "customer"  # HubSpot never moves it back


def test_the_lifecycle_sync_can_be_switched_off(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(1)))
    api.control("POST", "portals", {"lifecycle_sync": False})
    api.create("deals", {"dealname": "D", "dealstage": "closedwon"}, (1, 3))
    assert api.value("contacts", 1, "lifecyclestage") is None


def test_counts_follow_associations(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(2)))
    deal = api.create("deals", {"dealname": "D"}, (1, 3), (2, 3))
    assert api.value("deals", deal, "num_associated_contacts") == "2"
    assert api.value("contacts", 1, "num_associated_deals") == "1"
    api.objects("DELETE", f"deals/{deal}")
    assert api.value("contacts", 1, "num_associated_deals") == "0"


def test_a_completed_task_has_its_moment(api: Api) -> None:
    task = api.create("tasks", {"hs_task_subject": "Call", "hs_timestamp": "2026-12-01T09:00:00Z"})
    api.update("tasks", task, hs_task_status="COMPLETED")
    assert api.value("tasks", task, "hs_task_completion_date")
    assert api.call("GET", f"/crm/v3/objects/0-27/{task}").status_code == 200


def test_conditional_required_rules_bind_2026_09_only(sandbox: SandboxServer, api: Api) -> None:
    rule = {"object": "deal", "when": {"dealstage": "closedlost"}, "require": ["closed_lost_reason"]}
    api.control("POST", "portals", {"required": [rule]})
    deal = api.create("deals", {"dealname": "D"})
    refused = api.update("deals", deal, dealstage="closedlost")
    assert refused.status_code == 400
    assert refused.json()["category"] == "VALIDATION_ERROR"
    assert api.update("deals", deal, dealstage="closedlost", closed_lost_reason="price").status_code == 200
    older = api.create("deals", {"dealname": "E"})
    body = {"properties": {"dealstage": "closedlost"}}
    assert api.call("PATCH", f"/crm/v3/objects/deals/{older}", body).status_code == 200
