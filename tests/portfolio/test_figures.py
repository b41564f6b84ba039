"""What the figures say of small worlds that one can count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from plugin.errors import InputError
from plugin.mapping.model import Purchase
from plugin.mapping.readings import Reading
from plugin.portfolio.answers import cohorts_answer, funnel_answer, metrics_answer
from plugin.portfolio.asked import Asked
from plugin.portfolio.losses import category
from plugin.portfolio.months import month_of, parse_month, parse_period
from plugin.portfolio.page import page
from plugin.portfolio.spend import Spend, parse_spend
from tests.portfolio.small import MAPPING, OWN_CHANNELS, TODAY, buyer, figures, forty, source


def test_spend_is_matched_with_the_customers_won_one_sales_cycle_later() -> None:
    """62 days are two months: May's customers were paid for in March, not in May."""
    month = month_of(date(2026, 3, 1))
    where = source(forty(), Spend({(month, "paid_search"): 80_000, (month + 2, "PAID_SEARCH"): 999_900}))
    for asked in ({}, {"channel": "PAID_SEARCH"}):
        cac = figures(where, **asked, period="2026-05")["cac"]
        assert (cac["value"], cac["n"]) == (20.0, 40)
        assert (cac["notes"]["lag_days"], cac["notes"]["lag_months"]) == (62.0, 2)
        # to date what May's spend won nobody with counts, too
        assert figures(where, **asked)["cac"]["value"] == pytest.approx((800 + 9_999) / 40)
    answer = metrics_answer(where, Asked())
    (one,) = [row for row in answer["cac_by_month"] if row["month"] == "2026-05"]
    assert (one["channel"], one["spend"], one["value"]) == ("PAID_SEARCH", 800.0, 20.0)


def test_what_a_customer_earns_pays_back_what_it_cost() -> None:
    """Ten in May, ten in July: fifteen are covered two months after the first purchase."""
    people = [buyer(i, "2026-05-10", ["2026-05-10", "2026-07-10"]) for i in range(1, 41)]
    month = month_of(date(2026, 5, 1))
    spent = Spend({(month, "EVENTS"): 60_000})
    found = figures(source(people, spent))
    assert (found["cac"]["value"], found["payback_months"]["value"]) == (15.0, 2)
    dear = figures(source(people, Spend({(month, "EVENTS"): 6_000_000})))["payback_months"]
    assert (dear["value"], dear["reason_code"], dear["notes"]["months_seen"]) == (None, "not_paid_back", 5)


def test_what_earns_nothing_is_never_paid_back() -> None:
    """A word with a reason, not an empty place."""
    month = month_of(date(2026, 5, 1))
    free = replace(MAPPING, purchase=Purchase(margin_share=0))
    found = figures(source(forty(created="2026-05-10"), Spend({(month, "EVENTS"): 60_000}), free))
    never = found["payback_months"]
    assert (never["value"], never["word"], never["reason_code"]) == (None, "never", "never")
    assert "nothing was earned" in never["reason"]


def test_below_its_gate_a_figure_is_withheld_and_says_how_many_there_are() -> None:
    """Never 0 for what is not known."""
    few = figures(source([buyer(1, "2026-05-01", ["2026-05-10"])]))
    for key in ("average_order", "sales_cycle", "retention_rate", "churn_rate", "historic_value"):
        assert few[key]["value"] is None
        assert (few[key]["reason_code"], few[key]["gate"] > few[key]["n"]) == ("too_few", True)
    assert few["gross_revenue_retention"]["reason_code"] == "too_few"
    assert (few["nps"]["value"], few["nps"]["word"]) == (None, "undefined")  # no answer at all
    assert few["csat"]["reason_code"] == "not_mapped"
    assert few["revenue"]["value"] == 10.0


def test_amounts_that_are_not_known_are_not_nothing() -> None:
    """Orders without amounts count in timing and leave money withheld."""
    found = figures(source([buyer(i, "2026-05-01", ["2026-05-10"], amount="") for i in range(1, 41)]))
    assert found["customers_won"]["value"] == 40
    assert (found["revenue"]["value"], found["revenue"]["reason_code"]) == (None, "no_amounts")
    assert found["profit"]["value"] is None
    assert found["historic_value"]["value"] is None


