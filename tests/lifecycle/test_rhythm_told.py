"""What people are told of a customer's rhythm: what somebody who looks at the orders would say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import median
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plugin.lifecycle.engines import make_engine
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.reasons import day_text
from plugin.lifecycle.rhythm import own_gaps
from plugin.lifecycle.rhythm_words import told
from plugin.lifecycle.series import Moment, Points
from plugin.mapping.model import Language
from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.test_texts import in_language
from tests.lifecycle.worlds import MAPPING, MODELS, START, day, records_of, rhythm

LARGE, SMALL = rhythm(300, 40.0), rhythm(3, 40.0)


def said(gaps: Sequence[int], language: Language = "en", portal: Parameters = LARGE, later: int = 5) -> str:
    """The reason, some days after the last purchase, of who bought with these days between."""
    bought = list(accumulate(gaps, initial=START))
    person = Person(START, [Deal(b, b, won=True) for b in bought])
    mapping = in_language(language)
    found = evaluate(records_of([person]), mapping, load_models(mapping), portal, day(bought[-1] + later))
    return str(found.texts["reason"][0])


EARLY = {
    "en": "2 purchases, the last on 4 Jan 2023; customers here usually order every 40 days.",
    "ru": "Покупок: 2, последняя 4 янв. 2023; обычный интервал у клиентов: 40 дней.",
    "pl": "Zakupy: 2, ostatni 4 sty 2023; zwykły odstęp u klientów: 40 dni.",
}
OWN = {
    "en": "4 purchases, the last on 10 Jan 2023; usually every 3 days.",
    "ru": "Покупок: 4, последняя 10 янв. 2023; обычный интервал: 3 дня.",
    "pl": "Zakupy: 4, ostatni 10 sty 2023; zwykły odstęp: 3 dni.",
}
UNEVEN = {
    "en": "5 purchases, the last on 10 Feb 2024; half of the pauses between orders took at most 43 days.",
    "ru": "Покупок: 5, последняя 10 февр. 2024; половина пауз между заказами не дольше 43 дней.",
    "pl": "Zakupy: 5, ostatni 10 lut 2024; połowa przerw między zamówieniami trwała najwyżej 43 dni.",
}
BACK = {
    "en": "Back with an order on {} after {} without one.",
    "ru": "Вернулся с заказом {} после {} без заказов.",
    "pl": "Wrócił z zamówieniem {} po {} bez zamówień.",
}
DAYS = {
    "en": ("301 days", "302 days"),
    "ru": ("301 дня", "302 дней"),
    "pl": ("301 dniach", "302 dniach"),
}


@pytest.mark.parametrize("language", get_args(Language))
def test_who_came_back_is_told_after_how_many_days_and_later_orders_do_not_change_it(
    language: Language,
) -> None:
    people = []
    for gaps in ((30, 301), (29, 302), (30, 301, 3), (29, 302, 3)):
        bought = accumulate(gaps, initial=START)
        people.append(Person(START, [Deal(b, b, won=True) for b in bought]))
    mapping, today = in_language(language), day(START + 335)
    found = evaluate(records_of(people), mapping, load_models(mapping), LARGE, today)
    back = day_text(day(START + 331), language)
    assert (
        found.texts["reason"].to_list() == [BACK[language].format(back, days) for days in DAYS[language]] * 2
    )


def test_the_silence_that_ended_is_known_on_every_day_and_only_of_who_came_back() -> None:
    bought = list(accumulate((30, 301, 7, 400), initial=START))
    records = records_of([Person(START, [Deal(b, b, won=True) for b in bought])])
    engine = make_engine(records, MAPPING, MODELS, LARGE, day(bought[-1]), "contact")
    days = np.array([bought[1], bought[2] - 1, bought[2], bought[3], bought[4] - 1, bought[4]])
    found = engine.facts(Moment(np.zeros(len(days), np.int64), days), ["reactivation_gap_days"])
    assert found["reactivation_gap_days"].fill_nan(None).to_list() == [None, None, 301, 301, 301, 400]


@pytest.mark.parametrize("language", get_args(Language))
def test_a_rhythm_is_the_customers_own_or_said_to_be_the_others(language: Language) -> None:
    assert said([3], language) == EARLY[language]
    assert said([3, 3, 3], language) == OWN[language]
    assert said([8, 311, 41, 45], language) == UNEVEN[language]


def test_with_few_gaps_and_few_repeat_customers_nothing_is_said_of_a_rhythm() -> None:
    assert said([3], portal=SMALL) == "2 purchases, the last on 4 Jan 2023."
    assert said([3, 3], portal=SMALL) == "3 purchases, the last on 7 Jan 2023."
    assert said([3, 3, 3], portal=SMALL) == OWN["en"]


def test_a_silence_is_told_beside_the_same_rhythm_and_its_limit_stays_as_it_was() -> None:
    """The limits go by the usual gap, mixed with the portal's: of two gaps of 30 days and 40, 36 days."""
    assert said([30, 30], later=95) == (
        "No order since 2 Mar 2023; customers here usually order every 40 days. "
        "Sleeping after 90 days of silence."
    )
    assert said([], later=250) == (
        "One purchase, on 1 Jan 2023; customers here usually order every 40 days. "
        "Lost after 240 days of silence."
    )
    assert said([30, 30, 30, 30], "ru", later=90) == (
        "Нет заказов с 1 мая 2023; обычный интервал: 30 дней. Спящий: молчание дольше 85 дней."
    )


def test_russian_days_stand_in_the_case_that_the_sentence_asks_for() -> None:
    assert said([1, 2, 21, 44, 50], "ru").endswith("половина пауз между заказами не дольше 21 дня.")
    assert said([21, 21, 21], "ru").endswith("обычный интервал: 21 день.")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=12))
@example([2, 3, 300, 310])
@example([30] * 60)
@example([*range(1, 61)])
def test_usually_every_so_many_days_is_said_only_where_most_gaps_are_like_that(gaps: list[int]) -> None:
    """After each purchase; what is said then does not depend on the purchases to come."""
    days = np.array(list(accumulate(gaps, initial=1000)), np.int64)
    found = own_gaps(Points.of(np.zeros(len(days), np.int64), days, 1))
    assert np.isnan(found.median[0])
    for n in range(1, len(gaps) + 1):
        so_far = [b - a for a, b in pairwise(days[: n + 1].tolist())]
        assert found.median[n] == median(so_far)
        kind, number = told(found.median[n], found.near[n], 40.0) or ("", 0)
        alike = sum(number / 2 - 1 <= gap <= number * 2 for gap in so_far)
        assert (kind == "even") <= (alike > n / 2)
        assert sum(gap <= number for gap in so_far) >= n / 2
        assert kind == "even" or sum(median(so_far) / 2 <= g <= median(so_far) * 2 for g in so_far) <= n / 2
