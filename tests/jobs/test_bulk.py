"""The bulk lane: a whole base written by import ends as it does in batches, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from plugin.clock import FixedClock
from plugin.hubspot.client.importing import Imports
from plugin.hubspot.protocol.imports import Import
from plugin.hubspot.protocol.requests import Request
from plugin.jobs.backfill import run_backfill
from plugin.jobs.evaluate import work_portal
from plugin.jobs.install import install_portal
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.undo import last_change_set, run_undo
from plugin.records import parked, portals, work
from plugin.records.schema import ledger as rows
from plugin.records.store import Store
from plugin.sandbox.world import World
from plugin.sync import importing, ledger
from tests.jobs.test_backfill import fault
from tests.support.house import House, differing, house
from tests.support.versions import at
from tests.sync.test_calls import CUSTOMERS, calls, customers, promised


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What an import does is the CRM's affair; the store's statements are the ordinary lane's."""
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_LEAST", 20)


@contextmanager
def bulk_house(store: Store, clock: FixedClock, world: World, bulk: str = "on") -> Iterator[House]:
    """A house whose loads go by the bulk lane; its app does not subscribe to its own properties."""
    with house(store, clock, world) as home:
        home.crm.configure_webhooks(drop=1.0)
        home.context = replace(home.context, bulk=bulk)
        install_portal(home.context, live=True)
        home.reset_counts()
        yield home


def load(home: House) -> list[str]:
    said: list[str] = []
    run_backfill(home.context, home.portal_id, say=said.append)
    return said


def in_ledger(home: House) -> dict[str, int]:
    with home.context.store.read() as connection:
        return ledger.totals(connection, home.portal_id)


def parked_causes(home: House) -> dict[str, int]:
    with home.context.store.read() as connection:
        return parked.causes(connection, home.portal_id)


def imports(home: House) -> int:
    return sum(
        one["count"] for one in home.stats()["calls"] if one["method"] == "POST" and "/imports" in one["path"]
    )


def test_a_thousand_customers_are_written_by_one_import(store: Store, clock: FixedClock) -> None:
    """The same end state as in batches, for a few calls; the comparison afterwards finds nothing."""
    with bulk_house(store, clock, customers(CUSTOMERS)) as home:
        assert load(home) == []
        assert calls(home) <= promised("the same by import (`HUBSPOT_BULK=on`)")
        assert (imports(home), home.writes()) == (1, 0)
        assert in_ledger(home) == {ledger.CONFIRMED: CUSTOMERS}
        assert parked_causes(home) == {}
        assert differing(home) == []
        clock.sleep(3_600)
        home.reset_counts()
        checked = run_reconcile(home.context, home.portal_id)
        assert checked.findings.total == 0


@pytest.mark.slow
def test_undo_takes_an_import_back(store: Store, clock: FixedClock) -> None:
    """As any other change set, and the whole import is one."""
    with bulk_house(store, clock, customers(60)) as home:
        load(home)
        assert home.standing()[1]["clm_stage"]
        scope = last_change_set(home.context, home.portal_id)
        with store.read() as connection:
            portal = portals.get(connection, home.portal_id)
        assert portal is not None
        assert run_undo(home.context, portal, scope, last=True).restored == 60
        assert not any(one.get("clm_stage") for one in home.standing().values())


