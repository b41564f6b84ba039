"""Two filters at once say what a world of these customers alone would say; money left out is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plugin.errors import InputError
from plugin.mapping.model import Purchase
from plugin.portfolio.answers import cohorts_answer, funnel_answer, metrics_answer
from plugin.portfolio.asked import Asked
from tests.portfolio.small import MAPPING, OWN_CHANNELS, buyer, figures, source

#: What a pair does not have: the days that things took, and what rests on everyone's instead.
TIMED = {"sales_cycle", "cac", "clv_to_cac", "payback_months", "lifecycle_roi"}


def people() -> list[dict[str, Any]]:
    """Two channels, two cohorts; some are asleep by now, some answered."""
    return [
        buyer(
            i,
            "2026-01-02",
            ["2026-01-20" if i % 3 else "2026-04-20", *(["2026-09-01"] if i % 4 == 0 else [])],
            came_from="EVENTS" if i % 2 else "PAID+SEARCH",
            nps="9" if i % 5 else "3",
        )
        for i in range(1, 121)
    ]


ASKED = [
    {"channel": "EVENTS", "cohort": "2026-01"},
    {"channel": "PAID+SEARCH", "segment": "active"},
    {"segment": "sleeping", "cohort": "2026-01"},
]


def alone(asked: dict[str, str]) -> list[dict[str, Any]]:
    """Those whom the filters leave, found by hand."""
    found = people()
    if channel := asked.get("channel"):
        found = [one for one in found if one["came_from"] == channel]
    if cohort := asked.get("cohort"):
        found = [one for one in found if one["bought"][0].startswith(cohort)]
    if segment := asked.get("segment"):
        # 180 days without an order by 22 November: all but who bought in September
        found = [one for one in found if (len(one["bought"]) > 1) == (segment == "active")]
    return found


@pytest.mark.parametrize("asked", ASKED, ids="+".join)
def test_two_filters_say_what_a_world_of_these_customers_alone_would_say(asked: dict[str, str]) -> None:
    """Every figure, with what it rests on; cohorts and funnel, too, but for times."""
    both, one = (source(every, mapping=OWN_CHANNELS) for every in (people(), alone(asked)))
    for period in (None, "2026-Q3"):
        found, wanted = (figures(where, **more, period=period) for where, more in ((both, asked), (one, {})))
        assert found["customers_won"]["n"] or period
        for key in found.keys() - TIMED:
            assert found[key] == wanted[key], key
    assert cohorts_answer(both, Asked(**asked))["cohorts"] == cohorts_answer(one, Asked())["cohorts"]
    assert funnel_answer(both, Asked(**asked))["moves_reason"] == "one_filter"
    steps, alone_steps = (
        funnel_answer(where, more)["stages"] for where, more in ((both, Asked(**asked)), (one, Asked()))
    )
    for step, other in zip(steps, alone_steps, strict=True):
        times = {"median_days", "median_n", "median_reason"}
        assert {k: v for k, v in step.items() if k not in times} == {
            k: v for k, v in other.items() if k not in times
        }
    assert steps[-1]["median_reason"] == "one_filter"


def test_of_two_filters_no_time_is_told_and_it_says_why() -> None:
    """Not a median of something else."""
    found = figures(source(people(), mapping=OWN_CHANNELS), channel="EVENTS", cohort="2026-01")["sales_cycle"]
    assert (found["value"], found["reason_code"]) == (None, "one_filter")


def test_three_filters_are_refused_with_what_is_possible() -> None:
    """And an answer says by what it is filtered."""
    where = source(people(), mapping=OWN_CHANNELS)
    with pytest.raises(InputError, match="all three") as caught:
        metrics_answer(where, Asked(channel="EVENTS", segment="active", cohort="2026-01"))
    assert "channel and segment, channel and cohort, or segment and cohort" in caught.value.cure
    answer = metrics_answer(where, Asked(channel="EVENTS", cohort="2026-01"))
    assert answer["scope"] == "channel:EVENTS+cohort:2026-01"
    assert answer["filters"] == {"channel": "EVENTS", "cohort": "2026-01"}


def dollars(home: str = "") -> dict[str, str]:
    more = {"amount_in_home_currency": home} if home else {}
    return {"closedate": "2026-05-10", "amount": "100", "deal_currency_code": "USD", "cost": "40", **more}


def test_amounts_of_another_currency_are_converted_or_left_out_and_named() -> None:
    """Forty in euros, two in dollars with their value in euros, three without, one of no amount."""
    sold = [{"closedate": "2026-05-10", "deal_currency_code": "EUR"} for _ in range(40)]
    sold += [dollars("90"), dollars("80"), dollars(), dollars(), dollars()]
    sold += [{"closedate": "2026-05-10", "amount": ""}]
    crowd = [buyer(i, "2026-05-01", [deal]) for i, deal in enumerate(sold, start=1)]
    answer = metrics_answer(source(crowd), Asked())
    found = {one["key"]: one for one in answer["metrics"]}
    assert found["revenue"]["value"] == 400 + 170
    assert answer["left_out"] == [{"currency": "USD", "deals": 3}, {"currency": None, "deals": 1}]
    cost = replace(MAPPING, purchase=Purchase(cost_property="cost"))
    # 40 dollars of 100 that are worth 90 and 80 euros cost 36 and 32
    assert figures(source(crowd[40:45], mapping=cost))["profit"]["value"] == (90 - 36) + (80 - 32)


def test_where_the_currency_is_not_known_named_ones_are_not_added_up() -> None:
    """Neither euros nor dollars, as nobody says which is home."""
    crowd = [buyer(1, "2026-05-01", [dollars(), {"closedate": "2026-05-11", "deal_currency_code": "EUR"}])]
    where = source(crowd, mapping=replace(MAPPING, currency=None))
    assert figures(where)["revenue"]["reason_code"] == "no_amounts"
    assert [one["currency"] for one in metrics_answer(where, Asked())["left_out"]] == ["EUR", "USD"]
