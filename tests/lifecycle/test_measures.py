"""The measures beside the stage: level of risk, NPS class, RFM segment, and what they are compared by."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from plugin.errors import InputError
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.explanation import explanation
from plugin.lifecycle.parameters import Comparison, Parameters, fit
from tests.lifecycle.naive import Person
from tests.lifecycle.test_schemes import PATHS
from tests.lifecycle.worlds import (
    MAPPING,
    MODELS,
    START,
    day,
    records_of,
    rhythm,
)


def test_the_level_of_risk_weighs_the_gravest_flag_with_the_money_at_stake() -> None:
    """And `explain` says which way the money moved it, or two with the same sign would be a riddle."""
    person, _ = PATHS["a one-time buyer"]
    levels, bodies = {}, []
    for name, cuts in (("rich", (10.0, 90.0, 500.0)), ("usual", (10.0, 200.0, 500.0))):
        portal = Comparison(usual_gap_days=30.0, repeat_customers=3, value_cuts=cuts)
        parameters = Parameters(comparisons={"contact": portal})
        [body] = evaluate(records_of([person]), MAPPING, MODELS, parameters, date(2024, 9, 1)).to_json()
        levels[name] = (body["risk_flags"], body["risk_level"])
        bodies.append(body)
    assert levels == {"rich": (["sleeping"], "high"), "usual": (["sleeping"], "medium")}
    cold, _ = PATHS["a lead whose deal was lost and who went cold"]
    [lead] = evaluate(records_of([cold]), MAPPING, MODELS, rhythm(3, 30.0), date(2024, 9, 1)).to_json()
    assert (lead["risk_flags"], lead["risk_level"]) == (["lost"], "medium")
    told = [re.findall("Risk: (.*)", explanation(one, [], MODELS, "en")) for one in (*bodies, lead)]
    assert told == [
        ["High (one step up: among the best paying fifth)"],
        ["Medium"],
        ["Medium (one step down: little is at stake)"],
    ]
    own = replace(MODELS, stake={"more": MODELS.stake["less"]})
    assert "Risk: High (one step up: much is at stake)" in explanation(bodies[0], [], own, "en")


def test_the_metrics_beside_the_facts_are_those_of_the_day() -> None:
    regular, _ = PATHS["a regular buyer who falls asleep and is lost"]
    quitter, _ = PATHS["a promoter who cancels and buys again"]
    told = {}
    for when in ("2024-03-20", "2025-02-09", "2025-02-10"):
        found = evaluate(
            records_of([regular, quitter]), MAPPING, MODELS, rhythm(3, 30.0), date.fromisoformat(when)
        ).to_json()
        told[when] = [(o["metrics"]["purchase_frequency"], o["metrics"]["nps_class"]) for o in found]
    assert told["2024-03-20"] == [(3, None), (2, "promoter")]
    assert told["2025-02-09"] == [(2, None), (2, "promoter")]  # 10 Feb 2024 lies 365 days back
    assert told["2025-02-10"] == [(1, None), (2, "promoter")]


@pytest.mark.parametrize(
    ("nps", "kind"), [(0, "detractor"), (6, "detractor"), (7, "passive"), (9, "promoter")]
)
def test_an_answer_has_its_nps_class(nps: float, kind: str) -> None:
    person = Person(START, nps=[(START, nps)])
    [body] = evaluate(records_of([person]), MAPPING, MODELS, rhythm(3, 30.0), day(START + 5)).to_json()
    assert body["metrics"]["nps_class"] == kind


def test_every_rfm_cell_is_in_exactly_one_segment() -> None:
    cells = [(r, f) for r in range(1, 6) for f in range(1, 6)]
    found = {
        cell: [
            g.key
            for g in MODELS.rfm.segments
            if cell[0] in g.digits["recency"] and cell[1] in g.digits["frequency"]
        ]
        for cell in cells
    }
    assert [cell for cell, keys in found.items() if len(keys) != 1] == []
    assert (found[5, 5], found[1, 5], found[1, 1]) == (["champions"], ["cannot_lose"], ["hibernating"])


@pytest.mark.parametrize(
    ("when", "rfm", "segment"),
    [
        ("2024-02-05", "512", "new_customers"),
        ("2024-03-15", "412", "promising"),
        ("2024-05-01", "312", "about_to_sleep"),
        ("2024-10-01", "212", "hibernating"),
    ],
)
def test_the_rfm_segment_follows_the_cell(when: str, rfm: str, segment: str) -> None:
    person, _ = PATHS["a one-time buyer"]
    [body] = evaluate(
        records_of([person]), MAPPING, MODELS, rhythm(150, 40.0), date.fromisoformat(when)
    ).to_json()
    assert (body["metrics"]["rfm"], body["metrics"]["rfm_segment"]) == (rfm, segment)
    assert f"rfm_{segment}" in body["segments"]
    assert [s for s in body["segments"] if s.startswith("rfm_")] == [f"rfm_{segment}"]


def test_no_cell_no_rfm_segment() -> None:
    person, _ = PATHS["somebody of whom nothing is known"]
    [body] = evaluate(records_of([person]), MAPPING, MODELS, rhythm(150, 40.0), date(2024, 2, 5)).to_json()
    assert (body["metrics"]["rfm"], body["metrics"]["rfm_segment"]) == (None, None)
    assert not [s for s in body["segments"] if s.startswith("rfm_")]


def test_parameters_survive_their_json_and_refuse_another() -> None:
    parameters = fit(
        records_of([p for p, _ in PATHS.values()]),
        MAPPING,
        date(2025, 1, 1),
        version=4,
        time_zone="Europe/Warsaw",
    )
    assert Parameters.from_json(parameters.to_json()) == parameters
    assert (parameters.version, parameters.time_zone, parameters.repeat_customers) == (4, "Europe/Warsaw", 3)
    for text in ("", "{}", "[1]", '{"version": 1, "adopted_on": "x", "comparisons": {}}'):
        with pytest.raises(InputError):
            Parameters.from_json(text)
