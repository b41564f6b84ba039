"""What was written can be taken back: all of it, but never what somebody changed since."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.clock import FixedClock, milliseconds
from plugin.errors import CrmError, InputError
from plugin.jobs.undo import last_change_set, run_undo
from plugin.records import held, portals
from plugin.records.portals import Portal
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sync import ledger
from plugin.sync.change_sets import Scope, listed
from plugin.sync.undo import Undone
from tests.conftest import NOON
from tests.support.house import House, differing, house

OURS = "clm_"


def portal_of(home: House) -> Portal:
    with home.context.store.read() as connection:
        found = portals.get(connection, home.portal_id)
    assert found is not None
    return found


def undo_last(home: House) -> Undone:
    return run_undo(home.context, portal_of(home), last_change_set(home.context, home.portal_id), last=True)


def undo(home: House, scope: Scope) -> Undone:
    return run_undo(home.context, portal_of(home), scope)


def ours(home: House) -> dict[int, dict[str, str]]:
    """Our properties as they stand in the CRM, without the empty ones."""
    return {
        number: {name: value for name, value in values.items() if name.startswith(OURS) and value}
        for number, values in home.standing().items()
    }


def go_live(home: House) -> None:
    with home.context.store.write() as connection:
        portals.change(connection, home.portal_id, mode=portals.LIVE)


def test_a_thousand_written_records_are_set_back_but_for_those_that_people_changed(
    store: Store, clock: FixedClock
) -> None:
    """1,000 of 1,000 minus the changed ones, in full batches; those are listed and stay."""
    with house(store, clock, cdnow(NOON.date(), limit=1_000)) as home:
        home.load()
        home.settle()
        edited = sorted(home.standing())[10:210:20]
        for number in edited:
            home.crm.store.edit("contact", number, {"clm_tier": "", "clm_next_action": "Call on Monday"})
        clock.sleep(600)
        home.reset_counts()
        result = undo_last(home)
        assert (result.records, result.restored) == (1_000, 990)
        assert {one["id"] for one in result.kept} == set(edited)
        assert {(one["property"], one["stands"], one["by"]) for one in result.kept} == {
            ("clm_next_action", "Call on Monday", "person")
        }
        left = ours(home)
        assert {number for number, values in left.items() if values} == set(edited)
        assert all(left[number] == {"clm_next_action": "Call on Monday"} for number in edited)
        sizes = next(b for p, b in home.stats()["batches"].items() if p.endswith("contacts/batch/update"))
        assert sizes["sizes"] == [100] * 10
        assert portal_of(home).mode == portals.PAUSED


def test_after_an_undo_nothing_is_written_until_go_live(store: Store, clock: FixedClock) -> None:
    """Days pass, records are computed again, and the CRM stays as it was set back; then all is written."""
    world = cdnow(NOON.date(), limit=60)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        undo_last(home)
        home.reset_counts()
        clock.sleep(3 * 86_400)
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "500"})
        home.settle()
        assert home.writes() == 0
        assert all(values == {} for values in ours(home).values())
        go_live(home)
        home.settle()
        assert differing(home) == []


def test_an_undo_can_be_undone(store: Store, clock: FixedClock) -> None:
    """It is a change set like any other."""
    with house(store, clock, cdnow(NOON.date(), limit=60)) as home:
        home.load()
        home.settle()
        before = ours(home)
        undo_last(home)
        assert ours(home) != before
        again = undo_last(home)
        assert (again.records, again.restored) == (60, 60)
        assert ours(home) == before
        go_live(home)
        home.reset_counts()
        home.settle()
        assert home.writes() == 0


def test_only_the_last_change_set_is_undone(store: Store, clock: FixedClock) -> None:
    """An earlier one stays: the values return to what it wrote."""
    world = cdnow(NOON.date(), limit=60)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        before = ours(home)
        clock.sleep(3_600)
        home.crm.store.create_deal(world.contacts[3].id, {"dealstage": "closedwon", "amount": "90"})
        home.settle()
        assert ours(home) != before
        result = undo_last(home)
        assert (result.records, result.restored) == (1, 1)
        assert ours(home) == before


def test_a_span_of_time_is_undone_unless_we_wrote_again_later(store: Store, clock: FixedClock) -> None:
    """What a later write of ours replaced is listed as such and left alone."""
    world = cdnow(NOON.date(), limit=40)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        clock.sleep(3_600)
        begin = milliseconds(clock.now())
        one, two = world.contacts[3].id, world.contacts[4].id
        before = ours(home)
        for number in (one, two):
            home.crm.store.create_deal(number, {"dealstage": "closedwon", "amount": "90"})
        home.settle()
        end = milliseconds(clock.now())
        clock.sleep(3_600)
        home.crm.store.create_deal(two, {"dealstage": "closedwon", "amount": "10"})
        home.settle()
        later = ours(home)[two]
        result = undo(home, Scope(since=begin, until=end))
        assert result.records == 2
        assert ours(home)[one] == before[one]
        assert {entry["by"] for entry in result.kept} == {"later write"}
        replaced = {entry["property"] for entry in result.kept}
        assert "clm_value_to_date" in replaced
        assert {name: ours(home)[two].get(name) for name in replaced} == {
            name: later.get(name) for name in replaced
        }


def test_one_record_is_undone_to_what_stood_before_us(store: Store, clock: FixedClock) -> None:
    """Through several writes, back to the first old value; the others stay as they are."""
    world = cdnow(NOON.date(), limit=40)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        target = world.contacts[5].id
        for _ in range(2):
            clock.sleep(3_600)
            home.crm.store.create_deal(target, {"dealstage": "closedwon", "amount": "90"})
            home.settle()
        before = ours(home)
        result = undo(home, Scope(record=("contact", target)))
        assert (result.records, result.restored) == (1, 1)
        assert ours(home) == before | {target: {}}


def test_an_interrupted_undo_goes_on_where_it_was(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own writes are not taken for the last change set, and are not done twice."""
    monkeypatch.setattr("plugin.jobs.undo.AT_ONCE", 20)
    with house(store, clock, cdnow(NOON.date(), limit=60)) as home:
        home.load()
        home.settle()
        before = ours(home)
        broken = _breaking(home, monkeypatch)
        with pytest.raises(CrmError):
            undo_last(home)
        broken.undo()
        monkeypatch.setattr("plugin.jobs.undo.AT_ONCE", 20)
        result = undo_last(home)
        assert (result.records, result.restored, result.already) == (60, 40, 20)
        assert all(values == {} for values in ours(home).values())
        undo_last(home)
        assert ours(home) == before


