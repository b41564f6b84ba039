"""A real shop's 2,357 customers: their outcomes on real days, and how seldom anything written changes."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from plugin.jobs import meaning
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters, fit
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping
from plugin.sandbox.loaders.cdnow import read_orders

MAPPING = Mapping()
MODELS = load_models(MAPPING)
FITTED = date(1998, 1, 31)


@pytest.fixture(scope="module")
def shop() -> Records:
    """The sample as contacts, created with their first order, and won deals."""
    orders = [
        {
            "id": n,
            "contact_ids": [o.customer],
            "amount": o.dollars,
            "closedate": _day(o.day),
            "createdate": _day(o.day),
        }
        for n, o in enumerate(read_orders(), start=1)
    ]
    for order in orders:
        order.update(hs_is_closed="true", hs_is_closed_won="true")
    first: dict[int, str] = {}
    for o in read_orders():
        first[o.customer] = min(first.get(o.customer, "9"), _day(o.day))
    return Records.from_rows([{"id": k, "createdate": v} for k, v in first.items()], deals=orders)


def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


@pytest.fixture(scope="module")
def parameters(shop: Records) -> Parameters:
    """Fitted on what was known by the end of January 1998."""
    return fit(shop, MAPPING, FITTED)


def test_the_shop_is_measured_by_its_own_rhythm(parameters: Parameters) -> None:
    comparison = parameters.comparison("contact")
    assert comparison.buyers == 2349  # the others never paid anything
    assert comparison.repeat_customers > 1000
    assert 20 < (comparison.usual_gap_days or 0) < 120
    assert comparison.notes == ()


def test_every_customer_has_an_outcome_and_the_stages_are_plausible(
    shop: Records, parameters: Parameters
) -> None:
    frame = evaluate(shop, MAPPING, MODELS, parameters, FITTED).frame
    counts = dict(frame["stage"].value_counts().iter_rows())
    assert frame.height == 2357
    assert set(counts) <= {s.key for s in MODELS.primary.stages}
    assert counts["sleeping"] + counts["lost"] > 1000  # half of this shop bought once, a year ago
    assert counts["loyal"] > 100
    assert frame.filter(pl.col("stage").is_in(["sleeping", "lost"]))["exited_from"].null_count() < 15


def test_on_average_at_most_eight_in_a_hundred_customers_are_rewritten_a_day(
    shop: Records, parameters: Parameters
) -> None:
    """Every third customer over 28 days, in which everybody's monthly day comes once."""
    some = [("contact", int(i)) for i in shop.contacts["id"].sort()[::3]]
    shares = []
    before = evaluate(shop, MAPPING, MODELS, parameters, FITTED, some).written()
    for n in range(1, 29):
        now = evaluate(shop, MAPPING, MODELS, parameters, FITTED + timedelta(days=n), some).written()
        changed = now.join(before, on=now.columns, how="anti", nulls_equal=True)
        shares.append(changed.height / now.height)
        before = now
    assert 0.002 < sum(shares) / len(shares) <= 0.08


def test_outcomes_change_exactly_at_the_next_moments(shop: Records, parameters: Parameters) -> None:
    first = evaluate(shop, MAPPING, MODELS, parameters, FITTED)
    for n in (1, 3, 9):
        day = FITTED + timedelta(days=n)
        now = evaluate(shop, MAPPING, MODELS, parameters, day).written()
        quiet = first.frame.filter(pl.col("next_moment").is_null() | (pl.col("next_moment") > day)).select(
            "id"
        )
        assert quiet.height > 1000
        assert now.join(quiet, on="id").equals(first.written().join(quiet, on="id"))


def test_predicted_metrics_are_exact_and_the_written_ones_their_rounding(shop: Records) -> None:
    """On the day of adoption, which is everybody's refresh day, both speak of the same day."""
    fitted = meaning.fit(shop, MAPPING, FITTED)
    some = [("contact", int(i)) for i in shop.contacts["id"].sort()[:150]]
    predicted = 0
    for one in meaning.evaluate(shop, MAPPING, MODELS, fitted, FITTED, some).to_json():
        metrics, written = one["metrics"], one["written"]
        for bound in ("clv_low", "clv_high"):
            if metrics[bound] is None:
                assert written[f"clm_{bound}"] == ""
                continue
            assert float(written[f"clm_{bound}"]) == pytest.approx(metrics[bound], rel=0.05, abs=0.01)
            predicted += 1
        assert written["clm_next_purchase_on"] == (metrics["next_purchase_on"] or "")
    assert predicted > 200
