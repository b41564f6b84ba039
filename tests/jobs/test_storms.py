"""Whatever the CRM answers, everything lands in the end: storms, refusals, properties that people changed."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from redis import Redis

from plugin.clock import FixedClock, SystemClock
from plugin.hubspot.budget import RedisBudget
from plugin.hubspot.client import Crm
from plugin.jobs import live, sweeps
from plugin.jobs.apply import apply_inbox
from plugin.jobs.backfill import run_backfill
from plugin.jobs.context import Context
from plugin.jobs.evaluate import work_portal, work_through
from plugin.jobs.install import install_portal
from plugin.jobs.reconcile import sweep
from plugin.jobs.retry import retry_parked
from plugin.jobs.status import status
from plugin.records import parked, refused
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow, generate
from plugin.sandbox.loaders.changes import random_changes
from plugin.sync import definitions, ledger
from tests.conftest import NOON
from tests.support.house import House, differing, house
from tests.support.versions import at

STORMS: dict[str, list[dict[str, Any]]] = {
    "429": [{"kind": "429", "probability": 0.4, "retry_after": 1.0}],
    "429 without Retry-After": [{"kind": "429", "probability": 0.4}],
    "search": [{"kind": "429", "probability": 0.5, "contains": "/search", "policy": "SECONDLY"}],
    "5xx": [{"kind": "503", "probability": 0.2}, {"kind": "500", "probability": 0.2}],
    "locked": [{"kind": "423", "probability": 0.4}],
    "resets": [{"kind": "reset", "probability": 0.3}],
    "hangs": [{"kind": "hang", "probability": 0.2, "hold": 0.05}],
    "answers lost after the work": [
        {"kind": "reset", "probability": 0.3, "after": True},
        {"kind": "502", "probability": 0.2, "after": True},
    ],
    "all at once": [
        {"kind": "429", "probability": 0.1, "retry_after": 2.0},
        {"kind": "503", "probability": 0.1},
        {"kind": "477", "probability": 0.05, "retry_after": 30.0},
        {"kind": "reset", "probability": 0.1, "after": True},
        {"kind": "hang", "probability": 0.05, "hold": 0.05},
    ],
}


def rage(home: House, faults: list[dict[str, Any]], calls: int) -> None:
    for fault in faults:
        home.crm.faults.add({**fault, "calls": calls})


def change(home: House, world: Any, n: int, seed: int) -> None:
    """Random changes, made directly: the storm is not for the people who make them."""
    headers = {"Authorization": f"Bearer {home.crm.token}"}
    for one in random_changes(world, n, seed, now=NOON):
        wire = one.request()
        url = home.crm.url + wire.path
        assert requests.request(wire.method, url, json=wire.body, headers=headers, timeout=30).ok


@pytest.mark.parametrize("name", STORMS)
def test_a_storm_is_outlived_and_nothing_is_lost(store: Store, clock: FixedClock, name: str) -> None:
    """During live changes: afterwards every record is as computed, and every write's fate is known."""
    world = generate(80, seed=6, end=NOON.date())
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        change(home, world, 80, seed=6)
        rage(home, STORMS[name], calls=15)
        home.settle(rounds=200)
        home.crm.faults.clear()
        home.settle()
        assert differing(home) == []
        with store.read() as connection:
            totals = ledger.totals(connection, home.portal_id)
            assert totals.get(ledger.INTENDED, 0) == 0
            assert parked.causes(connection, home.portal_id) == {}


def test_the_load_goes_through_a_storm(store: Store, clock: FixedClock) -> None:
    """Pages, fits and first writes, with half of all calls failing for a while."""
    with house(store, clock, cdnow(NOON.date(), limit=300)) as home:
        install_portal(home.context, live=True)
        rage(home, STORMS["all at once"], calls=12)
        run_backfill(home.context, home.portal_id)
        home.crm.faults.clear()
        home.settle()
        assert differing(home) == []