def _breaking(home: House, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The CRM answers one batch and is then gone, until undone."""
    from plugin.hubspot.client import Crm

    real, calls = Crm.update, [0]

    def update(self: Crm, *args: Any) -> Any:
        calls[0] += 1
        if calls[0] > 1:
            raise CrmError("gone")
        return real(self, *args)

    monkeypatch.setattr(Crm, "update", update)
    return monkeypatch


def test_a_write_of_unknown_fate_is_looked_at_before_it_is_undone(store: Store, clock: FixedClock) -> None:
    """The values arrived, the answer did not: undo finds them in the CRM."""
    with house(store, clock, cdnow(NOON.date(), limit=30)) as home:
        home.load()
        home.settle()
        with store.write() as connection:
            from plugin.records.schema import ledger as rows

            connection.execute(rows.update().values(state=ledger.INTENDED, settled_at=None))
        clock.sleep(120)
        assert undo_last(home).restored == 30
        assert all(values == {} for values in ours(home).values())


def test_what_a_person_had_set_before_us_is_the_persons_again(
    store: Store, clock: FixedClock, tmp_path: Any
) -> None:
    """With «unless a human set it», a value that the undo gave back is not taken for ours."""
    config = tmp_path / "mapping.yaml"
    overwrite = "version: 1\noutputs:\n  clm_next_action: {write: true, mode: overwrite}\n"
    config.write_text(overwrite)
    with house(store, clock, cdnow(NOON.date(), limit=5), config=config) as home:
        home.load(live=False)
        target = sorted(home.standing())[0]
        home.crm.store.edit("contact", target, {"clm_next_action": "Ask Anna"})
        home.load()
        home.settle()
        assert home.standing()[target].get("clm_next_action") != "Ask Anna"
        undo_last(home)
        assert home.standing()[target]["clm_next_action"] == "Ask Anna"

        with store.read() as connection:
            known = held.outputs(connection, home.portal_id, [("contact", target)])
        assert not known["contact", target]["ours"].get("clm_next_action")


def test_change_sets_are_runs_of_writes_not_rounds_of_workers(store: Store, clock: FixedClock) -> None:
    """A load of 1,200 customers takes two rounds and is one change set."""
    with house(store, clock, cdnow(NOON.date(), limit=1_200)) as home:
        home.load()
        home.settle()
        with store.read() as connection:
            found = listed(connection, home.portal_id, 10)
        assert [one["records"] for one in found] == [1_200]


def test_where_nothing_was_written_an_undo_is_refused_and_the_portal_goes_on(
    store: Store, clock: FixedClock
) -> None:
    """A mistyped id does not stop the writes."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.load()
        home.settle()
        for scope in (Scope(record=("contact", 999_999)), Scope(until=milliseconds(NOON) - 10**9)):
            with pytest.raises(InputError, match="nothing to undo"):
                undo(home, scope)
        assert portal_of(home).mode == portals.LIVE
