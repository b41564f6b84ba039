"""Random people for the property tests, and how their records look on the CRM's wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Comparison, Parameters
from plugin.lifecycle.records import Records
from plugin.mapping.model import DEFAULT_THRESHOLDS, Mapping, ModelChoice, Sources
from tests.lifecycle.naive import Deal, Naive, Person

EPOCH = date(1970, 1, 1)
ALL = (
    "lifecycle9",
    "path5",
    "clm6",
    "relationship5",
    "value5",
    "growth6",
    "churn5",
    "partnership5",
    "maturity7",
)
START = (date(2023, 1, 1) - EPOCH).days
SPAN = 1200
MAPPING = Mapping(
    compare_seasons=True,
    models=ModelChoice(ALL[0], ALL[1:]),
    contact=replace(
        Sources(),
        engagement_dates=("hs_analytics_last_visit_timestamp",),
        engagement_counters=(),
        outreach_dates=(),
        markers=("demo_on",),
        cancelled_on="cancelled_on",
        contract_until="contract_until",
    ),
)
MODELS = load_models(MAPPING)
THRESHOLDS = {k: float(v) for k, v in DEFAULT_THRESHOLDS.items()}


def rhythm(repeaters: int, gap: float | None, data_days: int = 0) -> Parameters:
    """Parameters of a portal with that many repeat customers, that usual gap and days of data."""
    found = Comparison(
        usual_gap_days=gap,
        repeat_customers=repeaters,
        buyers=500,
        data_days=data_days,
        recency_cuts=(20.0, 60.0, 150.0, 400.0),
        frequency_cuts=(1.0, 1.0, 2.0, 4.0),
        money_cuts=(50.0, 100.0, 200.0, 400.0),
        value_cuts=(100.0, 300.0, 900.0),
        seen=("engagement", "markers", "outreach"),
    )
    return Parameters(1, date(2023, 1, 1), "UTC", None, {"contact": found})


def naive(person: Person, parameters: Parameters) -> Naive:
    """The plain evaluation of a person under the parameters."""
    seasons = parameters.comparison("contact").data_days >= 730
    return Naive(person, THRESHOLDS, parameters.usual_gap_days, parameters.repeat_customers, seasons=seasons)


def day(number: int) -> date:
    """The calendar day of a day number."""
    return EPOCH + timedelta(days=number)


_days = st.integers(START, START + SPAN)


@st.composite
def deals(draw: st.DrawFn) -> Deal:
    """A deal that was won, lost or is open, with moves in between."""
    created = draw(_days)
    closed = draw(st.none() | st.integers(0, 200).map(lambda n: created + n))
    last = closed if closed is not None else created + 300
    moves = draw(st.lists(st.integers(created + 1, max(created + 1, last)), max_size=2, unique=True))
    amount = draw(st.sampled_from([None, 0.0, -20.0, 10.0, 99.99, 250.0, 1000.0]))
    won = closed is not None and draw(st.booleans())
    return Deal(created, closed, won, amount, sorted(m for m in moves if m < last))


@st.composite
def people(draw: st.DrawFn) -> Person:
    """A customer with a past of up to some three years."""
    many = draw(st.booleans())
    bought = draw(st.lists(_days, max_size=5 if many else 1, unique=True))
    sales = [Deal(max(START, b - 3), b, True, draw(st.sampled_from([None, 50.0, 120.0]))) for b in bought]
    contract = draw(st.lists(st.tuples(_days, _days), max_size=1 if many else 0))
    return Person(
        created=draw(_days),
        deals=[*sales, *draw(st.lists(deals(), max_size=3))],
        engaged=sorted(set(draw(st.lists(_days, max_size=4)))),
        markers=draw(st.lists(_days, max_size=1)),
        nps=sorted(
            dict(
                draw(st.lists(st.tuples(_days, st.sampled_from([None, 3.0, 8.0, 9.0, 10.0])), max_size=3))
            ).items()
        ),
        cancelled_on=draw(st.none() | _days) if many else None,
        contract=contract,
    )


portals = st.sampled_from(
    [
        rhythm(10, 30.0),
        rhythm(150, 30.0),
        rhythm(150, 77.0),
        rhythm(0, None),
        rhythm(150, 30.0, data_days=900),
        rhythm(10, 30.0, data_days=730),
    ]
)


def iso(number: int) -> str:
    """A moment within the day, as the CRM writes it."""
    return f"{day(number).isoformat()}T15:30:00.000Z"


def records_of(persons: list[Person], until: int | None = None) -> Records:
    """The records of people numbered from 1; with `until`, as they stood at the end of that day."""
    contacts: list[dict[str, Any]] = []
    sales: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    last = until if until is not None else START + 10 * SPAN
    for number, p in enumerate(persons, start=1):
        contact = _contact(number, p, last, history)
        if contact is not None:
            contacts.append(contact)
        for i, d in enumerate(p.deals):
            if d.created <= last:
                sales.append(_deal(number, i, d, last, history))
    return Records.from_rows(contacts=contacts, deals=sales, history=history)


def _contact(number: int, p: Person, last: int, history: list[dict[str, Any]]) -> dict[str, Any] | None:
    row: dict[str, Any] = {"id": number, "createdate": iso(p.created)}

    def stamp(name: str, value: str, at: int) -> None:
        row[name] = value
        history.append({"object": "contact", "id": number, "property": name, "value": value, "at": iso(at)})

    for e in p.engaged:
        if e <= last:
            stamp("hs_analytics_last_visit_timestamp", iso(e), e)
    for since, value in p.nps:
        if since <= last:
            stamp("hs_feedback_last_nps_rating", "" if value is None else f"{value:.0f}", since)
    for since, until in p.contract:
        if since <= last:
            stamp("contract_until", day(until).isoformat(), since)
    row["demo_on"] = day(p.markers[0]).isoformat() if p.markers and p.markers[0] <= last else ""
    on = p.cancelled_on
    row["cancelled_on"] = day(on).isoformat() if on is not None and on <= last else ""
    return row


def _deal(number: int, i: int, d: Deal, last: int, history: list[dict[str, Any]]) -> dict[str, Any]:
    key = number * 1000 + i
    closed = d.closed is not None and d.closed <= last
    for step, move in enumerate([d.created, *d.moves]):
        if move <= last:
            row = {"object": "deal", "id": key, "property": "dealstage", "value": f"s{step}", "at": iso(move)}
            history.append(row)
    return {
        "id": key,
        "contact_ids": [number],
        "createdate": iso(d.created),
        "closedate": iso(d.closed) if closed and d.closed is not None else "",
        "amount": "" if d.amount is None else str(d.amount),
        "hs_is_closed": closed,
        "hs_is_closed_won": closed and d.won,
        "dealstage": f"s{len(d.moves)}",
    }
