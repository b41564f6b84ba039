"""From a change in the CRM to a stage on the record: what must hold end to end, on a real sandbox."""

from __future__ import annotations

import pytest

from plugin.clock import FixedClock, milliseconds
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.world import World, WorldRecord
from tests.conftest import NOON
from tests.support.house import House, differing, house


@pytest.fixture
def world() -> World:
    """The first three hundred customers of the CDNOW sample."""
    return cdnow(NOON.date(), limit=300)


def test_after_the_load_every_record_holds_what_is_computed_offline(
    store: Store, clock: FixedClock, world: World
) -> None:
    """Every written property of every record equals `evaluate` on the CRM's own dump."""
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        assert differing(home) == []
        assert len(home.standing()) == 300
        assert all(one["clm_stage"] for one in home.standing().values())


def test_a_second_load_writes_nothing(store: Store, clock: FixedClock, world: World) -> None:
    """What stands in the CRM already is not written again."""
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        home.reset_counts()
        home.load()
        home.settle()
        assert home.writes() == 0


def test_our_own_echoes_write_nothing(store: Store, clock: FixedClock, world: World) -> None:
    """The CRM's webhooks about our writes end at once: no reading, no evaluation, no writing."""
    with house(store, clock, world) as home:
        home.load()
        home.reset_counts()
        home.settle()
        assert home.stats()["total"] == 0


def test_a_won_deal_moves_the_stage_on_the_record(store: Store, clock: FixedClock, world: World) -> None:
    """A sleeping customer who buys is reactivated, and the reason says so."""
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        sleeper = next(i for i, one in home.standing().items() if one["clm_stage"] == "sleeping")
        won = {"dealstage": "closedwon", "amount": "20", "closedate": clock.now().isoformat()}
        home.crm.store.create_deal(sleeper, won)
        home.settle()
        after = home.standing()[sleeper]
        assert (after["clm_stage"], after["clm_stage_since"]) == ("reactivated", "2026-11-22")
        assert differing(home) == []


def test_in_observe_mode_everything_is_computed_and_nothing_written(
    store: Store, clock: FixedClock, world: World
) -> None:
    """A portal begins so; opening the writes then writes what was computed."""
    with house(store, clock, world) as home:
        home.load(live=False)
        home.settle()
        assert home.writes() == 0
        from plugin.records import portals

        with store.write() as connection:
            portals.change(connection, home.portal_id, mode=portals.LIVE)
        home.settle()
        assert home.writes() == 300
        assert differing(home) == []


def test_a_stage_moves_when_its_day_comes_without_any_event(
    store: Store, clock: FixedClock, world: World
) -> None:
    """The foretold change happens on the foretold day, and only its customers are computed."""
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        due = {i: one for i, one in home.standing().items() if one.get("clm_next_stage_on")}
        first = min(due, key=lambda i: due[i]["clm_next_stage_on"])
        foretold = due[first]
        _travel(home, foretold["clm_next_stage_on"])
        home.settle()
        after = home.standing()[first]
        assert after["clm_stage"] == foretold["clm_next_stage"]
        assert after["clm_stage_since"] == foretold["clm_next_stage_on"]
        assert differing(home) == []


def test_a_customer_whose_first_record_is_dated_tomorrow_is_computed_tomorrow(
    store: Store, clock: FixedClock
) -> None:
    """Until then nothing is written, and nothing spins."""
    world = cdnow(NOON.date(), limit=30)
    late = WorldRecord(5, {"email": "late@example.com"}, created_at=milliseconds(NOON) + 86_400_000)
    world.contacts.append(late)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        assert not home.standing()[late.id].get("clm_stage")
        _travel(home, "2026-11-24")
        home.settle()
        assert home.standing()[late.id]["clm_stage"] == "lead"
        assert differing(home) == []


def _travel(home: House, day: str) -> None:
    from datetime import UTC, datetime

    home.clock.moment = datetime.fromisoformat(day).replace(hour=9, tzinfo=UTC)