def test_customers_are_lost_in_the_month_in_which_they_left_with_what_they_had_brought() -> None:
    """Ten of forty cancel in July; each had brought ten."""
    people = forty()
    for one in people[:10]:
        one |= {"left_on": "2026-07-15", "why": "Went with ACME"}
    people[10] |= {"left_on": "2026-07-16", "why": "weird"}
    people[11] |= {"left_on": "2026-07-16"}
    where = source(people, lost=3)
    july = figures(where, period="2026-07")
    assert (july["churn_rate"]["numerator"]["value"], july["churn_rate"]["denominator"]["value"]) == (12, 40)
    assert july["retention_rate"]["value"] == pytest.approx(28 / 40)
    assert july["revenue_lost"]["value"] == 120.0
    assert figures(where, period="2026-08")["churn_rate"]["reason_code"] == "too_few"  # 28 were left
    told = {one["reason"]: one for one in metrics_answer(where, Asked())["loss_reasons"]}
    assert {name: one["customers"] for name, one in told.items() if one["customers"]} == {
        "price": 10,
        "other": 1,
        "unknown": 1,
    }
    assert (told["price"]["deals"], told["price"]["deal_amount"]) == (3, 21.0)


def test_a_return_after_a_sleep_earns_against_the_cost_of_lifecycle_work() -> None:
    """Bought in January, slept, came back in September: ten earned on each, four spent."""
    people = [buyer(i, "2026-01-05", ["2026-01-10", "2026-09-10"]) for i in range(1, 41)]
    month = month_of(date(2026, 9, 1))
    with_cost = source(people, Spend({(month, "lifecycle"): 16_000}))
    roi = figures(with_cost)["lifecycle_roi"]
    assert (roi["value"], roi["n"]) == (pytest.approx((400 - 160) / 160), 40)
    assert figures(with_cost)["cac"]["reason_code"] == "no_spend"  # the cost of lifecycle work wins nobody
    assert figures(with_cost, period="2026-09")["return_rate"]["value"] == 1.0
    assert figures(source(people))["lifecycle_roi"]["reason_code"] == "no_cost"


def test_cohorts_tell_who_bought_again_and_who_was_kept() -> None:
    """Half of May's cohort buys again in July; a quarter leaves in August."""
    people = [
        buyer(i, "2026-05-01", ["2026-05-10", *(["2026-07-02"] if i <= 20 else [])]) for i in range(1, 41)
    ]
    for one in people[30:]:
        one["left_on"] = "2026-08-03"
    (cohort,) = cohorts_answer(source(people), Asked())["cohorts"]
    assert (cohort["cohort"], cohort["n"]) == ("2026-05", 40)
    assert cohort["bought"] == [40, 0, 20, 0, 0, 0]
    assert cohort["kept"] == [40, 40, 40, 30, 30, 30]
    assert cohort["profit"] == [400.0, 400.0, 600.0, 600.0, 600.0, 600.0]
    assert cohort["kept_share"][3] == 0.75


def test_the_funnel_gives_the_exact_median_of_days_between_stages() -> None:
    """From record to first purchase: 10, 20, … 400 days; the median of an even number lies between."""
    people = [
        buyer(i, (date(2026, 1, 1) - timedelta(10 * i)).isoformat(), ["2026-01-01"]) for i in range(1, 41)
    ]
    stages = {one["stage"]: one for one in funnel_answer(source(people), Asked())["stages"]}
    assert stages["evaluating"]["median_days"] == 0  # the deal is as old as the record
    assert stages["new_customer"]["median_days"] == 205.0
    assert (stages["new_customer"]["went_on"], stages["new_customer"]["before"]) == (40, 40)
    assert stages["active"]["median_days"] == 31.0
    assert stages["loyal"]["reached"] == 0


@pytest.mark.parametrize("language", ["en", "ru", "pl"])
def test_the_page_is_whole_in_every_language(language: Any) -> None:
    """Self-contained, without a scheme of the network in it, with names that cannot break out."""
    people = [one | {"came_from": "<script>alert(1)</script>"} for one in forty()]
    month = month_of(date(2026, 3, 1))
    where = source(people, Spend({(month, "Ä&<b>"): 100}), replace(OWN_CHANNELS, language=language))
    made = page(metrics_answer(where, Asked()), funnel_answer(where, Asked()), cohorts_answer(where, Asked()))
    assert made.startswith("<!doctype html>")
    assert f'lang="{language}"' in made
    assert "<script" not in made
    assert "http" not in made
    assert "{" not in made.partition("</style>")[2]


