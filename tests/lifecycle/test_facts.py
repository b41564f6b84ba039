"""What facts say of hand-written deals: money, sharing, dates and zones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.parameters import fit
from plugin.lifecycle.records import Records
from plugin.mapping.model import Purchase
from tests.lifecycle.rows import BASE, DAY, outcome, row, won


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


def test_a_deal_in_a_lost_stage_is_lost_whatever_the_crm_says_of_it() -> None:
    """It is no purchase and not open, also where the CRM calls the stage won."""
    mapping = replace(BASE, purchase=replace(Purchase(), lost_stages=("gone",)))
    deals = [
        won(1, "2026-02-01", 100),
        won(2, "2026-03-01", 30, dealstage="gone"),
        won(3, "2026-04-01", 40, dealstage="gone", hs_is_closed_won=False, hs_is_closed=False),
    ]
    found = row(outcome(deals=deals, mapping=mapping))
    assert (found["purchases"], found["revenue"], found["lost_deals"], found["open_deals"]) == (
        1,
        100.0,
        2,
        0,
    )


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
