"""The portfolio over the API: guarded, checked, described, and each figure with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from plugin.clock import FixedClock
from plugin.records import outcomes
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from tests.conftest import NOON
from tests.support.house import ADMIN, House, house


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A loaded portal of three hundred customers of the CDNOW sample."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('api') / 'store.db'}")
    store.migrate()
    with house(store, FixedClock(NOON), cdnow(NOON.date(), limit=300)) as made:
        made.load()
        made.settle()
        yield made
    store.close()


def get(home: House, path: str, token: str | None = ADMIN) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{home.url}{path}", headers=headers, timeout=10)


def metrics(home: House, query: str = "") -> dict[str, dict[str, Any]]:
    answer = get(home, f"/api/v1/metrics{query}")
    assert answer.status_code == 200, answer.text
    return {one["key"]: one for one in answer.json()["metrics"]}


def buyers(home: House) -> int:
    with home.context.store.read() as connection:
        keys = [("contact", id_) for id_ in outcomes.ids(connection, home.portal_id, "contact")]
        bodies = outcomes.bodies(connection, home.portal_id, keys).values()
    return sum(body["metrics"]["purchases"] > 0 for body in bodies)


@pytest.mark.parametrize("path", ["metrics", "cohorts", "funnel"])
def test_nothing_is_told_without_the_token(home: House, path: str) -> None:
    """401, and how to do it right."""
    assert get(home, f"/api/v1/{path}", token=None).status_code == 401
    assert get(home, f"/api/v1/{path}", token="wrong").status_code == 401
    assert get(home, f"/api/v1/{path}").status_code == 200


def test_every_metric_says_what_it_is_and_what_it_rests_on(home: House) -> None:
    """A value is there, or the reason why it is not."""
    found = metrics(home)
    assert len(found) == 24
    for one in found.values():
        assert one["label"], one
        assert one["definition"], one
        assert one["basis"].split()[0].replace(",", "") == str(one["n"]), one
        assert one["denominator"]["unit"] in ("money", "count"), one
        assert (one["value"] is None) == (one["reason"] is not None), one
        assert one["value"] is not None or one["n"] < one["gate"] or one["reason_code"] != "too_few", one
    assert found["customers_won"]["value"] == buyers(home)
    assert found["cac"]["reason_code"] == "no_spend"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("period=2026-13", "Write a month"),
        ("period=May", "Write a month"),
        ("period=2031", "has not begun"),
        ("cohort=2026", "like 2026-05"),
        ("segment=gold", "There is no segment 'gold'"),
        ("channel=TELEX", "There is no channel 'TELEX'"),
        ("segment=active&cohort=2026-05&channel=unknown", "Name at most two: channel and segment"),
        ("reactivation=perhaps", "Not a valid boolean"),
        ("object=deal", "Must be one of"),
        ("object=company", "is no customer in this mapping"),
        ("colour=red", "Unknown field"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_the_cure(home: House, query: str, said: str) -> None:
    """422, and what to write instead."""
    for path in ("metrics", "cohorts", "funnel"):
        answer = get(home, f"/api/v1/{path}?{query}")
        assert answer.status_code == 422
        assert said in answer.text


def test_a_portal_that_is_not_served_is_not_found(home: House) -> None:
    """404."""
    assert get(home, "/api/v1/metrics?portal=1").status_code == 404
    assert get(home, f"/api/v1/metrics?portal={home.portal_id}").status_code == 200


def test_cohorts_and_periods_divide_the_whole(home: House) -> None:
    """Customers won by month, by year and by cohort add up to all of them."""
    cohorts = get(home, "/api/v1/cohorts").json()["cohorts"]
    won = metrics(home)["customers_won"]["value"]
    assert sum(one["n"] for one in cohorts) == won
    years = {one["cohort"][:4] for one in cohorts}
    assert sum(metrics(home, f"?period={year}")["customers_won"]["value"] for year in years) == won
    for one in cohorts:
        mine = metrics(home, f"?cohort={one['cohort']}")
        assert mine["customers_won"]["value"] == one["n"] == one["bought"][0]
        if one["profit"]:
            assert mine["profit"]["value"] >= one["profit"][-1] - 0.005


def test_two_filters_divide_what_one_holds(home: House) -> None:
    """Customers won by cohort and segment add up to those of the segment, and the answer names both."""
    cohorts = [one["cohort"] for one in get(home, "/api/v1/cohorts").json()["cohorts"]]
    active = metrics(home, "?segment=active")["customers_won"]["value"]
    parts = [metrics(home, f"?segment=active&cohort={one}")["customers_won"]["value"] for one in cohorts]
    assert sum(parts) == active > 0
    assert get(home, f"/api/v1/funnel?segment=active&cohort={cohorts[0]}").json()["filters"] == {
        "segment": "active",
        "cohort": cohorts[0],
    }


def test_it_says_who_stayed_and_what_they_paid_again(home: House) -> None:
    """Three periods to date, the asked one else; with the formula beside the sets."""
    kept = get(home, "/api/v1/metrics").json()["kept"]
    assert [one["period"] for one in kept] == ["2025", "2026-Q3", "2026-10"]
    for one in kept[1:]:
        assert one["kept"] <= min(one["start"], one["end"])
        assert one["formula"] == pytest.approx((one["end"] - one["new"]) / one["start"])
    assert 0 < kept[1]["gross"]["value"] <= kept[1]["net"]["value"] <= kept[1]["net_with"]["value"]
    assert kept[1]["retention"]["value"] == pytest.approx(kept[1]["kept"] / kept[1]["start"])
    (asked,) = get(home, "/api/v1/metrics?period=2026-Q3").json()["kept"]
    assert asked == kept[1]
    back = metrics(home, "?period=2026-Q3&reactivation=true")["net_revenue_retention"]
    assert (back["value"], back["notes"]["reactivation"]) == (kept[1]["net_with"]["value"], True)


def test_the_funnel_narrows_and_says_how_long_it_takes(home: House) -> None:
    """Nobody is further who was not there before."""
    answer = get(home, "/api/v1/funnel").json()
    reached = [one["reached"] for one in answer["stages"]]
    assert [one["stage"] for one in answer["stages"]] == [
        "lead",
        "engaged",
        "evaluating",
        "new_customer",
        "active",
        "loyal",
    ]
    assert reached == sorted(reached, reverse=True)
    assert reached == [one["stood"] + one["passed"] for one in answer["stages"]]
    assert sum(one["now"] for one in answer["now"]) == 300
    active = next(one for one in answer["stages"] if one["stage"] == "active")
    assert active["median_days"] is not None
    assert active["went_on"] == active["reached"] <= active["before"]


def test_the_routes_are_described(home: House) -> None:
    """The OpenAPI document names them with their filters and their answers."""
    paths = get(home, "/api/openapi.json").json()["paths"]
    for name in ("metrics", "cohorts", "funnel"):
        told = paths[f"/api/v1/{name}"]["get"]
        assert {one["name"] for one in told["parameters"]} == {
            "portal",
            "object",
            "period",
            "segment",
            "channel",
            "cohort",
            "reactivation",
        }
        assert told["security"] == [{"token": []}]
        assert "200" in told["responses"]
