"""A Christmas business: silence beside that of the same season a year ago, to the day, and its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.engines import make_engine
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.one_path import history
from plugin.lifecycle.parameters import fit
from plugin.lifecycle.turning_days import outcomes
from plugin.mapping.model import DEFAULT_THRESHOLDS, Language
from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.worlds import EPOCH, MAPPING, MODELS, day, naive, records_of, rhythm

TWO_YEARS = rhythm(150, 30.0, data_days=730)
#: The Christmas buyer: usual gap (368 + 3 × 30) / 4 = 114.5 days; sleeping after 286, lost after 687.


def at(text: str) -> int:
    """A day as a number."""
    return (date.fromisoformat(text) - EPOCH).days


def buyer(*days: str) -> Person:
    """Somebody who bought on these days."""
    return Person(at(days[0]), [Deal(at(d), at(d), True, 80.0) for d in days])


CHRISTMAS = buyer("2023-12-10", "2024-12-12")


def path(
    person: Person, until: str, data_days: int = 730, *, compare: bool = True, repeaters: int = 150
) -> dict[str, str]:
    """The stages of a person by their first day."""
    mapping = replace(MAPPING, compare_seasons=compare)
    steps = history(
        records_of([person]),
        mapping,
        load_models(mapping),
        rhythm(repeaters, 30.0, data_days=data_days),
        date.fromisoformat(until),
        ("contact", 1),
    )
    return {when.isoformat(): stage for when, stage, _ in steps}


def test_who_buys_every_christmas_sleeps_only_when_a_christmas_was_missed() -> None:
    found = path(CHRISTMAS, "2027-12-01")
    assert found["2024-12-12"] == "reactivated"  # in 2024 there was no last year to compare with
    assert list(found.items())[-3:] == [
        ("2025-03-13", "active"),
        ("2026-01-12", "sleeping"),  # 12 Dec 2025 and 30 days of grace have passed
        ("2026-10-31", "lost"),
    ]


def test_switched_off_or_without_two_years_of_data_the_same_customer_sleeps_in_autumn() -> None:
    for found in (path(CHRISTMAS, "2026-01-01", compare=False), path(CHRISTMAS, "2026-01-01", data_days=729)):
        assert list(found.items())[-2:] == [("2025-03-13", "active"), ("2025-09-25", "sleeping")]


def test_a_return_in_season_wakes_nobody_who_was_not_asleep() -> None:
    found = path(buyer("2023-12-10", "2024-12-12", "2025-12-20"), "2026-06-01")
    assert list(found.items())[-2:] == [("2025-03-13", "active"), ("2025-12-20", "loyal")]


def test_a_silence_longer_than_a_year_has_no_season() -> None:
    found = path(buyer("2022-12-10", "2024-12-12"), "2026-12-01")
    assert "sleeping" in list(found.values())[-2:]
    plain = path(buyer("2022-12-10", "2024-12-12"), "2026-12-01", compare=False)
    assert found == plain


def test_a_steady_buyer_is_not_excused_by_short_pauses() -> None:
    steady = buyer(*[(date(2024, 1, 1) + timedelta(days=30 * n)).isoformat() for n in range(14)])
    assert path(steady, "2026-01-01") == path(steady, "2026-01-01", compare=False)


def test_a_pause_that_was_no_sleep_excuses_nothing() -> None:
    # 170 days last year, where 180 count as sleeping: this year's 181 are not excused by them
    person = buyer("2024-01-01", "2024-06-19", "2024-12-02")
    found = path(person, "2025-12-01", repeaters=3)
    assert found["2025-06-01"] == "sleeping"
    assert found == path(person, "2025-12-01", repeaters=3, compare=False)


def test_christmas_may_come_a_little_earlier_than_last_year() -> None:
    # bought on 5 December, last year on the 20th: the pause to compare with is the one after that 20th
    person = buyer("2023-12-10", "2024-12-20", "2025-12-05")
    found = path(person, "2027-12-01", repeaters=3)
    assert list(found.items())[-1] == ("2027-01-05", "lost")
    assert "sleeping" not in {stage for day, stage in found.items() if day > "2025-12-05"}


def reason(language: Language, when: str) -> str:
    """The reason of the Christmas buyer on a day."""
    mapping = replace(MAPPING, language=language)
    records = records_of([CHRISTMAS])
    return str(
        evaluate(records, mapping, load_models(mapping), TWO_YEARS, date.fromisoformat(when)).to_json()[0][
            "reason"
        ]
    )


def test_reasons_say_that_the_season_was_taken_into_account() -> None:
    assert reason("en", "2025-11-01") == (
        "No order since 12 Dec 2024; as quiet as in the same season last year. "
        "An order is expected by 11 Jan 2026."
    )
    assert reason("en", "2026-02-01") == (
        "No order since 12 Dec 2024, nor by 11 Jan 2026, when last year's season had brought one. "
        "Sleeping after 286 days of silence."
    )
    assert "тот же сезон" in reason("ru", "2025-11-01")
    assert "w tym samym sezonie" in reason("pl", "2025-11-01")
    assert "w zeszłym sezonie" in reason("pl", "2026-12-01")


def test_the_gate_counts_from_the_day_on_which_twenty_had_bought() -> None:
    early = [buyer("2020-01-01"), *[buyer("2023-01-01") for _ in range(19)]]
    stray = [buyer("2020-01-01"), *[buyer("2024-06-01") for _ in range(19)]]
    today = date(2025, 1, 1)
    assert fit(records_of(early), MAPPING, today).comparison("contact").data_days == 731
    young = fit(records_of(stray), MAPPING, today).comparison("contact")
    assert young.data_days == 214
    assert any("seasons are compared from 730 days on" in note for note in young.notes)
    assert fit(records_of(stray[:19]), MAPPING, today).comparison("contact").data_days == 0


@st.composite
def seasonal(draw: st.DrawFn) -> Person:
    """Somebody who buys around the same time of some years, and now and then besides."""
    first, drift = at("2021-12-01"), st.integers(-35, 35)
    years = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True))
    days = {first + 365 * year + draw(drift) for year in years}
    days |= set(draw(st.lists(st.integers(first, first + 1800), max_size=2)))
    contract = draw(st.lists(st.tuples(st.just(first), st.integers(first, first + 1500)), max_size=1))
    deals = [Deal(d, d, True, 50.0) for d in sorted(days)]
    return Person(
        first, deals, cancelled_on=draw(st.none() | st.sampled_from(sorted(days))), contract=contract
    )


@settings(max_examples=25, deadline=None)
@given(seasonal(), st.booleans())
def test_seasonal_buyers_agree_with_the_plain_specification_on_every_day(person: Person, small: bool) -> None:
    parameters = rhythm(3 if small else 150, 45.0, data_days=1000)
    plain, first = naive(person, parameters), person.born()
    days = np.arange(first, first + 2600, 3, dtype=np.int64)
    engine = make_engine(records_of([person]), MAPPING, MODELS, parameters, day(int(days[-1])), "contact")
    found = outcomes(engine, MODELS.fate_plan, np.zeros(len(days), np.int64), days)
    said = list(zip(found["sleeping"].to_list(), found["lost"].to_list(), strict=True))
    assert said == [(plain.sleeping(int(d)), plain.lost(int(d))) for d in days]


@settings(max_examples=12, deadline=None)
@given(seasonal(), st.integers(0, 2200), st.booleans())
def test_stages_since_forecast_and_next_moment_of_seasonal_buyers_are_exact(
    person: Person, after: int, small: bool
) -> None:
    parameters = rhythm(3 if small else 150, 45.0, data_days=1000)
    plain, today = naive(person, parameters), person.born() + after
    found = evaluate(records_of([person]), MAPPING, MODELS, parameters, day(today))
    row = found.frame.row(0, named=True)
    assert row["stages"] == plain.stages(today)
    mine = {d: plain.stages(d)["lifecycle9"] for d in range(today - 500, today + 401)}
    since = max((d for d in mine if d <= today and mine.get(d - 1, "") != mine[d]), default=0)
    if since > today - 500 and since > person.born():
        assert row["since"] == day(since)
    change = next((d for d in range(today + 1, today + 401) if mine[d] != mine[today]), None)
    assert row["next_stage_on"] == (None if change is None else day(change))
    moment = row["next_moment"]
    eve = (moment - EPOCH).days - 1 if moment else today + 900
    if eve > today:
        then = evaluate(records_of([person]), MAPPING, MODELS, parameters, day(eve))
        assert then.written().rows() == found.written().rows()


def test_the_default_is_off() -> None:
    assert not type(MAPPING)().compare_seasons
    assert DEFAULT_THRESHOLDS["season_grace_days"] == 30
