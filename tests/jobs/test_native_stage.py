"""HubSpot's own stage, written where the mapping says so: also backward, only when it changes, and undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugin.clock import FixedClock
from plugin.errors import ConfigError
from plugin.jobs import live
from plugin.jobs.install import install_portal
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.retry import retry_parked
from plugin.jobs.status import status
from plugin.jobs.undo import last_change_set, run_undo
from plugin.records import parked, portals
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sync import ledger, native_stage
from tests.conftest import NOON
from tests.support.house import House, differing, house

#: Our nine stages in HubSpot's: who sleeps or is lost goes back from customer, which HubSpot never does.
STAGES = {
    "lead": "lead",
    "engaged": "marketingqualifiedlead",
    "evaluating": "opportunity",
    "new_customer": "customer",
    "active": "customer",
    "loyal": "evangelist",
    "reactivated": "customer",
    "sleeping": "salesqualifiedlead",
    "lost": "other",
}
CUSTOMERS = 250


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return mapped(tmp_path, STAGES)


def mapped(folder: Path, stages: dict[str, str]) -> Path:
    path = folder / "mapping.yaml"
    listed = ", ".join(f"{ours}: {theirs}" for ours, theirs in stages.items())
    path.write_text(
        f"version: 1\noutputs:\n  clm_reason: why_stage\n  lifecyclestage: {{stages: {{{listed}}}}}\n"
    )
    return path


def world() -> Any:
    """Customers whose stage HubSpot has moved to customer, as a won deal does."""
    made = cdnow(NOON.date(), limit=CUSTOMERS)
    for one in made.contacts:
        one.properties["lifecyclestage"] = "customer"
    return made


def native(home: House) -> dict[int, tuple[str, str]]:
    """(ours, HubSpot's own) of each contact."""
    return {i: (one["clm_stage"], one.get("lifecyclestage") or "") for i, one in home.standing().items()}


def updates(home: House) -> int:
    calls = home.stats()["calls"]
    return sum(one["count"] for one in calls if one["path"].endswith("contacts/batch/update"))


def undo_last(home: House) -> Any:
    with home.context.store.read() as connection:
        portal = portals.get(connection, home.portal_id)
    assert portal is not None
    return run_undo(home.context, portal, last_change_set(home.context, home.portal_id), last=True)


def test_hubspots_own_stage_follows_ours_backward_too_and_can_be_undone(
    store: Store, clock: FixedClock, config: Path
) -> None:
    """Cleared and set a hundred at a time; the second look costs nothing; undo brings back what stood."""
    with house(store, clock, world(), config=config) as home:
        home.load(live=False)
        live.go_live(home.context, home.portal_id)
        home.reset_counts()
        home.settle()
        assert all(theirs == STAGES[ours] for ours, theirs in native(home).values())
        assert {"sleeping", "lost"} & {ours for ours, _ in native(home).values()}
        assert all(one["why_stage"] for one in home.standing().values())
        assert differing(home) == []
        assert updates(home) <= 2 * 3  # three batches, each cleared and set
        assert status(home.context)["parked"] == 0
        with store.read() as connection:
            assert set(ledger.totals(connection, home.portal_id)) == {ledger.CONFIRMED}
        home.reset_counts()
        install_portal(home.context, live=True)
        home.settle()
        assert updates(home) == 0
        undone = undo_last(home)
        assert (undone.records, undone.restored, undone.kept) == (CUSTOMERS, CUSTOMERS, [])
        assert {one.get("lifecyclestage") for one in home.standing().values()} == {"customer"}
        assert not any(one.get("clm_stage") for one in home.standing().values())


def test_a_forward_move_needs_no_clearing(store: Store, clock: FixedClock, config: Path) -> None:
    """The portal's own order says which moves HubSpot takes."""
    made = cdnow(NOON.date(), limit=50)
    for one in made.contacts:
        one.properties["lifecyclestage"] = "subscriber"
    with house(store, clock, made, config=config) as home:
        home.load(live=False)
        live.go_live(home.context, home.portal_id)
        home.reset_counts()
        home.settle()
        assert updates(home) == 1
        assert all(theirs == STAGES[ours] for ours, theirs in native(home).values())


def test_a_stage_that_the_portal_does_not_have_is_refused_at_install(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """With the options that there are."""
    config = mapped(tmp_path, {**STAGES, "lost": "formercustomer"})
    with (
        house(store, clock, world(), config=config) as home,
        pytest.raises(ConfigError, match="formercustomer") as caught,
    ):
        install_portal(home.context, live=False)
    assert "evangelist" in caught.value.cure


def test_stages_that_are_not_named_leave_hubspots_alone(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    config = mapped(tmp_path, {"lost": "other"})
    with house(store, clock, world(), config=config) as home:
        home.load()
        home.settle()
        for ours, theirs in native(home).values():
            assert theirs == ("other" if ours == "lost" else "customer")


@pytest.mark.slow
def test_what_hubspot_ignores_is_told_and_not_taken_for_written(
    store: Store, clock: FixedClock, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2xx is not written: here the clearing fails to be seen, as when HubSpot moves the stage in between."""
    with house(store, clock, world(), config=config) as home:
        home.load(live=False)
        live.go_live(home.context, home.portal_id)
        with monkeypatch.context() as patch:
            patch.setattr(native_stage, "clearing", lambda *_: [])
            home.settle()
        with store.read() as connection:
            causes = parked.causes(connection, home.portal_id)
        asleep = [i for i, (ours, _) in native(home).items() if ours == "sleeping"]
        assert causes == {"LIFECYCLESTAGE_IGNORED": len(asleep)}
        retry_parked(home.context, home.portal_id)
        home.settle()
        assert all(theirs == STAGES[ours] for ours, theirs in native(home).values())


@pytest.mark.slow
def test_a_stage_that_hubspot_moved_is_set_again(store: Store, clock: FixedClock, config: Path) -> None:
    """A new open deal makes the contact an opportunity in HubSpot; ours says otherwise."""
    with house(store, clock, world(), config=config) as home:
        home.load()
        home.settle()
        asleep = next(i for i, (ours, _) in native(home).items() if ours == "sleeping")
        home.crm.store.edit("contact", asleep, {"lifecyclestage": "opportunity"})
        clock.sleep(60)
        run_reconcile(home.context, home.portal_id)
        home.settle()
        assert native(home)[asleep] == ("sleeping", "salesqualifiedlead")
