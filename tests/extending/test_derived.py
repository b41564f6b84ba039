"""Derived facts: exact on every day, harmless when they fail, refused when they cannot be right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.deriving import DerivedError
from plugin.lifecycle.engines import make_engine
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.one_path import history
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.records import Records
from plugin.lifecycle.rulefile import RuleError
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.turning_days import outcomes
from plugin.mapping.model import DerivedFact, Mapping, ModelChoice, Sources
from tests.extending import functions
from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.worlds import EPOCH, MAPPING, SPAN, START, day, people, portals, records_of

FUNCTIONS = {name: getattr(functions, name) for name in dir(functions) if not name.startswith("_")}
FACTS = (
    DerivedFact("days_since_our_demo", "number", "demo_on", ("demo_on",), "since"),
    DerivedFact("is_pleased", "bool", "pleased", ("nps",)),
    DerivedFact("days_to_renewal", "number", "renewal_on", ("contract_until",), "until"),
    DerivedFact("is_weekend", "bool", "weekend", ("day",), "any"),
    DerivedFact("silence_score", "number", "by_silence", ("days_since_purchase", "purchases"), "any"),
)
RULES = """model: ours
labels: {en: Ours}
stages: [{key: cold}, {key: warm}, {key: pleased}, {key: renewing}]
rules:
  - stage: renewing
    when: days_to_renewal BETWEEN 0 AND 90
  - stage: pleased
    when: is_pleased AND buyer
  - stage: warm
    when: days_since_our_demo <= 60 OR days_since_purchase <= 45
  - stage: cold
