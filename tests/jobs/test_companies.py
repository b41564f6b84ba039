"""Companies as customers: what a B2B portal looks like, on real opportunities."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.cli.preview_text import preview_text
from plugin.cli.show import status_text
from plugin.clock import FixedClock
from plugin.jobs.backfill import run_backfill
from plugin.jobs.install import install_portal
from plugin.jobs.preview import run_preview
from plugin.jobs.status import status
from plugin.mapping import presets
from plugin.records.store import Store
from plugin.sandbox.loaders import generate, opportunities
from tests.conftest import NOON
from tests.jobs.test_changes import DISORDER, make
from tests.support.house import differing, house

DATA = Path(__file__).parents[1] / "data"


def config(folder: Path, customer: str) -> Path:
    path = folder / "lifecycle.yaml"
    more = "read_companies: true\n" if customer == "contact of companies" else ""
    path.write_text(f"version: 1\ncustomer: {customer.split(maxsplit=1)[0]}\n{more}")
    return path


@pytest.mark.parametrize("customer", ["contact", "contact of companies", "company", "both"])
def test_companies_are_computed_as_offline_before_and_after_changes(
    store: Store, clock: FixedClock, tmp_path: Path, customer: str
) -> None:
    """Deals count for the company, engagement comes from its contacts."""
    world = generate(120, seed=5, end=NOON.date())
    assert world.companies
    with house(store, clock, world, config=config(tmp_path, customer), webhooks=DISORDER) as home:
        home.load()
        home.settle()
        assert differing(home) == []
        written = "contact" if "contact" in customer else "company"
        assert any(one.get("clm_stage") for one in home.standing(written).values())
        marked = [
            one for one in home.standing().values() if "company_buyer" in (one.get("clm_segment") or "")
        ]
        assert bool(marked) == (customer in {"contact of companies", "both"})
        make(home, world, 120, seed=3)
        home.settle()
        assert differing(home) == []


@pytest.mark.parametrize("customer", ["contact", "company"])
def test_a_b2b_pipeline_with_open_won_and_lost_deals_is_computed_as_offline(
    store: Store, clock: FixedClock, tmp_path: Path, customer: str
) -> None:
    """Deals without an account, lost deals of value 0, prospects without dates: nothing stumbles."""
    world = opportunities(DATA / "opportunities", end=NOON.date())
    with house(store, clock, world, config=config(tmp_path, customer)) as home:
        home.load()
        home.settle()
        assert differing(home) == []
        kind, customers = (
            ("companies", world.companies) if customer == "company" else ("contacts", world.contacts)
        )
        assert home.writes(kind) == len(customers)


def test_deals_of_nobody_are_told_alike_by_preview_load_and_status(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """The same account each time; samples carry the names of companies, which the preset reads."""
    chosen = tmp_path / "b2b.yaml"
    chosen.write_text(presets.text("b2b"))
    world = opportunities(DATA / "opportunities", end=NOON.date())
    with house(store, clock, world, config=chosen) as home:
        install_portal(home.context, live=False)
        told = run_preview(home.context, home.portal_id).as_dict()
        names = {sample["name"] for sample in told["samples"]}
        assert names == {company.properties["name"] for company in world.companies}
        loaded = run_backfill(home.context, home.portal_id)
        [portal] = status(home.context)["portals"]
        assert loaded.account == portal["account"] == told["account"]
        [nobody] = [one for one in portal["account"]["left_out"] if one["what"] == "no_customer"]
        assert (nobody["deals"], nobody["open"], nobody["revenue"]) == (18, 18, 0.0)
        standing = status_text(status(home.context))
        for text in (preview_text(told), loaded.as_text(), standing):
            assert "Left out: 18 deals belong to no company (18 open), e.g. " in text
        below = " ".join(standing.partition("To compute: ")[2].split())
        for heading in ("events: ", "to write: ", "given up: ", "waiting: "):
            assert heading in below, "every column of the table is explained below it"
