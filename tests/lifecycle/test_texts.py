"""What people read: reasons, plays and labels in three languages."""

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

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.reasons import LIMIT, shorten
from plugin.mapping.model import Language, Mapping
from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.test_schemes import PATHS
from tests.lifecycle.worlds import (
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
