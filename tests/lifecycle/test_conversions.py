"""Declared sources: what is written one way is read that way, and nothing else is guessed."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.conversions import converted, meant
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.records import Records
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from plugin.mapping.readings import Reading

ZONE = "Europe/Warsaw"
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
FORMATS = st.sampled_from(["DD.MM.YYYY", "D/M/YY", "YYYYMMDD", "M-D-YYYY", "(DD) MM, YYYY"])


def read(text: str | None, reading: Reading) -> str | None:
    series = pl.Series("v", [text], dtype=pl.String)
    found: str | None = converted(series, reading, ZONE)[0]
    return found


def written(day: date | datetime, form: str) -> str:
    """As somebody writes it who keeps to the format."""
    clock = day if isinstance(day, datetime) else datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock
    parts = {
        "YYYY": f"{day.year:04}",
        "MM": f"{day.month:02}",
        "DD": f"{day.day:02}",
        "HH": f"{clock.hour:02}",
    }
    parts |= {"mm": f"{clock.minute:02}", "ss": f"{clock.second:02}"}
    short = {"YY": f"{day.year % 100:02}", "M": str(day.month), "D": str(day.day), "H": str(clock.hour)}
    for token, value in (parts | short).items():
        form = form.replace(token, value)
    return form


@given(DAYS, FORMATS)
@settings(max_examples=60, deadline=None)
def test_a_date_comes_back_as_it_was_written(day: date, form: str) -> None:
    """In every format; and what the next format would write is another day or none, never taken for it."""
    assert read(written(day, form), Reading("date", form)) == day.isoformat()
    assert read(written(day, form) + "?", Reading("date", form)) is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 - wall clocks
@settings(max_examples=30, deadline=None)
def test_a_moment_without_a_zone_is_that_calendar_day(moment: datetime) -> None:
    form = "DD/MM/YYYY HH:mm:ss"
    assert read(written(moment, form), Reading("datetime", form)) == moment.date().isoformat()


SIGNS = st.sampled_from([(".", ""), (",", ""), (",", "."), (".", ","), (",", " "), (".", "'")])


@given(st.integers(-(10**12), 10**12), SIGNS)
@settings(max_examples=60, deadline=None)
def test_a_number_comes_back_to_the_cent(cents: int, signs: tuple[str, str]) -> None:
    """With thousands parted or not."""
    decimal, thousands = signs
    reading = Reading("number", decimal=decimal, thousands=thousands)
    plain = f"{cents / 100:,.2f}"
    for separator in {thousands, ""}:
        text = plain.replace(",", "T").replace(".", decimal).replace("T", separator)
        found = read(text, reading)
        assert found is not None
        assert float(found) == cents / 100


@given(st.integers(-(10**9), 10**9))
@settings(max_examples=30, deadline=None)
def test_cents_become_the_amount_exactly(cents: int) -> None:
    assert float(read(str(cents), Reading("number", scale=0.01)) or "nan") == cents / 100


@given(
    st.dictionaries(
        st.text(min_size=1).map(lambda t: t.strip().lower()).filter(bool), st.booleans(), min_size=1
    )
)
@settings(max_examples=30, deadline=None)
def test_every_declared_value_stands_for_what_is_declared(values: dict[str, bool]) -> None:
    """And no other text for anything."""
    reading = Reading("boolean", values=values)
    for text, yes in values.items():
        assert read(text, reading) == ("true" if yes else "false")
    assert read("".join(values) + "x", reading) is None


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("31.12.2025", Reading("date")),
        ("12/31/2025", Reading("date", "DD/MM/YYYY")),  # the month comes first here: no month 31
        ("31.02.2025", Reading("date", "DD.MM.YYYY")),
        ("1.2.2025", Reading("date", "DD.MM.YYYY")),
        ("31.12.2025 24:00", Reading("datetime", "DD.MM.YYYY HH:mm")),
        ("٣١.12.2025", Reading("date", "DD.MM.YYYY")),
        ("1.234,5", Reading("number", decimal=",")),
        ("12.34,5", Reading("number", decimal=",", thousands=".")),
        ("1,234", Reading("number", thousands=" ")),
        ("12 zł", Reading("number", decimal=",")),
        ("maybe", Reading("boolean")),
        ("true", Reading("boolean", values={"ja": True, "nein": False})),
        ("gold;tin", Reading("enumeration", values={"gold": "a"})),
    ],
)
def test_what_is_not_as_declared_is_not_read(text: str, reading: Reading) -> None:
    assert read(text, reading) is None


def test_what_stands_for_nothing_is_empty_and_no_fault() -> None:
    """`n/a` is not a value that could not be read."""
    reading = Reading("number", values={"n/a": None, "many": 99.0})
    text = pl.Series("v", ["N/A", "many", "5", None])
    assert meant(text, reading).to_list() == [None, "many", "5", None]
    assert converted(text, reading, ZONE).to_list() == [None, "99.0", "5.0", None]


FILE = """version: 1
contact:
  cancelled_on: {property: left_on, type: date, format: DD.MM.YYYY}
  key_fields: [left_on]
  churn_reason: {property: why, type: enumeration, values: {P: price, n/a: }}
  nps: {property: mood, type: enumeration, values: {Happy: 10, Sad: 2}}
  extras:
    - {property: seats, type: number, decimal: ",", thousands: "."}
    - {property: renewed_on, type: date, format: M/D/YYYY}
    - {property: vip, type: boolean, values: {tak: true, nie: false}}
    - rank
