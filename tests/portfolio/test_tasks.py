"""ROI of lifecycle work where CRM tasks are made: only returns soon after a task of one's own count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from plugin.clock import FixedClock
from plugin.jobs import figures
from plugin.jobs import portfolio as keeping
from plugin.jobs.meaning import evaluate
from plugin.lifecycle.models import load_models, shipped_files
from plugin.lifecycle.records import Records
from plugin.portfolio.answers import metrics_answer
from plugin.portfolio.asked import Asked
from plugin.portfolio.contributions import contributions
from plugin.portfolio.months import month_of
from plugin.records import portals
from plugin.records import portfolio as kept
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from tests.conftest import NOON
from tests.lifecycle.worlds import rhythm
from tests.portfolio.small import MAPPING, TODAY, buyer, source
from tests.portfolio.small import figures as figures_of
from tests.support.house import House, house

PLAYS = """
plays:
  wake_call:
    goal: {en: Wake them}
    action: {en: Call them}
    due_days: 2
    task: true
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A mapping that wants a task for everyone who falls asleep."""
    model = next(path for path in shipped_files() if path.stem == "lifecycle9").read_text()
    ours = model.replace("model: lifecycle9", "model: ours").replace("play: wake\n", "play: wake_call\n")
    assert "wake_call" in ours
    (tmp_path / "plays.yaml").write_text(PLAYS)
    (tmp_path / "ours.yaml").write_text(ours)
    path = tmp_path / "lifecycle.yaml"
    path.write_text("version: 1\ntasks: true\nrules: [plays.yaml, ours.yaml]\nmodels: {primary: ours}\n")
    return path


def buy(home: House, contact: int) -> None:
    won = {"dealstage": "closedwon", "amount": "20", "closedate": home.clock.now().isoformat()}
    home.crm.store.create_deal(contact, won)
    home.settle()


def roi(home: House) -> tuple[int, float | None]:
    """(returns that count, their profit less the cost of ten)."""
    store = home.context.store
    with store.read() as connection:
        portal = portals.get(connection, home.portal_id)
    assert portal is not None
    month = month_of(home.context.today(portal))
    with store.write() as connection:
        kept.save_spend(store, connection, home.portal_id, {(month, "lifecycle"): 1_000}, replace=True)
    answer = metrics_answer(figures.of_portal(home.context, portal), Asked())
    found = next(one for one in answer["metrics"] if one["key"] == "lifecycle_roi")
    assert found["notes"] == {"by_task": True, "controlled": False}
    assert keeping.rebuild(home.context, portal) == 0
    return found["n"], found["numerator"]["value"]


def test_a_return_counts_within_ninety_days_of_its_task_and_without_a_task_never(
    store: Store, clock: FixedClock, config: Path
) -> None:
    """One slept before tasks were made, one returns in time, one a hundred days late."""
    with house(store, clock, cdnow(NOON.date(), limit=40), config=config) as home:
        home.load()
        home.settle()
        stages = {id_: one["clm_stage"] for id_, one in home.standing().items()}
        slept_before = next(id_ for id_, stage in stages.items() if stage == "sleeping")
        awake = [id_ for id_, stage in stages.items() if stage in ("active", "loyal", "new_customer")]
        while len(tasked(home)) < 2:
            clock.sleep(40 * 86_400)
            home.settle()
        clock.sleep(5 * 86_400)
        in_time, late = sorted(tasked(home) & set(awake))[:2]
        buy(home, slept_before)
        assert roi(home)[0] == 0
        buy(home, in_time)
        assert roi(home) == (1, 20.0 - 10.0)
        clock.sleep(100 * 86_400)
        home.settle()
        buy(home, late)
        assert roi(home)[0] == 0  # of this month; the cost is of this month alone


def tasked(home: House) -> set[int]:
    """Customers with a task."""
    with home.context.store.read() as connection:
        keys = [("contact", id_) for id_ in home.standing()]
        return {id_ for _, id_ in kept.tasks_made(connection, home.portal_id, keys)}


def returning() -> Records:
    """Two who bought in January and came back in September; the first has a higher id."""
    deals = [
        {"id": 10 * who + n, "contact_ids": [who], "closedate": day, "amount": "10", "dealstage": "closedwon"}
        for who in (5, 9)
        for n, day in enumerate(("2026-01-10", "2026-09-10"))
    ]
    contacts = [{"id": who, "createdate": "2026-01-05"} for who in (5, 9)]
    return Records.from_rows(contacts=contacts, deals=deals)


@pytest.mark.parametrize(
    ("task", "counts"),
    [
        ((9, date(2026, 6, 12)), 1),  # ninety days before
        ((9, date(2026, 6, 11)), 0),
        ((9, date(2026, 9, 10)), 0),  # the day itself
        ((9, date(2026, 9, 11)), 0),
        ((7, date(2026, 9, 1)), 0),  # of somebody who is in no record, and has no number here
    ],
)
def test_a_task_is_matched_with_its_own_customer_and_by_whole_days(
    task: tuple[int, date], counts: int
) -> None:
    """Nobody else's task counts, nor one of the day of the return or after it."""
    mapping = replace(MAPPING, tasks=True)
    result = evaluate(returning(), mapping, load_models(mapping), rhythm(0, None), TODAY)
    made = contributions(result, {("contact", task[0]): [task[1]]})
    lines = [
        line for text in made.values() for line in text.splitlines() if line.startswith("returned_task\x1f")
    ]
    assert len(lines) == counts


def test_files_do_not_tell_of_tasks_and_the_figure_says_so() -> None:
    """Rather than a return of nothing."""
    people = [buyer(i, "2026-01-05", ["2026-01-10", "2026-09-10"]) for i in range(1, 41)]
    found = figures_of(source(people, mapping=replace(MAPPING, tasks=True)))["lifecycle_roi"]
    assert (found["value"], found["reason_code"]) == (None, "tasks_unknown")
