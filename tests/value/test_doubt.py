"""Intervals hold what chance does and how far the parameters may be off: against draws and worlds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from plugin.value.arrays import Floats
from plugin.value.choose import fit_purchases, process_of
from plugin.value.clv import Terms
from plugin.value.doubt import directions, relative_variance
from plugin.value.histories import Histories
from plugin.value.predictor import Predictor, plain_fit, plain_spend, predictor_of
from plugin.value.process import BetaGeometric
from plugin.value.section import fit_section
from plugin.value.spend import Spend, fit_spend
from tests.value.worlds import cdnow, draw

NAMES = ("r", "alpha", "a", "b")


def small(size: int) -> Histories:
    """The first customers of the sample."""
    rows = np.zeros(len(cdnow()), dtype=bool)
    rows[:size] = True
    return cdnow().only(rows)


def expected(params: dict[str, float], timing: tuple[Floats, ...]) -> Floats:
    process = process_of("mbg-nbd", params, 7.0)
    return process.p_alive(*timing) * process.moments(*timing, 365.25)[0]  # type: ignore[arg-type]


def test_four_steps_say_what_a_thousand_draws_of_the_parameters_say() -> None:
    """The spread of expected purchases over draws from the covariance of 400 customers' fit."""
    histories = small(400)
    fit = fit_purchases(histories, "mbg-nbd")
    rows = np.array([0, 1, 2, 5, 9, 30])
    timing = tuple(v[rows] for v in histories.timing)
    here = expected(fit.params, timing)
    found = relative_variance(lambda p: expected(dict(p), timing), fit.params, NAMES, fit.covariance, here)
    rng = np.random.default_rng(3)
    steps = rng.multivariate_normal(np.zeros(4), fit.covariance, 1_000)
    moved = [{n: fit.params[n] * np.exp(s) for n, s in zip(NAMES, step, strict=True)} for step in steps]
    drawn = np.stack([expected(params, timing) for params in moved])
    wanted = drawn.std(axis=0) / drawn.mean(axis=0)
    assert np.sqrt(found) == pytest.approx(wanted, rel=0.3, abs=0.01)


def test_a_covariance_that_is_not_known_adds_nothing() -> None:
    """Singular fits have none."""
    for unknown in ((), np.full((4, 4), np.nan)):
        assert directions(unknown).size == 0
        assert relative_variance(lambda p: np.ones(2), {"r": 1.0}, ("r",), unknown, np.ones(2)) == 0


def test_doubt_widens_the_interval_of_a_small_base_and_not_of_a_large_one() -> None:
    histories = small(150)
    fit, (spend, _) = fit_purchases(histories, "mbg-nbd"), fit_spend(histories.paid, histories.mean)
    section = {**plain_fit(fit), "gamma_gamma": plain_spend(spend), "terms": Terms().__dict__, "open": True}
    paid = (histories.paid, histories.mean)
    with_doubt, without = (Predictor({**section, "doubt": d}).predict(histories.timing, paid) for d in (1, 0))
    assert (with_doubt.value == without.value).all()
    some = without.low > 0
    assert (with_doubt.low[some] < without.low[some]).all()
    assert (with_doubt.high >= without.high).all()
    assert some.any()
    assert (with_doubt.high[some] > without.high[some]).all()
    large = fit_section(cdnow())
    assert large["doubt"] < fit_section(small(800))["doubt"]


@pytest.mark.parametrize("size", [120, 400])
def test_in_small_worlds_one_in_ten_ends_above_the_interval(size: int) -> None:
    """Forty worlds, each fitted on its own few customers: parameters are as uncertain as they are."""
    truth, paying = BetaGeometric(1.2, 50.0, 0.9, 3.0, 1, unit=1.0), Spend(6.25, 3.74, 15.44)
    above, below, count = 0, 0, 0
    for seed in range(40):
        world = draw(truth, size, 300, 365, seed)
        rng = np.random.default_rng(1_000 + seed)
        rate = rng.gamma(paying.q, 1 / paying.gamma, size)
        seen, later = np.maximum(world.x, 1), np.maximum(world.future, 1)
        mean = np.where(world.x > 0, rng.gamma(paying.p * seen) / rate / seen, np.nan)
        came = np.where(world.future > 0, rng.gamma(paying.p * later) / rate, 0.0)
        histories = Histories(
            pl.Series(range(size)), world.x, world.recency, world.age, world.log_gaps, world.x, mean
        )
        spend, _ = fit_spend(histories.paid, histories.mean)
        by = predictor_of(fit_purchases(histories), spend, Terms(365.0, 0.0))
        found = by.predict(histories.timing, (histories.paid, histories.mean))
        above += int((came > found.high).sum())
        below += int((came < found.low).sum())
        count += size
    assert 0.05 < above / count < 0.12
    assert below / count < 0.10
