"""The pace: rate and burst together stay below HubSpot's limit, and higher classes always find room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plugin.hubspot.pace import PRIORITIES, general_pace, search_pace


@given(st.integers(3, 1000))
def test_no_ten_seconds_hold_more_than_the_limit(limit: int) -> None:
    pace = general_pace(limit)
    assert 10 / pace.every + pace.burst <= limit


@given(st.integers(40, 1000))
def test_the_rate_is_at_least_93_per_cent_of_the_limit(limit: int) -> None:
    assert 10 / general_pace(limit).every >= 0.93 * limit


@given(st.integers(3, 1000))
def test_each_class_leaves_more_to_those_above_it(limit: int) -> None:
    pace = general_pace(limit)
    ahead = [pace.ahead(priority) for priority in PRIORITIES]
    assert ahead == sorted(ahead, reverse=True)
    assert ahead[0] <= (pace.burst - 1) * pace.every + 1e-9
    if pace.burst >= 4:
        assert ahead[0] - ahead[-1] >= pace.every  # one call at least is kept for a person who waits


def test_searches_stay_below_five_a_second() -> None:
    assert search_pace().every > 0.2
    assert search_pace().burst == 1
