"""Who is written and what is replaced: shares, lists, pauses, and the update mode of each property."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from plugin.clock import FixedClock
from plugin.errors import ConfigError
from plugin.hubspot.client import Crm
from plugin.jobs import live
from plugin.jobs.evaluate import work_portal
from plugin.jobs.reconcile import sweep
from plugin.jobs.status import status
from plugin.records import outcomes, portals, work
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from tests.conftest import NOON
from tests.support.house import House, differing, house


def crm_list(home: House, members: list[int], kind: str = "0-1") -> str:
    """A list of the CRM with these members, made through its API."""
    url = f"{home.crm.url}/crm/lists/2026-09"
    headers = {"Authorization": f"Bearer {home.crm.token}"}
    body = {"name": f"Pilot {len(members)}", "objectTypeId": kind, "processingType": "MANUAL"}
    made = requests.post(url, json=body, headers=headers, timeout=10).json()["list"]["listId"]
    add(home, made, members)
    return str(made)


def add(home: House, list_id: str, members: list[int]) -> None:
    headers = {"Authorization": f"Bearer {home.crm.token}"}
    url = f"{home.crm.url}/crm/lists/2026-09/{list_id}/memberships/add"
    answer = requests.put(url, json=[str(one) for one in members], headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


def written(home: House) -> set[int]:
    return {number for number, values in home.standing().items() if values.get("clm_stage")}


def test_only_the_members_of_the_list_are_written(store: Store, clock: FixedClock) -> None:
    """Their number fills two pages; the others wait, and are not counted as unwritten."""
    world = cdnow(NOON.date(), limit=400)
    with house(store, clock, world) as home:
        home.load(live=False)
        chosen = [one.id for one in world.contacts[:300]]
        opened = live.go_live(home.context, home.portal_id, list_id=crm_list(home, chosen))
        assert opened.members == 300
        assert status(home.context)["unwritten"] == 300
        home.settle()
        assert written(home) == set(chosen)
        assert status(home.context)["unwritten"] == 0
        live.go_live(home.context, home.portal_id)
        home.settle()
        assert written(home) == {one.id for one in world.contacts}
        assert differing(home) == []


def test_who_joins_the_list_is_written_at_the_next_check(store: Store, clock: FixedClock) -> None:
    """The scheduled sweep reads the list again."""
    world = cdnow(NOON.date(), limit=40)
    with house(store, clock, world) as home:
        home.load(live=False)
        pilot = crm_list(home, [one.id for one in world.contacts[:5]])
        live.go_live(home.context, home.portal_id, list_id=pilot)
        home.settle()
        add(home, pilot, [world.contacts[20].id])
        clock.sleep(600)
        sweep(home.context, home.portal_id)
        home.settle()
        assert written(home) == {one.id for one in (*world.contacts[:5], world.contacts[20])}


def test_a_share_of_a_list_is_the_part_that_is_in_both(store: Store, clock: FixedClock) -> None:
    """The share is fixed by the ids, whoever is on the list."""
    world = cdnow(NOON.date(), limit=200)
    with house(store, clock, world) as home:
        home.load(live=False)
        chosen = [one.id for one in world.contacts[:100]]
        live.go_live(home.context, home.portal_id, percent=30, list_id=crm_list(home, chosen))
        home.settle()
        share = {one for one in chosen if outcomes.bucket(home.portal_id, ("contact", one)) < 30}
        assert written(home) == share
        assert 10 < len(share) < 50


def test_a_list_of_other_records_or_none_at_all_is_refused(store: Store, clock: FixedClock) -> None:
    """Nothing is opened then."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.load(live=False)
        with pytest.raises(ConfigError, match="company"):
            live.go_live(home.context, home.portal_id, list_id=crm_list(home, [], "0-2"))
        with pytest.raises(Exception, match="does not exist"):
            live.go_live(home.context, home.portal_id, list_id="999")
        assert status(home.context)["portals"][0]["mode"] == "observe"


