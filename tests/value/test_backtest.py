"""Looking back: what was known then, what followed, and plain rules beside the models."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from plugin.value.backtest import backtest
from plugin.value.lookback import followed, rolling
from plugin.value.process import BetaGeometric
from plugin.value.summary import summarise
from tests.value.worlds import CALIBRATION_END, HOLDOUT_DAYS, cdnow_orders


def test_the_holdout_of_the_sample_shows_models_beside_plain_rules() -> None:
    """The published errors, and the order of ranks that was measured before: rules are not hidden."""
    (found,) = backtest(cdnow_orders(), [CALIBRATION_END], HOLDOUT_DAYS, models=("mbg-nbd",))
    scores = {score["name"]: score for score in found["scores"]}
    assert list(scores) == ["own rate", "last period again", "90-day rule", "nobody buys", "mbg-nbd"]
    assert (found["customers"], found["purchases"]) == (2357, 1882)
    assert round(scores["mbg-nbd"]["rmse"], 3) == 1.607
    assert round(scores["own rate"]["total"], 3) == 0.557
    assert scores["nobody buys"]["total"] == -1
    assert scores["nobody buys"]["rank"] is None
    assert 0.74 < scores["mbg-nbd"]["auc"] < 0.78


def test_nothing_after_the_origin_is_known_at_it() -> None:
    """Orders of the future change what followed, never what was predicted."""
    orders = cdnow_orders()
    later = pl.DataFrame({"customer": [1] * 50, "day": list(range(10_140, 10_190)), "amount": [9.0] * 50})
    before, after = (
        backtest(o, [CALIBRATION_END], 90, models=("mbg-nbd",))[0]
        for o in (orders, pl.concat([orders, later]))
    )
    assert after["purchases"] > before["purchases"]
    predicted = [[c["predicted"] for c in one["scores"][-1]["calibration"]] for one in (before, after)]
    assert predicted[0] == predicted[1]


def test_what_followed_counts_days_once_and_no_refunds() -> None:
    rows = [("a", 0, 5.0), ("a", 3, 5.0), ("a", 3, 2.0), ("a", 4, -9.0), ("a", 9, 1.0), ("b", 0, 5.0)]
    orders = pl.DataFrame(rows, schema=["customer", "day", "amount"], orient="row")
    found = followed(orders, summarise(orders, 1), 1, 5)
    assert (found.purchases.tolist(), found.money.tolist()) == ([1.0, 0.0], [7.0, 0.0])


def test_origins_roll_back_from_the_end_and_leave_the_first_half_to_learn_from() -> None:
    assert rolling(0, 1000, 90, 3) == [730, 820, 910]
    assert rolling(0, 300, 90, 5) == [210]
    assert rolling(0, 50, 90, 5) == [0]


def test_in_a_world_as_modelled_chances_and_intervals_are_right() -> None:
    """Orders drawn from the model itself: tenths by risk within five points, one in ten above."""
    process = BetaGeometric(0.6, 40.0, 0.9, 1.6, 1, unit=1.0)
    rng = np.random.default_rng(8)
    size, end = 6_000, 540
    rate, leave = rng.gamma(process.r, 1 / process.alpha, size), rng.beta(process.a, process.b, size)
    moment, active, rows = rng.uniform(0, 200, size), np.arange(size), []
    scale = rng.gamma(3.74, 1 / 15.44, size)
    while len(active):
        rows.append(np.stack([active, moment[active], rng.gamma(6.25, 1 / scale[active])]))
        active = active[rng.random(len(active)) > leave[active]]
        moment[active] += rng.exponential(1 / rate[active])
        active = active[moment[active] <= end]
    customer, day, amount = np.concatenate(rows, axis=1)
    orders = pl.DataFrame({"customer": customer.astype(int), "day": day.astype(int), "amount": amount})
    (found,) = backtest(orders, [360], 180, models=("mbg-nbd",))
    score = found["scores"][-1]
    for tenth in score["calibration"]:
        assert tenth["came"] == pytest.approx(tenth["predicted"], abs=0.05)
    assert 0.05 < score["interval"]["above"] < 0.13
    assert abs(score["total"]) < 0.08
