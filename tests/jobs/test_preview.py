"""What would be written can be seen before: the counts are those of the write that follows; nothing moves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from plugin import wiring
from plugin.cli.preview_text import preview_text
from plugin.cli.threshold_text import in_force, with_places
from plugin.clock import FixedClock
from plugin.jobs.backfill import run_backfill
from plugin.jobs.install import install_portal
from plugin.jobs.preview import run_preview
from plugin.mapping.bundle import read_bundle
from plugin.records import portals
from plugin.records.schema import metadata
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow, generate
from tests.conftest import NOON
from tests.support.house import House, house


def rows(store: Store) -> dict[str, list[Any]]:
    """Everything in the store."""
    with store.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def test_a_preview_of_a_first_install_says_what_is_then_written(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """Before anything was loaded: counts by stage, property, segment and tier are those of the load."""
    (file := tmp_path / "two.yaml").write_text("version: 1\nmodels: {secondary: [path5]}\n")
    with house(store, clock, cdnow(NOON.date(), limit=150), config=file) as home:
        install_portal(home.context, live=False)
        before, standing = rows(store), home.standing()
        told = run_preview(home.context, home.portal_id).as_dict()
        assert rows(store) == before
        assert home.standing() == standing
        with store.write() as connection:
            portals.change(connection, home.portal_id, mode=portals.LIVE)
        home.reset_counts()
        run_backfill(home.context, home.portal_id)
        after = home.standing()
        assert told["written"] == home.writes() == 150
        assert told["calls"] == home.stats()["batches"][updates(home)]["requests"]
        assert told["stages"] == dict(Counter(one["clm_stage"] for one in after.values()).most_common())
        flags = Counter(
            key for one in after.values() for key in one.get("clm_risk_flags", "").split(";") if key
        )
        assert told["flags"] == dict(flags)
        assert told["flags"]
        levels = Counter(one["clm_risk_level"] for one in after.values())
        assert told["levels"] == {key: levels[key] for key in ("none", "low", "medium", "high")}
        assert told["properties"]["clm_reason"] == sum(bool(one.get("clm_reason")) for one in after.values())
        empty = {name for one in told["empty"] for name in one["properties"]}
        assert empty == {n for n in after[told["record"]["id"]] if n.startswith("clm_")} - {
            n for one in after.values() for n, text in one.items() if text
        }
        segments = Counter(key for one in after.values() for key in one["clm_segment"].split(";"))
        assert told["segments"] == dict(segments)
        tiers = Counter(one["clm_tier"] for one in after.values() if one.get("clm_tier"))
        assert {key: n for key, n in told["tiers"].items() if n} == dict(tiers)
        assert sum(told["secondary"]["path5"].values()) == 150
        full, first = told["record"], told["samples"][0]
        assert (full["object"], full["id"], full["reason"]) == (first["object"], first["id"], first["reason"])
        assert {k: v for k, v in full["written"].items() if v} == {
            k: v for k, v in after[full["id"]].items() if k.startswith("clm_")
        }
        shown = preview_text(told)
        assert all(f"contact {one['id']}: {one['to']}" in shown for one in told["samples"][:5])
        assert "Stages of path5" in shown
        parts: Any = SimpleNamespace(context=home.context, settings=SimpleNamespace(config_path=file))
        assert (said := in_force(parts, home.portal_id)) is not None
        assert said.name == str(file)
        file.write_text("version: 1\n")  # not in force: its lines are not those that count
        assert (said := in_force(parts, home.portal_id)) is not None
        assert said.name == "version 1 of the configuration"
        assert f"One record in full: contact {full['id']}" in shown


def updates(home: House) -> str:
    return next(path for path in home.stats()["batches"] if path.endswith("contacts/batch/update"))


def test_a_preview_of_what_is_written_already_is_empty(store: Store, clock: FixedClock) -> None:
    """The diff is the write-back's own: nothing differs, no property is counted, no sample shown."""
    with house(store, clock, cdnow(NOON.date(), limit=80)) as home:
        home.load()
        home.settle()
        told = run_preview(home.context, home.portal_id).as_dict()
        assert (told["written"], told["moves"], told["properties"], told["samples"]) == (0, [], {}, [])
        assert told["unchanged"] == 80


def test_a_preview_of_a_changed_configuration_counts_the_moves(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """From where to where, with twenty samples that carry reasons; no call, no write, no outcome changed."""
    other = tmp_path / "other.yaml"
    other.write_text(
        "version: 1\nthresholds:\n  loyal_after_purchases: 2\n  sleeping_min_days: 30\n"
        "  sleeping_fixed_days: 30\n  rhythm_min_repeaters: 1000\n"
    )
    with house(store, clock, cdnow(NOON.date(), limit=300)) as home:
        home.load()
        home.settle()
        before, standing = rows(store), home.standing()
        home.reset_counts()
        told = run_preview(home.context, home.portal_id, wiring.rules(other)).as_dict()
        assert home.stats()["total"] == 0
        assert rows(store) == before
        assert told["moves"]
        (short,) = with_places(told["thresholds"], read_bundle(other))
        assert (short["key"], short["misfit"], short["line"]) == ("sleeping_fixed_days", "too_short", 5)
        assert short["value"] > 30
        assert short["exceeded"] > short["pauses"] / 5
        assert f"To try: sleeping_fixed_days: {short['value']}" in " ".join(preview_text(told).split())
        moved = sum(one["customers"] for one in told["moves"])
        assert moved == told["properties"]["clm_stage"]
        assert len(told["samples"]) == min(20, told["written"])
        for sample in told["samples"]:
            assert sample["reason"]
            assert sample["from"] == standing[sample["id"]]["clm_stage"]
            assert all(old != new for old, new in sample["properties"].values())
        seen = {(one["from"], one["to"]) for one in told["samples"]}
        assert {(one["from"], one["to"]) for one in told["moves"][:20]} <= seen


def test_a_configuration_that_reads_other_fields_is_previewed_on_values_from_the_crm(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """The mirror does not have the field: everything is read apart, and the kept rows stay as they were."""
    other = tmp_path / "other.yaml"
    other.write_text("version: 1\npurchase:\n  amount: [hs_mrr]\n")
    with house(store, clock, generate(60, seed=2, end=NOON.date())) as home:
        home.load()
        home.settle()
        before = rows(store)
        home.reset_counts()
        told = run_preview(home.context, home.portal_id, wiring.rules(other)).as_dict()
        assert rows(store) == before
        assert home.stats()["total"] > 0
        assert home.writes() == 0
        assert told["customers"] == len(home.standing())
        assert told["properties"]["clm_value_to_date"] > 0
