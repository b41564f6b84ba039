"""CRM tasks: one for each entry into a stage that asks for one, none for the past, none twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from plugin.clock import FixedClock, from_milliseconds, milliseconds
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sync.tasks import _due
from tests.conftest import NOON
from tests.support.house import House, house

RULES = """
plays:
  welcome_back_call:
    goal: {en: Keep them}
    action: {en: Call and thank them}
    due_days: 2
    task: true
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A mapping that wants tasks, and a play of its own for those who came back."""
    from plugin.lifecycle.models import shipped_files

    model = next(path for path in shipped_files() if path.stem == "lifecycle9").read_text()
    (tmp_path / "plays.yaml").write_text(RULES)
    (tmp_path / "ours.yaml").write_text(
        model.replace("model: lifecycle9", "model: ours").replace(
            "play: welcome_back", "play: welcome_back_call"
        )
    )
    path = tmp_path / "lifecycle.yaml"
    path.write_text("version: 1\ntasks: true\nrules: [plays.yaml, ours.yaml]\nmodels: {primary: ours}\n")
    return path


def tasks(home: House) -> list[dict[str, str]]:
    return [one["properties"] for one in home.dump() if one["object"] == "task"]


def buy(home: House, contact: int) -> None:
    won = {"dealstage": "closedwon", "amount": "20", "closedate": home.clock.now().isoformat()}
    home.crm.store.create_deal(contact, won)
    home.settle()


def test_who_comes_back_gets_one_task_and_the_past_gets_none(
    store: Store, clock: FixedClock, config: Path
) -> None:
    """Not for the load, not for a second order in the same stage, not for who was there already."""
    with house(store, clock, cdnow(NOON.date(), limit=120), config=config) as home:
        home.load()
        home.settle()
        assert tasks(home) == []
        sleeper = next(i for i, one in home.standing().items() if one["clm_stage"] == "sleeping")
        buy(home, sleeper)
        (task,) = tasks(home)
        assert task["hs_task_subject"] == "Reactivated: Call and thank them"
        assert task["hs_timestamp"].startswith("2026-11-24")
        clock.sleep(86_400)
        buy(home, sleeper)
        home.load()
        home.settle()
        assert len(tasks(home)) == 1


def test_a_task_whose_making_had_no_answer_is_not_made_again(
    store: Store, clock: FixedClock, config: Path
) -> None:
    """It may be there: better one too few than two on a customer."""
    with house(store, clock, cdnow(NOON.date(), limit=120), config=config) as home:
        home.load()
        home.settle()
        sleeper = next(i for i, one in home.standing().items() if one["clm_stage"] == "sleeping")
        fault = {"kind": "reset", "contains": "tasks", "after": True}
        requests.post(f"{home.crm.url}/sandbox/v1/faults", json=fault, timeout=10)
        buy(home, sleeper)
        requests.delete(f"{home.crm.url}/sandbox/v1/faults", timeout=10)
        home.settle()
        home.load()
        home.settle()
        assert len(tasks(home)) == 1


def test_without_the_switch_no_task_is_made(store: Store, clock: FixedClock, config: Path) -> None:
    """The default makes none."""
    config.write_text(config.read_text().replace("tasks: true\n", ""))
    with house(store, clock, cdnow(NOON.date(), limit=120), config=config) as home:
        home.load()
        home.settle()
        buy(home, next(i for i, one in home.standing().items() if one["clm_stage"] == "sleeping"))
        assert tasks(home) == []


@pytest.mark.parametrize(
    ("changes_on", "due"),
    [
        (None, NOON + timedelta(days=7)),
        ("2026-12-24", NOON + timedelta(days=7)),
        ("2026-11-24", NOON.replace(day=24, hour=0)),
        ("2026-11-01", NOON),
    ],
)
def test_a_task_is_due_before_the_stage_changes_by_itself(changes_on: str | None, due: datetime) -> None:
    """What is to keep a customer is asked for while it can; never in the past."""
    assert from_milliseconds(_due(milliseconds(NOON), 7, changes_on)) == due