def test_batches_are_full_when_there_is_that_much_to_write(store: Store, clock: FixedClock) -> None:
    """Rounds of a thousand leave no half batch behind them: the mean is 98 inputs or more."""
    world = cdnow(NOON.date())
    with house(store, clock, world) as home:
        home.load(live=False)
        live.go_live(home.context, home.portal_id, percent=70)  # rounds do not come out even
        home.reset_counts()
        sweeps.mark_what_is_due(home.context)
        work_through(home.context, home.portal_id, "bulk")
        sizes = batch_sizes(home)
        assert sum(sizes) > 1_500
        assert all(size == 100 for size in sizes[:-1])
        assert sum(sizes[:-1]) / len(sizes[:-1]) >= 98


def batch_sizes(home: House) -> list[int]:
    found = home.stats()["batches"]
    return next(one["sizes"] for path, one in found.items() if path.endswith("contacts/batch/update"))


def updates(home: House) -> int:
    calls = home.stats()["calls"]
    return sum(one["count"] for one in calls if one["path"].endswith("contacts/batch/update"))


def api(home: House, method: str, path: str, body: Any = None) -> Any:
    """A person's change in the CRM's settings."""
    headers = {"Authorization": f"Bearer {home.crm.token}"}
    answer = requests.request(method, home.crm.url + path, json=body, headers=headers, timeout=30)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


PROPERTIES = at("/crm/v3/properties/contacts")


def test_one_bad_row_of_a_hundred_costs_fifteen_calls_at_most(store: Store, clock: FixedClock) -> None:
    """A person removed an option that one customer needs: 99 land, one is parked with its cure."""
    with house(store, clock, cdnow(NOON.date(), limit=100)) as home:
        home.load(live=False)
        rare = rarest(home)
        definition = api(home, "GET", f"{PROPERTIES}/clm_rfm")
        assert definition["type"] == "string"
        options = api(home, "GET", f"{PROPERTIES}/clm_stage")["options"]
        left = [one for one in options if one["value"] != rare]
        api(home, "PATCH", f"{PROPERTIES}/clm_stage", {"options": left})
        live.go_live(home.context, home.portal_id)
        home.reset_counts()
        home.settle()
        standing = status(home.context)
        wanted = standing["portals"][0]["stages"][rare]
        assert updates(home) <= 15
        assert standing["portals"][0]["causes"] == {"INVALID_OPTION": wanted}
        assert len([1 for one in home.standing().values() if one.get("clm_stage")]) == 100 - wanted
        install_portal(home.context, live=True)
        retry_parked(home.context, home.portal_id)
        home.settle()
        assert differing(home) == []


def test_a_value_that_the_portal_no_longer_takes_is_held_back_not_refused(
    store: Store, clock: FixedClock
) -> None:
    """The scheduled check read what the portal takes: full batches, no refusal, the other fields land."""
    with house(store, clock, cdnow(NOON.date(), limit=100)) as home:
        home.load(live=False)
        rare = rarest(home)
        options = api(home, "GET", f"{PROPERTIES}/clm_stage")["options"]
        left = [one for one in options if one["value"] != rare]
        api(home, "PATCH", f"{PROPERTIES}/clm_stage", {"options": left})
        clock.sleep(definitions.LIFETIME_MS / 1000 + 1)
        sweep(home.context, home.portal_id)
        live.go_live(home.context, home.portal_id)
        home.reset_counts()
        home.settle()
        standing = status(home.context)
        wanted = standing["portals"][0]["stages"][rare]
        assert (updates(home), home.stats()["errors"]) == (1, 0)
        assert standing["portals"][0]["causes"] == {"INVALID_OPTION": wanted}
        without = [one for one in home.standing().values() if not one.get("clm_stage")]
        assert (len(without), all(one["clm_reason"] for one in without)) == (wanted, True)
        api(home, "PATCH", f"{PROPERTIES}/clm_stage", {"options": options})
        retry_parked(home.context, home.portal_id)
        home.settle()
        assert status(home.context)["parked"] == 0
        assert differing(home) == []


