"""Reading by export, whatever happens meanwhile: changes, crashes, refusals, files that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.clock import FixedClock
from plugin.hubspot.client.exporting import Exports
from plugin.jobs.apply import apply_inbox
from plugin.jobs.backfill import run_backfill
from plugin.jobs.evaluate import work_portal
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.status import status
from plugin.records import work
from plugin.records.store import Store
from plugin.sandbox import exports
from plugin.sync import exporting
from tests.conftest import NOON
from tests.jobs.test_backfill import fault
from tests.support.exporting import EXTRAS, begun, export_house, kept, load
from tests.support.house import House, differing
from tests.support.versions import at
from tests.sync.test_calls import customers


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What an export tells is the CRM's affair; the store's statements are tested on both kinds elsewhere."""
    return f"sqlite:///{tmp_path / 'store.db'}"


def meanwhile(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], None]) -> None:
    """Something happens after the contacts' file is made and before its rows are kept; then the deals'."""
    fetch, left = Exports.fetch, list(acts)

    def late(self: Exports, link: str) -> Any:
        file = fetch(self, link)
        if left:
            left.pop(0)()
        return file

    monkeypatch.setattr(Exports, "fetch", late)


def test_what_was_read_since_the_export_was_asked_for_wins(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed value, a deleted contact, a new deal of somebody: the file knows none of them."""
    world = customers(40)
    world.deals[30].associations = [("contact", 11, 3), ("contact", 12, 3)]
    with export_house(store, clock, world, tmp_path, EXTRAS) as home:

        def live() -> None:
            assert home.crm.drained()
            apply_inbox(home.context)
            clock.sleep(20)
            while work_portal(home.context, home.portal_id, "live"):
                pass

        def beside_the_contacts() -> None:
            clock.sleep(30)
            home.crm.store.edit("contact", 3, {"email": "new@example.com"})
            home.crm.store.archive_record("contact", 7)
            won = {"dealname": "x", "dealstage": "closedwon", "amount": "70", "pipeline": "default"}
            home.crm.store.create_deal(9, {**won, "closedate": NOON.isoformat()})
            now, again = home.context.now(), {("contact", 5): True}
            with store.write() as connection:
                work.mark_records(store, connection, home.portal_id, again, now=now, linger=0)
            live()

        def beside_the_deals() -> None:
            home.crm.store.archive_record("contact", 11)
            live()

        meanwhile(monkeypatch, beside_the_contacts, beside_the_deals)
        assert load(home) == []
        people = kept(store)
        assert "new@example.com" in people[3].properties
        assert None not in (people[7].deleted_at, people[11].deleted_at)
        exact = world.contacts[4].properties["createdate"]
        assert exact in people[5].properties  # as it was read, not as the file tells it
        assert exact not in people[6].properties
        home.settle()
        assert differing(home) == []
        clock.sleep(3_600)
        run_reconcile(home.context, home.portal_id)
        assert differing(home) == []


def test_a_change_that_no_webhook_told_is_found_by_the_comparison(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the minute in which the export was asked for, after it, and hidden by the lag of the index."""
    with export_house(store, clock, customers(60), tmp_path, index_lag=40.0) as home:
        home.crm.configure_webhooks(drop=1.0)
        clock.sleep(10)
        home.crm.store.edit("deal", 100_003, {"amount": "501"})
        clock.sleep(5)
        meanwhile(monkeypatch, lambda: home.crm.store.edit("deal", 100_006, {"amount": "502"}) and None)
        load(home)
        clock.sleep(3_600)
        checked = run_reconcile(home.context, home.portal_id)
        assert 0 < checked.findings.total <= 4
        assert differing(home) == []


def test_a_load_that_is_killed_goes_on_with_the_row_where_it_stopped(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same export, asked for its file again: the link of before has run out."""
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 20)
    with export_house(store, clock, customers(90), tmp_path) as home:

        def stop(label: str, done: int, _: int) -> None:
            if label == "Deals read" and done == 40:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_backfill(home.context, home.portal_id, stop)
        assert len(kept(store, "deal")) == 40
        clock.sleep(7_200)
        said = load(home)
        assert said == ["Goes on where an earlier load stopped: deal 40 of 270."]
        assert (begun(home), differing(home)) == (2, [])


@pytest.mark.slow
def test_a_link_that_ran_out_is_asked_for_again(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five minutes are short for a process that was held up."""
    fetch, links = Exports.fetch, list[str]()

    def slow(self: Exports, link: str) -> Any:
        links.append(link)
        if len(links) == 1:
            clock.sleep(400)
        return fetch(self, link)

    monkeypatch.setattr(Exports, "fetch", slow)
    with export_house(store, clock, customers(40), tmp_path) as home:
        assert load(home) == []
        assert (len(links), begun(home), differing(home)) == (3, 2, [])


def _refused(home: House, _: pytest.MonkeyPatch) -> None:
    fault(home, kind="403", path=at("/crm/v3/exports"))


def _spent(home: House, _: pytest.MonkeyPatch) -> None:
    account = home.crm.store.portals.get()
    home.crm.store.add_portal(account.merged({"export_daily": 1}))


def _cancelled(home: House, patch: pytest.MonkeyPatch) -> None:
    start = Exports.start

    def cancelled(self: Exports, *given: Any) -> str:
        number = start(self, *given)
        exports.cancel(home.crm.store, home.portal_id, number, "too much is going on")
        return number

    patch.setattr(Exports, "start", cancelled)


def _elsewhere(home: House, _: pytest.MonkeyPatch) -> None:
    account = home.crm.store.portals.get()
    home.crm.store.add_portal(account.merged({"export_zone": "Asia/Tokyo"}))


def _cut(home: House, patch: pytest.MonkeyPatch) -> None:
    content = exports._csv
    patch.setattr(exports, "_csv", lambda *given: content(*given)[:-20])


def _wrong(home: House, patch: pytest.MonkeyPatch) -> None:
    cell = exports._cell
    patch.setattr(
        exports,
        "_cell",
        lambda prop, value, zone: prop.label if prop.type == "enumeration" else cell(prop, value, zone),
    )


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (_refused, "scopes"),
        pytest.param(_spent, "limit of exports", marks=pytest.mark.slow),
        pytest.param(_cancelled, "too much is going on", marks=pytest.mark.slow),
        pytest.param(_elsewhere, "neither in UTC", marks=pytest.mark.slow),
        (_cut, "cannot be read"),
        (_wrong, "does not say what HubSpot says"),
    ],
)
def test_what_an_export_cannot_do_is_read_by_pages_and_said(
    store: Store,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[House, pytest.MonkeyPatch], None],
    cause: str,
) -> None:
    """The end is the same."""
    with export_house(store, clock, customers(40), tmp_path) as home:
        trouble(home, monkeypatch)
        said = load(home)
        assert len(said) == 1
        assert cause in said[0]
        assert "by pages" in said[0]
        assert differing(home) == []
        assert status(home.context)["portals"][0]["backfill"]["lane"] == "pages"


@pytest.mark.slow
def test_an_outage_while_the_file_is_made_is_waited_out(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """As with pages: the load goes on with the same export."""
    with export_house(store, clock, customers(40), tmp_path) as home:
        fault(home, kind="503", path=at("/crm/v3/exports"), method="GET", calls=9, retry_after=30.0)
        said = load(home)
        assert said
        assert all("resumes at" in one for one in said)
        assert (begun(home), differing(home)) == (2, [])
