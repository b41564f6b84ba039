"""Reading by export: the same end state as by pages, whatever happens meanwhile, for a handful of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugin.clock import FixedClock
from plugin.hubspot.client.exporting import Exports
from plugin.jobs.apply import apply_inbox
from plugin.jobs.backfill import run_backfill
from plugin.jobs.evaluate import work_portal
from plugin.jobs.install import install_portal
from plugin.jobs.meaning import evaluate
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.status import status
from plugin.records import outcomes, portals, work
from plugin.records.csv_files import read_records, write_records
from plugin.records.schema import history, mirror
from plugin.records.store import Store
from plugin.sandbox import exports
from plugin.sandbox.loaders import generate
from plugin.sandbox.world import World
from plugin.sync import exporting
from tests.conftest import NOON
from tests.jobs.test_backfill import fault
from tests.support.house import House, differing, house, records_of
from tests.support.versions import at
from tests.sync.test_calls import CUSTOMERS, calls, customers, promised

WITHOUT = "version: 1\nread_histories: false\n"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What an export tells is the CRM's affair; the store's statements are tested on both kinds elsewhere."""
    return f"sqlite:///{tmp_path / 'store.db'}"


@contextmanager
def export_house(
    store: Store,
    clock: FixedClock,
    world: World,
    folder: Path,
    more: str = "",
    bulk: str = "on",
    **portal: Any,
) -> Iterator[House]:
    """A house whose loads read by export; `portal` are settings of the CRM's account."""
    path = folder / "lifecycle.yaml"
    path.write_text(WITHOUT + more)
    with house(store, clock, world, config=path) as home:
        account = home.crm.store.portals.get()
        home.crm.store.add_portal(account.merged({"time_zone": world.time_zone, **portal}))
        home.context = replace(home.context, bulk=bulk)
        install_portal(home.context, live=True)
        home.reset_counts()
        yield home


def load(home: House) -> list[str]:
    said: list[str] = []
    run_backfill(home.context, home.portal_id, say=said.append)
    return said


def begun(home: House) -> int:
    listed = home.stats()["calls"]
    return sum(one["count"] for one in listed if one["method"] == "POST" and "/exports" in one["path"])


def read_one_by_one(home: House) -> int:
    """How many records were read by id."""
    sizes = home.stats()["batches"]
    return sum(
        one["inputs"] for path, one in sizes.items() if "/objects/" in path and path.endswith("batch/read")
    )


def kept(store: Store, kind: str = "contact") -> dict[int, Any]:
    with store.read() as connection:
        rows = connection.execute(sa.select(mirror).where(mirror.c.object_type == kind))
        return {row.object_id: row for row in rows}


def awkward(time_zone: str = "UTC") -> World:
    """Deals shared by two contacts, companies, texts that break files, moments that break clocks."""
    world = generate(30, seed=7, end=NOON.date())
    world.time_zone = time_zone
    shared, other = world.contacts[0].id, world.contacts[1].id
    world.deals[0].associations = [("contact", shared, 3), ("contact", other, 3)]
    texts = [
        'a,b;"c"',
        "line\nbreak\r\nand more",
        "=1+1",
        "-5",
        "+49 30",
        "@x",
        "Żółć Ü 漢",
        " edge ",
        "'quoted",
    ]
    for person, text in zip(world.contacts, texts, strict=False):
        person.properties["hs_analytics_source_data_1"] = text
        person.history = [one for one in person.history if one[0] != "hs_analytics_source_data_1"]
    night = datetime(2026, 10, 25, 1, 30, 20, 500_000, tzinfo=UTC)  # 02:30 in Berlin, for the second time
    moments = [
        night,
        night - timedelta(hours=1),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        NOON - timedelta(days=40),
    ]
    for deal, moment in zip(world.deals[1:], moments, strict=False):
        deal.properties["closedate"] = moment.isoformat()
    return world


EXTRAS = "contact:\n  extras: [hs_analytics_source_data_1, email]\n"


