"""Customers under contract: who renewed is read from payments, who will is said by sBG, and it comes true."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from plugin.jobs.meaning import evaluate, fit, predictions_rest_on, predictor_by
from plugin.lifecycle.engines import make_engine
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.predictions import predicted, refreshed, steps
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import Moment
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from plugin.value.clv import Terms
from plugin.value.contract_predictor import ContractPredictor
from plugin.value.contract_section import fit as fit_sbg
from plugin.value.contract_section import predictor
from plugin.value.contracts import Payments, contracts_of
from plugin.value.histories import checked
from plugin.value.lookback import Future, Look
from plugin.value.renewals import NEVER, Period, renewals_of
from tests.value.contracts import ALPHA, BETA, END, EPOCH, MONTHLY, World, drawn, records
from tests.value.test_periods import subscribers

MONTH, YEAR = Period(1), Period(12)
DAY = EPOCH + timedelta(END)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def read(*days: str, until: dict[int, str] | None = None, period: Period = MONTH) -> Any:
    """One customer's payments; `until` by the payment on whose eve it was known."""
    known = np.array([day(until[i]) if until and i in until else np.nan for i in range(len(days))])
    owner = np.zeros(len(days), np.int64)
    return renewals_of(owner, np.array([day(d) for d in days]), known, ~np.isnan(known), period)


def test_a_payment_renews_until_a_third_of_a_period_after_it_was_due() -> None:
    """On the day, late, early, twice in a period, after the days of grace."""
    found = read("2026-01-31", "2026-02-28", "2026-04-06", "2026-04-08", "2026-04-28", "2026-06-20")
    assert found.renewed.tolist() == [0, 1, 2, 2, 3, 0]
    assert found.fresh.tolist() == [True, False, False, False, False, True]
    dues = ["2026-02-28", "2026-03-31", "2026-04-30", "2026-04-30", "2026-05-31", "2026-07-20"]
    assert found.due.tolist() == [day(d) for d in dues]
    assert found.terms.tolist() == [1, 2, 3, 3, 4, 5]
    assert found.met.tolist() == [
        NEVER,
        *(day(d) for d in ("2026-02-28", "2026-03-31", "2026-03-31", "2026-04-30")),
        NEVER,
    ]


def test_a_last_day_paid_for_keeps_a_contract_over_a_gap() -> None:
    """Half a year paid at once: the payment after it renews; without the knowledge it begins anew."""
    days = ("2026-01-10", "2026-07-10")
    assert read(*days).fresh.tolist() == [True, True]
    kept = read(*days, until={1: "2026-07-09"})
    assert (kept.fresh.tolist(), kept.renewed.tolist()) == ([True, False], [0, 1])
    due, paid_on = np.array([day("2026-02-10")] * 4), np.array([day("2026-01-10")] * 4)
    until = np.array([day("2026-07-09"), day("2026-07-09"), day("2026-01-01"), np.nan])
    told = MONTH.due(due, paid_on, until, np.array([True, False, True, False]))
    assert told.tolist() == [day("2026-07-10"), *[day("2026-02-10")] * 3]


def test_a_renewal_counts_once_everybody_due_that_day_has_had_the_time_to_pay() -> None:
    """Paid, refused, and within the days of grace; the late one pays a day late."""
    owner = np.array([0, 0, 1, 2, 2, 3])
    days = [
        day(d) for d in ("2026-03-05", "2026-04-05", "2026-03-05", "2026-03-05", "2026-04-06", "2026-04-20")
    ]
    payments = Payments.plain(owner, np.array(days), 4)
    early = contracts_of(payments, day("2026-04-12"), MONTH)
    assert (early.asked, early.left.any()) == (0, False)
    later = contracts_of(payments, day("2026-04-30"), MONTH)
    assert list(zip(later.counted.tolist(), later.left.tolist(), strict=True)) == [
        (1, False),
        (0, True),
        (1, False),
        (0, False),
    ]
    assert later.late.tolist() == [0, 1]
    assert later.due.tolist() == [5, -25, 5, 20]
    part = later.only(np.array([False, True, True, False]))
    assert (part.owner.tolist(), part.left.tolist(), part.late.tolist()) == ([0, 1], [True, False], [1])


def test_one_cohort_told_as_payments_has_the_published_parameters() -> None:
    """Fader & Hardie's regular customers, paying each January: α 0.704, β 1.182."""
    orders = subscribers().sort("customer", "day")
    owner = orders["customer"].rank("dense").cast(pl.Int64).to_numpy() - 1
    payments = Payments.plain(owner, orders["day"].cast(pl.Int64).to_numpy(), int(owner.max()) + 1)
    found = fit_sbg(contracts_of(payments, day("2022-12-31"), YEAR))
    assert (round(found.alpha, 3), round(found.beta, 3)) == (0.704, 1.182)


