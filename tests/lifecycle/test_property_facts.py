"""What facts say of properties and of their past: engagements, cancellations, answers, conversions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.records import Records
from tests.lifecycle.rows import DAY, outcome, past, row, with_sources, won


def test_a_last_visit_proves_its_day_and_history_proves_the_others() -> None:
    contact = {
        "id": 1,
        "createdate": "2026-01-01",
        "hs_analytics_last_visit_timestamp": "2026-06-01T10:00:00Z",
    }
    earlier = past("hs_analytics_last_visit_timestamp", "2026-02-01T10:00:00Z", "2026-02-01T10:05:00Z")
    assert row(outcome([contact]))["engagements"] == 1
    assert row(outcome([contact], history=[earlier]))["engagements"] == 2
    assert row(outcome([contact], history=[earlier], day=date(2026, 3, 1)))["days_since_engaged"] == 28
    assert row(outcome([contact], day=date(2026, 3, 1)))["engagements"] == 0


def test_the_growth_of_a_counter_dates_an_engagement() -> None:
    mapping = with_sources(engagement_dates=(), engagement_counters=("forms",))
    history = [
        past("forms", n, at) for n, at in (("1", "2026-02-01T00:00:00Z"), ("3", "2026-05-01T00:00:00Z"))
    ]
    history.append(past("forms", "2", "2026-06-01T00:00:00Z"))
    found = row(
        outcome([{"id": 1, "createdate": "2026-01-01", "forms": 2}], history=history, mapping=mapping)
    )
    assert (found["engagements"], found["days_since_engaged"]) == (2, 60)
    undated = row(outcome([{"id": 1, "createdate": "2026-01-01", "forms": 2}], mapping=mapping))
    assert (undated["engagements"], undated["days_since_engaged"]) == (1, 180)


def test_an_undated_value_holds_since_the_record_was_created_and_a_dated_one_since_then() -> None:
    contact = {"id": 1, "createdate": "2026-01-01", "hs_feedback_last_nps_rating": "9"}
    history = [
        past("hs_feedback_last_nps_rating", v, f"2026-0{m}-01T00:00:00Z") for v, m in (("4", 2), ("9", 5))
    ]
    assert row(outcome([contact], day=date(2026, 1, 2)))["nps"] == 9
    for day, nps in (("2026-01-02", None), ("2026-03-01", 4), ("2026-06-01", 9)):
        assert row(outcome([contact], history=history, day=date.fromisoformat(day)))["nps"] == nps


def test_a_cancellation_is_lifted_by_a_later_purchase_unless_it_is_undated() -> None:
    mapping = with_sources(cancelled="gone", cancelled_on="gone_on")
    deals = [won(1, "2026-02-01"), won(2, "2026-05-01")]
    person = {"id": 1, "createdate": "2026-01-01", "gone": "true"}
    undated = row(outcome([person], deals, mapping=mapping))
    assert (undated["cancelled"], undated["stage"], undated["since"]) == (True, "lost", date(2026, 1, 1))
    dated = row(outcome([{**person, "gone_on": "2026-03-01"}], deals, mapping=mapping))
    assert (dated["cancelled"], dated["stage"]) == (False, "reactivated")
    later = row(outcome([{**person, "gone_on": "2026-06-01"}], deals, mapping=mapping))
    assert (later["stage"], later["since"], later["exited_from"]) == ("lost", date(2026, 6, 1), "active")
    announced = row(outcome([{**person, "gone_on": "2026-07-15"}], deals, mapping=mapping))
    assert (announced["cancelled"], announced["next_stage_on"]) == (False, date(2026, 7, 15))


def test_a_day_of_cancellation_needs_no_tick_and_a_no_overrules_it() -> None:
    mapping = with_sources(cancelled="gone", cancelled_on="gone_on")
    person = {"id": 1, "createdate": "2026-01-01", "gone_on": "2026-06-01"}
    for tick, stage, since in (("", "lost", date(2026, 6, 1)), ("false", "active", date(2026, 6, 15))):
        found = row(outcome([{**person, "gone": tick}], [won(1, "2026-05-15")], mapping=mapping))
        assert (found["stage"], found["since"]) == (stage, since)


@pytest.mark.parametrize(("now", "stage"), [("", "active"), ("2026-07-15", "active"), ("2026-05-20", "lost")])
def test_a_day_of_cancellation_that_was_taken_back_or_moved_no_longer_counts(now: str, stage: str) -> None:
    mapping = with_sources(cancelled_on="gone_on")
    history = [
        past("gone_on", "2026-06-01", "2026-05-20T00:00:00Z"),
        past("gone_on", now, "2026-06-05T00:00:00Z"),
    ]
    person = {"id": 1, "createdate": "2026-01-01", "gone_on": now}
    found = row(outcome([person], [won(1, "2026-05-15")], history, mapping))
    assert found["stage"] == stage


@pytest.mark.parametrize(("updated", "stale"), [("2025-06-30", False), ("2025-06-29", True)])
def test_a_key_field_is_stale_a_year_after_its_last_update(updated: str, stale: bool) -> None:
    person = {"id": 1, "createdate": "2024-01-01", "phone": "123"}
    history = [past("phone", "123", f"{updated}T00:00:00Z")]
    found = row(outcome([person], history=history, mapping=with_sources(key_fields=("phone",))))
    assert ("stale_data" in found["risk_flags"]) is stale


@pytest.mark.parametrize(("answer", "nps"), [("0", 0), ("10", 10), ("11", None), ("-1", None)])
def test_an_nps_answer_off_the_scale_is_not_known_and_counted(answer: str, nps: int | None) -> None:
    found = outcome([{"id": 1, "createdate": "2026-01-01", "hs_feedback_last_nps_rating": answer}])
    assert row(found)["nps"] == nps
    assert [f["problem"] for f in found.findings] == (
        [] if nps is not None else ["not a number from 0 to 10"]
    )


def test_a_corrected_conversion_date_is_one_first_purchase() -> None:
    mapping = with_sources(conversion="signed_on")
    history = [past("signed_on", "2020-06-01", "2026-06-01T00:00:00Z")]
    person = {"id": 1, "createdate": "2026-01-01", "signed_on": "2026-06-01"}
    found = row(outcome([person], [], history, mapping))
    assert (found["purchases"], found["days_since_first_purchase"]) == (1, 29)


def test_a_cancellation_flag_is_dated_by_its_history() -> None:
    mapping = with_sources(cancelled="gone")
    history = [past("gone", "true", "2026-03-01T00:00:00Z")]
    person = {"id": 1, "createdate": "2026-01-01", "gone": "true"}
    assert row(outcome([person], [won(1, "2026-02-01")], history, mapping))["since"] == date(2026, 3, 1)
    assert row(outcome([person], [won(1, "2026-05-01")], history, mapping))["cancelled"] is False


def test_a_conversion_counts_as_the_first_purchase() -> None:
    mapping = with_sources(conversion="signed_on")
    person = {"id": 1, "createdate": "2026-01-01", "signed_on": "2026-01-10"}
    found = row(outcome([person], [won(1, "2026-03-01")], mapping=mapping))
    assert (found["purchases"], found["orders"], found["days_since_first_purchase"]) == (2, 1, 171)
    late = row(outcome([{**person, "signed_on": "2026-04-01"}], [won(1, "2026-03-01")], mapping=mapping))
    assert late["purchases"] == 1


def test_mapped_extra_properties_can_be_named_in_conditions(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "segments:\n  - {key: poland, labels: {en: Poland}, when: country = 'PL'}\n", encoding="utf-8"
    )
    mapping = with_sources(extras=("country",))
    records = Records.from_rows([{"id": 1, "createdate": "2026-01-01", "country": "PL"}])
    found = evaluate(records, mapping, load_models(mapping, [path]), Parameters(), DAY)
    assert found.frame["segments"].to_list() == [["potential", "poland"]]
