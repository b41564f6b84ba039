"""Call lists, target groups and attitudes: who is to be called, why, by whom and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugin.cli.render import list_as_csv
from plugin.errors import InputError
from plugin.lifecycle.call_list import COLUMNS, call_list
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.names import names
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping, ModelChoice, Sources
from plugin.mapping.readings import Reading
from tests.lifecycle.worlds import rhythm

DAY = date(2026, 6, 30)
CONTACT = replace(
    Sources(),
    extras=("firstname", "lastname", "phone", "city", "age", "children", "buying_motive"),
    outreach_dates=("notes_last_contacted",),
    open_tickets="tickets",
    loyalty_activity=("points",),
)
MAPPING = Mapping(contact=CONTACT, models=ModelChoice("lifecycle9", ("maturity7",)))
MODELS = load_models(MAPPING)


def won(key: int, who: int, when: str, amount: int = 100) -> dict[str, Any]:
    """A won deal."""
    return {
        "id": key,
        "contact_ids": [who],
        "createdate": when,
        "closedate": when,
        "amount": amount,
        "hs_is_closed_won": True,
    }


def person(key: int, name: str = "", **more: str) -> dict[str, Any]:
    """A contact of 2025."""
    return {"id": key, "createdate": "2025-01-01", "firstname": name, **more}


PEOPLE = [
    person(1, "Ada", lastname="Byron", phone="+48 601 234 567", notes_last_contacted="2026-06-01"),
    person(2, "Bob", phone="=1+1"),
    person(3, "Cleo"),
    person(4),
]
DEALS = [
    won(1, 1, "2025-11-01", 500),
    won(2, 2, "2025-12-01", 90),
    won(3, 3, "2026-06-25"),
    won(4, 4, "2025-02-01"),
]


def outcomes(
    contacts: list[dict[str, Any]] = PEOPLE, mapping: Mapping = MAPPING, extra: tuple[Path, ...] = ()
) -> Outcomes:
    """The people on the day, in a portal too small for a rhythm."""
    records = Records.from_rows(contacts, deals=[d for d in DEALS if d["id"] <= len(contacts)])
    return evaluate(records, mapping, load_models(mapping, extra), rhythm(3, 30.0), DAY)


def test_a_list_holds_who_is_in_the_stage_those_with_most_at_stake_first() -> None:
    rows = call_list(outcomes(), stages=["sleeping"])
    assert [row["id"] for row in rows] == [1, 2]
    assert set(COLUMNS) <= set(rows[0])
    assert (rows[0]["name"], rows[0]["phone"], rows[0]["value_to_date"]) == (
        "Ada Byron",
        "+48 601 234 567",
        500,
    )
    assert rows[0]["last_purchase"] == date(2025, 11, 1)
    assert rows[0]["goal"] == "Wake them"
    assert rows[0]["questions"] == ""
    assert call_list(outcomes(), stages=["lost"])[0]["questions"].startswith("What made you stop")
    assert rows[0]["due_on"] == date(2026, 7, 7)
    assert rows[0]["reason"].startswith("No order since 1 Nov 2025.")


def test_stages_are_alternatives_and_a_flag_asks_for_more() -> None:
    found = outcomes()
    ids = lambda **choice: [row["id"] for row in call_list(found, **choice)]  # noqa: E731
    assert sorted(ids(stages=["sleeping", "lost"])) == [1, 2, 4]
    assert ids(stages=["sleeping", "lost"], flags=["no_outreach"]) == [2]
    assert ids(stages=["maturity7:developing"]) == [3]
    assert ids(segments=["active"], flags=["remorse_window"]) == [3]
    assert len(ids()) == 4


@pytest.mark.parametrize(
    ("choice", "cure"),
    [
        ({"stages": ["slepping"]}, "sleeping"),
        ({"stages": ["path5:sale"]}, "maturity7"),
        ({"flags": ["cold"]}, "no_outreach"),
        ({"segments": ["rich"]}, "long_term"),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_exist(choice: dict[str, list[str]], cure: str) -> None:
    with pytest.raises(InputError, match=cure):
        call_list(outcomes(), **choice)


def test_a_spreadsheet_gets_telephone_numbers_and_no_formulas() -> None:
    text = list_as_csv(call_list(outcomes(), stages=["sleeping"]), COLUMNS)
    assert "+48 601 234 567" in text
    assert "'=1+1" in text
    assert "'+48" not in text
    assert list_as_csv([], COLUMNS) == ",".join(COLUMNS) + "\n"


def test_labels_of_a_list_are_in_the_configured_language() -> None:
    [row, *_] = call_list(outcomes(mapping=replace(MAPPING, language="pl")), stages=["sleeping"])
    assert (row["stage"], row["goal"]) == ("Uśpiony", "Obudzić klienta")


def test_a_name_is_shown_only_where_one_may_be_read() -> None:
    found = outcomes()
    assert names(found, [("contact", 1), ("contact", 4)]) == {("contact", 1): "Ada Byron"}
    assert names(outcomes(mapping=Mapping()), [("contact", 1)]) == {}


def test_the_documented_target_groups_work(tmp_path: Path) -> None:
    text = Path(__file__).parents[2].joinpath("docs", "lifecycle.md").read_text(encoding="utf-8")
    path = tmp_path / "groups.yaml"
    path.write_text(
        text.split("```yaml\n# target-groups.yaml")[1].split("\n", 1)[1].split("```")[0], encoding="utf-8"
    )
    contacts = [
        person(1, age="31", children="2", city="Kraków", buying_motive="quality and price"),
        person(2, age="61", children="0", city="Łódź", buying_motive="habit"),
        person(3, age="unknown"),
    ]
    numbers = {name: Reading("number") for name in ("age", "children")}
    mapping = replace(MAPPING, readings={"contact": numbers})
    frame = outcomes(contacts, mapping=mapping, extra=(path,)).frame
    groups = [
        set(row) & {"young_parents", "krakow", "big_baskets", "bargain_hunters"} for row in frame["segments"]
    ]
    assert groups == [{"young_parents", "krakow", "big_baskets", "bargain_hunters"}, set(), set()]


@pytest.mark.parametrize(
    ("key", "attitude", "answer"),
    [
        (1, "remorse", "reassure"),
        (2, "questions", "solve_tickets"),
        (3, "opinions", "advocate"),
        (4, "online_questions", "answer_online"),
        (5, "more_purchases", "develop"),
        (6, "more_engagement", "involve"),
        (7, None, "retain"),
    ],
)
def test_a_buyers_attitude_names_the_answer(key: int, attitude: str | None, answer: str) -> None:
    told = {"notes_last_contacted": "2026-06-29"}
    contacts = [
        person(1, notes_last_contacted="2026-05-01"),
        person(2, **told, tickets="1"),
        person(3, **told, hs_feedback_last_nps_rating="10"),
        person(4, **told, recent_conversion_date="2026-06-28"),
        person(5, **told),
        person(6, **told, points="40"),
        person(7, **told),
    ]
    deals = [won(n, n, "2026-05-01") for n in range(2, 8)] + [won(1, 1, "2026-06-28")]
    deals += [won(50, 5, "2026-04-01"), won(51, 5, "2026-06-01")]
    frame = evaluate(
        Records.from_rows(contacts, deals=deals), MAPPING, load_models(MAPPING), rhythm(3, 30.0), DAY
    ).frame
    row = frame.row(key - 1, named=True)
    assert (row["attitude"], row["play"]) == (attitude, answer)


def test_a_list_of_a_flag_tells_what_to_do_about_that_flag() -> None:
    """Goal, action, reason and term are of one play; without a flag of the record's own action."""
    found = outcomes()
    own = {row["id"]: row for row in call_list(found)}
    assert own[2]["action_for"] == "Sleeping"
    assert own[2]["next_action"] == found.texts["next_action"][1]
    [asked] = call_list(found, stages=["sleeping"], flags=["no_outreach"])
    play = MODELS.plays[MODELS.flag_plays["no_outreach"]]
    assert asked["action_for"] == next(f.label() for f in MODELS.flags if f.key == "no_outreach")
    assert (asked["goal"], asked["next_action"]) == (play.goal["en"], play.action["en"])
    assert asked["due_on"] == DAY + timedelta(days=play.due_days)
    assert asked["action_because"] in asked["risk_reason"]
    assert asked["action_because"] != own[2]["action_because"]


