"""Every day of random customers against the plain specification: stages, since, forecast, history, memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.engines import make_engine
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.one_path import history
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.turning_days import outcomes
from plugin.mapping.model import Mapping, ModelChoice
from tests.lifecycle.naive import Deal, Naive, Person
from tests.lifecycle.worlds import (
    ALL,
    EPOCH,
    MAPPING,
    MODELS,
    SPAN,
    START,
    day,
    naive,
    people,
    portals,
    records_of,
)

#: Evaluating one day costs a tenth of a second: where a test evaluates many of them, fewer customers.
WORLDS, FEWER = settings(max_examples=25, deadline=None), settings(max_examples=12, deadline=None)
MINE = """model: mine
stages: [{{key: quiet}}, {{key: fresh}}]
rules:
  - stage: quiet
    when: {rule}
  - stage: fresh
"""


@cache
def mine(rule: str) -> tuple[Mapping, Models]:
    """A model of one rule, loaded once."""
    mapping = replace(MAPPING, models=ModelChoice("mine"))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(MINE.format(rule=rule), encoding="utf-8")
        return mapping, load_models(mapping, [path])


today_days = st.integers(START, START + SPAN + 300)


def every_day(person: Person, parameters: Parameters, first: int, last: int) -> list[dict[str, str]]:
    """The stages by the engine on each day, seen from the last one."""
    engine = make_engine(records_of([person]), MAPPING, MODELS, parameters, day(last), "contact")
    days = np.arange(first, last + 1, dtype=np.int64)
    frame = outcomes(engine, MODELS.stages_plan, np.zeros(len(days), np.int64), days)
    keys = {m.key: [s.key for s in m.stages] for m in MODELS.all}
    return [{m: keys[m][row[f"stage_{m}"]] for m in ALL} for row in frame.rows(named=True)]


@WORLDS
@given(people(), portals)
def test_every_model_agrees_with_the_plain_specification_on_every_day(
    person: Person, parameters: Parameters
) -> None:
    plain = naive(person, parameters)
    first, last = person.born(), START + SPAN + 1500
    found = every_day(person, parameters, first, last)
    for i in range(0, last - first, 7):
        assert (day(first + i), found[i]) == (day(first + i), plain.stages(first + i))


@WORLDS
@given(people(), portals, today_days)
def test_since_exit_and_forecast_are_exact_to_the_day(
    person: Person, parameters: Parameters, today: int
) -> None:
    found = evaluate(records_of([person]), MAPPING, MODELS, parameters, day(today))
    if person.born() > today:
        assert found.frame.height == 0
        assert found.unseen["next_moment"].to_list() == [day(person.born())]
        return
    row = found.frame.row(0, named=True)
    plain = naive(person, parameters)
    path = {d: plain.stages(d) for d in range(person.born(), today + 401)}
    assert row["stages"] == path[today]
    mine = {d: s["lifecycle9"] for d, s in path.items()}
    since = today
    while since - 1 in mine and mine[since - 1] == mine[today]:
        since -= 1
    assert row["since"] == day(since)
    change = next((d for d in range(today + 1, today + 401) if mine[d] != mine[today]), None)
    assert row["next_stage_on"] == (None if change is None else day(change))
    assert row["next_stage"] == (None if change is None else mine[change])
    assert row["exited_from"] == _exit(person, plain, path, today)


def _exit(person: Person, plain: Naive, path: dict[int, dict[str, str]], today: int) -> str | None:
    def dormant(d: int) -> bool:
        return plain.lost(d) or plain.sleeping(d)

    if not dormant(today):
        return None
    spell = today
    while spell - 1 >= person.born() and dormant(spell - 1):
        spell -= 1
    return path[spell - 1]["lifecycle9"] if spell > person.born() else None


@FEWER
@given(people(), portals, today_days)
def test_nothing_discrete_changes_before_the_next_moment(
    person: Person, parameters: Parameters, today: int
) -> None:
    records = records_of([person])
    found = evaluate(records, MAPPING, MODELS, parameters, day(today))
    if not found.frame.height:
        return
    moment = found.frame["next_moment"][0]
    said = written(found)
    later = [today + n for n in (1, 2, 5, 17, 40, 90, 200, 399, 400, 401, 650, 1000)]
    eve = (moment - EPOCH).days - 1 if moment else today + 2000
    for d in sorted({*later, eve}):
        if today < d <= eve:
            assert (d, written(evaluate(records, MAPPING, MODELS, parameters, day(d)))) == (d, said)


def written(found: Outcomes) -> dict[str, object]:
    """Everything written and forecast of the one customer."""
    frame = found.frame.select("next_stage", "next_stage_on", "keep_until", "since", "play")
    return {**found.written().row(0, named=True), **frame.row(0, named=True)}


@FEWER
@given(people(), portals, today_days)
def test_the_rebuilt_history_is_the_one_that_was_lived(
    person: Person, parameters: Parameters, today: int
) -> None:
    rebuilt = history(records_of([person]), MAPPING, MODELS, parameters, day(today), ("contact", 1))
    lived = []
    for d in range(person.born(), today + 1, 53):
        frame = evaluate(
            records_of([person], until=d), MAPPING, MODELS, parameters, day(d), dates=False
        ).frame
        lived.append((day(d), frame["stage"].to_list()))
    for when, stage in lived:
        said = [s for begun, s, _ in rebuilt if begun <= when]
        # before its record was created a customer could not be seen alive: rebuilt history knows more
        if stage:
            assert (when, said[-1:]) == (when, stage)


@FEWER
@given(st.lists(people(), min_size=1, max_size=6), portals, today_days)
def test_a_customer_does_not_depend_on_who_else_is_in_the_batch(
    persons: list[Person], parameters: Parameters, today: int
) -> None:
    records = records_of(persons)
    whole = evaluate(records, MAPPING, MODELS, parameters, day(today)).to_json()
    alone = []
    for number in range(1, len(persons) + 1):
        alone += evaluate(records, MAPPING, MODELS, parameters, day(today), [("contact", number)]).to_json()
    assert whole == alone
    assert whole == evaluate(records, MAPPING, MODELS, parameters, day(today)).to_json()


@WORLDS
@given(people(), portals, today_days)
def test_a_purchase_up_to_keep_until_keeps_the_stage(
    person: Person, parameters: Parameters, today: int
) -> None:
    frame = evaluate(records_of([person]), MAPPING, MODELS, parameters, day(today)).frame
    if not frame.height or frame["keep_until"][0] is None:
        return
    keep = frame["keep_until"][0]
    assert keep == frame["next_stage_on"][0]
    bought = (keep - EPOCH).days
    buying = Person(**{**person.__dict__, "deals": [*person.deals, Deal(bought, bought, True, 80.0)]})
    after = evaluate(records_of([buying]), MAPPING, MODELS, parameters, keep, dates=False).frame
    assert after["stage"][0] != frame["next_stage"][0]
    assert after["sleeping_or_lost"][0] == 0 or after["stage"][0] == frame["stage"][0]
    assert keep - timedelta(days=400) <= day(today)


@settings(max_examples=8, deadline=None)
@given(people(), portals, today_days)
def test_a_rule_whose_days_cannot_be_derived_is_looked_at_day_by_day(
    person: Person, parameters: Parameters, today: int
) -> None:
    found = {}
    for name, rule in (
        ("derived", "days_since_purchase > 45"),
        ("daily", "LEAST(days_since_purchase, 99) > 45"),
    ):
        mapping, models = mine(rule)
        assert models.primary_plan.wild == (name == "daily")
        frame = evaluate(records_of([person]), mapping, models, parameters, day(today)).frame
        found[name] = frame.select("stage", "since", "next_stage", "next_stage_on", "keep_until").rows()
    assert found["daily"] == found["derived"]
