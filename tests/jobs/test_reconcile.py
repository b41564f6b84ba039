"""What webhooks never told is found and repaired, at a cost that follows what changed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from plugin.clock import FixedClock
from plugin.jobs import reconcile
from plugin.jobs.reconcile import run_reconcile, sweep
from plugin.records import portals
from plugin.records.schema import associations, mirror
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow, generate
from plugin.sandbox.loaders.changes import random_changes
from plugin.sandbox.world import World
from plugin.sync import reconcile as by_time
from tests.conftest import NOON
from tests.support.house import House, differing, house

DAY = 86_400


def lose(home: House, share: float) -> None:
    """From now on so large a share of all events is never sent."""
    home.crm.configure_webhooks(drop=share, seed=5)


def plan(world: World, n: int, seed: int) -> list[Any]:
    """Random changes of every kind that the API knows, each to records that are still there."""
    return list(random_changes(world, n, seed, now=NOON, merges=True))


def apply(home: House, changes: list[Any]) -> None:
    """Make them through the CRM's public API."""
    headers = {"Authorization": f"Bearer {home.crm.token}"}
    for change in changes:
        wire = change.request()
        url = home.crm.url + wire.path
        answer = requests.request(wire.method, url, json=wire.body, headers=headers, timeout=30)
        assert answer.status_code < 300, answer.text


def settled(home: House) -> None:
    home.load()
    home.settle()


def checked(home: House) -> None:
    """Loaded, settled and compared once: our own writes of the load lie behind the next check."""
    settled(home)
    home.clock.sleep(DAY)
    assert run_reconcile(home.context, home.portal_id).findings.total == 0
    home.settle()
    home.clock.sleep(DAY)


def calls(home: House, part: str) -> int:
    """How many calls whose path holds `part` were made since the last reset."""
    return sum(one["count"] for one in home.stats()["calls"] if part in one["path"])


def test_after_two_days_without_any_webhook_everything_is_repaired(store: Store, clock: FixedClock) -> None:
    """Changes, creations, merges, deletions, restores and associations, none of them told."""
    world = generate(150, seed=3, end=NOON.date())
    with house(store, clock, world) as home:
        settled(home)
        lose(home, 1.0)
        changes = plan(world, 240, seed=20)
        for part in range(4):
            apply(home, changes[part * 60 : part * 60 + 60])
            clock.sleep(DAY / 2)
        home.settle()
        assert differing(home) != []
        result = run_reconcile(home.context, home.portal_id)
        home.settle()
        assert differing(home) == []
        assert result.findings.total > 0
        assert run_reconcile(home.context, home.portal_id).findings.total == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_one_event_in_twenty_lost_and_a_day_without_any(store: Store, clock: FixedClock, seed: int) -> None:
    """The scheduled sweep alone repairs it all."""
    world = generate(120, seed=seed, end=NOON.date())
    with house(store, clock, world) as home:
        settled(home)
        changes = plan(world, 250, seed)
        lose(home, 0.05)
        apply(home, changes[:150])
        home.settle()
        lose(home, 1.0)
        apply(home, changes[150:])
        clock.sleep(DAY)
        lose(home, 0.0)
        sweep(home.context, home.portal_id)
        home.settle()
        assert differing(home) == []


def test_the_cost_follows_what_changed(store: Store, clock: FixedClock) -> None:
    """Of 700 customers 300 deals changed: no more calls than those read in batches, and a few windows."""
    world = cdnow(NOON.date(), limit=700)
    with house(store, clock, world) as home:
        checked(home)
        lose(home, 1.0)
        for deal in world.deals[:300]:
            home.crm.store.edit("deal", deal.id, {"amount": "77.5"})
        clock.sleep(DAY)
        home.settle()
        home.reset_counts()
        run_reconcile(home.context, home.portal_id)
        home.settle()
        windows = 2 + 2  # by time and by count, for contacts and deals
        assert calls(home, "/search") <= math.ceil(300 / 200) + windows
        assert calls(home, "batch/read") <= math.ceil(300 / 50) + 2
        assert differing(home) == []


def test_a_deleted_record_is_found_by_counting_not_by_reading_all(store: Store, clock: FixedClock) -> None:
    """Halving the range of ids leads to it: for 700 contacts and one gone, a handful of searches."""
    world = cdnow(NOON.date(), limit=700)
    with house(store, clock, world) as home:
        checked(home)
        lose(home, 1.0)
        gone = world.contacts[400].id
        home.crm.store.archive_record("contact", gone)
        home.reset_counts()
        result = run_reconcile(home.context, home.portal_id)
        assert result.findings.found["contact"] == {"gone": 1}
        assert calls(home, "contacts/search") <= 2 + 2 * math.ceil(math.log2(700 / 200))
        assert gone not in kept(store, home, "contact")
        home.settle()
        assert differing(home) == []