def test_standard_errors_hold_the_truth_as_often_as_they_say() -> None:
    """Forty worlds of contracts of every age: 95 % intervals of both parameters."""
    inside = []
    for seed in range(40):
        world = drawn(600, seed=100 + seed)
        found = fit_sbg(contracts_of(world.payments, END, MONTH))
        errors = np.sqrt(np.diag(found.covariance))
        inside.append(np.abs(np.log([found.alpha / ALPHA, found.beta / BETA])) < 1.96 * errors)
    assert np.mean(inside, axis=0) == pytest.approx([0.95, 0.95], abs=0.1)


def look(months: int, days: int, size: int = 4_000) -> Look:
    """A drawn world as it stood on the last day, and what was paid in the days after."""
    whole = drawn(size, months, seed=7, ahead=days)
    past, later = whole.until(END), whole.day > END
    contracts = contracts_of(past.payments, END, Period(months))
    purchases = np.bincount(whole.owner[later], minlength=size).astype(np.float64)
    x = np.bincount(past.owner) - 1
    mean = whole.price.astype(np.float64)
    histories = checked(pl.Series(np.arange(size)), x, x, x + 1)
    histories = replace(histories, contracts=contracts, paid=contracts.terms, mean=mean)
    return Look(END, days, histories, Future(purchases, purchases * mean), purchases)


@pytest.mark.parametrize(("months", "days"), [(1, 90), (1, 365), (12, 365)])
def test_payments_chances_and_intervals_come_true(months: int, days: int) -> None:
    """In a world of contracts: the sum, each tenth of the churn risk, and four in five inside."""
    seen = look(months, days)
    by = predictor(seen, Terms(days=days, yearly_rate=0.0))
    assert by is not None
    contracts, came = seen.histories.contracts, seen.future.purchases
    assert contracts is not None
    found = by.predict(contracts.timing, (seen.histories.paid, seen.histories.mean))
    assert found.purchases.sum() == pytest.approx(came.sum(), rel=0.05)
    silent = by.silence(contracts.timing, days)
    for part in np.array_split(np.argsort(silent, kind="stable"), 5):
        assert (came[part] == 0).mean() == pytest.approx(silent[part].mean(), abs=0.05)
    below, above = (seen.future.money < found.low).mean(), (seen.future.money > found.high).mean()
    assert below < 0.11
    assert above < 0.11


@cache
def base() -> tuple[World, Records]:
    """Six hundred monthly payers; some gave notice, some will, two paid half a year ahead."""
    world = drawn(600, years=2.0)
    notices = dict.fromkeys(range(1, 30, 7), END - 10) | dict.fromkeys(range(31, 60, 9), END + 6)
    last = np.append(world.owner[1:] != world.owner[:-1], True)
    paid = {
        int(i) + 1: int(world.day[last][i]) + 190 for i in np.flatnonzero(world.day[last] > END - 25)[-9::4]
    }
    return world, records(world, notices, paid)


@cache
def models() -> Models:
    return load_models(MONTHLY)


@cache
def fitted() -> Parameters:
    return fit(base()[1], MONTHLY, DAY)


def outcomes(on: date = DAY, who: list[tuple[str, int]] | None = None, by: Parameters | None = None) -> Any:
    return evaluate(base()[1], MONTHLY, models(), by or fitted(), on, who)


def test_a_contract_portal_gets_predictions_from_sbg() -> None:
    """P(alive), renewals, churn risk and value for all; JSON keeps the record."""
    assert fitted().value is not None
    section = fitted().value["contact"]  # type: ignore[index]
    assert (section["open"], section["model"], section["months"]) == (True, "sbg", 1)
    assert section["backtest"]["beaten"] == []
    assert len(section["backtest"]["origins"]) == 4
    assert section["params"]["alpha"] == pytest.approx(ALPHA, rel=0.5)
    assert Parameters.from_json(fitted().to_json()) == fitted()
    frame = outcomes().frame
    assert (
        frame.select("p_alive", "p_no_purchase", "clv", "expected_purchases").null_count().row(0) == (0,) * 4
    )
    paid = frame.filter(~pl.col("cancelled").fill_null(False) & (pl.col("renewal_due_on") > DAY))
    assert (paid["p_alive"] == 1).all()
    asked = paid.filter(pl.col("renewal_due_on") <= DAY + timedelta(90))
    assert asked["p_no_purchase"].is_between(0.01, 0.9).all()
    loyal, fresh = paid.filter(pl.col("renewals") > 9), paid.filter(pl.col("renewals") == 0)
    assert loyal["p_no_purchase"].mean() < 0.5 * fresh["p_no_purchase"].mean()
    assert loyal["expected_purchases"].max() <= 13
    gone = frame.filter(pl.col("renewal_due_on") < DAY - timedelta(MONTH.grace))
    assert len(gone) > 100
    assert gone.select("p_alive", "clv", "expected_purchases").sum().row(0) == (0, 0, 0)
    assert (gone["p_no_purchase"] == 1).all()


