"""Numbers that the textbook formulas cannot compute, against mpmath with forty digits."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from plugin.value.choose import MODELS, fit_purchases
from plugin.value.counts import future_moments
from plugin.value.histories import checked
from plugin.value.pareto import ParetoLikelihood
from plugin.value.process import BetaGeometric, ParetoNbd, bought_by, no_purchase
from plugin.value.triples import Triples
from tests.value.worlds import cdnow

ONE = np.ones(1)


def textbook(r: float, alpha: float, a: float, b: float, x: int, age: float, ahead: float) -> float:
    """Fader, Hardie & Lee 2005, eq. 10 without P(alive); a is taken 1e-15 off 1 where it is 0/0."""
    with mp.workdps(40):
        r, alpha, b, age, ahead = (mp.mpf(v) for v in (r, alpha, b, age, ahead))
        a = mp.mpf(a) + (mp.mpf("1e-15") if a == 1 else 0)
        here = alpha + age
        power = (here / (here + ahead)) ** (r + x)
        rest = power * mp.hyp2f1(r + x, b + x, a + b + x - 1, ahead / (here + ahead))
        return float((a + b + x - 1) / (a - 1) * (1 - rest))


@pytest.mark.parametrize("a", [1e-6, 0.3, 0.793, 1 - 1e-9, 1.0, 1 + 1e-9, 1.7, 5.0])
@pytest.mark.parametrize("x", [0, 1, 5, 100, 1000, 5000])
def test_expected_purchases_are_right_for_any_buyer_and_through_a_equals_one(a: float, x: int) -> None:
    """Through a = 1, a near 0, and buyers for whom the textbook form overflows."""
    for age in (max(1.0, x / 7), 2000.0):
        for ahead in (1.0, 39.0, 520.0):
            shape = np.array([0.243 + x])
            found, _ = future_moments(
                shape, np.array([ahead / (4.414 + age)]), a, np.array([2.426 + x]), 1, 0
            )
            wanted = textbook(0.243, 4.414, a, 2.426, x, age, ahead)
            assert found[0] == pytest.approx(wanted, rel=1e-10)


def test_a_drop_out_that_never_happens_leaves_the_plain_rate() -> None:
    """b far above a million: E = (r + x) / (α + T) t; and so without drop-out at all."""
    customer = (np.array([0, 3, 400]), np.array([0, 90, 2900]), np.array([30, 100, 3000]))
    rate = (0.5 + customer[0]) / (6 + customer[2] / 7) * 52
    for a, b in ((1e-9, 1e9), (0.0, 1.0), (0.5, 1e14)):
        process = BetaGeometric(0.5, 6.0, a, b)
        assert process.moments(*customer, 364)[0] == pytest.approx(rate, rel=1e-9)
        assert process.p_alive(*customer) == pytest.approx(1.0, abs=1e-8)


def test_the_second_moment_is_that_of_the_plain_model_without_drop_out() -> None:
    """Negative binomial: E[N²] = m + m² (1 + 1 / shape)."""
    mean, square = future_moments(np.array([0.7, 30.0]), np.array([2.0, 0.4]), 0.0, np.ones(2), 1, 0)
    assert mean == pytest.approx([1.4, 12.0])
    assert square == pytest.approx(mean + mean**2 * (1 + 1 / np.array([0.7, 30.0])))


@pytest.mark.parametrize("alpha", [10.578, 3.0])
@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0, 5), (2, 30, 39), (40, 38, 39), (1500, 300, 520)])
def test_the_pareto_likelihood_is_its_integral_on_both_sides_of_alpha_equals_beta(
    alpha: float, x: int, recency: int, age: int
) -> None:
    """Numeric integration in forty digits, with α above and below β."""
    values = np.array([0.553, alpha, 0.606, 7.0])
    weeks = Triples(np.array([x]), np.array([recency]) / 1.0, np.array([age]) / 1.0, ONE, 0.0)
    with mp.workdps(40):
        r, al, s, be = (mp.mpf(float(v)) for v in values)
        there = (al + age) ** -(r + x) * (be + age) ** -s
        shares = [0, *(mp.mpf(2) ** -i for i in range(12, -1, -1))]  # the integrand falls steeply at first
        points = [recency + share * (age - recency) for share in shares]
        gone = mp.quad(lambda y: (al + y) ** -(r + x) * (be + y) ** -(s + 1), points)
        front = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(al) + s * mp.log(be)
        wanted = float(front + mp.log(there + s * gone))
    assert ParetoLikelihood(weeks)(values)[0] == pytest.approx(wanted, rel=1e-7)


def test_pareto_silence_is_the_integral_over_leaving_and_buying() -> None:
    """Against nested numeric integration."""
    process = ParetoNbd(0.553, 10.578, 0.606, 11.669)
    with mp.workdps(20):
        here, left, shape = mp.mpf("10.578") + 39, mp.mpf("11.669") + 39, mp.mpf("2.553")

        def density(y: mp.mpf) -> mp.mpf:
            bought = shape * here**shape / (here + y) ** (shape + 1)
            return bought * (left / (left + y)) ** mp.mpf("0.606")

        wanted = float(1 - mp.quad(density, [0, 13]))
    found = process.silence(np.array([2]), np.array([200]), np.array([273]), 91.0)
    assert found[0] == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("s", [1 - 1e-12, 1.0, 2.0])
def test_pareto_expectations_pass_through_their_poles(s: float) -> None:
    """s = 1 and s = 2 are 0/0 in the textbook forms."""
    customer = (np.array([2]), np.array([200]), np.array([273]))
    near = ParetoNbd(0.5, 10.0, s + 1e-5, 11.0).moments(*customer, 273)
    at = ParetoNbd(0.5, 10.0, s, 11.0).moments(*customer, 273)
    assert [m[0] for m in at] == pytest.approx([m[0] for m in near], rel=1e-4)


@pytest.mark.parametrize("model", MODELS[1:])
def test_every_prediction_is_a_number_in_its_range_for_extreme_customers(model: str) -> None:
    """One-day-old customers, ten years of silence, a purchase every day."""
    process = fit_purchases(cdnow(), model).process
    customers = (
        np.array([0, 0, 1, 5000, 5000, 3]),
        np.array([0, 0, 1, 5000, 5000, 9]),
        np.array([0, 36500, 36500, 5000, 9000, 9]),
    )
    alive, risk = process.p_alive(*customers), no_purchase(process, *customers, 90)
    mean, square = process.moments(*customers, 365)
    assert ((alive >= 0) & (alive <= 1) & (risk >= 0) & (risk <= 1)).all()
    assert (np.isfinite(mean) & (mean > 0) & (square >= mean * (1 - 1e-9))).all()


@pytest.mark.parametrize("model", MODELS[1:])
def test_the_day_of_the_next_purchase_is_the_first_by_which_it_is_as_likely_as_not(model: str) -> None:
    """The probability of silence is above one half the day before and not above it on the day."""
    histories, process = cdnow(), fit_purchases(cdnow(), model).process
    days = bought_by(process, *histories.timing, 0.5)
    some = np.isfinite(days)
    timing = tuple(v[some] for v in histories.timing)
    assert 50 < some.sum() < len(histories)
    assert (no_purchase(process, *timing, days[some]) <= 0.5 + 1e-12).all()
    assert (no_purchase(process, *timing, days[some] - 1) > 0.5 - 1e-12).all()
    rest = tuple(v[~some] for v in histories.timing)
    assert (no_purchase(process, *rest, 3650) > 0.5).all()


def test_impossible_rows_are_left_out_and_named() -> None:
    """NaN, negative gaps, doubled ids, a last purchase after the day of looking."""
    import polars as pl

    nan = float("nan")
    found = checked(
        pl.Series(["a", "a", "b", "c", "d", "e", "f"]),
        np.array([2, 1, nan, -1, 2, 0, 9]),
        np.array([30, 10, 5, 5, 50, 3, 4.0]),
        np.array([40, 40, 40, 40, 40, 40, 40.0]),
    )
    assert found.ids.to_list() == ["a"]
    assert {f.code: f.count for f in found.findings} == {
        "unreadable": 1,
        "duplicate_id": 1,
        "negative": 1,
        "recency_beyond_age": 1,
        "recency_without_repeat": 1,
        "repeat_without_recency": 1,
    }