def before_the_import(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Something happens in the CRM after everything was read and computed."""
    start = Imports.start

    def late(self: Imports, *given: Any) -> str:
        act()
        return start(self, *given)

    monkeypatch.setattr(Imports, "start", late)


def test_rows_of_records_that_are_gone_are_refused_and_the_others_land(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that is gone meanwhile is refused as a whole, read again and forgotten."""
    with bulk_house(store, clock, customers(60)) as home:
        gone = (3, 30)
        before_the_import(
            monkeypatch, lambda: [home.crm.store.archive_record("contact", n) for n in gone] and None
        )
        assert load(home) == []
        assert in_ledger(home) == {ledger.CONFIRMED: 58, ledger.REFUSED: 2}
        assert parked_causes(home) == {}
        run_reconcile(home.context, home.portal_id)
        assert differing(home) == []


def test_of_a_row_with_one_bad_value_the_others_land(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is parked with the property's name, the ledger keeps what landed, undo sets that back."""
    with bulk_house(store, clock, customers(60)) as home:
        crm = home.client()
        whole = next(one for one in crm.properties("contact") if one.name == "clm_stage")
        some = [{"label": one.label, "value": one.value} for one in whole.options if one.value == "lead"]
        before_the_import(
            monkeypatch, lambda: crm.update_property("contact", "clm_stage", {"options": some}) and None
        )
        load(home)
        landed = home.standing()
        assert not any(one.get("clm_stage") for one in landed.values())
        assert all(one.get("clm_stage_since") for one in landed.values())
        with store.read() as connection:
            news = list(connection.execute(sa.select(rows.c.new).where(rows.c.state == ledger.CONFIRMED)))
        assert len(news) == 60
        assert not any("clm_stage" in orjson.loads(one[0]) for one in news)


def test_without_the_scope_everything_is_written_in_batches(store: Store, clock: FixedClock) -> None:
    """And the command says so."""
    with bulk_house(store, clock, customers(60)) as home:
        fault(home, kind="403", path=at("/crm/v3/imports"))
        said = load(home)
        assert ["written in batches" in one for one in said] == [True]
        assert (home.writes(), differing(home)) == (60, [])
        assert in_ledger(home) == {ledger.CONFIRMED: 60, ledger.NOT_WRITTEN: 60}


@pytest.mark.slow
def test_an_import_that_is_cancelled_is_read_back_and_written_in_batches(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is taken for written because it was sent."""
    start = Imports.start

    def cancelled(self: Imports, *given: Any) -> str:
        number = start(self, *given)
        self.apis.send(Request("POST", f"/crm/v3/imports/{number}/cancel"))
        return number

    monkeypatch.setattr(Imports, "start", cancelled)
    with bulk_house(store, clock, customers(60)) as home:
        assert any("CANCELED" in one for one in load(home))
        assert (home.writes(), differing(home)) == (60, [])
        assert in_ledger(home) == {ledger.CONFIRMED: 60, ledger.NOT_WRITTEN: 60}


@pytest.mark.slow
def test_an_answer_that_never_came_is_settled_by_reading_back(store: Store, clock: FixedClock) -> None:
    """The import may have begun: what it wrote counts as written."""
    with bulk_house(store, clock, customers(60)) as home:
        fault(home, kind="reset", path=at("/crm/v3/imports"), method="POST", calls=1, after=True)
        load(home)
        clock.sleep(60)
        run_reconcile(home.context, home.portal_id)
        assert differing(home) == []
        assert ledger.INTENDED not in in_ledger(home)


@pytest.mark.slow
def test_a_load_that_is_killed_while_its_import_runs_is_settled_by_the_next(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written twice, and what landed can be undone."""
    with bulk_house(store, clock, customers(60)) as home:
        with monkeypatch.context() as patched:
            patched.setattr(Imports, "wait", killed)
            with pytest.raises(KeyboardInterrupt):
                load(home)
        assert in_ledger(home) == {ledger.INTENDED: 60}
        clock.sleep(100)  # the claims of the killed run out
        assert any("not confirmed" in one for one in load(home))
        assert in_ledger(home) == {ledger.CONFIRMED: 60}
        assert (imports(home), home.writes(), differing(home)) == (1, 0, [])


@pytest.mark.slow
def test_an_import_that_says_done_and_wrote_nothing_is_not_believed(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample of the rows is read back."""
    with bulk_house(store, clock, customers(60)) as home:
        with monkeypatch.context() as patched:
            patched.setattr(Imports, "wait", lambda self, number, *_: Import(number, "DONE", 60))
            patched.setattr("plugin.jobs.bulk.settle_open_import", lambda *_: None)
            patched.setattr("plugin.jobs.backfill.drain", lambda *_: None)
            assert any("did not write" in one for one in load(home))
        assert in_ledger(home) == {ledger.INTENDED: 60}
        clock.sleep(100)
        run_reconcile(home.context, home.portal_id)
        assert (in_ledger(home), home.writes()) == ({ledger.CONFIRMED: 60}, 0)
        assert differing(home) == []


def killed(self: Imports, *_: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_value_that_a_person_set_during_the_import_is_found(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records' stamps are not known after an import; the comparison looks at the values."""
    with bulk_house(store, clock, customers(60)) as home:
        faults = Imports.faults

        def late(self: Imports, *given: Any) -> Any:
            home.crm.store.edit("contact", 7, {"clm_stage": "lead"})
            home.crm.store.edit("deal", 100_000 + 3 * 9, {"amount": "5000"})
            return faults(self, *given)

        monkeypatch.setattr(Imports, "faults", late)
        monkeypatch.setattr(importing, "SAMPLE", 5)
        load(home)
        clock.sleep(3_600)
        assert run_reconcile(home.context, home.portal_id).findings.total == 2
        assert differing(home) == []


@pytest.mark.parametrize(("bulk", "expected"), [("off", 0), ("auto", 0), ("on", 1)])
def test_the_lane_is_used_where_the_setting_says_so(
    store: Store, clock: FixedClock, bulk: str, expected: int
) -> None:
    """`auto` begins above 50,000 customers."""
    with bulk_house(store, clock, customers(40), bulk) as home:
        load(home)
        assert (imports(home), differing(home)) == (expected, [])


@pytest.mark.slow
def test_files_are_filled_across_rounds(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is full but the last, and nobody is lost between them."""
    monkeypatch.setattr("plugin.jobs.evaluate.EVALUATE_AT_ONCE", 20)
    monkeypatch.setattr("plugin.jobs.bulk.FILE_ROWS", 40)
    with bulk_house(store, clock, customers(90)) as home:
        load(home)
        assert (imports(home), home.writes()) == (2, 10)  # ten are fewer than are worth a file
        assert (differing(home), in_ledger(home)) == ([], {ledger.CONFIRMED: 90})


def test_a_record_that_is_read_while_its_import_runs_is_not_taken_for_unwritten(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever makes a worker read it: its row waits for the end of the import."""
    with bulk_house(store, clock, customers(60)) as home:
        wait = Imports.wait

        def meanwhile(self: Imports, *given: Any) -> Import:
            with store.write() as connection:
                now = home.context.now()
                work.mark_records(
                    store, connection, home.portal_id, {("contact", 5): True}, now=now, linger=0
                )
            clock.sleep(1)
            assert work_portal(home.context, home.portal_id, "live")
            assert in_ledger(home) == {ledger.INTENDED: 60}
            return wait(self, *given)

        monkeypatch.setattr(Imports, "wait", meanwhile)
        load(home)
        assert in_ledger(home) == {ledger.CONFIRMED: 60}
        assert (home.writes(), differing(home)) == (0, [])
