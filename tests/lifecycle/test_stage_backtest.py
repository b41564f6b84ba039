"""The stages judged by what followed: counted by hand for a few customers, and against every single day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.engines import make_engine
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters, purchase_days
from plugin.lifecycle.records import Records
from plugin.lifecycle.stage_backtest import Judgement, judge, pooled, rolling_origins
from plugin.lifecycle.stage_paths import stage_paths
from plugin.lifecycle.turning_days import outcomes
from plugin.mapping.model import Mapping
from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.worlds import EPOCH, MAPPING, MODELS, START, day, naive, people, portals, records_of

PLAIN = Mapping()
ORIGIN, END = date(2024, 7, 1), date(2026, 1, 1)


def buyer(*days: str) -> Person:
    """Somebody whose record and first purchase are of the same day."""
    numbers = [(date.fromisoformat(d) - EPOCH).days for d in days]
    return Person(numbers[0], [Deal(n, n, True, 50.0) for n in numbers])


#: In a portal this small a buyer sleeps after 180 days and is lost after 365.
CUSTOMERS = [
    buyer("2024-05-01"),  # awake on the origin; sleeping on 29 Oct 2024, lost on 2 May 2025; gone before it
    buyer(
        "2023-10-01", "2024-09-01"
    ),  # sleeping on the origin, back after 62 days; sleeping again, lost, gone
    buyer("2023-01-01"),  # lost on the origin, never back
    buyer(
        "2024-06-01", "2024-12-20"
    ),  # sleeping on 29 Nov, back after 21 days, sleeping, lost on 21 Dec 2025
]


@pytest.fixture(scope="module")
def found() -> Judgement:
    """The four customers judged from one origin to the end."""
    [one] = judge(records_of(CUSTOMERS), PLAIN, load_models(PLAIN), [ORIGIN], END, windows=(90, 365))
    return one


def test_who_stood_where_and_who_came_back_is_counted(found: Judgement) -> None:
    assert (found.customers, found.by_rhythm) == (4, False)
    assert found.standing["awake"].customers == 2
    assert found.standing["awake"].back == {90: (2, 0), 365: (2, 1)}  # the fourth, after 172 days
    assert found.standing["sleeping"].back == {90: (1, 1), 365: (1, 1)}
    assert found.standing["lost"].back == {90: (1, 0), 365: (1, 0)}


def test_a_call_is_counted_on_the_day_on_which_it_is_made(found: Judgement) -> None:
    # sleeping: the first and the fourth once in 2024, the second and the fourth again in 2025
    assert found.called["sleeping"].customers == 4
    assert found.called["sleeping"].back[90] == (4, 1)
    assert found.called["sleeping"].back[365] == (2, 1)  # two calls of 2025 have no year behind them
    assert found.called["lost"].customers == 3
    assert found.called["lost"].back[90] == (2, 0)


def test_churn_is_seen_so_many_days_after_the_last_purchase(found: Judgement) -> None:
    assert found.gone == 2  # the second and the fourth bought after the origin and were silent for a year
    assert found.seen == {"sleeping": [181, 181], "lost": [366, 366]}


def test_changes_and_those_soon_taken_back_are_counted(found: Judgement) -> None:
    # the fourth's sleep of 29 Nov ended after 21 days with a purchase, but in another stage: reactivated
    assert found.years == pytest.approx(4 * 549 / 365.25)
    assert (found.changes, found.reversed) == (12, 0)


def test_what_is_taken_back_within_thirty_days_is_told() -> None:
    # a quiet deal that opens wakes the sleeper for its life only: sleeping → active → sleeping
    person = buyer("2024-01-01", "2024-01-20")
    start = (date(2024, 9, 1) - EPOCH).days
    person.deals.append(Deal(start, start + 20, False))
    [one] = judge(records_of([person]), PLAIN, load_models(PLAIN), [ORIGIN], END)
    assert one.reversed == 1


def test_figures_of_several_origins_are_pooled_and_origins_do_not_overlap() -> None:
    origins = [ORIGIN, date(2025, 1, 1), date(2025, 6, 1)]
    parts = judge(records_of(CUSTOMERS), PLAIN, load_models(PLAIN), origins, END)
    whole = judge(records_of(CUSTOMERS), PLAIN, load_models(PLAIN), [ORIGIN], END)
    assert [one.until for one in parts] == [*origins[1:], END]
    together, single = pooled(parts), pooled(whole)
    for name in (
        "called",
        "gone",
        "seen",
        "changes_a_year",
    ):  # the limits are fixed here: refits change nothing
        assert together[name] == pytest.approx(single[name]) if name == "changes_a_year" else True
        if name != "changes_a_year":
            assert together[name] == single[name]


def test_nothing_to_judge_is_no_error() -> None:
    assert judge(Records.empty(), PLAIN, load_models(PLAIN), [], END) == []
    [one] = judge(Records.empty(), PLAIN, load_models(PLAIN), [ORIGIN], END)
    assert pooled([one])["changes_a_year"] is None
    assert purchase_days(Records.empty(), PLAIN) is None


def test_origins_lie_in_the_later_half_and_leave_a_window_behind_them() -> None:
    assert rolling_origins(date(2024, 1, 1), date(2025, 12, 31), 3) == [
        date(2024, 12, 31),
        date(2025, 5, 17),
        date(2025, 10, 2),
    ]
    assert rolling_origins(date(2025, 1, 1), date(2025, 5, 1), 3) == []


@settings(max_examples=25, deadline=None)
@given(st.lists(people(), min_size=1, max_size=3), portals, st.integers(START, START + 900))
def test_a_path_says_of_every_day_what_evaluating_that_day_says(
    persons: list[Person], parameters: Parameters, first: int
) -> None:
    last = first + 700
    engine = make_engine(records_of(persons), MAPPING, MODELS, parameters, day(last), "contact")
    path = stage_paths(engine, MODELS.fate_plan, first, last)
    for number, person in enumerate(persons):
        own, plain = path.filter(pl.col("customer") == number), naive(person, parameters)
        begin = max(first, person.born())
        if begin > last:
            assert own.height == 0
            continue
        assert own["day"][0] == begin
        days = np.arange(begin, last + 1, dtype=np.int64)
        at = np.searchsorted(own["day"].to_numpy(), days, side="right") - 1
        every = outcomes(engine, MODELS.fate_plan, np.full(len(days), number, np.int64), days)
        assert own.select(every.columns)[at].equals(every)
        for d in range(begin, last + 1, 29):
            row = every.row(d - begin, named=True)
            assert (row["sleeping"], row["lost"]) == (plain.sleeping(d), plain.lost(d))


def test_one_who_buys_every_month_for_ever_is_never_called() -> None:
    steady = buyer(*[(date(2023, 1, 1) + timedelta(days=30 * n)).isoformat() for n in range(36)])
    [one] = judge(records_of([steady]), PLAIN, load_models(PLAIN), [ORIGIN], date(2025, 11, 1))
    assert one.called["sleeping"].customers == one.gone == 0
    assert one.standing["awake"].back[90] == (1, 1)
