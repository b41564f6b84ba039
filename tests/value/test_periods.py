"""Contracts and purchases in fixed periods, from orders: what is counted, fitted and predicted."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from plugin.cli import cli
from plugin.errors import InputError
from plugin.value.clv import Terms
from plugin.value.contractual import fit_contract, fit_tenures
from plugin.value.fixed_periods import FixedPeriods
from plugin.value.period_models import fit_periods, outlook, retention
from plugin.value.rounds import rounds_of
from plugin.value.spend import Spend

REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def orders(*rows: tuple[str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [(c, day(d), a) for c, d, a in rows], schema=["customer", "day", "amount"], orient="row"
    )


def subscribers() -> pl.DataFrame:
    """The published Regular segment as yearly payments of a thousand customers from 2015 on."""
    rows = [
        (f"c{i}", f"{2015 + year}-03-{1 + i % 28:02d}", 50.0 + i % 7)
        for year, size in enumerate(REGULAR)
        for i in range(size)
    ]
    return orders(*rows)


def test_periods_are_the_calendars_and_a_running_one_is_not_over() -> None:
    """In the middle of March nobody has refused March yet."""
    given = orders(
        ("on", "2026-01-31", 9.0),
        ("on", "2026-02-01", 9.0),
        ("early", "2026-01-05", 9.0),
        ("early", "2026-02-05", 9.0),
        ("early", "2026-03-05", 9.0),
        ("gone", "2026-01-05", 9.0),
        ("new", "2026-03-09", 9.0),
        ("later", "2026-04-09", 9.0),
    )
    found = rounds_of(given, "month", day("2026-03-15"))
    rows = dict(
        zip(
            found.histories.ids,
            zip(found.x, found.last, found.n, found.renewed, found.left, strict=True),
            strict=True,
        )
    )
    assert {name: tuple(int(v) for v in row) for name, row in rows.items()} == {
        "on": (1, 1, 1, 1, False),
        "early": (1, 1, 1, 2, False),
        "gone": (0, 0, 1, 0, True),
        "new": (0, 0, 0, 0, False),
    }
    over = rounds_of(given, "month", day("2026-03-31"))
    assert over.left.tolist() == [True, False, True, False]


def test_contracts_from_orders_have_the_published_parameters() -> None:
    """One cohort told as payments, as sizes and as tenures is one fit."""
    rounds = rounds_of(subscribers(), "year", day("2022-12-31"))
    fit = fit_periods(rounds, "sbg")
    assert {name: round(value, 3) for name, value in fit.params.items()} == {"alpha": 0.704, "beta": 1.182}
    whole = fit_contract(np.array(REGULAR, np.float64))
    assert fit.log_likelihood == pytest.approx(whole.log_likelihood)
    assert retention(fit)[0] == pytest.approx(0.627, abs=0.001)
    assert retention(fit) == sorted(retention(fit))


def test_cohorts_of_several_ages_are_fitted_together() -> None:
    """Renewals drawn from known parameters, seen after one to six years."""
    rng = np.random.default_rng(3)
    stay, due = 1 - rng.beta(0.9, 2.2, 20_000), rng.integers(1, 7, 20_000)
    until_refused = rng.geometric(1 - stay) - 1
    found = fit_tenures(np.minimum(until_refused, due), until_refused < due)
    assert (found.alpha, found.beta) == (pytest.approx(0.9, rel=0.1), pytest.approx(2.2, rel=0.1))
    with pytest.raises(InputError):
        fit_tenures(np.array([3, 4]), np.array([False, False]))


def test_the_value_of_a_contract_is_that_of_its_renewals() -> None:
    """Who left is worth nothing; long customers are worth more; the interval holds the value."""
    rounds = rounds_of(subscribers(), "year", day("2022-12-31"))
    fit, spend = fit_periods(rounds, "sbg"), Spend(6.0, 1e6, 50 * (1e6 - 1) / 6.0)
    found, silent = outlook(fit, rounds, spend, Terms(days=3 * 365.25, yearly_rate=0.1))
    gone, there = rounds.left, ~rounds.left
    assert (found.value[gone] == 0).all()
    assert (silent[gone] == 1).all()
    stays = np.cumprod(np.array(retention(fit))[7:10])
    assert found.purchases[there] == pytest.approx(stays.sum())
    assert found.value[there] == pytest.approx(50 * (stays @ 1.1 ** -np.arange(1.0, 4)), rel=1e-3)
    assert ((found.low <= found.value) & (found.value <= found.high)).all()


def test_silence_and_spread_of_fixed_periods_agree_with_drawn_donors() -> None:
    """BG/BB with the published parameters: six periods seen, five ahead."""
    model = FixedPeriods(np.array([1.204, 0.750, 0.657, 2.783]), 0.0, np.empty((0, 0)))
    rng, size = np.random.default_rng(9), 400_000
    buys, leaves = rng.beta(1.204, 0.750, size), rng.beta(0.657, 2.783, size)
    life = rng.geometric(leaves) - 1  # periods before leaving
    bought = (rng.random((size, 11)) < buys[:, None]) & (np.arange(1, 12) <= life[:, None])
    x, last = bought[:, :6].sum(axis=1), np.where(bought[:, :6], np.arange(1, 7), 0).max(axis=1)
    future = bought[:, 6:].sum(axis=1)
    for case in ((0, 0), (1, 6), (2, 4), (6, 6)):
        rows = (x == case[0]) & (last == case[1])
        one = (np.array([case[0]]), np.array([case[1]]), np.array([6]))
        active, (rate, rate2) = model.active(*one, 5), model.buys(one[0], one[2])
        error = 4 / np.sqrt(rows.sum())
        assert model.silence(*one, 5)[0] == pytest.approx((future[rows] == 0).mean(), abs=error)
        assert model.expected(*one, 5)[0] == pytest.approx(future[rows].mean(), abs=3 * error)
        square = (active * rate[:, None]).sum() + 2 * rate2[0] * (active @ np.arange(5.0))[0]
        assert square == pytest.approx((future[rows] ** 2.0).mean(), abs=12 * error)


@pytest.mark.parametrize(("model", "names"), [("sbg", 2), ("bg-bb", 4)])
def test_both_are_fitted_and_scored_from_a_file(tmp_path: Path, model: str, names: int) -> None:
    """`lifecycle clv … --model sbg|bg-bb --period year`."""
    file = tmp_path / "payments.csv"
    plain = subscribers().with_columns(pl.col("day").cast(pl.Int32).cast(pl.Date).alias("date"))
    plain.select(customer_id="customer", date="date", amount="amount").write_csv(file)
    options = ["--model", model, "--period", "year", "--until", "2022-12-31"]
    told = json.loads(CliRunner().invoke(cli, ["clv", "fit", str(file), *options, "--json"]).stdout)
    assert (told["model"], len(told["params"]), told["customers"], told["left"]) == (model, names, 1000, 759)
    assert "sbg" not in told["findings"]
    text = CliRunner().invoke(cli, ["clv", "fit", str(file), *options]).stdout
    assert text.startswith(f"model           {model}\n")
    table = pl.read_csv(CliRunner().invoke(cli, ["clv", "score", str(file), *options]).stdout.encode())
    assert table.height == 1000
    assert table.select(pl.all().is_not_null().all()).row(0) == (True,) * 11
    assert (table["clv_low"] <= table["clv"]).all()
    assert (table["clv"] <= table["clv_high"]).all()