@pytest.mark.parametrize(
    ("zone", "told_in", "customer"),
    [
        ("Europe/Berlin", "", "contact"),
        pytest.param("America/New_York", "UTC", "contact", marks=pytest.mark.slow),
        pytest.param("Europe/Berlin", "", "both", marks=pytest.mark.slow),
    ],
)
def test_pages_and_exports_end_in_the_same_written_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, told_in: str, customer: str
) -> None:
    """Byte for byte, in parted zip files; the comparison afterwards reads nothing anew."""
    more = f"customer: {customer}\n{EXTRAS}" + ("read_companies: true\n" if customer == "contact" else "")
    world, written = awkward(zone), []
    monkeypatch.setattr(exporting, "SAMPLE", 6)
    for lane in ("off", "on"):
        folder = tmp_path / lane
        folder.mkdir()
        here = Store(f"sqlite:///{folder / 'store.db'}", erasure_keys=[b"x"])
        here.migrate()
        moved = FixedClock(NOON)
        account = {"export_zone": told_in, "export_zip_bytes": 500, "export_part_rows": 25}
        with export_house(here, moved, world, folder, more, lane, **account) as home:
            assert load(home) == []
            assert (begun(home) > 0) == (lane == "on")
            assert differing(home) == []
            written.append((home.standing("contact"), home.standing("company")))
            moved.sleep(3_600)
            home.reset_counts()
            assert run_reconcile(home.context, home.portal_id).findings.total == 0
            assert read_one_by_one(home) == 0
            assert run_reconcile(home.context, home.portal_id, full=True).findings.total == 0
        here.close()
    assert _ours(written[0]) == _ours(written[1])


def _ours(standing: tuple[dict[int, dict[str, str]], ...]) -> list[dict[int, dict[str, str]]]:
    return [
        {id_: {n: v for n, v in values.items() if n.startswith("clm_")} for id_, values in one.items()}
        for one in standing
    ]


@pytest.mark.slow
def test_a_load_by_export_costs_a_handful_of_calls(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    """Two files instead of forty pages; no dated value is kept."""
    with export_house(store, clock, customers(CUSTOMERS), tmp_path) as home:
        assert load(home) == []
        assert calls(home) <= promised("read by export, written by import (`read_histories: false`)")
        assert (begun(home), home.writes()) == (2, 0)
        with store.read() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(history)).scalar() == 0
        assert differing(home) == []
        told = status(home.context)["portals"][0]
        assert told["backfill"]["lane"] == told["lanes"]["read"]["lane"] == "export"


@pytest.mark.slow
def test_a_load_without_histories_by_pages_takes_full_batches(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """A hundred records a call, for the first load and for later reads; nothing asks for dated values."""
    with export_house(store, clock, customers(CUSTOMERS), tmp_path, bulk="off") as home:
        load(home)
        assert calls(home) <= promised("the same without dated values (`read_histories: false`)")
        assert differing(home) == []
        home.reset_counts()
        keys = {("contact", one): True for one in range(1, 101)}
        with store.write() as connection:
            work.mark_records(store, connection, home.portal_id, keys, now=home.context.now(), linger=0)
        home.settle()
        sizes = home.stats()["batches"]
        assert [sizes[path]["requests"] for path in sizes if path.endswith("contacts/batch/read")] == [1]


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
        assert (people[7].deleted_at, people[11].deleted_at) != (None, None)
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


def test_without_histories_outcomes_are_those_of_csv_files_without_history(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """Even where the files have one; with histories the same records come to something else."""
    with export_house(store, clock, generate(40, seed=3, end=NOON.date()), tmp_path, bulk="off") as home:
        load(home)
        context = home.context.current(home.portal_id)
        dated = replace(context, mapping=replace(context.mapping, read_histories=True))
        write_records(records_of(home.dump(), dated), tmp_path)
        names = ("contacts", "companies", "deals")
        files = {name: tmp_path / f"{name}.csv" for name in names} | {"history": tmp_path / "history.jsonl"}
        with store.read() as connection:
            portal = portals.get(connection, home.portal_id)
            assert portal is not None
            parameters = portals.current_parameters(connection, portal)
            bodies = outcomes.bodies(connection, home.portal_id, [("contact", i) for i in kept(store)])
        assert parameters is not None
        offline, with_past = (
            {
                row["id"]: row["written"]
                for row in evaluate(
                    read_records(mapping=one.mapping, **files),
                    one.mapping,
                    one.models,
                    parameters,
                    one.today(portal),
                ).to_json()
            }
            for one in (context, dated)
        )
        assert offline == {key[1]: body["written"] for key, body in bodies.items()}
        assert offline != with_past
