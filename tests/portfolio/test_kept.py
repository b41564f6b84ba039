"""Who stayed and what they paid again, counted by hand: sets beside the formula, capped and not capped."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.portfolio.answers import metrics_answer
from plugin.portfolio.asked import Asked
from plugin.portfolio.shown import Shown
from tests.portfolio.small import buyer, figures, forty, source


def spring() -> list[dict[str, Any]]:
    """Forty bought in March. Ten leave in April and are back in June, four leave for good in May.

    Six more come in April and go in May.
    """
    people = [buyer(i, "2026-03-01", ["2026-03-10"]) for i in range(1, 41)]
    for one in people[:10]:
        one |= {"left_on": "2026-04-15", "bought": ["2026-03-10", "2026-06-10"]}
    for one in people[10:14]:
        one |= {"left_on": "2026-05-20"}
    return people + [buyer(i, "2026-04-01", ["2026-04-10"], left_on="2026-05-10") for i in range(41, 47)]


def test_a_quarter_is_kept_by_its_own_customers_not_by_chained_months() -> None:
    """Who left and came back within it was kept; the formula and the months say other things."""
    found = figures(source(spring()), period="2026-Q2")
    retention, churn = found["retention_rate"], found["churn_rate"]
    assert (retention["value"], churn["value"]) == (0.9, 0.1)
    assert (retention["numerator"]["value"], retention["denominator"]["value"]) == (36, 40)
    assert retention["notes"] == {
        "period": "2026-Q2",
        "start": 40,
        "end": 36,
        "new": 6,
        "kept": 36,
        "formula": 0.75,
    }
    months = found["monthly_churn"]
    assert (months["numerator"]["value"], months["denominator"]["value"]) == (10 + 10, 40 + 36 + 26)


def test_a_month_and_a_running_year_count_sets_too() -> None:
    """April begins with forty and ends with thirty of them; the year began with nobody."""
    where = source(spring())
    april = figures(where, period="2026-04")["retention_rate"]
    assert (april["value"], april["notes"]["formula"]) == (0.75, 0.75)
    year = figures(where, period="2026")["retention_rate"]
    assert (year["value"], year["word"], year["notes"]["formula"]) == (None, "undefined", None)


def test_to_date_it_is_the_longest_last_period_with_enough_customers() -> None:
    """And says which; the table beside it has all three."""
    answer = metrics_answer(source(spring()), Asked())
    kept = {one["period"]: one for one in answer["kept"]}
    assert list(kept) == ["2025", "2026-Q3", "2026-10"]
    assert (kept["2026-Q3"]["start"], kept["2026-Q3"]["retention"]["value"]) == (36, 1.0)
    assert kept["2025"]["retention"]["word"] == "undefined"
    found = {one["key"]: one for one in answer["metrics"]}
    assert (found["retention_rate"]["value"], found["retention_rate"]["notes"]["period"]) == (1.0, "2026-Q3")


def test_a_lifespan_is_cut_off_and_marked() -> None:
    """One over the monthly churn; where nobody was lost, at least five years."""
    found = figures(source(spring()), period="2026-Q2")["lifespan_months"]
    assert (found["value"], found["notes"]["capped"]) == (pytest.approx(102 / 20), False)
    nobody = figures(source(forty()))["lifespan_months"]
    assert (nobody["value"], nobody["notes"], nobody["denominator"]["value"]) == (
        60.0,
        {"capped": True, "cap": 60},
        0,
    )
    assert Shown("en", "EUR").figure(nobody) == "≥ 60 months"


def paid(amount: str, day: str) -> dict[str, str]:
    return {"closedate": day, "amount": amount}


def payers() -> list[dict[str, Any]]:
    """Forty paid 100 in the first quarter; what each paid in the second is written beside it."""
    first = paid("100", "2026-02-10")
    people = [buyer(i, "2026-01-01", [first, paid("150", "2026-05-10")]) for i in range(1, 21)]
    people += [buyer(i, "2026-01-01", [first, paid("40", "2026-04-01")]) for i in range(21, 31)]
    people += [buyer(i, "2026-01-01", [first]) for i in range(31, 40)]
    people += [buyer(40, "2026-01-01", [first, paid("-30", "2026-04-02")])]
    back = [paid("100", "2025-08-10"), paid("200", "2026-06-30")]
    people += [buyer(i, "2025-08-01", back) for i in range(41, 46)]
    return [*people, buyer(46, "2026-04-01", [paid("1000", "2026-04-10")])]


def test_revenue_kept_is_capped_for_each_customer_and_net_is_not() -> None:
    """Growth of one does not hide the loss of another; a new customer is in neither."""
    found = figures(source(payers()), period="2026-Q2")
    gross, net = found["gross_revenue_retention"], found["net_revenue_retention"]
    assert (gross["value"], gross["n"]) == ((20 * 100 + 10 * 40) / 4_000, 40)
    assert found["revenue_churn"]["value"] == pytest.approx(0.4)
    assert (net["value"], net["denominator"]["value"]) == ((20 * 150 + 10 * 40) / 4_000, 4_000.0)
    assert net["notes"] == {
        "period": "2026-Q2",
        "base_period": "2026-Q1",
        "paid_again": 30,
        "came_back": 5,
        "reactivated": 1_000.0,
        "reactivation": False,
    }


def test_who_comes_back_counts_in_net_revenue_only_if_it_is_asked_for() -> None:
    """Five paid 200 each who had paid last summer."""
    found = figures(source(payers()), period="2026-Q2", reactivation=True)
    assert found["net_revenue_retention"]["value"] == (3_400 + 1_000) / 4_000
    assert found["gross_revenue_retention"]["value"] == 0.6


def test_a_running_period_is_not_held_against_a_whole_one() -> None:
    """And without a base there is nothing to divide by."""
    where = source(payers())
    for key in ("gross_revenue_retention", "net_revenue_retention", "revenue_churn"):
        assert figures(where, period="2026-Q4")[key]["reason_code"] == "running"
        assert figures(where, period="2025")[key]["word"] == "undefined"