def test_a_row_without_a_flag_tells_the_goal_of_the_play_that_it_names() -> None:
    """A buyer who feels something, or the stage itself."""
    for row in call_list(outcomes()):
        goals = [play for play in MODELS.plays.values() if play.action["en"] == row["next_action"]]
        stage_goals = [stage.goal() for stage in MODELS.primary.stages]
        assert row["goal"] in [*(play.goal["en"] for play in goals), *stage_goals]
        assert row["action_for"]
        assert row["action_because"]


def test_nothing_is_due_after_the_day_on_which_the_stage_changes_by_itself() -> None:
    """Who is to be kept is called before that; where there is time the play's own term counts."""
    silent = range(1, 401, 3)
    people = [person(days) for days in silent]
    deals = [won(days, days, str(DAY - timedelta(days))) for days in silent]
    records = Records.from_rows(people, deals=deals)
    rows = call_list(evaluate(records, MAPPING, MODELS, rhythm(3, 30.0), DAY))
    terms = {play.due_days for play in MODELS.plays.values()}
    dated = [row for row in rows if row["next_stage_on"]]
    assert all(DAY <= row["due_on"] <= row["next_stage_on"] for row in dated)
    in_time = [row for row in rows if row["due_on"] != row["next_stage_on"]]
    assert {(row["due_on"] - DAY).days for row in in_time} <= terms
    assert 0 < len(in_time) < len(rows)