def test_definitions_that_cannot_be_read_keep_nobody_from_being_written(
    store: Store, clock: FixedClock
) -> None:
    """HubSpot checks on arrival, too; and it is asked for them once a round, not once a value."""
    with house(store, clock, cdnow(NOON.date(), limit=100)) as home:
        home.load(live=False)
        with store.write() as connection:
            definitions.forget(connection, home.portal_id)
        live.go_live(home.context, home.portal_id)
        home.crm.faults.add({"kind": "503", "path": at("/crm/v3/properties")})
        home.reset_counts()
        home.settle()
        asked = [one for one in home.stats()["calls"] if at("/crm/v3/properties") in one["path"]]
        assert sum(one["count"] for one in asked) <= 8
        home.crm.faults.clear()
        assert differing(home) == []


def rarest(home: House) -> str:
    stages: dict[str, int] = status(home.context)["portals"][0]["stages"]
    return min(stages, key=lambda name: stages[name])


def test_a_removed_property_is_reported_once_and_the_others_go_on(store: Store, clock: FixedClock) -> None:
    """250 customers: one report with its cure, two calls more; install brings it back for all."""
    with house(store, clock, cdnow(NOON.date(), limit=250)) as home:
        home.load(live=False)
        api(home, "DELETE", f"{PROPERTIES}/clm_reason")
        live.go_live(home.context, home.portal_id)
        home.reset_counts()
        home.settle()
        assert updates(home) <= 3 + 3
        standing = status(home.context)["portals"][0]
        assert (standing["causes"], standing["unwritten"]) == ({"PROPERTY_DOESNT_EXIST": 1}, 0)
        assert all(one["clm_stage"] for one in home.standing().values())
        with store.read() as connection:
            report = refused.listed(connection, home.portal_id)
        assert [("clm_reason" in row.cause, "lifecycle install" in row.cure) for row in report] == [
            (True, True)
        ]
        home.reset_counts()
        clock.sleep(86_400)
        home.settle()
        assert home.stats()["errors"] == 0


def test_a_removed_property_comes_back_with_install(store: Store, clock: FixedClock) -> None:
    """The cure that is named cures: everyone has the property again, and the report is gone."""
    world = cdnow(NOON.date(), limit=120)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        api(home, "DELETE", f"{PROPERTIES}/clm_next_action")
        for one in world.contacts:  # what is made again begins empty
            forget(home, one.id, "clm_next_action")
        for one in world.contacts[:30]:
            home.crm.store.create_deal(one.id, {"dealstage": "closedwon", "amount": "50"})
        home.settle()
        assert status(home.context)["portals"][0]["causes"] in ({"PROPERTY_DOESNT_EXIST": 1}, {})
        install_portal(home.context, live=True)
        home.settle()
        assert status(home.context)["parked"] == 0
        assert differing(home) == []


def forget(home: House, number: int, name: str) -> None:
    """The values of a property that was deleted for good."""
    with home.crm.store.write() as conn:
        query = "SELECT properties FROM records WHERE kind='contact' AND id=?"
        row = conn.execute(query, (number,)).fetchone()
        values = {key: value for key, value in orjson.loads(row[0]).items() if key != name}
        text = "UPDATE records SET properties=? WHERE kind='contact' AND id=?"
        conn.execute(text, (orjson.dumps(values), number))


def test_a_retyped_property_is_reported_once_and_the_others_go_on(store: Store, clock: FixedClock) -> None:
    """A text became a number: after a few rows it is left out, with what it is and what it should be."""
    with house(store, clock, cdnow(NOON.date(), limit=250)) as home:
        home.load(live=False)
        definition = api(home, "GET", f"{PROPERTIES}/clm_reason")
        api(home, "DELETE", f"{PROPERTIES}/clm_reason")
        wanted = {name: definition[name] for name in ("name", "label", "groupName")}
        api(home, "POST", PROPERTIES, {**wanted, "type": "number", "fieldType": "number"})
        live.go_live(home.context, home.portal_id)
        home.reset_counts()
        home.settle()
        standing = status(home.context)["portals"][0]
        assert (standing["causes"], standing["unwritten"]) == ({"PROPERTY_RETYPED": 1}, 0)
        assert all(one["clm_stage"] for one in home.standing().values())
        assert updates(home) <= 3 + 3
        with store.read() as connection:
            (row,) = refused.listed(connection, home.portal_id)
        assert "is of type number and should be string" in row.cause