purchase:
  amount: {property: sum_in_cents, type: number, scale: 0.01}
  date: {property: paid, type: datetime, format: "DD.MM.YYYY HH:mm"}
"""
RULES = """segments:
  - key: large
    labels: {en: Large}
    when: seats >= 1000 AND vip AND renewed_on >= DATE '2026-01-01' AND rank = 'gold'
"""


def test_declared_sources_reach_facts_rules_and_findings(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Conditions see numbers, dates and truths; what cannot be read is counted once, with examples."""
    (tmp_path / "r.yaml").write_text(RULES)
    mapping, faults = read_mapping((FILE + "rules: [r.yaml]\n").encode(), tmp_path)
    assert faults == []
    people = [
        {"id": 1, "left_on": "31.12.2025", "why": "p", "mood": "happy", "seats": "1.234,5", "vip": "Tak"},
        {"id": 2, "left_on": "2025-12-31", "why": "n/a", "mood": "so so", "seats": "many", "vip": "yes"},
    ]
    people[0] |= {"renewed_on": "1/31/2026", "rank": "gold", "createdate": "2025-01-01"}
    deal = {"id": 9, "contact_ids": [1, 2], "dealstage": "closedwon", "sum_in_cents": "3001"}
    records = Records.from_rows(people, deals=[deal | {"paid": "02.03.2025 23:59"}])
    outcomes = evaluate(
        records, mapping, load_models(mapping, mapping.rules), Parameters(time_zone=ZONE), date(2026, 3, 1)
    )
    first, second = outcomes.to_json()
    assert (first["metrics"]["cancelled_on"], first["metrics"]["churn_reason"]) == ("2025-12-31", "price")
    assert (first["metrics"]["nps"], first["metrics"]["revenue"]) == (10, 15.01)
    assert first["metrics"]["days_since_purchase"] == (date(2026, 3, 1) - date(2025, 3, 2)).days
    assert "large" in first["segments"]
    assert "large" not in second["segments"]
    assert second["metrics"]["cancelled"] is False
    told = {(one["property"], one["problem"]): (one["count"], one["examples"]) for one in outcomes.findings}
    assert told == {
        ("left_on", "not a date written DD.MM.YYYY"): (1, ["2025-12-31"]),
        ("mood", "not one of the declared values"): (1, ["so so"]),
        ("seats", "not a number written 1.234,5"): (1, ["many"]),
        ("vip", "not one of the declared values"): (1, ["yes"]),
    }


def test_a_file_without_declarations_reads_as_before() -> None:
    """No reading, no conversion."""
    assert Mapping().readings == {}
    assert Mapping().extra_types() == {}
