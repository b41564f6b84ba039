"""The product as real processes: killed, started twice, stopped, and posted to over real sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
import sqlalchemy as sa

from plugin.hubspot.protocol.signatures import TIMESTAMP_HEADER, V3_HEADER, sign_v3
from plugin.records.csv_files import read_records
from plugin.records.schema import ledger
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.world import World
from tests.support.postgres import new_database
from tests.support.running import ADMIN, Running, eventually, result, run, running

CUSTOMERS = 150


@pytest.fixture
def world() -> World:
    """The first customers of the sample, up to today."""
    return cdnow(limit=CUSTOMERS)


@pytest.fixture
def product(tmp_path: Path, world: World) -> Iterator[Running]:
    """The product beside a CRM, everything embedded."""
    with running(tmp_path, world) as started:
        yield started


def differing(product: Running, folder: Path, *options: str) -> list[int]:
    """The contacts that differ from `lifecycle evaluate` on the portal's exported records."""
    result(product.command("status", "--json"))
    assert product.command("export", "--records", str(folder)).returncode == 0
    files = [f"--{name}={folder / name}.csv" for name in ("contacts", "deals")]
    more = [f"--history={folder / 'history.jsonl'}", f"--parameters={folder / 'parameters.json'}"]
    rows = result(run(product.environment, "evaluate", *files, *more, *options))
    dump = requests.get(f"{product.crm.url}/sandbox/v1/dump?format=json", timeout=30).json()
    standing = {int(one["id"]): one["properties"] for one in dump if one["object"] == "contact"}
    assert {row["id"] for row in rows} == set(standing)
    return [
        row["id"]
        for row in rows
        if any((standing[row["id"]].get(name) or "") != value for name, value in row["written"].items())
    ]


def win_deals(product: Running, world: World, count: int) -> None:
    now = datetime.now(UTC).isoformat()
    for contact in world.contacts[:count]:
        product.crm.store.create_deal(
            contact.id, {"dealstage": "closedwon", "amount": "12.5", "closedate": now}
        )


def test_install_load_change_and_look_as_an_admin_would(
    product: Running, world: World, tmp_path: Path
) -> None:
    """Every command of the first hour, with real processes in between."""
    installed = result(product.command("install", "--live", "--json"))
    assert installed["mode"] == "live"
    assert len(installed["created"]) == 22
    assert result(product.command("install", "--json"))["created"] == []
    loaded = result(product.command("backfill", "--json"))
    assert loaded["customers"] == CUSTOMERS
    product.wait_settled()
    win_deals(product, world, 20)
    product.wait_settled()
    assert differing(product, tmp_path / "dump") == []
    key = world.contacts[0].id
    seen = requests.get(
        f"{product.url}/api/v1/customers/{key}", headers={"Authorization": f"Bearer {ADMIN}"}, timeout=10
    ).json()
    assert seen["written"]["clm_stage"] == product.crm.store.record("contact", key)["properties"]["clm_stage"]
    explained = product.command("explain", str(key), "--history")
    assert seen["reason"] in explained.stdout


