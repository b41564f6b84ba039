"""The gate that past days hold: what plain rules must not beat, bands that mean what they say, reasons."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from plugin.value.bands import Calibration, calibrate
from plugin.value.contests import Contest, nearer, ranked
from plugin.value.lookback import looks_at_orders, looks_between
from plugin.value.proof import AT_MOST, DAYS, fewer, past_days, prove
from plugin.value.scores import auc
from plugin.value.section import fit_section, gate
from plugin.value.standing import standing, why_empty
from plugin.value.summary import summarise
from tests.value.worlds import CALIBRATION_END, cdnow, cdnow_orders

AT = partial(summarise, cdnow_orders())


def moved_elsewhere(size: int = 200) -> pl.DataFrame:
    """Customers whose orders are kept in another system from day 180 on; a tenth is still booked here."""
    rows = [
        (i, day, 10.0)
        for i in range(size)
        for day in range(i % 9, 360, 8 + i % 29)
        if day < 180 or i % 10 == 0
    ]
    return pl.DataFrame(rows, schema=["customer", "day", "amount"], orient="row")


def test_looks_between_days_are_the_looks_at_the_orders() -> None:
    """What lies between two looks is what was ordered between them."""
    origins = [CALIBRATION_END - 90, CALIBRATION_END]
    pairs = zip(looks_between(AT, origins, 90), looks_at_orders(cdnow_orders(), origins, 90), strict=True)
    for one, other in pairs:
        assert (one.future.purchases == other.future.purchases).all()
        assert (one.before == other.before).all()
        bought = other.future.money > 0  # amounts of zero are purchases in neither
        assert one.future.money[bought] == pytest.approx(other.future.money[bought], abs=0.01)


def test_past_days_end_where_too_little_was_known() -> None:
    """The sample begins in January: two past days before October had enough to learn from."""
    looks = past_days(AT, CALIBRATION_END)
    assert [look.origin for look in looks] == [CALIBRATION_END - 2 * DAYS, CALIBRATION_END - DAYS]
    assert past_days(AT, CALIBRATION_END - 180) == []


def test_a_large_base_is_looked_at_in_part_and_always_the_same_part() -> None:
    some = fewer(AT, 3 * AT_MOST)(CALIBRATION_END)
    assert 0.25 < len(some) / len(cdnow()) < 0.42
    earlier = fewer(AT, 3 * AT_MOST)(CALIBRATION_END - 90)
    assert set(earlier.ids) <= set(some.ids)
    assert fewer(AT, AT_MOST) is AT


def test_on_the_sample_the_model_stands_and_says_by_how_much() -> None:
    proof = prove(past_days(AT, CALIBRATION_END))
    assert (proof.beaten, proof.customers) == ((), 2 * 2357)
    assert proof.scores["model"]["rmse"] == pytest.approx(0.853, abs=0.001)
    assert proof.scores["own rate"]["rmse"] == pytest.approx(1.668, abs=0.001)


def test_a_model_that_a_plain_rule_beats_is_not_published_and_the_reason_says_so() -> None:
    """Orders that moved to another system: "nobody buys" was nearer to what came."""
    at = partial(summarise, moved_elsewhere())
    section = fit_section(at(359), looks=past_days(at, 359))
    assert section["open"] is False
    assert 'in the past the plain rule "nobody buys" came nearer' in " ".join(section["reasons"])
    assert section["backtest"]["beaten"]
    assert why_empty(section, bought=True) == section["reasons"]
    assert not standing(section)["published"]
    assert "total" not in section


def test_a_portal_at_the_limit_does_not_open_and_close_from_week_to_week() -> None:
    """A hundred customers open the gate; ninety keep it open, and it is said; below eighty it closes."""
    ids = cdnow().ids
    chosen = {n: cdnow().only((ids <= ids.sort()[n - 1]).to_numpy()) for n in (79, 90, 105)}
    opened = fit_section(chosen[105])
    assert opened["open"]
    assert not fit_section(chosen[90])["open"]
    kept = fit_section(chosen[90], present=opened)
    assert kept["open"]
    said = {f["code"]: f["message"] for f in kept["findings"]}
    assert "90 customers, 100 needed" in said["kept_open"]
    closed = fit_section(chosen[79], present=kept)
    assert (closed["open"], closed["reasons"][0]) == (False, "79 customers, 100 needed")
    assert not fit_section(chosen[90], present=closed)["open"]


@given(st.lists(st.integers(70, 130), min_size=2, max_size=12))
@settings(deadline=None, max_examples=40)
def test_the_gate_turns_only_at_its_two_limits(sizes: list[int]) -> None:
    """Whatever the weeks bring: it opens at a hundred, and closes below eighty."""
    whole = cdnow().only(cdnow().x > 0)
    opened = False
    for size in sizes:
        rows = np.arange(len(whole)) < size
        found = not gate(whole.only(rows), opened=opened)
        assert found == (size >= 100 or (opened and size >= 80))
        opened = found


def test_what_is_published_stays_until_a_plain_rule_is_clearly_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two standard errors withhold a first publication, and withdraw none; three do. The model stays, too."""
    looks = past_days(AT, CALIBRATION_END)

    def section(deviations: float, present: dict[str, Any] | None) -> dict[str, Any]:
        lost = Contest(-deviations, 1.0)
        monkeypatch.setattr("plugin.value.proof._contests", lambda _: {"own rate": lost})
        return fit_section(cdnow(), looks=looks, present=present)

    first = section(0.0, None)
    assert first["open"]
    assert not section(2.0, None)["open"]
    assert section(2.0, first)["open"]
    assert section(2.0, first)["model"] == first["model"]
    assert not section(3.0, first)["open"]
    other = {**first, "model": "pareto-nbd"}
    assert section(2.0, other)["model"] == "pareto-nbd"


