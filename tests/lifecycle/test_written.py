"""What the CRM is given: the exact values of an outcome, as texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.written import nearest, plain_number
from plugin.mapping.model import ModelChoice, Output
from tests.lifecycle.test_schemes import PATHS
from tests.lifecycle.worlds import (
    ALL,
    MAPPING,
    MODELS,
    records_of,
    rhythm,
)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (1234.5, 2, "1234.5"),
        (1200.0, 2, "1200"),
        (0.0, 2, "0"),
        (-0.05, 2, "-0.05"),
        (-0.001, 2, "0"),
        (1e12 + 0.25, 2, "1000000000000.25"),
        (0.1 + 0.2, 2, "0.3"),
        (33.335, 2, "33.34"),
        (2.675, 2, "2.68"),
    ],
)
def test_numbers_are_written_as_the_crm_echoes_them(value: float, places: int, text: str) -> None:
    frame = pl.DataFrame({"v": [value]})
    assert frame.select(plain_number(pl.col("v"), places).alias("v"))["v"].to_list() == [text]


def test_steps_are_rounded_half_away_from_zero() -> None:
    frame = pl.DataFrame({"v": [0.325, 0.324, 0.0249, 0.025, 0.975, -0.325]})
    found = frame.select(plain_number(nearest(pl.col("v"), 0.05), 2).alias("v"))["v"].to_list()
    assert found == ["0.35", "0.3", "0", "0.05", "1", "-0.35"]


def test_written_holds_one_text_per_switched_on_output_and_secondary_model() -> None:
    outputs = {
        **MAPPING.outputs,
        "clm_reason": Output("why", write=True),
        "clm_tier": Output("clm_tier", write=False),
    }
    mapping = replace(MAPPING, outputs=outputs, models=ModelChoice("lifecycle9", ("path5",)))
    person, _ = PATHS["a one-time buyer"]
    found = evaluate(records_of([person]), mapping, load_models(mapping), rhythm(3, 30.0), date(2024, 2, 5))
    assert found.written().columns == ["object", "id", *(name for name, _ in mapping.written_outputs())]
    [body] = found.to_json()
    assert body["written"]["why"] == body["reason"]
    assert "clm_tier" not in body["written"]
    assert body["written"]["clm_stage_path5"] == "sale"
    assert all(isinstance(v, str) for v in body["written"].values())


#: A one-time buyer, four days after the purchase: the outcome, the metrics that are known, what is written.
OUTCOME: dict[str, Any] = {
    "object": "contact",
    "id": 1,
    "stage": "new_customer",
    "stages": dict(
        zip(
            ALL,
            (
                "new_customer",
                "sale",
                "purchase",
                "conversion",
                "sale",
                "acquisition",
                "acquisition",
                "acquisition",
                "developing",
            ),
            strict=True,
        )
    ),
    "since": "2024-02-01",
    "reason": "First purchase on 1 Feb 2024.",
    "exited_from": None,
    "next_stage": "active",
    "next_stage_on": "2024-03-03",
    "keep_until": None,
    "risk_level": "none",
    "risk_flags": [],
    "risk_reasons": {},
    "next_action": "Ask how the purchase went and what could help; share instructions, support options "
    "and the return policy.",
    "segments": ["active", "rfm_new_customers"],
}
METRICS = {
    "tenure_days": 35,
    "engagements": 1,
    "days_since_engaged": 31,
    "days_since_deal_activity": 4,
    "purchases": 1,
    "orders": 1,
    "days_since_first_purchase": 4,
    "days_since_purchase": 4,
    "usual_gap_days": 40.0,
    "gap_ratio": 0.1,
    "sleeping_after_days": 100.0,
    "lost_after_days": 240.0,
    "revenue": 100.0,
    "profit": 100.0,
    "average_order_value": 100.0,
    "purchases_recent": 1,
    "rfm": "512",
    "purchase_frequency": 1,
    "engagement_rate": pytest.approx(30 / 180),
    "rfm_segment": "new_customers",
    "tier": "bronze",
}
WRITTEN = {
    "clm_stage": "new_customer",
    "clm_stage_since": "2024-02-01",
    "clm_reason": "First purchase on 1 Feb 2024.",
    "clm_next_stage": "active",
    "clm_next_stage_on": "2024-03-03",
    "clm_risk_level": "none",
    "clm_value_to_date": "100",
    "clm_average_order": "100",
    "clm_segment": "active;rfm_new_customers",
    "clm_rfm": "512",
    "clm_tier": "bronze",
}


def test_the_whole_outcome_of_a_one_time_buyer_is_this() -> None:
    person, _ = PATHS["a one-time buyer"]
    [body] = evaluate(records_of([person]), MAPPING, MODELS, rhythm(150, 40.0), date(2024, 2, 5)).to_json()
    metrics = body.pop("metrics")
    written = body.pop("written")
    assert body == OUTCOME
    assert {k: v for k, v in metrics.items() if v not in (None, 0)} == METRICS
    others = {f"clm_stage_{model}": body["stages"][model] for model in ALL[1:]}
    assert {k: v for k, v in written.items() if v} == {
        **WRITTEN,
        **others,
        "clm_next_action": body["next_action"],
    }