"""
WILD = RULES.replace("days_since_purchase <= 45", "silence_score BETWEEN 10 AND 50 OR is_weekend")
WORLDS = settings(max_examples=6, deadline=None)
OURS = replace(
    MAPPING,
    models=ModelChoice("ours"),
    contact=replace(MAPPING.contact, extras=("demo_on",)),
    derived_facts=FACTS,
)
today_days = st.integers(START, START + SPAN + 300)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Models]:
    """The model whose days are solved, and the one that must be looked at day by day."""
    folder = tmp_path_factory.mktemp("rules")
    found = {}
    for name, text in (("solved", RULES), ("wild", WILD)):
        (folder / f"{name}.yaml").write_text(text)
        found[name] = load_models(OURS, [folder / f"{name}.yaml"], FUNCTIONS)
    return found


def plain_stage(person: Person, on: int, *, wild: bool) -> str:
    """The rules above for one person and day, in plain Python."""
    demo = person.markers[0] if person.markers and person.created <= on else None
    since_demo = on - demo if demo is not None and demo <= on else None
    answers = [value for since, value in person.nps if since <= on]
    pleased = bool(answers) and answers[-1] is not None and answers[-1] >= 8
    won = [d for d in person.deals if d.won and d.closed is not None and d.closed <= on]
    bought = sorted({d.closed for d in won if d.amount is None or d.amount > 0})
    silence = on - bought[-1] if bought else None
    until = [end for since, end in person.contract if since <= on]
    renewal = (pl.Series([day(until[-1])]).dt.offset_by("1y")[0] - EPOCH).days if until else None
    lively = silence is not None and silence <= 45
    if wild:
        scored = silence is not None and 10 <= min(silence, 99) + len(bought) <= 50
        lively = scored or day(on).isoweekday() >= 6
    if renewal is not None and 0 <= renewal - on <= 90:
        return "renewing"
    if pleased and bought:
        return "pleased"
    return "warm" if (since_demo is not None and since_demo <= 60) or lively else "cold"


@WORLDS
@given(person=people(), parameters=portals, today=today_days, wild=st.sampled_from([False, False, True]))
def test_stage_since_and_forecast_are_those_of_the_plain_specification_on_every_day(
    loaded: dict[str, Models], person: Person, parameters: Parameters, today: int, wild: bool
) -> None:
    models = loaded["wild" if wild else "solved"]
    assert models.primary_plan.wild == wild
    records = records_of([person])
    found = evaluate(records, OURS, models, parameters, day(today)).frame
    if person.born() > today:
        assert found.height == 0
        return
    path = {d: plain_stage(person, d, wild=wild) for d in range(person.born(), today + 401)}
    row = found.row(0, named=True)
    since = today
    while since - 1 in path and path[since - 1] == path[today]:
        since -= 1
    change = next((d for d in range(today + 1, today + 401) if path[d] != path[today]), None)
    assert (row["stage"], row["since"]) == (path[today], day(since))
    assert row["next_stage_on"] == (None if change is None else day(change))
    assert row["next_stage"] == (None if change is None else path[change])
    lived = history(records, OURS, models, parameters, day(today), ("contact", 1))
    steps = [d for d in range(person.born(), today + 1) if path.get(d - 1) != path[d]]
    assert [(when, stage) for when, stage, _ in lived] == [(day(d), path[d]) for d in steps]


@WORLDS
@given(person=people(), parameters=portals, today=today_days)
def test_every_day_looked_at_by_itself_gives_the_same_stages(
    loaded: dict[str, Models], person: Person, parameters: Parameters, today: int
) -> None:
    models = loaded["solved"]
    engine = make_engine(records_of([person]), OURS, models, parameters, day(today), "contact")
    days = np.arange(person.born(), person.born() + 900, dtype=np.int64)
    frame = outcomes(engine, models.primary_plan, np.zeros(len(days), np.int64), days)
    keys = [stage.key for stage in models.primary.stages]
    found = [keys[number] for number in frame["stage"]]
    assert found == [plain_stage(person, int(d), wild=False) for d in days]


@WORLDS
@given(person=people(), parameters=portals, today=today_days)
def test_nothing_written_changes_before_the_next_moment(
    loaded: dict[str, Models], person: Person, parameters: Parameters, today: int
) -> None:
    models, records = loaded["solved"], records_of([person])
    found = evaluate(records, OURS, models, parameters, day(today))
    if not found.frame.height:
        return
    moment = found.frame["next_moment"][0]
    eve = (moment - EPOCH).days - 1 if moment else today + 1500
    for d in sorted({min(eve, today + n) for n in (1, 3, 30, 200, 420)} | {eve}):
        if d > today:
            later = evaluate(records, OURS, models, parameters, day(d))
            assert (d, later.written().rows()) == (d, found.written().rows())


def one(mapping: Mapping, models: Models, persons: list[Person], on: int) -> Outcomes:
    """The outcomes of these people on a day."""
    return evaluate(records_of(persons), mapping, models, Parameters(), day(on))


def test_the_fact_is_shown_among_the_metrics_and_in_sentences(tmp_path: Path) -> None:
    """A count of days is shown as a date in sentences, as all ages are."""
    (tmp_path / "r.yaml").write_text(
        RULES + "add_reasons:\n  - of: []\n    when: days_since_our_demo >= 0\n"
        "    text: {en: 'Saw a demo on {days_since_our_demo}.'}\n"
    )
    models = load_models(OURS, [tmp_path / "r.yaml"], FUNCTIONS)
    person = Person(START, markers=[START + 10])
    row = one(OURS, models, [person], START + 12).to_json()[0]
    assert row["metrics"]["days_since_our_demo"] == 2
    assert row["metrics"]["is_pleased"] is None
    assert row["reason"] == f"Saw a demo on {date(2023, 1, 11):%d %b %Y}."
    assert row["stage"] == "warm"
    assert row["next_stage_on"] == day(START + 71).isoformat()


def test_a_future_date_wakes_the_customer_on_its_day(loaded: dict[str, Models]) -> None:
    """A demo booked for next week counts from next week on, and that day is foretold."""
    person = Person(START, markers=[START + 20])
    row = one(OURS, loaded["solved"], [person], START + 5).frame.row(0, named=True)
    assert (row["stage"], row["days_since_our_demo"]) == ("cold", None)
    assert (row["next_stage"], row["next_stage_on"]) == ("warm", day(START + 20))


def test_what_a_purchase_would_do_is_seen_by_derived_facts(tmp_path: Path) -> None:
    """`keep_until` asks what a purchase would change: facts derived from purchases change with it."""
    text = RULES.replace("days_since_our_demo <= 60 OR days_since_purchase <= 45", "silence_score <= 30")
    (tmp_path / "r.yaml").write_text(text)
    models = load_models(OURS, [tmp_path / "r.yaml"], FUNCTIONS)
    person = Person(START, [Deal(START, START, won=True)])
    row = one(OURS, models, [person], START + 10).frame.row(0, named=True)
    assert (row["stage"], row["next_stage_on"]) == ("warm", day(START + 30))
    assert row["keep_until"] == day(START + 30)


def _unlucky() -> tuple[Mapping, Models]:
    facts = (DerivedFact("doubled", "number", "unlucky", ("nps",)),)
    mapping = replace(OURS, models=ModelChoice(), derived_facts=facts)
    return mapping, load_models(mapping, (), FUNCTIONS)


def test_a_function_that_fails_on_a_customer_leaves_that_one_unknown_and_is_told() -> None:
    """The others go on; the finding names the function, the fault and the values it failed on."""
    mapping, models = _unlucky()
    answers = [9.0, 3.25, 4.0, None]
    persons = [Person(START, nps=[(START, answer)] if answer else []) for answer in answers]
    records = records_of(persons)
    fixed = records.history.with_columns(
        value=pl.when(pl.col("value") == "3").then(pl.lit("3.25")).otherwise(pl.col("value"))
    )
    contacts = records.contacts.with_columns(
        pl.when(pl.col("hs_feedback_last_nps_rating") == "3")
        .then(pl.lit("3.25"))
        .otherwise(pl.col("hs_feedback_last_nps_rating"))
        .alias("hs_feedback_last_nps_rating")
    )
    found = evaluate(
        Records(contacts, records.companies, records.deals, fixed), mapping, models, Parameters(), day(START)
    )
    assert found.frame["doubled"].to_list() == [18.0, None, 8.0, None]
    told = [f for f in found.findings if f["property"] == "doubled"]
    assert [(f["count"], f["examples"]) for f in told] == [(1, ["nps=3.25"])]
    assert "unlucky raised ValueError: nobody answers 3.25" in told[0]["problem"]


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (DerivedFact("f", "number", "ranked", ("nps",)), ("ranked", "other rows")),
        (DerivedFact("f", "number", "numbered", ("nps",)), ("numbered", "another order")),
        (DerivedFact("f", "number", "moody", ("nps",)), ("moody", "asked again")),
        (DerivedFact("f", "number", "shorter", ("nps",)), ("shorter", "values for 96 rows")),
        (DerivedFact("f", "number", "infinite", ("nps",)), ("infinite", "NaN or infinity")),
        (DerivedFact("f", "number", "textual", ("nps",)), ("textual", "not number")),
        (DerivedFact("f", "number", "strict", ("level",)), ("strict", "raised", "made-up")),
        (DerivedFact("f", "number", "listed", ("nps",)), ("listed", "a list, not a Polars Series")),
        (DerivedFact("f", "number", "nowhere", ("nps",)), ("no installed package", "lifecycle.facts")),
        (DerivedFact("nps", "number", "pleased", ("nps",)), ("'nps'", "another name")),
        (DerivedFact("cold_after_days", "number", "pleased", ("nps",)), ("threshold",)),
        (DerivedFact("f", "bool", "pleased", ("npss",)), ("'npss'", "Did you mean nps")),
        (DerivedFact("f", "bool", "weekend", ("day",)), ("day", "moves: any")),
        (DerivedFact("f", "number", "by_silence", ("days_since_purchase",)), ("moves: any",)),
        (DerivedFact("f", "date", "demo_on", ("demo_on",), "since"), ("type: number",)),
    ],
    ids=lambda value: value.function if isinstance(value, DerivedFact) else "",
)
def test_what_cannot_be_right_is_refused_before_any_record_is_touched(
    fact: DerivedFact, words: tuple[str, ...]
) -> None:
    mapping = replace(
        Mapping(), contact=replace(Sources(), extras=("demo_on", "level")), derived_facts=(fact,)
    )
    with pytest.raises(DerivedError) as refused:
        load_models(mapping, (), FUNCTIONS)
    assert all(word in str(refused.value) for word in (*words, "Cure")), str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    """One run of the check is enough."""
    facts: Any = (
        DerivedFact("f", "number", "ranked", ("nps",)),
        DerivedFact("g", "number", "nowhere", ("nothing",)),
    )
    with pytest.raises(DerivedError) as refused:
        load_models(replace(Mapping(), derived_facts=facts), (), FUNCTIONS)
    assert [(fault.index, fault.key) for fault in refused.value.faults] == [
        (0, "function"),
        (1, "reads"),
        (1, "function"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{contract_untl}", "did you mean contract_until"),
        ("{contract_until", "a brace stands alone"),
        ("{nps:.1f}", "nothing can be filled in"),
        ("{0}", "nothing can be filled in"),
    ],
)
def test_a_sentence_whose_blank_cannot_be_filled_in_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """It would be written to the CRM with a question mark, or not at all."""
    rules = tmp_path / "r.yaml"
    rules.write_text(f"add_reasons:\n  - of: [lost]\n    text: {{en: 'Until {text}.'}}\n")
    with pytest.raises(RuleError, match=r"r.yaml:3:16: ") as refused:
        load_models(Mapping(), [rules])
    assert said in str(refused.value).lower()


def test_a_property_of_ones_own_stands_in_a_sentence(tmp_path: Path) -> None:
    """Whether or not a rule names it."""
    (tmp_path / "r.yaml").write_text("add_reasons:\n  - of: []\n    text: {en: 'From {city}, {{so}}.'}\n")
    mapping = replace(Mapping(), contact=replace(Sources(), extras=("city",)))
    models = load_models(mapping, [tmp_path / "r.yaml"])
    records = Records.from_rows(contacts=[{"id": 1, "createdate": "2026-01-01", "city": "Lodz"}])
    found = evaluate(records, mapping, models, Parameters(), date(2026, 1, 2))
    assert found.to_json()[0]["reason"] == "From Lodz, {so}."


def test_a_function_that_is_impure_on_real_records_only_is_unknown_for_all_and_told() -> None:
    """An answer that depends on who else is in the batch is worth nothing."""
    facts = (DerivedFact("f", "number", "sly", ("demo_on",)),)
    mapping = replace(OURS, models=ModelChoice(), derived_facts=facts)
    models = load_models(mapping, (), FUNCTIONS)
    contacts = [{"id": n, "createdate": "2026-01-01", "demo_on": text} for n, text in ((1, "sly"), (2, "x"))]
    found = evaluate(Records.from_rows(contacts=contacts), mapping, models, Parameters(), date(2026, 1, 2))
    assert found.frame["f"].to_list() == [None, None]
    (told,) = [one for one in found.findings if one["property"] == "f"]
    assert "depends on other rows" in told["problem"]