def test_who_gave_notice_is_expected_to_pay_no_more_though_the_contract_runs() -> None:
    told = {one["id"]: one for one in outcomes(who=[("contact", i) for i in (1, 8, 31)]).to_json()}
    for customer in (1, 8):
        assert told[customer]["metrics"]["clv"] == 0
        assert told[customer]["metrics"]["p_no_purchase"] == 1
        assert told[customer]["written"]["clm_p_alive"] == "0"
        assert predictions_rest_on(fitted(), told[customer])[1] == "notice was given: no payment is expected"


def test_who_paid_ahead_is_due_when_the_last_day_paid_for_is_over() -> None:
    """Nothing can be refused before: the churn risk is none."""
    frame = outcomes().frame.filter(pl.col("contract_until") > DAY + timedelta(95), ~pl.col("cancelled"))
    assert len(frame) >= 2
    assert (frame["renewal_due_on"] == frame["contract_until"] + timedelta(1)).all()
    assert (frame["p_no_purchase"] == 0).all()


def written(engine: Engine, on: int) -> list[tuple[float, ...]]:
    """What is written of predictions on a day, by customer; unknown as −1."""
    everyone = np.arange(engine.events.size, dtype=np.int64)
    days = np.full(len(everyone), on)
    risk = predicted(engine, Moment(everyone, days), "p_no_purchase")["p_no_purchase"]
    columns = [*refreshed(engine, everyone, days).values(), steps(risk)]
    return [tuple(row) for row in np.nan_to_num(np.stack(columns, axis=1), nan=-1.0).tolist()]


@pytest.mark.parametrize("adopted", [0, 12])
def test_the_next_moment_of_a_contract_is_the_first_day_on_which_a_prediction_changes(adopted: int) -> None:
    """Against every single day: due days, days of grace, notices to come, half a year paid ahead."""
    by = replace(fitted(), adopted_on=DAY + timedelta(adopted))
    found = outcomes(by=by)
    given = (base()[1], MONTHLY, models(), by, DAY + timedelta(50), "contact")
    engine = make_engine(*given, predictor=predictor_by)
    moments = dict(found.frame.select("id", "next_moment").rows())
    today, first = written(engine, END), {}
    for ahead in range(1, 50):
        for who, (was, then) in enumerate(zip(today, written(engine, END + ahead), strict=True), start=1):
            if then != was:
                first.setdefault(who, DAY + timedelta(ahead))
    assert len(first) > 200
    assert all(DAY < moments[who] <= on for who, on in first.items())
    assert sum(moments[who] == on for who, on in first.items()) >= 50  # of the others the stage turns sooner


def test_a_contracts_outcome_does_not_depend_on_who_else_is_in_the_batch() -> None:
    everyone = outcomes().to_json()
    for customer in (3, 8, 590):
        alone = outcomes(who=[("contact", customer)]).to_json()
        assert alone == [one for one in everyone if one["id"] == customer]


def test_where_renewals_are_few_nothing_is_said_and_the_reason_names_them() -> None:
    """Eighty contracts; and a thousand of which none has come to its first renewal."""
    few = fit(records(drawn(80)), MONTHLY, DAY).value
    young = fit(
        records(drawn(600, 12, years=0.9)),
        replace(MONTHLY, purchase=replace(MONTHLY.purchase, period="year")),
        DAY,
    ).value
    assert few is not None
    assert young is not None
    assert not few["contact"]["open"]
    assert "80 customers, 100 needed" in few["contact"]["reasons"]
    assert "0 renewals that fell due, 100 needed" in young["contact"]["reasons"]
    assert "renewals refused, 15 needed" in " ".join(young["contact"]["reasons"])


def test_the_explanation_says_what_the_predictions_rest_on() -> None:
    rows = outcomes().frame.filter(pl.col("renewal_due_on") > DAY, pl.col("renewals") == 3)["id"]
    told = outcomes(who=[("contact", rows[0])]).to_json()[0]
    seen, own = predictions_rest_on(fitted(), told)
    assert "renewals paid and" in seen
    assert "by the month (sbg)" in seen
    by = ContractPredictor(fitted().value["contact"])  # type: ignore[index]
    share = by.model.retention(np.array([4.0]))[0]
    due = told["metrics"]["renewal_due_on"]
    assert own == f"renewed 3 times; of such contracts {share:.0%} renew; next due on {due}"


def test_a_mapping_that_says_contracts_is_told_what_it_lacks() -> None:
    """No property of a notice; a period without contracts."""

    def said(purchase: str) -> list[str]:
        return [f.message for f in read_mapping(f"version: 1\npurchase: {purchase}\n".encode())[1]]

    assert any("tells a notice" in one for one in said("{setting: contract, period: year}"))
    assert any("period is not used" in one for one in said("{period: year}"))
    assert any("not one of open, contract" in one for one in said("{setting: leasing}"))
    assert Mapping().purchase.setting == "open"