class Recorder(requests.Session):
    """Notes when each call began and ended, and how long the CRM asked us to wait after it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[float, float, str, int, float]] = []

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        begun, status_code, asked = time.monotonic(), 0, 0.0
        try:
            answer = super().request(method, url, *args, **kwargs)
            status_code = answer.status_code
            asked = float(answer.headers.get("Retry-After") or 0)
            return answer
        finally:
            policy = "search" if str(url).endswith("/search") else "general"
            self.calls.append((begun, time.monotonic(), policy, status_code, asked))


def early(calls: list[tuple[float, float, str, int, float]]) -> list[tuple[float, float]]:
    """Calls that began while the CRM had asked to wait: (seconds after the refusal, seconds asked)."""
    found = []
    for _, ended, policy, code, asked in calls:
        if code == 429 and asked:
            # what another worker had begun to send in the same moment is not early
            begun = [b - ended for b, _, p, _, _ in calls if p == policy and 0.05 < b - ended < asked - 0.05]
            found += [(at, asked) for at in begun]
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_minute_of_storm_with_four_workers(tmp_path: Path, redis_url: str) -> None:
    """Real time, a shared budget: nothing is lost, every write's fate is known, no call comes early."""
    world = generate(200, seed=8, end=datetime.now(UTC).date())
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    with house(store, SystemClock(), world) as home:  # type: ignore[arg-type]
        home.load()
        home.settle()
        workers = [worker_context(home, redis_url) for _ in range(4)]
        storm = {"seconds": 60.0}
        for fault in STORMS["all at once"]:
            home.crm.faults.add(
                {**fault, **storm, **({"retry_after": 2.0} if "retry_after" in fault else {})}
            )
        stopping = threading.Event()
        threads = [threading.Thread(target=work_on, args=(c, home.portal_id, stopping)) for c, _ in workers]
        for thread in threads:
            thread.start()
        edits = random.Random(4)
        for _ in range(120):
            deal = edits.choice(world.deals).id
            home.crm.store.edit("deal", deal, {"amount": str(edits.randint(1, 900))})
            time.sleep(0.5)
        home.crm.faults.clear()
        time.sleep(10)
        stopping.set()
        for thread in threads:
            thread.join()
        home.settle(rounds=200)
        with store.read() as connection:
            assert ledger.totals(connection, home.portal_id).get(ledger.INTENDED, 0) == 0
            assert parked.causes(connection, home.portal_id) == {}
        calls = [call for _, session in workers for call in session.calls]
        assert sum(code == 429 for _, _, _, code, _ in calls) >= 3
        assert early(calls) == []
        assert differing(home) == []
    store.close()


def worker_context(home: House, redis_url: str) -> tuple[Context, Recorder]:
    """A worker as another process would have it: its own connections, the portal's one budget."""
    session = Recorder()
    redis = Redis.from_url(redis_url)

    def client(portal_id: int, priority: str) -> Crm:
        budget = RedisBudget(redis, portal_id=portal_id, clock=home.context.clock, limit=190)
        return Crm(
            base_url=home.crm.url,
            token=lambda: home.crm.token,
            portal_id=portal_id,
            budget=budget,
            clock=home.context.clock,
            priority=priority,  # type: ignore[arg-type]
            session=session,
        )

    return replace(home.context, crm=client), session


def work_on(context: Context, portal_id: int, stopping: threading.Event) -> None:
    """What a worker does: apply, read, evaluate, write."""
    while not stopping.is_set():
        apply_inbox(context)
        if not work_portal(context, portal_id, "live"):
            stopping.wait(0.2)