def test_without_past_days_the_model_is_published_and_marked_as_not_proven() -> None:
    section = fit_section(cdnow())
    assert section["open"]
    assert "not_proven" in [f["code"] for f in section["findings"]]
    assert section["risk_bands"] == [0.333, 0.667]
    assert why_empty(section, bought=True) == []
    assert why_empty(section, bought=False) == ["no order yet: nothing to predict from"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans()), min_size=8, max_size=60))
def test_a_contest_of_ranks_is_the_difference_of_the_two_areas(rows: list[tuple[int, int, bool]]) -> None:
    ours, theirs, silent = (np.array(column) for column in zip(*rows, strict=True))
    contest = ranked(ours.astype(float), theirs, silent)
    areas = auc(ours, silent), auc(theirs, silent)
    if 2 <= silent.sum() <= len(silent) - 2:
        assert areas[0] is not None
        assert areas[1] is not None
        assert contest.ahead == pytest.approx(areas[0] - areas[1], abs=1e-12)
    else:
        assert not contest.lost(0)


def test_chance_alone_seldom_beats_a_model() -> None:
    """Two predictions alike in worth: one in twenty contests is lost, no more than one in ten here."""
    rng, lost = np.random.default_rng(2), np.zeros(2)
    for _ in range(300):
        signal = rng.normal(size=400)
        truth = rng.poisson(np.exp(signal - 1)).astype(float)
        ours, theirs = (signal + rng.normal(size=400) for _ in range(2))
        lost += nearer(ours, theirs, truth).lost(1.64), ranked(-ours, -theirs, truth == 0).lost(1.64)
    assert (lost / 300 < 0.1).all()
    assert (lost > 0).all()


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 1.0), (0.8, 1.0), (-0.5, 0.7)])
def test_bands_stand_where_a_third_and_two_thirds_fell_silent(intercept: float, slope: float) -> None:
    rng = np.random.default_rng(6)
    chance = rng.uniform(0.05, 0.95, 40_000)
    came = expit(intercept + slope * np.log(chance / (1 - chance)))
    found = calibrate(chance, rng.random(40_000) < came)
    low, high = found.bands()
    near = (np.abs(chance - low) < 0.02, np.abs(chance - high) < 0.02)
    assert [came[rows].mean() for rows in near] == pytest.approx([1 / 3, 2 / 3], abs=0.025)


def test_a_handful_of_customers_hardly_moves_the_bands() -> None:
    """And nothing at all leaves the thirds; nor does a past without any silence break anything."""
    few = calibrate(np.full(6, 0.5), np.array([True] * 6))
    assert few.bands()[1] == pytest.approx(2 / 3, abs=0.2)
    assert calibrate(np.empty(0), np.empty(0, bool)) == Calibration()
    low, high = calibrate(np.full(5_000, 1e-9), np.zeros(5_000, dtype=bool)).bands()
    assert 0 < low <= high < 1
