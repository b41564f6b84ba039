"""A B2B pipeline becomes a portal with its traps left in: days turned around, no account, no value."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from plugin.errors import InputError
from plugin.sandbox.loaders import opportunities

EXCERPT = Path(__file__).parent.parent / "data" / "opportunities"


@pytest.fixture(scope="module")
def world():
    return opportunities(EXCERPT)


def _deal(world, opportunity):
    return next(d for d in world.deals if d.properties["opportunity_id"] == opportunity)


def test_four_stages_become_open_won_and_lost_deals(world):
    """The excerpt's own counts, and the CRM's flags with them."""
    counts = Counter(
        (d.properties["dealstage"], d.properties["hs_is_closed"], d.properties["hs_is_closed_won"])
        for d in world.deals
    )
    assert counts == {
        ("closedwon", "true", "true"): 30,
        ("closedlost", "true", "false"): 15,
        ("presentationscheduled", "false", "false"): 20,
        ("appointmentscheduled", "false", "false"): 16,
    }


def test_a_won_opportunity_keeps_its_days_and_value(world):
    """1C1I7A6R: engaged 20-10-2016, won 01-03-2017 (the first of March), 1054, Cancity."""
    deal = _deal(world, "1C1I7A6R")
    assert deal.properties["createdate"].startswith("2016-10-20")
    assert deal.properties["closedate"].startswith("2017-03-01")
    assert deal.properties["amount"] == "1054"
    assert [(name, value) for name, value, _ in deal.history] == [
        ("dealstage", "presentationscheduled"),
        ("dealstage", "closedwon"),
    ]
    company = next(c for c in world.companies if c.properties["name"] == "Cancity")
    contact = next(c for c in world.contacts if ("company", company.id, 1) in c.associations)
    assert set(deal.associations) == {
        ("contact", contact.id, 3),
        ("company", company.id, 5),
        ("company", company.id, 341),
    }


def test_the_traps_stay_in(world):
    """Nothing is invented: no account means no association, 0 stays 0, an open deal has no amount."""
    orphans = [d for d in world.deals if not d.associations]
    assert Counter(d.properties["hs_is_closed"] for d in orphans) == {"false": 18}
    lost = [d for d in world.deals if d.properties["dealstage"] == "closedlost"]
    assert {d.properties["amount"] for d in lost} == {"0"}
    still_open = [d for d in world.deals if d.properties["hs_is_closed"] == "false"]
    assert not any("amount" in d.properties or "closedate" in d.properties for d in still_open)


def test_an_account_that_only_opportunities_name_is_there_too(world):
    """Six listed accounts and Sumace, each with one contact."""
    names = [c.properties["name"] for c in world.companies]
    assert len(names) == len(world.contacts) == 7
    assert names[-1] == "Sumace"
    assert world.companies[0].properties["annualrevenue"] == "251410000"


def test_all_days_can_be_moved_together():
    """The last day of the file falls on `end`; spans between days stay."""
    kept, moved = (
        opportunities(EXCERPT / "sales_pipeline.csv"),
        opportunities(EXCERPT, end=date(2026, 11, 22)),
    )
    last = max(d.properties.get("closedate", d.properties["createdate"]) for d in moved.deals)
    assert last.startswith("2026-11-22")
    spans = [
        {d.id: d.history[-1][2] - d.created_at for d in world.deals if "closedate" in d.properties}
        for world in (kept, moved)
    ]
    assert spans[0] == spans[1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("X,a,p,acc,Won,2017/01/01,01-02-2017,5", "f.csv:2: '2017/01/01' is not a day."),
        ("X,a,p,acc,Wonn,01-01-2017,01-02-2017,5", "f.csv:2: 'Wonn' is not a stage."),
        ("X,a,p,acc,Prospecting,,,", "no opportunity with a date"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, words):
    """File, line and what is wrong with it."""
    head = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
    file = tmp_path / "f.csv"
    file.write_text(f"{head}\n{line}\n")
    with pytest.raises(InputError) as caught:
        opportunities(file)
    assert words in str(caught.value)


def test_a_file_of_another_shape_is_refused(tmp_path):
    """Missing columns and missing files say so."""
    file = tmp_path / "f.csv"
    file.write_text("id,amount\n1,2\n")
    with pytest.raises(InputError, match="lacks the columns opportunity_id"):
        opportunities(file)
    with pytest.raises(InputError, match="cannot be read"):
        opportunities(tmp_path / "none.csv")
