"""Reading by export: the same end state as by pages, for a handful of calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugin.clock import FixedClock
from plugin.jobs.meaning import evaluate
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.status import status
from plugin.records import outcomes, portals, work
from plugin.records.csv_files import read_records, write_records
from plugin.records.schema import history
from plugin.records.store import Store
from plugin.sandbox.loaders import generate
from plugin.sandbox.world import World
from plugin.sync import exporting
from tests.conftest import NOON
from tests.support.exporting import EXTRAS, begun, export_house, kept, load, read_one_by_one
from tests.support.house import differing, records_of
from tests.sync.test_calls import CUSTOMERS, calls, customers, promised


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What an export tells is the CRM's affair; the store's statements are tested on both kinds elsewhere."""
    return f"sqlite:///{tmp_path / 'store.db'}"


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