def kept(store: Store, home: House, kind: str) -> set[int]:
    c = mirror.c
    query = sa.select(c.object_id).where(c.portal_id == home.portal_id, c.object_type == kind)
    with store.read() as connection:
        return set(connection.execute(query.where(c.deleted_at.is_(None))).scalars())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that gives out forty records at most."""
    monkeypatch.setattr(by_time, "REACH", 40)
    monkeypatch.setattr(by_time, "PAGE", 10)


@pytest.mark.usefixtures("few")
def test_windows_are_halved_until_a_search_can_hold_them(store: Store, clock: FixedClock) -> None:
    """However unevenly the changes lie in time, each is found once."""
    world = cdnow(NOON.date(), limit=200)
    with house(store, clock, world) as home:
        settled(home)
        lose(home, 1.0)
        for number, deal in enumerate(world.deals[:150]):
            home.crm.store.edit("deal", deal.id, {"amount": "3.5"})
            clock.sleep(1 if number < 120 else 7_000)
        result = run_reconcile(home.context, home.portal_id)
        assert result.findings.found["deal"] == {"changed": 150}
        home.settle()
        assert differing(home) == []


@pytest.mark.usefixtures("few")
def test_more_changes_of_one_moment_than_a_search_holds_are_all_found(
    store: Store, clock: FixedClock
) -> None:
    """An import stamps thousands alike: no window is narrow enough, so the ids lead on."""
    world = cdnow(NOON.date(), limit=200)
    with house(store, clock, world) as home:
        settled(home)
        lose(home, 1.0)
        clock.sleep(DAY)
        for deal in world.deals[:100]:
            home.crm.store.edit("deal", deal.id, {"amount": "3.5"})
        result = run_reconcile(home.context, home.portal_id)
        assert result.findings.found["deal"] == {"changed": 100}


def test_what_the_lagging_index_did_not_show_is_found_the_next_time(store: Store, clock: FixedClock) -> None:
    """A search just after a change does not know it yet; the windows overlap."""
    world = cdnow(NOON.date(), limit=60)
    with house(store, clock, world) as home:
        settled(home)
        lose(home, 1.0)
        portal = home.crm.store.portals.get(home.portal_id)
        home.crm.store.add_portal(portal.merged({"index_lag": 30.0}))
        clock.sleep(DAY)
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "3.5"})
        clock.sleep(5)
        assert run_reconcile(home.context, home.portal_id).findings.total == 0
        clock.sleep(60)
        assert run_reconcile(home.context, home.portal_id).findings.found == {"deal": {"changed": 1}}
        home.settle()
        assert differing(home) == []


def test_a_change_hidden_behind_our_own_write_is_found(store: Store, clock: FixedClock) -> None:
    """Our write gives the record a newer stamp than the change that we were not told of."""
    world = generate(60, seed=4, end=NOON.date())
    with house(store, clock, world) as home:
        settled(home)
        lose(home, 1.0)
        target = world.contacts[0].id
        home.crm.store.edit("contact", target, {"hs_email_last_click_date": "2026-11-21T10:00:00Z"})
        clock.sleep(60)
        deal = home.crm.store.create_deal(target, {"dealstage": "closedwon", "amount": "5"})
        lose(home, 0.0)
        with store.write() as connection:  # the deal's event came, the contact's did not
            from plugin.records import work

            key = {("deal", int(deal["id"])): True}
            work.mark_records(store, connection, home.portal_id, key, now=home.context.now(), linger=0)
        home.settle()
        result = run_reconcile(home.context, home.portal_id)
        assert result.findings.found["contact"] == {"changed": 1}
        assert differing(home) == []


def corrupt(store: Store, home: House, world: World) -> None:
    """Damage the mirror where no search can see it: a link, a value, a contact that is not there."""
    a, c = associations.c, mirror.c
    with store.write() as connection:
        here = (a.portal_id == home.portal_id, a.from_type == "deal", a.from_id == world.deals[0].id)
        connection.execute(sa.update(associations).where(*here).values(to_id=world.contacts[-1].id))
        this = (c.portal_id == home.portal_id, c.object_type == "deal", c.object_id == world.deals[1].id)
        connection.execute(sa.update(mirror).where(*this).values(properties="{}"))


def test_the_full_pass_finds_what_no_search_shows(store: Store, clock: FixedClock) -> None:
    """A link to another contact (the count stays), values under the same stamp."""
    world = cdnow(NOON.date(), limit=120)
    with house(store, clock, world) as home:
        checked(home)
        corrupt(store, home, world)
        assert run_reconcile(home.context, home.portal_id).findings.total == 0
        result = run_reconcile(home.context, home.portal_id, full=True)
        assert result.findings.found == {"contact": {"links": 2}, "deal": {"links": 1, "changed": 1}}
        clean = run_reconcile(home.context, home.portal_id, full=True)
        assert clean.findings.total == 0
        with store.read() as connection:
            portal = portals.get(connection, home.portal_id)
        assert portal is not None
        assert portal.last_full == home.context.now()


def test_the_scheduled_sweeps_of_a_week_amount_to_a_full_pass(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes its share of the kept records; by the end of the week every one was read."""
    monkeypatch.setattr("plugin.sync.rolling.AT_ONCE", 20)
    world = cdnow(NOON.date(), limit=60)
    with house(store, clock, world) as home:
        checked(home)
        corrupt(store, home, world)
        found: dict[str, Any] = {}
        for _ in range(40):
            assert reconcile.due(home.context) == [home.portal_id]
            found |= sweep(home.context, home.portal_id).found
            assert reconcile.due(home.context) == []
            clock.sleep(600)
        assert found["deal"] == {"links": 1, "changed": 1}
        home.settle()
        assert differing(home) == []


def test_what_waits_already_is_no_finding(store: Store, clock: FixedClock) -> None:
    """A change whose webhook came and is still to be worked on was not missed."""
    world = cdnow(NOON.date(), limit=30)
    with house(store, clock, world) as home:
        settled(home)
        clock.sleep(DAY)
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "3.5"})
        assert home.crm.drained()
        from plugin.jobs.apply import apply_inbox

        apply_inbox(home.context)
        clock.sleep(120)
        assert sweep(home.context, home.portal_id).total == 0


def test_before_the_first_load_there_is_nothing_to_compare(store: Store, clock: FixedClock) -> None:
    """It says what to do first."""
    from plugin.errors import ConfigError
    from plugin.jobs.install import install_portal

    with house(store, clock, cdnow(NOON.date(), limit=2)) as home:
        install_portal(home.context, live=True)
        assert reconcile.due(home.context) == []
        with pytest.raises(ConfigError, match="backfill"):
            run_reconcile(home.context, home.portal_id)
