"""Predictions in an evaluation: facts of today, written values of the refresh day, and when they change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from plugin.jobs.meaning import evaluate, fit
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.predictions import REFRESHED, two_digits
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping
from plugin.value.choose import fit_purchases
from plugin.value.drift import confirmed, with_drift_watch
from tests.value.worlds import cdnow, cdnow_orders

DAY = date(1997, 9, 30)
MAPPING = Mapping()
#: What the value room writes, beside the churn risk.
PREDICTED = tuple(REFRESHED)


@cache
def models() -> Models:
    return load_models(MAPPING)


def records(limit: int, until: date = DAY, ids: int = 0) -> Records:
    """The first customers of the sample with their orders up to a day, as contacts and won deals."""
    last = (until - date(1970, 1, 1)).days
    orders = cdnow_orders().filter((pl.col("customer") <= limit) & (pl.col("day") <= last))
    deals = [
        {
            "id": i,
            "contact_ids": [row["customer"] + ids],
            "closedate": (date(1970, 1, 1) + timedelta(row["day"])).isoformat(),
            "createdate": (date(1970, 1, 1) + timedelta(row["day"])).isoformat(),
            "hs_is_closed_won": "true",
            "hs_is_closed": "true",
            "amount": str(row["amount"] or 1.0),
        }
        for i, row in enumerate(orders.rows(named=True), 1)
    ]
    contacts = [{"id": c + ids, "createdate": "1997-01-01"} for c in range(1, limit + 1)]
    return Records.from_rows(contacts, deals=deals)


@cache
def fitted() -> Parameters:
    return fit(records(800), MAPPING, DAY)


def test_the_value_section_fits_what_the_purchases_say() -> None:
    """The same models as the commands fit, from the lifecycle's own purchases; and JSON keeps it all."""
    whole = fit(records(2357), MAPPING, DAY)
    assert whole.value is not None
    section = whole.value["contact"]
    wanted = fit_purchases(cdnow())
    assert section["open"]
    assert section["model"] == wanted.model
    assert section["params"] == pytest.approx(wanted.params, rel=1e-9)
    assert Parameters.from_json(whole.to_json()) == whole


def test_facts_are_those_of_today_and_written_values_are_rounded() -> None:
    """Money and purchases to two digits, chances to 0.05; a customer who never bought has none."""
    found = evaluate(records(800, ids=10), MAPPING, models(), fitted(), DAY)
    frame, written = found.frame, found.written()
    buyer = frame["purchases"] > 0
    assert frame.filter(~buyer)["clv"].null_count() == (~buyer).sum()
    assert frame.filter(buyer).select("p_alive", "p_no_purchase", "clv").null_count().row(0) == (0, 0, 0)
    texts = written.filter(buyer)
    for name in ("clm_clv", "clm_expected_purchases", "clm_p_alive", "clm_churn_risk"):
        assert (texts[name] != "").all(), name
    digits = texts["clm_clv"].str.replace(".", "", literal=True).str.strip_chars("0").str.len_chars()
    assert digits.max() <= 2
    steps = texts["clm_p_alive"].cast(pl.Float64) / 0.05
    assert (steps - steps.round()).abs().max() < 1e-9
    money = texts.select(pl.col("clm_clv_low", "clm_clv", "clm_clv_high").cast(pl.Float64))
    assert (money["clm_clv_low"] <= money["clm_clv"]).all()
    assert (money["clm_clv"] <= money["clm_clv_high"]).all()


def test_below_the_gate_nothing_is_predicted_and_the_section_says_why() -> None:
    """Sixty customers are too few."""
    few = fit(records(60), MAPPING, DAY)
    assert few.value is not None
    assert not few.value["contact"]["open"]
    assert few.value["contact"]["reasons"][0] == "60 customers, 100 needed"
    found = evaluate(records(60), MAPPING, models(), few, DAY)
    assert (
        found.frame.select("p_alive", "p_no_purchase", "expected_purchases", "clv").null_count().row(0)
        == (60,) * 4
    )
    assert (found.written().select(PREDICTED) == "").to_numpy().all()


def written_on(day: date, who: list[tuple[str, int]], parameters: Parameters) -> dict[int, tuple[Any, ...]]:
    found = evaluate(records(800), MAPPING, models(), parameters, day, who)
    return {row[1]: row for row in found.written().rows()}


