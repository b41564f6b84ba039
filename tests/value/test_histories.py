"""From orders to histories: what counts as a purchase, what corrects money, and what is said about it."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.value.choose import fit_purchases, frequency_cap
from plugin.value.histories import Histories
from plugin.value.section import gate
from plugin.value.spend import fit_spend
from plugin.value.summary import summarise


def orders(*rows: tuple[str | None, int, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={"customer": pl.String, "day": pl.Int64, "amount": pl.Float64}, orient="row"
    )


def as_rows(histories: Histories) -> dict[str, tuple[int, int, int, int, float]]:
    columns = (histories.x, histories.recency, histories.age, histories.paid, histories.mean)
    return dict(zip(histories.ids, zip(*(c.tolist() for c in columns), strict=True), strict=True))


def codes(histories: Histories) -> dict[str, int]:
    return {f.code: f.count for f in histories.findings}


def test_orders_of_one_day_are_one_purchase_with_their_amounts_added() -> None:
    found = summarise(orders(("a", 0, 10.0), ("a", 7, 5.0), ("a", 7, 15.0), ("a", 9, 10.0)), 20)
    assert as_rows(found) == {"a": (2, 9, 20, 2, 15.0)}
    assert codes(found) == {"same_day": 1}
    assert found.log_gaps[0] == math.log(7) + math.log(2)


def test_refunds_correct_money_and_never_move_timing() -> None:
    """A refund is taken off the purchase before it; one before any purchase goes nowhere."""
    found = summarise(orders(("a", -3, -9.0), ("a", 0, 10.0), ("a", 5, 30.0), ("a", 8, -12.0)), 10)
    assert as_rows(found) == {"a": (1, 5, 10, 1, 18.0)}
    assert codes(found) == {"refunds": 1, "refund_alone": 1}


def test_an_amount_of_zero_can_begin_a_history_but_is_no_repeat_purchase() -> None:
    found = summarise(orders(("a", 0, 0.0), ("a", 4, 0.0), ("a", 6, 8.0), ("b", 2, 0.0)), 10)
    assert as_rows(found)["a"] == (1, 6, 10, 1, 8.0)
    assert as_rows(found)["b"][:4] == (0, 0, 8, 0)
    assert codes(found) == {"free_first_order": 2, "zero_amount": 1}


def test_an_unknown_amount_counts_in_timing_only() -> None:
    found = summarise(orders(("a", 0, 5.0), ("a", 3, None), ("a", 6, 8.0)), 6)
    assert as_rows(found) == {"a": (2, 6, 6, 1, 8.0)}
    assert codes(found) == {"unknown_amount": 1}


def test_what_is_dated_later_or_has_no_customer_is_left_out_and_counted() -> None:
    found = summarise(orders(("a", 0, 5.0), ("a", 30, 5.0), (None, 2, 5.0), ("b", 1, -4.0)), 10)
    assert list(as_rows(found)) == ["a"]
    assert codes(found) == {"later_rows": 1, "no_customer": 1, "refund_alone": 1, "never_bought": 1}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.sampled_from([None, -5.0, 0.0, 7.0, 20.0])),
        min_size=1,
        max_size=40,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[str, int, float | None]], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(rows)
    random.shuffle(shuffled)
    first, second = (as_rows(summarise(orders(*r), 40)) for r in (rows, shuffled))
    assert {k: str(v) for k, v in first.items()} == {k: str(v) for k, v in second.items()}
    for x, recency, age, paid, _ in first.values():
        assert 0 <= recency <= age
        assert 0 <= paid <= x <= recency


def test_no_base_is_too_odd_to_be_named() -> None:
    """One customer, all one-time buyers, everyone on the last day: a finding, no NaN, no traceback."""
    one = summarise(orders(("a", 0, 5.0), ("a", 3, 5.0)), 10)
    single = summarise(orders(*((f"c{i}", i, 5.0) for i in range(50))), 60)
    fresh = summarise(orders(*((f"c{i}", 10, 5.0) for i in range(50))), 10)
    found = [fit_purchases(h) for h in (one, single, fresh)]
    assert [f.model for f in found] == [None, None, None]
    assert [[n.code for n in f.findings] for f in found] == [
        ["too_few_customers"],
        ["no_repeat_purchases"],
        ["first_day", "too_few_customers"],
    ]


def test_a_base_of_five_customers_gets_finite_parameters() -> None:
    rows = [(f"c{i}", day, 5.0 + i) for i in range(5) for day in range(i, 60, 9 + i)]
    for model in ("auto", "mbg-nbd", "bg-nbd", "pareto-nbd"):
        fit = fit_purchases(summarise(orders(*rows), 60), model)
        assert np.isfinite(list(fit.params.values())).all(), model
        assert np.isfinite(fit.log_likelihood or np.nan)


def test_spend_that_cannot_be_modelled_is_said_so() -> None:
    """Too few amounts; all alike; a mean without bound; correlated with frequency."""
    x = np.tile([1, 2, 4, 9], 300)
    rng = np.random.default_rng(1)
    few, notes = fit_spend(x[:5], np.ones(5))
    assert (few, [n.code for n in notes]) == (None, ["no_spend_model"])
    alike, notes = fit_spend(x, np.full(len(x), 25.0))
    assert alike is not None
    assert alike.expected(np.array([0, 3]), np.array([np.nan, 25.0])) == pytest.approx([25.0, 25.0], rel=1e-3)
    wild = rng.gamma(5.0 * x) / rng.gamma(0.6, 1.0, len(x)) / x
    assert "infinite_spend" in [n.code for n in fit_spend(x, wild)[1]]
    tied = x * rng.gamma(20.0, 1.0, len(x))
    assert "spend_correlated" in [n.code for n in fit_spend(x, tied)[1]]


def test_refunds_beyond_the_purchases_leave_the_expected_amount_positive() -> None:
    x = np.tile([1, 2, 4, 9], 100)
    spend, _ = fit_spend(x, np.random.default_rng(1).gamma(9.0, 3.0, len(x)))
    assert spend is not None
    assert spend.expected(np.array([2]), np.array([-500.0]))[0] > 0


def test_the_cap_on_frequency_spares_ordinary_bases() -> None:
    assert frequency_cap(np.arange(30)) > 200
    assert frequency_cap(np.zeros(5, np.int64)) == math.inf


def test_the_gate_names_everything_that_is_missing() -> None:
    few = summarise(orders(("a", 0, 5.0), ("a", 3, 5.0)), 140)
    assert gate(few) == [
        "1 customers, 100 needed",
        "1 repeat customers, 30 needed",
        "140 days of history, 180 needed",
        "no purchase in the last 137 days: the records may be incomplete",
    ]