def test_a_pause_stops_a_round_between_two_batches(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five batches are to be written; the pause comes during the second."""
    with house(store, clock, cdnow(NOON.date(), limit=500)) as home:
        home.load(live=False)
        live.go_live(home.context, home.portal_id)
        real, calls = Crm.update, [0]

        def update(self: Crm, *args: object) -> object:
            calls[0] += 1
            if calls[0] == 2:
                live.pause(home.context, home.portal_id)
            return real(self, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(Crm, "update", update)
        home.settle()
        assert len(written(home)) == 200
        live.go_live(home.context, home.portal_id)
        home.settle()
        assert differing(home) == []


MODES = """version: 1
outputs:
  clm_stage: {mode: overwrite}
  clm_next_action: {mode: if_empty}
  clm_tier: {mode: unless_human}
  clm_reason: {mode: unless_human}
"""


def test_each_property_is_replaced_as_its_mode_says(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    """Overwritten; filled only where empty; replaced only while it is ours."""
    config = tmp_path / "mapping.yaml"
    config.write_text(MODES)
    world = cdnow(NOON.date(), limit=30)
    with house(store, clock, world, config=config) as home:
        home.load(live=False)
        one, two = world.contacts[0].id, world.contacts[1].id
        home.crm.store.edit("contact", one, {"clm_next_action": "Ask Anna", "clm_reason": "Because"})
        home.load()
        home.settle()
        first = home.standing()
        assert first[one]["clm_next_action"] == "Ask Anna"
        assert first[one]["clm_reason"] == "Because"
        assert first[one]["clm_stage"]
        assert first[two]["clm_reason"]
        home.crm.store.edit("contact", two, {"clm_reason": "My own words"})
        wrong = "lost" if first[two]["clm_stage"] != "lost" else "loyal"
        home.crm.store.edit("contact", two, {"clm_stage": wrong})
        clock.sleep(3_600)
        for number in (one, two):
            home.crm.store.create_deal(number, {"dealstage": "closedwon", "amount": "70"})
        home.settle()
        after = home.standing()
        assert after[one]["clm_next_action"] == "Ask Anna"
        assert after[one]["clm_reason"] == "Because"
        assert after[two]["clm_reason"] == "My own words"
        assert after[two]["clm_stage"] not in ("", wrong)


def test_what_is_ours_goes_on_being_replaced_unless_a_human_set_it(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """`unless_human` is no freeze: our own value follows the outcome, a cleared one is filled again."""
    config = tmp_path / "mapping.yaml"
    config.write_text(MODES)
    world = cdnow(NOON.date(), limit=10)
    with house(store, clock, world, config=config) as home:
        home.load()
        home.settle()
        target = world.contacts[0].id
        before = home.standing()[target]["clm_reason"]
        clock.sleep(3_600)
        home.crm.store.create_deal(target, {"dealstage": "closedwon", "amount": "70"})
        home.settle()
        assert home.standing()[target]["clm_reason"] not in ("", before)
        home.crm.store.edit("contact", target, {"clm_reason": ""})
        home.crm.store.create_deal(target, {"dealstage": "closedwon", "amount": "30"})
        home.settle()
        assert home.standing()[target]["clm_reason"]


def test_a_stage_that_a_person_changed_is_put_right_at_once(store: Store, clock: FixedClock) -> None:
    """Where the mode is to overwrite: the event of the change is enough, nothing else need happen."""
    world = cdnow(NOON.date(), limit=10)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        target = world.contacts[0].id
        before = home.standing()[target]
        wrong = "loyal" if before["clm_stage"] != "loyal" else "lost"
        home.crm.store.edit("contact", target, {"clm_stage": wrong, "clm_reason": ""})
        home.settle()
        after = home.standing()[target]
        assert (after["clm_stage"], after["clm_reason"]) == (before["clm_stage"], before["clm_reason"])
        home.reset_counts()
        home.settle()
        assert home.stats()["total"] == 0


def test_a_persons_value_that_no_event_told_of_is_not_overwritten(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """With `unless_human` the record is looked at just before it is written, one call for a hundred."""
    config = tmp_path / "mapping.yaml"
    config.write_text(MODES)
    world = cdnow(NOON.date(), limit=30)
    with house(store, clock, world, config=config) as home:
        home.load()
        home.settle()
        home.crm.configure_webhooks(paused=True)
        target = world.contacts[0].id
        home.crm.store.edit("contact", target, {"clm_reason": "My own words"})
        with store.write() as connection:
            deal = home.crm.store.create_deal(target, {"dealstage": "closedwon", "amount": "70"})
            key = {("deal", int(deal["id"])): True}
            work.mark_records(store, connection, home.portal_id, key, now=home.context.now(), linger=0)
        clock.sleep(2)
        while work_portal(home.context, home.portal_id, "live"):
            pass
        after = home.standing()[target]
        assert after["clm_reason"] == "My own words"
        assert after["clm_stage"] == "reactivated"
        assert status(home.context)["unwritten"] == 0
        home.crm.configure_webhooks(paused=False)


def test_the_portal_knows_its_list(store: Store, clock: FixedClock) -> None:
    """`status` shows it; `go-live` without a list forgets it."""
    world = cdnow(NOON.date(), limit=3)
    with house(store, clock, world) as home:
        home.load(live=False)
        pilot = crm_list(home, [world.contacts[0].id])
        live.go_live(home.context, home.portal_id, list_id=pilot)
        assert status(home.context)["portals"][0]["list_id"] == pilot
        live.go_live(home.context, home.portal_id)
        with store.read() as connection:
            portal = portals.get(connection, home.portal_id)
        assert portal is not None
        assert portal.list_id is None