@pytest.mark.slow
def test_a_configuration_applied_during_a_running_load_loses_no_work(
    product: Running, world: World, tmp_path: Path
) -> None:
    """Web, workers and scheduler take it up without a restart; one that is wrong changes nothing."""
    wrong, right = tmp_path / "wrong.yaml", tmp_path / "right.yaml"
    wrong.write_text("version: 1\nthresholds: {lost_fixed_days: soon}\n")
    right.write_text(
        "version: 1\nthresholds: {lost_fixed_days: 3650}\noutputs: {clm_stage: {values: {lead: newcomer}}}\n"
    )
    result(product.command("install", "--live", "--json"))
    before = set(product.children("worker", "--queue", "bulk"))
    load = subprocess.Popen(
        [sys.executable, "-m", "plugin", "backfill", "--json"],
        env=product.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    refused = product.command("config", "apply", str(wrong))
    assert (refused.returncode, "wrong.yaml:2:31" in refused.stderr) == (2, True), refused.stderr
    applied = result(product.command("config", "apply", str(right), "--json"))
    assert applied["applied"]["version"] == 2
    win_deals(product, world, 20)
    _, said = load.communicate(timeout=120)
    assert load.returncode == 0, said
    product.wait_settled()
    eventually(lambda: product.status()["portals"][0]["config"]["in_force"] and product.status()["settled"])
    assert set(product.children("worker", "--queue", "bulk")) == before
    assert differing(product, tmp_path / "dump", f"--config={right}") == []
    assert set(product.status()["portals"][0]["stages"]) & {"sleeping"}


@pytest.mark.parametrize("arrived", [True, False])
def test_a_worker_killed_in_the_middle_of_a_write_loses_nothing(
    product: Running, world: World, tmp_path: Path, arrived: bool
) -> None:
    """Whether the batch reached the CRM or not: the end is the same, and nothing is written twice."""
    result(product.command("install", "--live", "--json"))
    result(product.command("backfill", "--json"))
    product.wait_settled()
    fault = {"kind": "hang", "contains": "contacts/batch/update", "hold": 600, "after": arrived, "calls": 1}
    faults = f"{product.crm.url}/sandbox/v1/faults"
    requests.post(faults, json=fault, timeout=10).raise_for_status()
    product.crm.configure_webhooks(paused=True)  # so that they come together
    win_deals(product, world, 40)
    product.crm.configure_webhooks(paused=False)
    eventually(lambda: requests.get(faults, timeout=10).json()["results"] == [])  # it hangs
    hanging = [row for row in _ledger(product) if row.state == "intended"]
    eventually(lambda: not arrived or all(_stands(product, row) for row in hanging))
    (worker,) = product.children("worker", "--queue", "live")
    os.kill(worker, signal.SIGKILL)
    product.offset(100)  # the dead worker's claims run out
    product.wait_settled()
    assert differing(product, tmp_path / "dump") == []
    records, rows = {row.object_id for row in hanging}, _ledger(product)
    assert {row.state for row in rows if row.id in {one.id for one in hanging}} == {
        "confirmed" if arrived else "not_written"
    }
    again = {row.object_id for row in rows if row.id > hanging[-1].id} & records
    assert again == (set() if arrived else records)
    assert "intended" not in {row.state for row in rows}


def _stands(product: Running, row: sa.Row[Any]) -> bool:
    """Whether the CRM's record holds what this write wanted."""
    held = product.crm.store.record("contact", row.object_id)["properties"]
    return all((held.get(name) or "") == value for name, value in json.loads(row.new).items())


def _ledger(product: Running) -> list[sa.Row[Any]]:
    """The rows of the ledger, the oldest first."""
    store = Store(f"sqlite:///{product.folder / 'lifecycle.db'}")
    with store.read() as connection:
        found = list(connection.execute(sa.select(ledger).order_by(ledger.c.id)))
    store.close()
    return found


def test_a_second_start_in_the_same_place_says_who_is_there(product: Running) -> None:
    """One clear message, exit status 2, and the first one goes on."""
    second = product.command("up")
    assert second.returncode == 2
    assert f"process {product.process.pid}" in second.stderr
    assert "Cure:" in second.stderr
    assert requests.get(f"{product.url}/healthz", timeout=5).ok


def test_what_dies_is_started_again(product: Running) -> None:
    """Web, workers and scheduler each come back."""
    for words in (("web",), ("scheduler",), ("worker", "--queue", "apply")):
        (before,) = product.children(*words)
        os.kill(before, signal.SIGKILL)
        eventually(lambda words=words, before=before: product.children(*words) not in ([], [before]))
    eventually(lambda: requests.get(f"{product.url}/readyz", timeout=5).ok)


def test_ctrl_c_stops_everything_and_a_new_start_finds_all_in_place(tmp_path: Path, world: World) -> None:
    """Nothing is left running, and the store is whole."""
    with running(tmp_path, world) as product:
        result(product.command("install", "--live", "--json"))
        result(product.command("backfill", "--json"))
        product.wait_settled()  # the CRM's echoes of our writes come after the load
        product.process.send_signal(signal.SIGINT)
        assert product.process.wait(40) == 0
        listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
        assert f"{tmp_path}" not in listed
        status = result(product.command("status", "--json"))
        assert (status["settled"], status["portals"][0]["mode"]) == (True, "live")


def signed(product: Running, body: bytes, *, age: int = 0, secret: str = "") -> dict[str, str]:
    stamp = str(int(datetime.now(UTC).timestamp() * 1000) - age)
    uri = f"{product.url}/webhooks/hubspot"
    signature = sign_v3(secret or product.crm.secret, method="POST", uri=uri, body=body, timestamp=stamp)
    return {V3_HEADER: signature, TIMESTAMP_HEADER: stamp}


def test_the_receiver_keeps_its_promises_on_a_real_socket(product: Running) -> None:
    """413, 401, 400 and 204, through the server that production uses; nothing refused is kept."""
    address = f"{product.url}/webhooks/hubspot"
    event = {"portalId": 1, "subscriptionType": "deal.levitation", "objectId": 5, "eventId": 1}
    good, large = orjson.dumps([event] * 250), b"x" * (2 * 1024 * 1024)
    cases = [
        (large, signed(product, large), 413),
        (good, signed(product, good, secret="other"), 401),
        (good, signed(product, good, age=301_000), 401),
        (good, signed(product, good, age=-301_000), 401),
        (good, {}, 401),
        (b"{}", signed(product, b"{}"), 400),
        (b"[]", signed(product, b"[]"), 204),
        (good, signed(product, good), 204),
    ]
    answers = [
        requests.post(address, data=body, headers=sent, timeout=20).status_code for body, sent, _ in cases
    ]
    assert answers == [expected for _, _, expected in cases]
    assert requests.get(address, timeout=5).status_code == 405
    eventually(
        lambda: b'what="events_received"} 250.0' in requests.get(f"{product.url}/metrics", timeout=5).content
    )


@pytest.mark.slow
def test_it_runs_on_postgresql_and_a_queue_server_of_ones_own(
    tmp_path: Path, world: World, postgres_url: str, redis_url: str
) -> None:
    """DATABASE_URL and REDIS_URL switch to outside services; nothing else changes."""
    with (
        new_database(postgres_url) as database,
        running(tmp_path, world, DATABASE_URL=database, REDIS_URL=redis_url) as product,
    ):
        result(product.command("install", "--live", "--json"))
        result(product.command("backfill", "--json"))
        win_deals(product, world, 10)
        product.wait_settled()
        assert differing(product, tmp_path / "dump") == []
        assert not (tmp_path / "lifecycle.db").exists()


def test_a_command_by_itself_leaves_nothing_running(tmp_path: Path) -> None:
    """The queue server that it needed is stopped with it."""
    alone = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "HUBSPOT_ACCESS_TOKEN": "x"}
    done = run(alone, "status")
    assert (done.returncode, "lifecycle install" in done.stdout) == (0, True), done.stderr
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in listed


def test_missing_settings_are_all_named_at_once(tmp_path: Path) -> None:
    """One message with every fault and its cure; nothing starts."""
    bare = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    done = run(bare, "up")
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("HUBSPOT_ACCESS_TOKEN", "HUBSPOT_CLIENT_SECRET"))
    wrong = run({**bare, "PORT": "many", "HUBSPOT_API_URL": "nowhere"}, "up")
    assert all(name in wrong.stderr for name in ("PORT", "HUBSPOT_API_URL"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_reading_back_the_export_gives_the_same_records(
    product: Running, world: World, tmp_path: Path
) -> None:
    """What `export` writes is what `evaluate` reads."""
    result(product.command("install", "--json"))
    result(product.command("backfill", "--json"))
    folder = tmp_path / "dump"
    assert product.command("export", "--records", str(folder)).returncode == 0
    records = read_records(contacts=folder / "contacts.csv", deals=folder / "deals.csv")
    assert records.contacts["id"].to_list() == [contact.id for contact in world.contacts]
    assert records.deals.height == len(world.deals)
    assert json.loads((folder / "parameters.json").read_text())["version"] == 1
