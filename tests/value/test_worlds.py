"""Worlds with known parameters: fits find them, predictions come true, intervals cover."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from plugin.value.choose import fit_purchases
from plugin.value.clv import Terms, values
from plugin.value.histories import Histories
from plugin.value.process import BetaGeometric, no_purchase
from plugin.value.spend import Spend, fit_spend
from tests.value.worlds import Drawn, draw


def histories_of(drawn: Drawn) -> Histories:
    size = len(drawn.x)
    nothing = np.full(size, np.nan)
    return Histories(
        pl.Series(range(size)),
        drawn.x,
        drawn.recency,
        drawn.age,
        drawn.log_gaps,
        np.zeros(size, np.int64),
        nothing,
    )


@pytest.mark.parametrize("k", [1, 2, 3])
def test_predictions_come_true_in_a_world_of_k_phases(k: int) -> None:
    """Expected purchases, their spread and P(no purchase), group by group, within sampling error."""
    process = BetaGeometric(0.6, 40.0, 0.9, 1.6, k, unit=1.0)
    world = draw(process, 200_000, 400, 365)
    timing = (world.x, world.recency, world.age)
    alive, (mean, square) = process.p_alive(*timing), process.moments(*timing, 365)
    silent = no_purchase(process, *timing, 365)
    for group in (world.x == 0, world.x == 1, (world.x > 1) & (world.x < 5), world.x >= 5):
        n, truth = group.sum(), world.future[group]
        error = truth.std() / np.sqrt(n)
        assert abs((alive * mean)[group].mean() - truth.mean()) < 5 * error + 0.01 * truth.mean()
        assert (alive * square)[group].mean() == pytest.approx((truth**2.0).mean(), rel=0.1)
        assert silent[group].mean() == pytest.approx((truth == 0).mean(), abs=0.012)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_number_of_phases_and_the_parameters_are_found(k: int) -> None:
    """Each parameter lies within four standard errors of the truth; k is the truth."""
    truth = BetaGeometric(0.8, 30.0, 0.7, 1.8, k, unit=1.0)
    fit = fit_purchases(histories_of(draw(truth, 12_000, 600, 1)), unit=1.0)
    assert (fit.model, fit.params["k"]) == ("mbg-cnbd-k", k)
    errors = np.sqrt(np.diag(fit.covariance))
    for name, error in zip(("r", "alpha", "a", "b"), errors, strict=True):
        assert abs(np.log(fit.params[name] / getattr(truth, name))) < 4 * error + 0.02


@pytest.mark.slow
def test_standard_errors_hold_the_truth_as_often_as_they_say() -> None:
    """95 % intervals of the logarithms over sixty worlds: at least 87 % each."""
    truth = BetaGeometric(0.8, 30.0, 0.7, 1.8, 1, unit=1.0)
    hits = np.zeros(4)
    for seed in range(60):
        fit = fit_purchases(histories_of(draw(truth, 4_000, 600, 1, seed)), "mbg-nbd", unit=1.0)
        logs = np.log([fit.params[n] / getattr(truth, n) for n in ("r", "alpha", "a", "b")])
        hits += np.abs(logs) < 1.96 * np.sqrt(np.diag(fit.covariance))
    assert (hits / 60 >= 0.87).all(), hits / 60


def test_without_drop_out_the_fit_falls_back_and_says_so() -> None:
    """The base of a shop that nobody leaves: P(alive) is 1 for all."""
    world = draw(BetaGeometric(2.0, 60.0, 1e-9, 1.0, 1, unit=1.0), 3_000, 500, 1)
    fit = fit_purchases(histories_of(world), unit=1.0)
    assert fit.model == "nbd-k"
    assert [f.code for f in fit.findings] == ["no_drop_out_visible"]
    assert (fit.process.p_alive(world.x, world.recency, world.age) == 1).all()


def test_a_small_base_gets_finite_parameters_whatever_its_units() -> None:
    """The weak prior knows no unit: days and weeks say the same."""
    world = histories_of(draw(BetaGeometric(0.6, 40.0, 0.9, 1.6, 1, unit=1.0), 150, 400, 1))
    by_week, by_day = (fit_purchases(world, "mbg-nbd", unit=u) for u in (7.0, 1.0))
    assert "weak_prior" in {f.code for f in by_week.findings}
    assert by_week.params["alpha"] * 7 == pytest.approx(by_day.params["alpha"], rel=1e-4)
    assert by_week.params["a"] == pytest.approx(by_day.params["a"], rel=1e-4)


def test_one_marketplace_does_not_move_the_fit() -> None:
    """A customer with thousands of orders is named and weighs little."""
    world = histories_of(draw(BetaGeometric(0.6, 40.0, 0.9, 1.6, 1, unit=1.0), 4_000, 400, 1))
    before = fit_purchases(world, "mbg-nbd")
    world.x[7], world.recency[7], world.age[7] = 4_000, 4_200, 4_200
    after = fit_purchases(world, "mbg-nbd")
    assert [f.examples for f in after.findings if f.code == "aggregators"] == [("7",)]
    for name, value in before.params.items():
        assert after.params[name] == pytest.approx(value, rel=0.03)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_spend_parameters_are_found_in_any_currency(scale: float) -> None:
    """p, q and γ within a tenth; amounts × 1,000 move γ alone."""
    rng = np.random.default_rng(4)
    x = rng.integers(1, 12, 8_000)
    rate = rng.gamma(3.7, 1 / (15.4 * scale), len(x))
    mean = rng.gamma(6.2 * x) / rate / x
    spend, _ = fit_spend(x, mean)
    assert spend is not None
    assert (spend.p, spend.q, spend.gamma / scale) == pytest.approx((6.2, 3.7, 15.4), rel=0.1)


def test_the_interval_covers_what_it_says() -> None:
    """80 %: no more than about a tenth end above it; below it ends no one who may have left."""
    process, spend = BetaGeometric(0.6, 20.0, 0.9, 1.6, 1, unit=1.0), Spend(6.25, 3.74, 15.44)
    world = draw(process, 100_000, 300, 365)
    rng = np.random.default_rng(5)
    rate = rng.gamma(spend.q, 1 / spend.gamma, len(world.x))
    seen, later = np.maximum(world.x, 1), np.maximum(world.future, 1)
    mean = np.where(world.x > 0, rng.gamma(spend.p * seen) / rate / seen, np.nan)
    total = np.where(world.future > 0, rng.gamma(spend.p * later) / rate, 0.0)
    found = values(process, spend, (world.x, world.recency, world.age), (world.x, mean), Terms(365, 0.0))
    for group in (world.x == 0, world.x == 1, (world.x > 1) & (world.x < 5), world.x >= 5):
        above, below = (total > found.high)[group].mean(), (total < found.low)[group].mean()
        assert 0.04 < above < 0.13
        assert below < 0.08
        assert found.value[group].sum() == pytest.approx(total[group].sum(), rel=0.06)


def test_discounting_matches_a_daily_sum() -> None:
    """The quadrature against 365 steps of the expected purchases."""
    process = BetaGeometric(0.6, 6.0, 0.9, 1.6)
    timing = (np.array([0, 2, 30]), np.array([0, 200, 350]), np.array([1, 273, 400]))
    terms = Terms(365.0, 0.10)
    found = values(process, Spend(1.0, 2.0, 1.0), timing, (timing[0], np.ones(3)), terms)
    steps = [process.moments(*timing, float(day))[0] for day in range(366)]
    daily = sum((steps[d + 1] - steps[d]) * 1.1 ** (-(d + 0.5) / 365.25) for d in range(365))
    assert found.value == pytest.approx(found.p_alive * daily, rel=5e-5)
