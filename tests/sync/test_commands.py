"""The commands reconcile, preview, undo and go-live, as an admin runs them against a live CRM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from plugin import wiring
from plugin.cli import cli
from plugin.clock import SystemClock
from plugin.jobs import reconcile
from plugin.jobs.bells import RqBells
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.world import World
from tests.jobs.test_modes import crm_list
from tests.support.house import House, house


@pytest.fixture
def world() -> World:
    """Forty customers of the sample."""
    return cdnow(SystemClock().now().date(), limit=40)


@pytest.fixture
def home(tmp_path: Path, redis_url: str, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A CRM with these customers, and the environment in which the commands find it."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = Store(url)
    store.migrate()
    with house(store, SystemClock(), world) as made:  # type: ignore[arg-type]
        environment = {
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": url,
            "REDIS_URL": redis_url,
            "HUBSPOT_API_URL": made.crm.url,
            "HUBSPOT_BURST_LIMIT": "10000",
            "HUBSPOT_ACCESS_TOKEN": made.crm.token,
            "HUBSPOT_CLIENT_SECRET": made.crm.secret,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield made
    store.close()


def run(*arguments: str, say: str = "") -> Result:
    return CliRunner().invoke(cli, list(arguments), input=say)


def told(*arguments: str) -> Any:
    """What a command prints as JSON."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_from_preview_to_go_live_to_undo(home: House, world: World) -> None:
    """Look before, write, take back: what each command says is what is so."""
    assert run("install").exit_code == 0
    before = told("preview")
    assert (before["customers"], before["written"]) == (40, 40)
    assert "would be written" in run("preview").output
    assert run("backfill").exit_code == 0
    shown = run("status").output
    assert "nothing is written to records before `lifecycle go-live`" in shown
    assert re.search(r"New customer\W+new_customer\W+\d+", shown) or re.search(r"Lost\W+lost\W+\d+", shown)
    pilot = crm_list(home, [one.id for one in world.contacts[:7]])
    result = run("go-live", "--list", pilot)
    assert result.output.strip().endswith(f"live for 100 % of its customers among the 7 on list {pilot}.")
    home.settle()
    assert sum(1 for one in home.standing().values() if one.get("clm_stage")) == 7
    assert run("go-live").exit_code == 0
    home.settle()
    assert told("preview")["written"] == 0
    sets = told("undo", "--list")
    assert [one["records"] for one in sets] == [33, 7]
    target = world.contacts[0].id
    one = told("undo", "--record", str(target))
    assert (one["records"], one["restored"]) == (1, 1)
    assert not home.standing()[target].get("clm_stage")
    result = run("undo", "--since", "2000-01-01")
    assert "39 were set back" in result.output
    assert "paused" in result.output
    assert told("status")["portals"][0]["mode"] == "paused"
    assert not any(values.get("clm_stage") for values in home.standing().values())


def test_reconcile_says_what_was_missing(home: House, world: World) -> None:
    """And repairs it before it ends."""
    assert run("install", "--live").exit_code == 0
    assert "backfill" in run("reconcile").output or run("reconcile").exception
    assert run("backfill").exit_code == 0
    assert "Everything is as the CRM has it." in run("reconcile").output
    home.crm.configure_webhooks(drop=1.0)
    home.crm.store.create_deal(world.contacts[0].id, {"dealstage": "closedwon", "amount": "30"})
    result = run("reconcile", "--full")
    assert "deal: 1 never seen" in result.output
    assert told("reconcile")["total"] == 0


def test_what_is_held_about_a_person_is_shown_and_then_erased(home: House) -> None:
    """It asks first; afterwards there is nothing to show, and the next load brings nothing back."""
    assert run("install").exit_code == 0
    assert run("backfill").exit_code == 0
    person = str(min(home.standing()))
    shown = json.loads(run("export", "--person", person).stdout)
    assert (shown["id"], len(shown["mirror"])) == (int(person), 1)
    refused = run("erase", person, say="n\n")
    assert refused.output.startswith(f"Erase contact {person}")
    assert refused.exit_code == 1
    assert told("erase", person, "--yes")["rows"]["mirror"] == 1
    assert run("backfill").exit_code == 0
    again = run("export", "--person", person)
    assert f"Nothing is held about contact {person}" in str(again.exception)


def test_the_scheduled_check_runs_as_a_job_of_the_queue(home: House, world: World, redis_url: str) -> None:
    """The scheduler rings, a worker compares and marks; `status` shows what was found."""
    assert run("install", "--live").exit_code == 0
    assert run("backfill").exit_code == 0
    home.crm.configure_webhooks(drop=1.0)
    home.crm.store.archive_record("contact", world.contacts[0].id)
    redis = Redis.from_url(redis_url)
    reconcile.ring_what_is_due(replace(home.context, bells=RqBells(redis)))
    queue = Queue("bulk", connection=redis, serializer=JSONSerializer)
    assert queue.count == 1
    wiring.process_parts.cache_clear()
    SimpleWorker([queue], connection=redis, serializer=JSONSerializer).work(burst=True)
    wiring.process_parts.cache_clear()
    check = told("status")["portals"][0]["last_check"]
    assert check["found"] == {"contact": {"gone": 1}}
    assert reconcile.due(home.context) == []


@pytest.mark.parametrize("wrong", [["undo"], ["undo", "--since", "yesterday"], ["preview", "--config", "no"]])
def test_a_wrong_use_is_told(wrong: list[str], home: House) -> None:
    """One clear message; nothing is done."""
    assert run("install").exit_code == 0
    result = run(*wrong)
    assert result.exit_code == 2
    assert "Error" in result.output