def test_a_source_that_hubspot_does_not_list_is_the_channel_other() -> None:
    """Beside its listed values and nobody's, with what was spent on it; only of HubSpot's own property."""
    came = ["PAID_SEARCH", "AI_REFERRALS", "EVENTS", "Trade fair", "other", "", None]
    people = [
        one | {"hs_analytics_source": came[n % 7], "came_from": came[n % 7]} for n, one in enumerate(forty())
    ]
    table, known = "month,channel,amount\n2026-05,Other,80\n", source(people).channels
    spent = Spend(parse_spend(table, "s", today=TODAY, currency="EUR", channels=known))
    found = metrics_answer(source(people, spent), Asked())["channels"]
    told = {one["channel"]: one["spend"] for one in found}
    assert told == {"other": 80.0, "PAID_SEARCH": None, "AI_REFERRALS": None, "": None}
    for channel, won in (("other", 18), ("AI_REFERRALS", 6), ("unknown", 10)):
        assert figures(source(people, spent), channel=channel)["customers_won"]["value"] == won
    own = source(people, mapping=OWN_CHANNELS).channels
    assert set(own) == {"PAID_SEARCH", "AI_REFERRALS", "EVENTS", "Trade fair", "other", ""}
    named = {"trade fair": "fairs", "paid_search": "ads"}
    for type_, more in (("enumeration", set()), ("text", {"AI_REFERRALS", "other"})):
        reading = {"contact": {"hs_analytics_source": Reading(type_, values=named)}}
        declared = source(people, mapping=replace(MAPPING, readings=reading)).channels
        assert set(declared) == {"fairs", "ads", "", *more}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-13,PAID,1,EUR", "line 3: '2026-13' is no month"),
        ("2026-05-17,PAID,1,EUR", "line 3: '2026-05-17' is no month"),
        ("2027-01,PAID,1,EUR", "has not begun"),
        ("2026-05,PAID,-1,EUR", "-1 is negative"),
        ("2026-05,PAID,ten,EUR", "'ten' is no amount"),
        ("2026-05,PAID,NaN,EUR", "no amount that money has"),
        ("2026-05,PAID,1e400,EUR", "no amount that money has"),
        ("2026-05,PAID,1.005,EUR", "more than two decimals"),
        ("2026-05,PAID,1,USD", "the amount is in USD, the portal in EUR"),
        ("2026-05,PIAD,1,EUR", "no customer came through a channel 'PIAD'; did you mean PAID?"),
        ("2026-05,,1,EUR", "the channel is empty"),
        ("2026-04,paid,1,EUR", "2026-04 PAID stands in line 2 already"),
        ("2026-05", "the channel is empty"),
    ],
)
def test_a_fault_in_the_spend_table_is_named_with_its_line_and_nothing_is_taken(line: str, said: str) -> None:
    """Every fault at once."""
    text = f"month,channel,amount,currency\n2026-04,PAID,12.50,EUR\n{line}\n"
    with pytest.raises(InputError, match="nothing was taken") as caught:
        parse_spend(text, "spend.csv", today=TODAY, currency="EUR", channels=["PAID"])
    assert said in caught.value.message


def test_a_spend_table_is_read_to_the_cent_in_any_order_of_columns() -> None:
    """Channels as the CRM writes them, the first of a month as a date, a byte order mark before it all."""
    text = '\ufeffAmount,Channel,Month\n"0.10",paid,2026-04-01\n12,lifecycle,2026-04\n\n'
    found = parse_spend(text, "s", today=TODAY, currency=None, channels=["PAID"])
    month = parse_month("2026-04")
    assert found == {(month, "PAID"): 10, (month, "lifecycle"): 1200}
    with pytest.raises(InputError, match="there is no column amount"):
        parse_spend("month,channel\n", "s", today=TODAY, currency=None)


def test_two_currencies_are_not_taken_where_the_portals_is_not_known() -> None:
    """They would be added up raw."""
    text = "month,channel,amount,currency\n2026-04,PAID,1,EUR\n2026-05,PAID,1,usd\n2026-03,PAID,1,\n"
    with pytest.raises(InputError, match="line 3: the amount is in usd, a line before in EUR"):
        parse_spend(text, "spend.csv", today=TODAY, currency=None)


def test_periods_are_months_quarters_and_years_and_end_today() -> None:
    """What has not begun is refused; what is running is cut."""
    assert len(parse_period("2026-Q2", TODAY).months) == 3
    assert len(parse_period("2026", TODAY).months) == 11
    for wrong in ("2026-Q5", "26", "2026-5", "2027", "２０２６"):
        with pytest.raises(InputError):
            parse_period(wrong, TODAY)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Too expensive for us", "price"),
        ("Слишком дорого", "price"),
        ("za wysoka cena", "price"),
        ("Bad SUPPORT", "service"),
        ("низкое качество", "quality"),
        ("No longer needed", "changed_needs"),
        ("brak odpowiedzi", "weak_communication"),
        ("Nobody called back", "weak_communication"),
        ("Delivered late", "service"),
        ("Maybe later", "changed_needs"),
        ("может быть, позже", "changed_needs"),
        ("renewable licence", "other"),
        ("  ", "unknown"),
        (None, "unknown"),
    ],
)
def test_reasons_of_loss_are_sorted_by_key_words(text: str | None, wanted: str) -> None:
    """In three languages; what fits nothing stays visible as other."""
    assert category(text, {}) == wanted
