"""What each fact says of hand-written records: money, sharing, dates and zones, properties and their past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters, fit
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping, Purchase, Sources

DAY = date(2026, 6, 30)
BASE = Mapping()


def won(key: int, when: str, amount: Any = 100, who: tuple[int, ...] = (1,), **more: Any) -> dict[str, Any]:
    """A won deal."""
    return {
        "id": key,
        "contact_ids": list(who),
        "createdate": when,
        "closedate": when,
        "amount": amount,
        "hs_is_closed": True,
        "hs_is_closed_won": True,
        **more,
    }


def outcome(
    contacts: list[dict[str, Any]] | None = None,
    deals: list[dict[str, Any]] | None = None,
    history: list[dict[str, Any]] | None = None,
    mapping: Mapping = BASE,
    day: date = DAY,
    companies: list[dict[str, Any]] | None = None,
    parameters: Parameters | None = None,
) -> Outcomes:
    """Evaluate records with parameters of their own."""
    records = Records.from_rows(
        contacts if contacts is not None else [{"id": 1, "createdate": "2026-01-01"}],
        companies or [],
        deals or [],
        history or [],
    )
    chosen = parameters or fit(records, mapping, day)
    return evaluate(records, mapping, load_models(mapping), chosen, day)


def row(found: Outcomes, key: int = 1) -> dict[str, Any]:
    """The outcome of one customer."""
    return found.frame.filter(pl.col("id") == key).row(0, named=True)


def past(name: str, value: str, at: str, key: int = 1, kind: str = "contact") -> dict[str, Any]:
    """One row of property history."""
    return {"object": kind, "id": key, "property": name, "value": value, "at": at}


def with_sources(**named: Any) -> Mapping:
    """The default mapping with other sources of contacts."""
    return replace(BASE, contact=replace(Sources(), **named))


def test_a_refund_corrects_money_and_never_timing() -> None:
    found = row(
        outcome(deals=[won(1, "2026-02-01", 100), won(2, "2026-03-01", -30), won(3, "2026-03-05", 0)])
    )
    assert (found["purchases"], found["orders"], found["days_since_purchase"]) == (1, 1, 149)
    assert (found["revenue"], found["refunds"], found["average_order_value"]) == (70.0, 30.0, 70.0)


@pytest.mark.parametrize("amount", [30, -30])
def test_a_deal_in_a_refund_stage_gives_its_amount_back_whatever_its_sign(amount: int) -> None:
    """Also where the CRM calls that stage lost; it is no order, no purchase and no lost deal."""
    given = {"dealstage": "refunded", "hs_is_closed_won": False}
    mapping = replace(BASE, purchase=replace(Purchase(), refund_stages=("refunded",)))
    deals = [won(1, "2026-02-01", 100), won(2, "2026-03-01", amount, **given)]
    found = row(outcome(deals=deals, mapping=mapping))
    assert (found["purchases"], found["orders"], found["days_since_purchase"]) == (1, 1, 149)
    assert (found["revenue"], found["refunds"], found["lost_deals"]) == (70.0, 30.0, 0)
    assert row(outcome(deals=deals))["lost_deals"] == 1


@pytest.mark.parametrize("margin", [12, -12])
def test_a_deal_in_a_refund_stage_takes_its_margin_back_too(margin: int) -> None:
    """What was earned on it is earned no longer, whatever its sign."""
    given = {"dealstage": "refunded", "hs_is_closed_won": False, "earned": str(margin)}
    purchase = replace(Purchase(), refund_stages=("refunded",), margin_property="earned")
    deals = [won(1, "2026-02-01", 100, earned="40"), won(2, "2026-03-01", 30, **given)]
    found = row(outcome(deals=deals, mapping=replace(BASE, purchase=purchase)))
    assert (found["revenue"], found["profit"]) == (70.0, 28.0)


def test_dates_are_written_as_the_locale_has_them() -> None:
    """Without a territory as the language has it, day first."""
    deals = [won(1, "2025-02-01", 100)]
    plain = outcome(deals=deals).to_json()[0]["reason"]
    american = outcome(deals=deals, mapping=replace(BASE, locale="en_US")).to_json()[0]["reason"]
    assert "1 Feb 2025" in plain
    assert "Feb 1, 2025" in american


def test_an_unknown_amount_counts_in_timing_and_not_in_money() -> None:
    found = row(outcome(deals=[won(1, "2026-02-01", ""), won(2, "2026-03-01", 50)]))
    assert (found["purchases"], found["orders"], found["revenue"], found["average_order_value"]) == (
        2,
        2,
        50.0,
        50.0,
    )
    alone = row(outcome(deals=[won(1, "2026-02-01", "")]))
    assert (alone["purchases"], alone["revenue"], alone["average_order_value"]) == (1, None, None)


def test_orders_of_one_day_are_one_purchase() -> None:
    found = row(outcome(deals=[won(1, "2026-02-01T09:00:00Z"), won(2, "2026-02-01T21:00:00Z")]))
    assert (found["purchases"], found["orders"]) == (1, 2)


def test_the_day_of_a_purchase_is_the_portals() -> None:
    deals = [won(1, "2026-02-01T23:30:00Z"), won(2, "2026-03-01T12:00:00Z")]
    utc = row(outcome(deals=deals))
    warsaw = row(outcome(deals=deals, mapping=replace(BASE, time_zone="Europe/Warsaw")))
    assert (utc["days_since_first_purchase"], warsaw["days_since_first_purchase"]) == (149, 148)


def test_a_plain_date_is_that_calendar_day_in_every_zone() -> None:
    for zone in ("UTC", "Pacific/Auckland", "America/Los_Angeles"):
        found = row(outcome(deals=[won(1, "2026-03-01")], mapping=replace(BASE, time_zone=zone)))
        assert found["days_since_purchase"] == 121


def test_milliseconds_and_offsets_are_read_as_moments() -> None:
    for text in (
        "1772323200000",
        "2026-03-01T00:00:00+00:00",
        "2026-03-01T02:00:00+02:00",
        "2026-03-01 08:15",
    ):
        assert row(outcome(deals=[won(1, text)]))["days_since_purchase"] == 121


def test_a_won_deal_with_a_future_close_date_is_no_purchase_yet() -> None:
    found = row(outcome(deals=[won(1, "2026-07-04", createdate="2026-06-01")]))
    assert (found["purchases"], found["open_deals"], found["stage"]) == (0, 1, "evaluating")
    assert (found["next_stage"], found["next_stage_on"]) == ("new_customer", date(2026, 7, 4))


def test_a_deal_of_three_is_split_in_cents_with_the_remainder_to_the_lowest_id() -> None:
    people = [{"id": i, "createdate": "2026-01-01"} for i in (7, 5, 9)]
    found = outcome(people, [won(1, "2026-02-01", "100.00", (7, 5, 9))]).frame
    assert found.select("id", "revenue", "purchases").rows() == [(5, 33.34, 1), (7, 33.33, 1), (9, 33.33, 1)]


@pytest.mark.parametrize(("attribution", "shares"), [("all", [100.0, 100.0]), ("primary", [0.0, 100.0])])
def test_attribution_can_give_all_or_only_the_primary_contact(attribution: Any, shares: list[float]) -> None:
    mapping = replace(BASE, purchase=Purchase(attribution=attribution))
    people = [{"id": i, "createdate": "2026-01-01"} for i in (1, 2)]
    found = outcome(people, [won(1, "2026-02-01", 100, (1, 2), primary_contact_id=2)], mapping=mapping).frame
    assert found["revenue"].to_list() == shares
    assert found["purchases"].to_list() == [1, 1]


@settings(max_examples=40, deadline=None)
@given(st.integers(-(10**9), 10**9).filter(bool), st.sets(st.integers(1, 50), min_size=1, max_size=9))
def test_shares_add_up_to_the_cent(cents: int, who: set[int]) -> None:
    people = [{"id": i, "createdate": "2026-01-01"} for i in who]
    found = outcome(people, [won(1, "2026-02-01", f"{cents / 100:.2f}", tuple(who))]).frame
    assert sum(round(v * 100) for v in found["revenue"]) == cents


def test_a_foreign_amount_needs_its_value_in_the_home_currency() -> None:
    mapping = replace(BASE, currency="EUR")
    deals = [
        won(1, "2026-02-01", 100, deal_currency_code="USD"),
        won(2, "2026-03-01", 100, deal_currency_code="USD", amount_in_home_currency="92.5"),
        won(3, "2026-04-01", 10, deal_currency_code="EUR"),
    ]
    found = outcome(deals=deals, mapping=mapping)
    assert (row(found)["revenue"], row(found)["purchases"]) == (102.5, 3)
    assert [f["problem"] for f in found.findings] == ["no value in the home currency"]


def test_what_cannot_be_read_is_null_and_counted_with_examples() -> None:
    deals = [won(1, "01/02/2026"), won(2, "2026-03-01", "12,50"), won(3, "2026-04-01", "nan")]
    found = outcome(deals=deals)
    assert (row(found)["purchases"], row(found)["revenue"]) == (2, None)
    said = {(f["object"], f["property"], f["problem"]): (f["count"], f["examples"]) for f in found.findings}
    assert said[("deal", "closedate", "not a date")] == (1, ["01/02/2026"])
    assert said[("deal", "amount", "not a number")] == (2, ["12,50", "nan"])


def test_profit_comes_from_the_margin_the_cost_or_a_share() -> None:
    deals = [won(1, "2026-02-01", 100, gain="40", cost="70")]
    for purchase, profit in (
        (Purchase(), 100.0),
        (Purchase(margin_share=0.25), 25.0),
        (Purchase(margin_property="gain"), 40.0),
        (Purchase(cost_property="cost"), 30.0),
    ):
        found = outcome(deals=deals, mapping=replace(BASE, purchase=purchase))
        assert row(found)["profit"] == profit
        assert found.written()["clm_value_to_date"].to_list() == [f"{profit:.0f}"]


def test_only_the_mapped_pipelines_and_stages_are_purchases() -> None:
    deals = [
        won(1, "2026-02-01", pipeline="shop", dealstage="paid"),
        won(2, "2026-03-01", pipeline="other", dealstage="paid"),
        won(3, "2026-04-01", pipeline="shop", dealstage="closedwon"),
    ]
    mapping = replace(BASE, purchase=Purchase(pipelines=("shop",), won_stages=("paid",)))
    assert row(outcome(deals=deals, mapping=mapping))["purchases"] == 1


def test_a_last_visit_proves_its_day_and_history_proves_the_others() -> None:
    contact = {
        "id": 1,
        "createdate": "2026-01-01",
        "hs_analytics_last_visit_timestamp": "2026-06-01T10:00:00Z",
    }
    earlier = past("hs_analytics_last_visit_timestamp", "2026-02-01T10:00:00Z", "2026-02-01T10:05:00Z")
    assert row(outcome([contact]))["engagements"] == 1
    assert row(outcome([contact], history=[earlier]))["engagements"] == 2
    assert row(outcome([contact], history=[earlier], day=date(2026, 3, 1)))["days_since_engaged"] == 28
    assert row(outcome([contact], day=date(2026, 3, 1)))["engagements"] == 0


def test_the_growth_of_a_counter_dates_an_engagement() -> None:
    mapping = with_sources(engagement_dates=(), engagement_counters=("forms",))
    history = [
        past("forms", n, at) for n, at in (("1", "2026-02-01T00:00:00Z"), ("3", "2026-05-01T00:00:00Z"))
    ]
    history.append(past("forms", "2", "2026-06-01T00:00:00Z"))
    found = row(
        outcome([{"id": 1, "createdate": "2026-01-01", "forms": 2}], history=history, mapping=mapping)
    )
    assert (found["engagements"], found["days_since_engaged"]) == (2, 60)
    undated = row(outcome([{"id": 1, "createdate": "2026-01-01", "forms": 2}], mapping=mapping))
    assert (undated["engagements"], undated["days_since_engaged"]) == (1, 180)


def test_an_undated_value_holds_since_the_record_was_created_and_a_dated_one_since_then() -> None:
    contact = {"id": 1, "createdate": "2026-01-01", "hs_feedback_last_nps_rating": "9"}
    history = [
        past("hs_feedback_last_nps_rating", v, f"2026-0{m}-01T00:00:00Z") for v, m in (("4", 2), ("9", 5))
    ]
    assert row(outcome([contact], day=date(2026, 1, 2)))["nps"] == 9
    for day, nps in (("2026-01-02", None), ("2026-03-01", 4), ("2026-06-01", 9)):
        assert row(outcome([contact], history=history, day=date.fromisoformat(day)))["nps"] == nps


def test_a_cancellation_is_lifted_by_a_later_purchase_unless_it_is_undated() -> None:
    mapping = with_sources(cancelled="gone", cancelled_on="gone_on")
    deals = [won(1, "2026-02-01"), won(2, "2026-05-01")]
    person = {"id": 1, "createdate": "2026-01-01", "gone": "true"}
    undated = row(outcome([person], deals, mapping=mapping))
    assert (undated["cancelled"], undated["stage"], undated["since"]) == (True, "lost", date(2026, 1, 1))
    dated = row(outcome([{**person, "gone_on": "2026-03-01"}], deals, mapping=mapping))
    assert (dated["cancelled"], dated["stage"]) == (False, "reactivated")
    later = row(outcome([{**person, "gone_on": "2026-06-01"}], deals, mapping=mapping))
    assert (later["stage"], later["since"], later["exited_from"]) == ("lost", date(2026, 6, 1), "active")
    announced = row(outcome([{**person, "gone_on": "2026-07-15"}], deals, mapping=mapping))
    assert (announced["cancelled"], announced["next_stage_on"]) == (False, date(2026, 7, 15))


def test_a_day_of_cancellation_needs_no_tick_and_a_no_overrules_it() -> None:
    mapping = with_sources(cancelled="gone", cancelled_on="gone_on")
    person = {"id": 1, "createdate": "2026-01-01", "gone_on": "2026-06-01"}
    for tick, stage, since in (("", "lost", date(2026, 6, 1)), ("false", "active", date(2026, 6, 15))):
        found = row(outcome([{**person, "gone": tick}], [won(1, "2026-05-15")], mapping=mapping))
        assert (found["stage"], found["since"]) == (stage, since)


@pytest.mark.parametrize(("now", "stage"), [("", "active"), ("2026-07-15", "active"), ("2026-05-20", "lost")])
def test_a_day_of_cancellation_that_was_taken_back_or_moved_no_longer_counts(now: str, stage: str) -> None:
    mapping = with_sources(cancelled_on="gone_on")
    history = [
        past("gone_on", "2026-06-01", "2026-05-20T00:00:00Z"),
        past("gone_on", now, "2026-06-05T00:00:00Z"),
    ]
    person = {"id": 1, "createdate": "2026-01-01", "gone_on": now}
    found = row(outcome([person], [won(1, "2026-05-15")], history, mapping))
    assert found["stage"] == stage


@pytest.mark.parametrize(("updated", "stale"), [("2025-06-30", False), ("2025-06-29", True)])
def test_a_key_field_is_stale_a_year_after_its_last_update(updated: str, stale: bool) -> None:
    person = {"id": 1, "createdate": "2024-01-01", "phone": "123"}
    history = [past("phone", "123", f"{updated}T00:00:00Z")]
    found = row(outcome([person], history=history, mapping=with_sources(key_fields=("phone",))))
    assert ("stale_data" in found["risk_flags"]) is stale


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


@pytest.mark.parametrize(("answer", "nps"), [("0", 0), ("10", 10), ("11", None), ("-1", None)])
def test_an_nps_answer_off_the_scale_is_not_known_and_counted(answer: str, nps: int | None) -> None:
    found = outcome([{"id": 1, "createdate": "2026-01-01", "hs_feedback_last_nps_rating": answer}])
    assert row(found)["nps"] == nps
    assert [f["problem"] for f in found.findings] == (
        [] if nps is not None else ["not a number from 0 to 10"]
    )


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


def test_a_corrected_conversion_date_is_one_first_purchase() -> None:
    mapping = with_sources(conversion="signed_on")
    history = [past("signed_on", "2020-06-01", "2026-06-01T00:00:00Z")]
    person = {"id": 1, "createdate": "2026-01-01", "signed_on": "2026-06-01"}
    found = row(outcome([person], [], history, mapping))
    assert (found["purchases"], found["days_since_first_purchase"]) == (1, 29)


def test_a_cancellation_flag_is_dated_by_its_history() -> None:
    mapping = with_sources(cancelled="gone")
    history = [past("gone", "true", "2026-03-01T00:00:00Z")]
    person = {"id": 1, "createdate": "2026-01-01", "gone": "true"}
    assert row(outcome([person], [won(1, "2026-02-01")], history, mapping))["since"] == date(2026, 3, 1)
    assert row(outcome([person], [won(1, "2026-05-01")], history, mapping))["cancelled"] is False


def test_a_conversion_counts_as_the_first_purchase() -> None:
    mapping = with_sources(conversion="signed_on")
    person = {"id": 1, "createdate": "2026-01-01", "signed_on": "2026-01-10"}
    found = row(outcome([person], [won(1, "2026-03-01")], mapping=mapping))
    assert (found["purchases"], found["orders"], found["days_since_first_purchase"]) == (2, 1, 171)
    late = row(outcome([{**person, "signed_on": "2026-04-01"}], [won(1, "2026-03-01")], mapping=mapping))
    assert late["purchases"] == 1


def test_open_amounts_are_known_today_and_unknown_in_the_past() -> None:
    deal = {
        "id": 1,
        "contact_ids": [1],
        "createdate": "2026-06-01",
        "amount": "90.5",
        "hs_deal_stage_probability": "0.4",
    }
    other = {**deal, "id": 2, "amount": "9.5", "hs_deal_stage_probability": "0.2"}
    found = row(outcome(deals=[deal, other]))
    assert (found["open_deals"], found["open_amount"], found["furthest_probability"]) == (2, 100.0, 0.4)


def test_the_usual_gap_is_shrunk_to_the_portals() -> None:
    people = [{"id": i, "createdate": "2026-01-01"} for i in (1, 2)]
    deals = [won(i, f"2026-0{i}-01", who=(1,)) for i in (1, 2, 3)] + [won(9, "2026-02-01", who=(2,))]
    parameters = fit(Records.from_rows(people, deals=deals), BASE, DAY)
    found = outcome(people, deals, parameters=parameters)
    assert parameters.usual_gap_days == 29.5  # gaps of 31 and 28 days
    assert row(found, 1)["usual_gap_days"] == pytest.approx((2 * 29.5 + 3 * 29.5) / 5)
    assert row(found, 2)["usual_gap_days"] == 29.5


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


def test_mapped_extra_properties_can_be_named_in_conditions(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "segments:\n  - {key: poland, labels: {en: Poland}, when: country = 'PL'}\n", encoding="utf-8"
    )
    mapping = with_sources(extras=("country",))
    records = Records.from_rows([{"id": 1, "createdate": "2026-01-01", "country": "PL"}])
    found = evaluate(records, mapping, load_models(mapping, [path]), Parameters(), DAY)
    assert found.frame["segments"].to_list() == [["potential", "poland"]]


def test_no_records_yield_no_outcomes() -> None:
    found = evaluate(Records.empty(), BASE, load_models(BASE), Parameters(), DAY)
    assert found.to_json() == []
    assert found.written().columns[:3] == ["object", "id", "clm_stage"]
