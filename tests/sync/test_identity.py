"""Records that merge, go, come back or part: every customer touched ends with the right outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugin.clock import FixedClock
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.status import status
from plugin.records import held, outcomes
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.world import World
from tests.conftest import NOON
from tests.support.house import House, differing, house


def won(home: House, contacts: list[int], amount: str = "100") -> int:
    """A won deal of these contacts."""
    deal = home.crm.store.create_deal(contacts[0], {"dealstage": "closedwon", "amount": amount})
    for other in contacts[1:]:
        home.crm.store.associate(("deal", int(deal["id"])), ("contact", other))
    return int(deal["id"])


def value(home: House, contact: int) -> float:
    return float(home.standing()[contact].get("clm_value_to_date") or 0)


def told(request: Any, home: House) -> None:
    """Settle, by webhooks or without any."""
    if request == "webhooks":
        home.settle()
        return
    home.settle()
    home.clock.sleep(60)
    run_reconcile(home.context, home.portal_id)
    home.settle()


@pytest.fixture(params=["webhooks", "reconcile"])
def way(request: pytest.FixtureRequest) -> str:
    """How the product learns of a change: by events, or by comparing when all were lost."""
    return str(request.param)


@pytest.fixture
def world() -> World:
    """Thirty customers."""
    return cdnow(NOON.date(), limit=30)


def ready(home: House, way: str) -> None:
    home.load()
    home.settle()
    if way == "reconcile":
        home.crm.configure_webhooks(drop=1.0)


def test_a_deleted_contact_leaves_its_share_of_a_deal_to_the_other(
    store: Store, clock: FixedClock, world: World, way: str
) -> None:
    """Two shared it by half; the one who stays has all of it, until the other is restored."""
    with house(store, clock, world) as home:
        one, two = world.contacts[0].id, world.contacts[1].id
        ready(home, "webhooks")
        before = value(home, two)
        won(home, [one, two])
        home.settle()
        assert value(home, two) == pytest.approx(before + 50)
        home.crm.configure_webhooks(drop=1.0 if way == "reconcile" else 0.0)
        home.crm.store.archive_record("contact", one)
        told(way, home)
        assert value(home, two) == pytest.approx(before + 100)
        home.crm.store.restore_record("contact", one)
        told(way, home)
        assert value(home, two) == pytest.approx(before + 50)
        assert differing(home) == []


def test_a_merge_of_two_customers_adds_up(store: Store, clock: FixedClock, world: World, way: str) -> None:
    """The new record has the deals of both; the old ones have no rows and no outcome any more."""
    with house(store, clock, world) as home:
        ready(home, way)
        one, two, three = (world.contacts[n].id for n in range(3))
        shared = won(home, [one, three])
        total = value(home, one) + value(home, two)
        made = home.crm.store.merge_records("contact", one, two)
        told(way, home)
        assert value(home, made) == pytest.approx(total + 50)
        assert shared
        assert differing(home) == []
        with store.read() as connection:
            keys = [("contact", one), ("contact", two)]
            assert held.outputs(connection, home.portal_id, keys) == {}
            assert outcomes.bodies(connection, home.portal_id, keys) == {}
        assert status(home.context)["settled"]


def test_the_history_of_merged_customers_goes_on_with_the_new_record(
    store: Store, clock: FixedClock, world: World, way: str
) -> None:
    """What was recorded of both is found under the new id."""
    with house(store, clock, world) as home:
        ready(home, way)
        one, two = world.contacts[0].id, world.contacts[1].id
        with store.read() as connection:
            past = [
                row
                for number in (one, two)
                for row in outcomes.history_of(connection, home.portal_id, ("contact", number))
            ]
        made = home.crm.store.merge_records("contact", one, two)
        told(way, home)
        with store.read() as connection:
            kept = outcomes.history_of(connection, home.portal_id, ("contact", made))
        assert [row for row in kept if row in past] == sorted(past, key=kept.index)
        assert len(past) >= 2


def test_after_a_merge_our_values_are_still_ours(
    store: Store, clock: FixedClock, world: World, tmp_path: Path, way: str
) -> None:
    """With `unless_human`, what the merge carried over from our writes goes on being replaced."""
    config = tmp_path / "mapping.yaml"
    config.write_text("version: 1\noutputs:\n  clm_stage: {mode: unless_human}\n")
    with house(store, clock, world, config=config) as home:
        ready(home, way)
        made = home.crm.store.merge_records("contact", world.contacts[0].id, world.contacts[1].id)
        told(way, home)
        won(home, [made])
        told(way, home)
        clock.sleep(86_400)
        told(way, home)
        assert home.standing()[made]["clm_stage"] == "reactivated"


def test_a_restored_contact_has_its_outcome_again(
    store: Store, clock: FixedClock, world: World, way: str
) -> None:
    """Deletion forgets it; restoring reads it with its deals."""
    with house(store, clock, world) as home:
        ready(home, way)
        target = world.contacts[4].id
        before = value(home, target)
        home.crm.store.archive_record("contact", target)
        told(way, home)
        with store.read() as connection:
            assert outcomes.bodies(connection, home.portal_id, [("contact", target)]) == {}
        home.crm.store.restore_record("contact", target)
        won(home, [target], "25")
        told(way, home)
        assert value(home, target) == pytest.approx(before + 25)
        assert differing(home) == []


@pytest.mark.parametrize("how", ["archive", "part"])
def test_a_deal_that_goes_takes_its_value_along_and_brings_it_back(
    store: Store, clock: FixedClock, world: World, way: str, how: str
) -> None:
    """Deleted and restored, or parted from the contact and joined again."""
    with house(store, clock, world) as home:
        ready(home, "webhooks")
        target = world.contacts[2].id
        before = value(home, target)
        deal = won(home, [target])
        home.settle()
        home.crm.configure_webhooks(drop=1.0 if way == "reconcile" else 0.0)
        assert value(home, target) == pytest.approx(before + 100)
        link = (("deal", deal), ("contact", target))
        if how == "archive":
            home.crm.store.archive_record("deal", deal)
        else:
            home.crm.store.associate(*link, remove=True)
        told(way, home)
        assert value(home, target) == pytest.approx(before)
        if how == "archive":
            home.crm.store.restore_record("deal", deal)
        else:
            home.crm.store.associate(*link)
        told(way, home)
        assert value(home, target) == pytest.approx(before + 100)
        assert differing(home) == []


def test_a_deal_that_moves_to_another_customer_moves_its_value(
    store: Store, clock: FixedClock, world: World, way: str
) -> None:
    """Its count of contacts stays one: the links themselves are compared."""
    with house(store, clock, world) as home:
        ready(home, "webhooks")
        one, two = world.contacts[0].id, world.contacts[1].id
        first, second = value(home, one), value(home, two)
        deal = won(home, [one])
        home.settle()
        home.crm.configure_webhooks(drop=1.0 if way == "reconcile" else 0.0)
        home.crm.store.associate(("deal", deal), ("contact", two))
        home.crm.store.associate(("deal", deal), ("contact", one), remove=True)
        told(way, home)
        assert value(home, one) == pytest.approx(first)
        assert value(home, two) == pytest.approx(second + 100)
        assert differing(home) == []