@pytest.mark.parametrize("adopted", [DAY, DAY + timedelta(12)])
def test_the_next_moment_is_the_first_day_on_which_anything_written_changes(adopted: date) -> None:
    """Against evaluating every single day."""
    parameters = replace(fitted(), adopted_on=adopted)
    who = [("contact", i) for i in range(1, 61)]
    found = evaluate(records(800), MAPPING, models(), parameters, DAY, who)
    today = {row[1]: row for row in found.written().rows()}
    moments = dict(found.frame.select("id", "next_moment").rows())
    waiting, changed = set(today), 0
    for ahead in range(1, 46):
        day = DAY + timedelta(ahead)
        then = written_on(day, [("contact", i) for i in waiting], parameters)
        for customer in list(waiting):
            if then[customer] != today[customer]:
                assert moments[customer] is not None
                assert moments[customer] <= day, (customer, day, moments[customer])
                assert moments[customer] > DAY
                changed += moments[customer] == day
                waiting.discard(customer)
    assert changed >= 50  # and hardly ever looked at in vain
    assert all(moments[customer] > DAY + timedelta(45) for customer in waiting)


@pytest.mark.slow
def test_written_predictions_stand_still_between_refresh_days() -> None:
    """Over a month each customer's prediction changes on one day at most."""
    who = [("contact", i) for i in range(1, 41)]
    seen: dict[int, list[tuple[str, ...]]] = {i: [] for _, i in who}
    for ahead in range(1, 28):
        day = DAY + timedelta(ahead)
        found = evaluate(records(800), MAPPING, models(), fitted(), day, who).written()
        for row in found.select("id", *PREDICTED).rows():
            if not seen[row[0]] or seen[row[0]][-1] != row[1:]:
                seen[row[0]].append(row[1:])
    assert max(len(states) for states in seen.values()) == 2


def test_an_outcome_does_not_depend_on_who_else_is_in_the_batch() -> None:
    """One customer alone, and in the middle of all."""
    everyone = evaluate(records(800), MAPPING, models(), fitted(), DAY).to_json()
    for customer in (3, 77, 512):
        alone = evaluate(records(800), MAPPING, models(), fitted(), DAY, [("contact", customer)]).to_json()
        assert alone == [one for one in everyone if one["id"] == customer]


@pytest.mark.parametrize("upper", [None, 0.5, 0.9])
def test_likely_churn_is_flagged_above_the_upper_band(upper: float | None) -> None:
    """And nowhere else; the band is the one that the portal's own past recalibrated."""
    parameters = fitted()
    assert parameters.value is not None
    if upper is not None:
        section = {**parameters.value["contact"], "risk_bands": [0.2, upper]}
        parameters = replace(parameters, value={"contact": section})
    found = evaluate(records(800), MAPPING, models(), parameters, DAY).frame
    flagged = found["risk_flags"].list.contains("likely_churn")
    band = upper or parameters.value["contact"]["risk_bands"][1]
    assert flagged.sum() > 100
    assert (flagged == (found["p_no_purchase"] > band).fill_null(False)).all()


def test_without_past_days_the_bands_are_thirds() -> None:
    assert replace(fitted(), value=None).bands("contact") == (1 / 3, 2 / 3)


def test_two_digits_round_half_away_from_zero() -> None:
    given = np.array([0.0, 0.0145, 1.45, 14.5, 145.0, 995.0, 123456.0, np.nan])
    wanted = [0.0, 0.015, 1.5, 15.0, 150.0, 1000.0, 120000.0]
    assert two_digits(given)[:-1] == pytest.approx(wanted)
    assert np.isnan(two_digits(given)[-1])


def test_a_fit_that_moves_the_total_far_waits_until_the_next_one_agrees() -> None:
    """A quarter is too far; the models in force stay until confirmed."""
    present, near, far = {"total": 100.0, "n": 1}, {"total": 120.0, "n": 2}, {"total": 200.0, "n": 3}
    assert with_drift_watch(None, far) == far
    assert with_drift_watch(present, near) == near
    waiting = with_drift_watch(present, far)
    assert waiting == {"total": 100.0, "n": 1, "adopted": False, "waiting": far}
    assert with_drift_watch(waiting, {"total": 190.0, "n": 4}) == {"total": 190.0, "n": 4}
    assert with_drift_watch(waiting, {"total": 400.0, "n": 5})["waiting"]["total"] == 400.0
    assert confirmed(waiting) == far
    assert confirmed(near) == near
