"""What customers answered: the latest answer of each, with margin and scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plugin.mapping.model import CsatScale
from plugin.portfolio.answered import margin
from plugin.portfolio.shown import Shown
from tests.portfolio.small import MAPPING, figures, forty, source

CSAT = replace(MAPPING, contact=replace(MAPPING.contact, csat="csat"))


def scored(name: str, scores: list[str]) -> list[dict[str, Any]]:
    return [one | {name: score} for one, score in zip(forty(), scores, strict=True)]


def test_promoters_less_detractors_by_the_last_answers_with_the_margin() -> None:
    """20 say ten, 10 say zero, 10 say eight."""
    found = figures(source(scored("nps", ["10"] * 20 + ["0"] * 10 + ["8"] * 10)))["nps"]
    assert (found["value"], found["n"]) == (25.0, 40)
    assert (found["notes"]["confidence"], found["notes"]["margin"]) == (0.95, pytest.approx(24.62, abs=0.01))
    assert Shown("en", None).figure(found) == "25 ± 24.6 points"


def test_a_margin_is_not_nothing_where_all_agree_and_shrinks_with_answers() -> None:
    """Thirty promoters of thirty are no proof that everyone is one."""
    assert margin(30, 0, 0) > margin(3_000, 0, 0) > 0  # type: ignore[operator]
    assert margin(0, 0, 0) is None
    assert margin(500, 0, 500) == pytest.approx(100 * 1.96 / 1_003**0.5, rel=1e-3)


def test_of_each_customer_the_latest_answer_in_the_period_counts_once() -> None:
    """All said zero in July and ten in August: the quarter has forty answers, not eighty."""
    told = [
        {"object": "contact", "id": i, "property": "nps", "value": value, "at": at}
        for i in range(1, 41)
        for value, at in (("0", "2026-07-05T12:00:00Z"), ("10", "2026-08-05T12:00:00Z"))
    ]
    where = source(scored("nps", ["10"] * 40), history=told)
    for period, value in (("2026-07", -100.0), ("2026-08", 100.0), ("2026-Q3", 100.0), ("2026", 100.0)):
        found = figures(where, period=period)["nps"]
        assert (found["value"], found["n"]) == (value, 40), period


def test_csat_is_the_share_of_the_top_box_on_the_declared_scale() -> None:
    """36 of 40 say four or five; the scale stands beside it."""
    found = figures(source(scored("csat", ["5"] * 30 + ["4"] * 6 + ["2"] * 4), mapping=CSAT))["csat"]
    assert (found["value"], found["n"]) == (0.9, 40)
    assert found["notes"] == {
        "lowest": 1.0,
        "highest": 5.0,
        "satisfied_from": 4.0,
        "mean": pytest.approx(182 / 40),
        "off_scale": 0,
    }
    assert "4 or more on the scale from 1 to 5" in found["definition"]
    strict = replace(CSAT, csat_scale=CsatScale(1, 5, 5))
    assert figures(source(scored("csat", ["5"] * 30 + ["4"] * 10), mapping=strict))["csat"]["value"] == 0.75


def test_answers_off_the_scale_are_left_out_and_counted_and_many_of_them_withhold_it() -> None:
    """Three of forty are slips; ten of forty mean that the scale is another."""
    some = figures(source(scored("csat", ["5"] * 37 + ["9"] * 3), mapping=CSAT))["csat"]
    assert (some["value"], some["n"], some["notes"]["off_scale"]) == (1.0, 37, 3)
    many = figures(source(scored("csat", ["5"] * 30 + ["9"] * 10), mapping=CSAT))["csat"]
    assert (many["value"], many["reason_code"], many["notes"]["off_scale"]) == (None, "off_scale", 10)
