"""The client against the sandbox CRM, on every version of the API."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.errors import CrmAuthError, CrmRefused
from plugin.hubspot.client import Association, Crm, TaskInput
from plugin.hubspot.own_budget import NullBudget
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World, WorldRecord

YEAR_2024 = 1704067200000


def contacts(count: int) -> World:
    return World(
        contacts=[WorldRecord(n, {"email": f"c{n}@example.com"}, YEAR_2024) for n in range(1, count + 1)]
    )


def calls(sandbox: SandboxServer, ending: str) -> int:
    return sum(one["count"] for one in sandbox.stats.report()["calls"] if one["path"].endswith(ending))


def test_the_account_is_read(crm: Crm, sandbox: SandboxServer) -> None:
    account = crm.account()
    portal = sandbox.store.portals.get()
    assert (account.portal_id, account.time_zone, account.currency) == (portal.id, "UTC", "USD")


def test_records_are_read_and_the_absent_named(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(150))
    result = crm.read("contact", [*range(1, 151), 999], ["email"])
    assert sorted(one.id for one in result.records) == list(range(1, 151))
    assert result.missing == [999]
    assert calls(sandbox, "/batch/read") == 2


def test_an_archived_record_is_missing(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(2))
    sandbox.store.archive_record("contact", 2)
    assert crm.read("contact", [1, 2], []).missing == [2]


def test_a_merged_record_is_read_under_its_new_id(crm: Crm, sandbox: SandboxServer) -> None:
    """Whether a batch read aliases merged ids is undocumented; the sandbox says that they are not there."""
    sandbox.store.load(contacts(3))
    new = sandbox.store.merge_records("contact", 1, 2)
    result = crm.read("contact", [1, 2, 3, new], ["email"])
    assert {one.id for one in result.records} == {new, 3}
    assert {*result.missing, *result.aliases} == {1, 2}


def test_history_comes_newest_first(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(1))
    sandbox.store.edit("contact", 1, {"firstname": "Ada"})
    sandbox.store.edit("contact", 1, {"firstname": "Eva"})
    (one,) = crm.read("contact", [1], ["firstname"], ["firstname"]).records
    assert [value for _, value in one.history["firstname"]] == ["Eva", "Ada"]
    assert [at for at, _ in one.history["firstname"]] == sorted((at for at, _ in one.history["firstname"]))[
        ::-1
    ]


def test_pages_cover_every_record_with_all_its_associations(crm: Crm, sandbox: SandboxServer) -> None:
    many = [("contact", 1, 3)]
    deals = [WorldRecord(1000 + n, {"amount": "5"}, YEAR_2024, associations=list(many)) for n in range(250)]
    world = contacts(2)
    world.deals = deals
    sandbox.store.load(world)
    found: list[int] = []
    after: str | None = None
    while True:
        page = crm.page("deal", ["amount"], associations=["contact"], after=after)
        found += [one.id for one in page.records]
        assert all(one.associations["contact"] == [Association(1, (3,))] for one in page.records)
        after = page.after
        if after is None:
            break
    assert found == [one.id for one in deals]
    (first, _) = crm.page("contact", [], associations=["deal"]).records
    assert len(first.associations["deal"]) == 250  # more than one page of associations holds


def test_associations_of_many_records_in_one_call(crm: Crm, sandbox: SandboxServer) -> None:
    world = contacts(300)
    world.deals = [
        WorldRecord(1000 + n, {}, YEAR_2024, associations=[("contact", n, 3)]) for n in range(1, 301)
    ]
    sandbox.store.load(world)
    found = crm.associations("contact", "deal", range(1, 301))
    assert {number: [link.to_id for link in links] for number, links in found.items()} == {
        number: [1000 + number] for number in range(1, 301)
    }
    assert calls(sandbox, "/batch/read") == 1


def test_ninety_nine_good_rows_land_beside_a_bad_one(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(100))
    rows = [(n, {"lifecyclestage": "lead", "firstname": f"N{n}"}) for n in range(1, 101)]
    rows[56] = (57, {"lifecyclestage": "no_such_stage", "firstname": "N57"})
    result = crm.update("contact", rows)
    assert [(one.id, one.code, one.property) for one in result.failed] == [
        (57, "INVALID_OPTION", "lifecyclestage")
    ]
    assert len(result.updated) == 99
    assert calls(sandbox, "/batch/update") <= 3
    stored = {one.id: one for one in crm.read("contact", range(1, 101), ["firstname"]).records}
    assert stored[57].properties["firstname"] is None
    assert all(stored[one.id].modified_at == one.modified_at_ms for one in result.updated)


def test_a_property_that_is_not_there_does_not_stop_the_others(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(100))
    result = crm.update("contact", [(n, {"gone": "x", "firstname": "Ada"}) for n in range(1, 101)])
    assert {(one.code, one.property) for one in result.failed} == {("PROPERTY_DOESNT_EXIST", "gone")}
    assert len(result.failed) == len(result.updated) == 100
    assert calls(sandbox, "/batch/update") == 2


def test_a_deleted_record_fails_alone(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(50))
    sandbox.store.archive_record("contact", 9)
    result = crm.update("contact", [(n, {"firstname": "Ada"}) for n in range(1, 51)])
    assert [one.id for one in result.failed] == [9]
    assert len(result.updated) == 49
    assert calls(sandbox, "/batch/update") <= 15


def test_more_than_a_hundred_rows_go_out_in_full_batches(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(250))
    crm.update("contact", [(n, {"firstname": "Ada"}) for n in range(1, 251)])
    (sizes,) = (
        s["sizes"] for path, s in sandbox.stats.report()["batches"].items() if path.endswith("update")
    )
    assert sizes == [100, 100, 50]


def test_definitions_pipelines_owners_and_limits_are_read(crm: Crm) -> None:
    stage = next(one for one in crm.properties("deal") if one.name == "dealstage")
    assert (stage.type, stage.hubspot_defined) == ("enumeration", True)
    last = crm.pipelines("deal")[0].stages[-2:]
    assert [(one.id, one.closed, one.probability) for one in last] == [
        ("closedwon", True, 1.0),
        ("closedlost", True, 0.0),
    ]
    assert crm.owners()
    allowance = crm.property_allowance("contact")
    assert allowance is not None
    assert allowance.left > 0


def test_a_property_is_created_and_changed(crm: Crm) -> None:
    crm.create_group("contact", "mine", "Mine")
    wanted: dict[str, Any] = {"name": "my_score", "label": "Score", "groupName": "mine"}
    crm.create_property("contact", wanted | {"type": "number", "fieldType": "number"})
    crm.update_property("contact", "my_score", {"label": "My score"})
    crm.update_group("contact", "mine", "Ours")
    (made,) = (one for one in crm.properties("contact") if one.name == "my_score")
    assert (made.label, made.group, made.type, made.read_only) == ("My score", "mine", "number", False)
    assert [one.label for one in crm.groups("contact") if one.name == "mine"] == ["Ours"]
    with pytest.raises(CrmRefused) as caught:
        crm.create_property("contact", wanted | {"type": "number", "fieldType": "number"})
    assert caught.value.status == 409


def test_a_search_counts_and_pages(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(30))
    filters = [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": "0"}]
    first = crm.search("contact", filters, ["email"], ["hs_object_id"], limit=20)
    rest = crm.search("contact", filters, ["email"], ["hs_object_id"], after=first.after, limit=20)
    assert (first.total, len(first.records), len(rest.records), rest.after) == (30, 20, 10, None)


def test_a_task_is_tied_to_its_contact(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(1))
    (made,) = crm.create_tasks([TaskInput("Call", "Ask why", YEAR_2024, "contact", 1)])
    assert [link.to_id for link in crm.associations("task", "contact", [made])[made]] == [1]
    (task,) = crm.read("task", [made], ["hs_task_subject", "hs_task_status"]).records
    assert task.properties["hs_task_subject"] == "Call"


def test_a_wrong_token_is_an_auth_error(crm: Crm, sandbox: SandboxServer) -> None:
    other = Crm(
        base_url=sandbox.url, token=lambda: "wrong", portal_id=1, budget=NullBudget(), clock=crm._clock
    )
    with pytest.raises(CrmAuthError):
        other.account()


@pytest.mark.parametrize("kind", ["reset", "503", "500"])
def test_an_update_whose_answer_is_lost_is_made_again_and_lands_once(
    crm: Crm, sandbox: SandboxServer, kind: str
) -> None:
    sandbox.store.load(contacts(1))
    sandbox.faults.add({"kind": kind, "calls": 1, "after": True})
    result = crm.update("contact", [(1, {"firstname": "Ada"})])
    assert [one.id for one in result.updated] == [1]
    (one,) = crm.read("contact", [1], ["firstname"], ["firstname"]).records
    assert [value for _, value in one.history["firstname"]] == ["Ada"]


def test_a_storm_of_failures_loses_nothing(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.load(contacts(300))
    for kind in ("503", "reset", "502"):
        sandbox.faults.add({"kind": kind, "probability": 0.08})
    patient = crm.with_priority("backfill")
    assert len(patient.read("contact", range(1, 301), ["email"]).records) == 300
    result = patient.update("contact", [(n, {"firstname": "Ada"}) for n in range(1, 301)])
    assert (len(result.updated), result.failed) == (300, [])
