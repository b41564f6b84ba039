"""What people and the CRM read: reasons in three languages, risk, plays, and the exact written values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.errors import InputError
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.explanation import explanation
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Comparison, Parameters, fit
from plugin.lifecycle.reasons import LIMIT, shorten
from plugin.lifecycle.written import nearest, plain_number
from plugin.mapping.model import Language, Mapping, ModelChoice, Output
from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.test_schemes import PATHS
from tests.lifecycle.worlds import (
    ALL,
    EPOCH,
    MAPPING,
    MODELS,
    START,
    day,
    people,
    portals,
    records_of,
    rhythm,
)

LANGUAGES: tuple[Language, ...] = get_args(Language)
CYRILLIC = re.compile("[а-яё]")


def in_language(language: Language) -> Mapping:
    """The tests' mapping in a language."""
    return replace(MAPPING, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_short_complete_and_in_its_language(language: Language) -> None:
    persons = [person for person, _ in PATHS.values()]
    mapping = in_language(language)
    models = load_models(mapping)
    texts = []
    for when in ("2024-01-08", "2024-02-05", "2024-03-20", "2024-08-20", "2024-10-10", "2025-05-05"):
        for parameters in (rhythm(3, 30.0), rhythm(300, 30.0)):
            found = evaluate(
                records_of(persons), mapping, models, parameters, date.fromisoformat(when)
            ).to_json()
            texts += [o["reason"] for o in found] + [s for o in found for s in o["risk_reasons"].values()]
            texts += [o["next_action"] for o in found]
    assert len(set(texts)) > 30
    for text in texts:
        assert 5 < len(text) <= LIMIT
        assert "?" not in text
        assert "{" not in text
        assert bool(CYRILLIC.search(text)) == (language == "ru"), text


def test_reasons_state_the_date_the_rhythm_and_the_rule_that_was_used() -> None:
    person, _ = PATHS["a regular buyer who falls asleep and is lost"]
    reasons = {}
    for name, parameters in (("own", rhythm(300, 30.0)), ("fixed", rhythm(3, 30.0))):
        [found] = evaluate(records_of([person]), MAPPING, MODELS, parameters, date(2024, 9, 10)).to_json()
        reasons[name] = found["reason"]
    assert reasons["own"] == (
        "No order since 10 Mar 2024; customers here usually order every 30 days. "
        "Lost after 180 days of silence."
    )
    assert reasons["fixed"] == (
        "No order since 10 Mar 2024. Sleeping after 180 days of silence "
        "(fixed limit: too few repeat customers for a rhythm)."
    )


def test_russian_and_polish_decline_their_days() -> None:
    person, _ = PATHS["a regular buyer who falls asleep and is lost"]
    said = {}
    for language in ("ru", "pl"):
        mapping = in_language(language)  # type: ignore[arg-type]
        [found] = evaluate(
            records_of([person]), mapping, load_models(mapping), rhythm(300, 31.0), date(2024, 4, 1)
        ).to_json()
        said[language] = found["reason"]
    assert said["ru"] == "Покупок: 3, последняя 10 мар. 2024; обычный интервал у клиентов: 31 день."
    assert said["pl"] == "Zakupy: 3, ostatni 10 mar 2024; zwykły odstęp u klientów: 31 dni."


STALLED = {
    ("en", 1): "The open deal has not moved since 8 Mar 2024.",
    ("en", 2): "None of the 2 open deals has moved since 8 Mar 2024.",
    ("ru", 1): "Открытая сделка не двигалась с 8 мар. 2024.",
    ("ru", 2): "Ни одна из 2 открытых сделок не двигалась с 8 мар. 2024.",
    ("ru", 21): "Ни одна из 21 открытой сделки не двигалась с 8 мар. 2024.",
    ("pl", 1): "Otwarta transakcja stoi od 8 mar 2024.",
    ("pl", 5): "Żadna z 5 otwartych transakcji nie ruszyła się od 8 mar 2024.",
}
EVALUATING = {
    ("en", 1): "Open deal, last moved on 8 Mar 2024.",
    ("en", 14): "14 open deals; the latest move was on 8 Mar 2024.",
    ("ru", 1): "Открытая сделка, последнее движение 8 мар. 2024.",
    ("ru", 3): "3 открытые сделки; последнее движение 8 мар. 2024.",
    ("ru", 14): "14 открытых сделок; последнее движение 8 мар. 2024.",
    ("pl", 1): "Otwarta transakcja, ostatni ruch 8 mar 2024.",
    ("pl", 3): "3 otwarte transakcje; ostatni ruch 8 mar 2024.",
    ("pl", 14): "14 otwartych transakcji; ostatni ruch 8 mar 2024.",
}
MARCH_8 = (date(2024, 3, 8) - EPOCH).days


def about(person: Person, language: Language, when: date, deals: Sequence[str] = ()) -> dict[str, Any]:
    """The outcome of one person in a language; without their dates of creation the deals named so."""
    mapping, records = in_language(language), records_of([person])
    blank = (
        pl.when(pl.col("id").cast(pl.String).is_in(list(deals))).then(None).otherwise(pl.col("createdate"))
    )
    records = replace(records, deals=records.deals.with_columns(blank.alias("createdate")))
    [found] = evaluate(records, mapping, load_models(mapping), rhythm(3, 30.0), when).to_json()
    return found


@pytest.mark.parametrize(("language", "number"), sorted({*STALLED, *EVALUATING}))
def test_several_open_deals_are_told_with_their_number_and_the_word_that_goes_with_it(
    language: Language, number: int
) -> None:
    """The day is that of the latest move of any."""
    deals = [Deal(MARCH_8 - 30 * i) for i in range(number)]
    person = Person(MARCH_8 - 900, deals)
    soon, late = about(person, language, date(2024, 3, 20)), about(person, language, date(2024, 5, 30))
    assert soon["reason"] == EVALUATING.get((language, number), soon["reason"])
    assert late["risk_reasons"]["stalled_deal"] == STALLED.get(
        (language, number), late["risk_reasons"]["stalled_deal"]
    )


def test_a_buyer_in_the_middle_of_several_deals_is_told_so() -> None:
    bought = Deal(MARCH_8 - 400, MARCH_8 - 400, won=True)
    person = Person(MARCH_8 - 900, [bought, Deal(MARCH_8), Deal(MARCH_8 - 9)])
    said = {language: about(person, language, date(2024, 3, 20))["reason"] for language in LANGUAGES}
    assert said == {
        "en": "No order since 2 Feb 2023, but 2 deals are open; the latest move was on 8 Mar 2024.",
        "ru": "Нет заказов с 2 февр. 2023, но есть 2 открытые сделки; последнее движение 8 мар. 2024.",
        "pl": "Brak zamówień od 2 lut 2023, ale są 2 otwarte transakcje; ostatni ruch 8 mar 2024.",
    }


def test_a_deal_without_a_date_is_not_dated_by_the_day_on_which_it_was_first_seen() -> None:
    """Its first known stage proves that it was there, not that it moved; the next one is a move."""
    person = Person(MARCH_8 - 900, [Deal(MARCH_8), Deal(MARCH_8, moves=[MARCH_8 + 5])])
    still = about(replace(person, deals=person.deals[:1]), "en", date(2024, 3, 20), deals=["1000"])
    assert still["stage"] == "lead"
    assert still["reason"] == "1 open deal, none with a date of creation or movement; no purchase yet."
    assert (still["metrics"]["open_deals"], still["metrics"]["days_since_deal_moved"]) == (1, None)
    moved = about(person, "en", date(2024, 3, 20), deals=["1000", "1001"])
    assert moved["reason"] == "2 open deals; the latest move was on 13 Mar 2024."


def test_orders_of_one_day_are_one_purchase_and_the_reason_says_it() -> None:
    days = [MARCH_8 - 40 * i for i in range(5)]
    twice = [Deal(d, d, won=True) for d in [*days, *days[:2]]]
    person = Person(MARCH_8 - 900, twice)
    said = {language: about(person, language, date(2024, 3, 20))["reason"] for language in LANGUAGES}
    assert said == {
        "en": "7 orders on 5 days, the last on 8 Mar 2024; usually every 40 days.",
        "ru": "7 заказов (5 дней с заказами), последний 8 мар. 2024; обычный интервал: 40 дней.",
        "pl": "7 zamówień (5 dni z zamówieniami), ostatnie 8 mar 2024; zwykły odstęp: 40 dni.",
    }
    once = about(replace(person, deals=twice[:5]), "en", date(2024, 3, 20))
    assert once["reason"] == "5 purchases, the last on 8 Mar 2024; usually every 40 days."


@settings(max_examples=20, deadline=None)
@given(people(), portals, st.integers(START, START + 1500))
def test_texts_never_change_on_a_day_that_nothing_is_said_to_change(
    person: Person, parameters: Parameters, today: int
) -> None:
    now = evaluate(records_of([person]), MAPPING, MODELS, parameters, day(today))
    if now.frame.height and (now.frame["next_moment"][0] or date.max) > day(today + 1):
        after = evaluate(records_of([person]), MAPPING, MODELS, parameters, day(today + 1))
        assert after.texts.rows() == now.texts.rows()


def test_a_long_text_is_cut_at_a_word() -> None:
    text = shorten("word " * 100)
    assert len(text) <= LIMIT
    assert text.endswith("word…")


def test_every_label_exists_in_every_language() -> None:
    named: list[Any] = [*MODELS.flags, *MODELS.levels, *MODELS.segments, *MODELS.tiers]
    for model in MODELS.known.values():
        named += [model, *model.stages]
        assert all(stage.colour.startswith("#") and stage.play in MODELS.plays for stage in model.stages)
        assert all(set(stage.goals) == set(LANGUAGES) for stage in model.stages)
    texts = [n.labels for n in named] + [w.text for w in MODELS.reasons]
    texts += [w.text for f in MODELS.flags for w in f.reasons]
    texts += [t for p in MODELS.plays.values() for t in (p.goal, p.action, p.questions) if t]
    assert [t for t in texts if set(t) != set(LANGUAGES) or not all(t.values())] == []


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


def test_the_whole_outcome_of_a_one_time_buyer_is_this() -> None:
    person, _ = PATHS["a one-time buyer"]
    [body] = evaluate(records_of([person]), MAPPING, MODELS, rhythm(150, 40.0), date(2024, 2, 5)).to_json()
    metrics = body.pop("metrics")
    written = body.pop("written")
    assert body == {
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
    assert {k: v for k, v in metrics.items() if v not in (None, 0)} == {
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
    assert {k: v for k, v in written.items() if v} == {
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
        "clm_next_action": body["next_action"],
        **{f"clm_stage_{model}": body["stages"][model] for model in ALL[1:]},
    }


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
