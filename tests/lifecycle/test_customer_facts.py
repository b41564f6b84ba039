"""What is said of a customer as a whole: contact or company, known or not, beside the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.records import Records
from tests.lifecycle.rows import BASE, DAY, outcome, row, with_sources, won


def test_declining_activity_is_also_said_of_a_sleeping_customer() -> None:
    bought = [won(i, f"2025-{m:02}-15") for i, m in enumerate((7, 8, 9, 10), 1)]
    found = row(outcome(deals=bought, contacts=[{"id": 1, "createdate": "2025-01-01"}]))
    assert {"sleeping", "declining_activity"} <= set(found["risk_flags"])


def test_tiers_hold_the_best_twentieth_fifth_and_half_and_equal_customers_share_one() -> None:
    people = [{"id": i, "createdate": "2026-01-01"} for i in range(1, 21)]
    tiers = {}
    for name, money in (("apart", 10), ("alike", 0)):
        deals = [won(i, "2026-06-01", 100 + i * money, who=(i,)) for i in range(1, 21)]
        tiers[name] = outcome(people, deals).frame.sort("id")["tier"].to_list()
    assert tiers["apart"] == ["bronze"] * 10 + ["silver"] * 6 + ["gold"] * 3 + ["platinum"]
    assert set(tiers["alike"]) == {"bronze"}


def test_a_lead_whose_deal_was_lost_is_not_told_that_nothing_is_known() -> None:
    deal = {**won(1, "2026-06-10"), "createdate": "2026-05-01", "hs_is_closed_won": False}
    assert outcome(deals=[deal]).to_json()[0]["reason"] == (
        "Was in a deal, last on 10 Jun 2026; nothing open and no purchase yet."
    )


def test_a_demo_is_named_as_what_keeps_a_silent_buyer_awake_and_as_what_a_lead_had() -> None:
    mapping = with_sources(markers=("demo_on",))
    person = {"id": 1, "createdate": "2024-01-01", "demo_on": "2026-06-01"}
    buyer = outcome([person], [won(1, "2025-01-10")], mapping=mapping).to_json()[0]
    assert (buyer["stage"], buyer["reason"]) == (
        "active",
        "No order since 10 Jan 2025, but a demo, trial or quote was on 1 Jun 2026.",
    )
    lead = outcome([{**person, "demo_on": "2025-06-01"}], mapping=mapping).to_json()[0]
    assert (lead["stage"], lead["reason"]) == (
        "lead",
        "Demo, trial or quote on 1 Jun 2025, nothing open since; no purchase yet.",
    )


def test_the_customer_can_be_the_company_and_its_contacts_engage_for_it() -> None:
    mapping = replace(BASE, customer="company")
    contacts = [
        {"id": 1, "company_ids": [50], "createdate": "2026-01-01", "hs_email_last_click_date": "2026-06-10"},
        {"id": 2, "company_ids": [50, 51], "createdate": "2026-01-01", "notes_last_contacted": "2026-06-20"},
    ]
    companies = [{"id": 50, "createdate": "2026-01-01"}, {"id": 51, "createdate": "2026-01-01"}]
    deals = [
        won(1, "2026-05-01", 80, (), company_ids=[50]),
        won(2, "2026-06-01", 81, (), company_ids=[50, 51]),
    ]
    found = outcome(contacts, deals, mapping=mapping, companies=companies)
    first, second = row(found, 50), row(found, 51)
    assert (first["object"], first["purchases"], first["revenue"]) == ("company", 2, 120.5)
    assert (first["days_since_engaged"], first["days_since_outreach"]) == (20, 10)
    assert (second["days_since_engaged"], second["days_since_outreach"], second["revenue"]) == (
        None,
        10,
        40.5,
    )


def test_contacts_and_companies_can_be_customers_side_by_side() -> None:
    mapping = replace(BASE, customer="both")
    found = outcome(
        [{"id": 1, "createdate": "2026-01-01"}],
        [won(1, "2026-05-01", 80, company_ids=[1])],
        mapping=mapping,
        companies=[{"id": 1, "createdate": "2026-01-01"}],
    )
    assert found.frame.select("object", "id", "revenue").rows() == [
        ("contact", 1, 80.0),
        ("company", 1, 80.0),
    ]


def test_a_contact_without_deals_at_a_buying_company_is_told_apart() -> None:
    contacts = [{"id": i, "company_ids": [50], "createdate": "2026-01-01"} for i in (1, 2)]
    deals = [won(1, "2026-05-01", 80, (1,), company_ids=[50])]
    found = outcome(contacts, deals)
    assert (row(found, 1)["company_buyer"], row(found, 2)["company_buyer"]) == (False, True)
    assert row(found, 2)["segments"] == ["potential"]  # a portal that does not read companies cannot write it
    read = outcome(contacts, deals, mapping=replace(BASE, read_companies=True))
    assert row(read, 2)["segments"] == ["potential", "company_buyer"]


def test_what_the_company_bought_before_does_not_make_a_contact_older() -> None:
    contacts = [{"id": 1, "company_ids": [50], "createdate": "2026-05-01"}]
    found = outcome(contacts, [won(1, "2024-01-01", 80, (), company_ids=[50])])
    assert str(found.to_json()[0]["since"]) == "2026-05-01"


def test_a_portal_without_any_outreach_recorded_is_not_blamed_for_it() -> None:
    deals = [won(1, "2026-06-25")]
    silent = row(outcome(deals=deals))
    assert (silent["outreaches"], silent["risk_flags"]) == (None, [])
    people = [{"id": 1, "createdate": "2026-01-01"}, {"id": 2, "notes_last_contacted": "2026-05-01"}]
    heard = row(outcome(people, deals))
    assert (heard["outreaches"], heard["risk_flags"]) == (0, ["remorse_window", "no_outreach"])


def test_a_customer_created_later_is_not_seen_yet() -> None:
    found = outcome([{"id": 1, "createdate": "2026-07-02"}, {"id": 2, "createdate": "2026-06-30"}])
    assert found.frame["id"].to_list() == [2]
    assert found.unseen.rows() == [("contact", 1, date(2026, 7, 2))]


def test_no_records_yield_no_outcomes() -> None:
    found = evaluate(Records.empty(), BASE, load_models(BASE), Parameters(), DAY)
    assert found.to_json() == []
    assert found.written().columns[:3] == ["object", "id", "clm_stage"]
