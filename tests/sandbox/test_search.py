"""Search: operators, limits, and the traps that HubSpot's own search has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from plugin.clock import FixedClock
from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World, WorldRecord
from tests.sandbox.conftest import EPOCH, Api, people


@pytest.fixture
def deals(sandbox: SandboxServer, api: Api) -> None:
    """Five deals of 10 to 50; the fifth without an amount."""
    made = [
        WorldRecord(
            number,
            {"dealname": f"Deal number {number}",
             "dealstage": "closedwon" if number % 2 else "contractsent",
             "closedate": f"2026-01-{number:02d}T00:00:00.000Z",
             "amount": f"{number}0" if number < 5 else ""},
            EPOCH + number * 1_000,
        )
        for number in range(1, 6)
    ]  # fmt: skip
    sandbox.store.load(World(deals=made))


def where(name: str, operator: str, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **more}


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (where("amount", "EQ", value="20.0"), [2]),  # numbers compare as numbers
        (where("amount", "NEQ", value="20"), [1, 3, 4, 5]),
        (where("amount", "LT", value="20"), [1]),
        (where("amount", "LTE", value="20"), [1, 2]),
        (where("amount", "GT", value="20"), [3, 4]),
        (where("amount", "GTE", value="20"), [2, 3, 4]),
        (where("amount", "BETWEEN", value="20", highValue="30"), [2, 3]),
        (where("dealstage", "IN", values=["closedwon"]), [1, 3, 5]),
        (where("dealstage", "NOT_IN", values=["closedwon"]), [2, 4]),
        (where("amount", "HAS_PROPERTY"), [1, 2, 3, 4]),
        (where("amount", "NOT_HAS_PROPERTY"), [5]),
        (where("dealname", "CONTAINS_TOKEN", value="NUMBER"), [1, 2, 3, 4, 5]),
        (where("dealname", "CONTAINS_TOKEN", value="num*"), [1, 2, 3, 4, 5]),
        (where("dealname", "CONTAINS_TOKEN", value="umb"), []),
        (where("closedate", "GTE", value="1767398400000"), [3, 4, 5]),
        (where("closedate", "LT", value="2026-01-02T00:00:00Z"), [1]),
        (where("dealname", "EQ", value="deal NUMBER 3"), [3]),  # text compares without case
        (where("hs_lastmodifieddate", "GTE", value=str(EPOCH + 4_000)), [4, 5]),
    ],
)
def test_operators(api: Api, deals: None, one: dict[str, Any], found: list[int]) -> None:
    answer = api.search("deals", one)
    assert answer.status_code == 200, answer.text
    assert [int(record["id"]) for record in answer.json()["results"]] == found
    assert answer.json()["total"] == len(found)


def test_filters_of_a_group_all_hold_and_any_group_is_enough(api: Api, deals: None) -> None:
    groups = [
        {"filters": [where("amount", "GT", value="10"), where("dealstage", "EQ", value="closedwon")]},
        {"filters": [where("amount", "EQ", value="10")]},
    ]
    found = api.objects("POST", "deals/search", {"filterGroups": groups}).json()["results"]
    assert [int(one["id"]) for one in found] == [1, 3]


def test_sorting_and_paging(api: Api, deals: None) -> None:
    sorts = [{"propertyName": "amount", "direction": "DESCENDING"}]
    first = api.search("deals", sorts=sorts, limit=3, properties=["amount"]).json()
    assert [one["properties"]["amount"] for one in first["results"]] == ["40", "30", "20"]
    after = first["paging"]["next"]["after"]
    second = api.search("deals", sorts=sorts, limit=3, after=after).json()
    assert [int(one["id"]) for one in second["results"]] == [1, 5]
    assert "paging" not in second


def test_the_query_looks_at_names(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(3)))
    assert [one["id"] for one in api.search("contacts", query="name 2").json()["results"]] == ["2"]


def test_associations_can_be_searched_by(sandbox: SandboxServer, api: Api, small_world: World) -> None:
    sandbox.store.load(small_world)
    found = api.search("deals", where("associations.contact", "EQ", value="3")).json()["results"]
    assert [one["id"] for one in found] == ["302"]


@pytest.mark.parametrize(
    ("kind", "wrong"), [("contacts", "hs_lastmodifieddate"), ("deals", "lastmodifieddate")]
)
def test_the_wrong_modification_date_finds_nothing_without_an_error(
    sandbox: SandboxServer, api: Api, small_world: World, kind: str, wrong: str
) -> None:
    sandbox.store.load(small_world)
    answer = api.search(kind, where(wrong, "GTE", value="0"))
    assert answer.status_code == 200
    assert answer.json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"limit": 200}, 200),
        ({"limit": 201}, 400),
        ({"after": "9990", "limit": 10}, 200),
        ({"after": "9991", "limit": 10}, 400),
        ({"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")] * 6}] * 5}, 200),
        ({"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")]}] * 6}, 400),
        ({"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")] * 7}]}, 400),
        ({"filterGroups": [{"filters": [where("nonsense", "HAS_PROPERTY")]}]}, 400),
        ({"filterGroups": [{"filters": [where("email", "LIKE", value="x")]}]}, 400),
        ({"filterGroups": [{"filters": [where("email", "NOT_HAS_PROPERTY", value="x")]}]}, 400),
        ({"sorts": ["email", "city"]}, 400),
    ],
)
def test_limits_of_a_search(api: Api, body: dict[str, Any], status: int) -> None:
    assert api.objects("POST", "contacts/search", body).status_code == status


def test_the_total_tells_of_more_than_can_be_reached(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(10_050)))
    answer = api.search("contacts", after="9900", limit=100)
    assert answer.json()["total"] == 10_050
    assert len(answer.json()["results"]) == 100
    assert api.search("contacts", after="10000", limit=1).status_code == 400


def test_the_index_lags_as_long_as_it_is_told_to() -> None:
    clock = FixedClock(datetime(2026, 6, 1, tzinfo=UTC))
    portal = Portal(search_limit=1_000, burst_limit=1_000, index_lag=30)
    with SandboxServer(clock=clock, portal=portal, world=World(contacts=people(1))) as server:
        api = Api(server)
        api.update("contacts", 1, firstname="New")
        fresh = api.create("contacts", {"email": "x@example.org"})
        by_new = where("firstname", "EQ", value="new")
        assert api.search("contacts", by_new).json()["total"] == 0
        assert api.search("contacts", where("firstname", "EQ", value="name 1")).json()["total"] == 1
        clock.sleep(31)
        assert api.search("contacts", by_new).json()["total"] == 1
        found = api.search("contacts", where("email", "EQ", value="x@example.org")).json()["results"]
        assert [one["id"] for one in found] == [str(fresh)]
