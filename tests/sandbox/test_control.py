"""The control API, restarts, many clients at once, and the blocking server of the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import EPOCH, Api, Receiver, people, roomy


def dumped(api: Api) -> dict[tuple[str, int], dict[str, Any]]:
    lines = api.control("GET", "dump").content.splitlines()
    found = [orjson.loads(line) for line in lines]
    return {(one["object"], one["id"]): one for one in found}


WORLD: dict[str, Any] = {
    "time_zone": "Europe/Warsaw",
    "currency": "PLN",
    "contacts": [
        {"id": 5, "created_at": "2023-11-14T22:13:20Z", "properties": {"email": "a@x.org", "vip": "yes"}}
    ],
    "deals": [
        {
            "id": "9",
            "created_at": EPOCH,
            "properties": {"dealname": "D", "dealstage": "Won", "amount": 12},
            "history": [["dealstage", "Engaging", EPOCH], ["dealstage", "Won", EPOCH + 86_400_000]],
            "associations": [["contact", 5, 3]],
        }
    ],
}  # fmt: skip


def check_world(api: Api) -> None:
    found = dumped(api)
    assert found.keys() == {("contact", 5), ("deal", 9)}
    deal = found["deal", 9]
    assert deal["properties"]["hs_is_closed_won"] == "true"  # an unknown stage is defined by its name
    assert deal["properties"]["amount"] == "12"
    assert deal["associations"] == {"contacts": [{"id": 5, "types": [3]}]}
    assert [one["value"] for one in deal["history"]["dealstage"]] == ["Won", "Engaging"]
    assert deal["updatedAt"] == "2023-11-15T22:13:20.000Z"
    assert found["contact", 5]["properties"]["vip"] == "yes"  # an unknown property is defined as text
    assert found["contact", 5]["properties"]["num_associated_deals"] == "1"
    assert api.call("GET", "/account-info/2026-09/details").json()["companyCurrency"] == "PLN"


def test_a_world_is_loaded_from_json(api: Api) -> None:
    assert api.control("POST", "load", WORLD).json() == {"contacts": 1, "companies": 0, "deals": 1}
    check_world(api)


def test_a_world_is_loaded_from_lines(api: Api) -> None:
    lines = [{"object": "portal", "time_zone": "Europe/Warsaw", "currency": "PLN"}]
    lines += [{"object": "contact", **one} for one in WORLD["contacts"]]
    lines += [{"object": "deals", **one} for one in WORLD["deals"]]
    url = f"{api.server.url}/sandbox/v1/load"
    body = b"\n".join(orjson.dumps(one) for one in lines) + b"\n\n"
    answer = requests.post(url, data=body, headers={"Content-Type": "application/x-ndjson"}, timeout=20)
    assert answer.status_code == 200, answer.text
    check_world(api)


def test_a_first_world_gives_the_portal_its_id(api: Api) -> None:
    api.control("POST", "load", WORLD | {"portal_id": 808})
    assert api.call("GET", "/account-info/2026-09/details").json()["portalId"] == 808
    assert len(api.control("GET", "portals").json()["results"]) == 1


def test_the_dump_is_complete(sandbox: SandboxServer, api: Api, small_world: World) -> None:
    sandbox.store.load(small_world)
    api.objects("DELETE", "contacts/3")
    found = dumped(api)
    assert [number for kind, number in found if kind == "contact"] == [1, 2]
    both = [{"id": 1, "types": [3]}, {"id": 2, "types": [3]}]
    assert found["deal", 301]["associations"]["contacts"] == both
    assert found["deal", 302]["associations"] == {"companies": [{"id": 201, "types": [5, 341]}]}
    assert api.control("GET", "dump", format="json").json() == list(found.values())


def test_a_person_can_do_everything_through_the_control_api(sandbox: SandboxServer, api: Api) -> None:
    one = api.control("POST", "records/contact", {"properties": {"email": "a@example.org"}}).json()["id"]
    two = api.control("POST", "records/contact", {"properties": {"email": "b@example.org"}}).json()["id"]
    links = [["contact", one]]
    deal = api.control("POST", "records/deal", {"properties": {"dealname": "D"}, "links": links}).json()
    assert deal["associations"] == {"contacts": [{"id": one, "types": [3]}]}
    won = {"properties": {"dealstage": "closedwon"}}
    changed = api.control("PATCH", f"records/deal/{deal['id']}", won).json()
    assert changed["history"]["dealstage"][0]["sourceType"] == "CRM_UI"
    pair = {"from": ["deal", deal["id"]], "to": ["contact", two]}
    assert api.control("POST", "associations", pair).status_code == 204
    assert api.value("deals", deal["id"], "num_associated_contacts") == "2"
    assert api.control("DELETE", "associations", pair).status_code == 204
    assert api.control("DELETE", f"records/deal/{deal['id']}").status_code == 204
    assert api.control("POST", f"records/deal/{deal['id']}/restore").status_code == 204
    merged = api.control("POST", f"records/contact/{one}/merge/{two}").json()["id"]
    assert api.control("GET", f"records/contact/{two}").json()["id"] == merged
    refused = api.control("PATCH", f"records/deal/{deal['id']}", {"properties": {"amount": "much"}})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "INVALID_NUMBER")
    assert api.control("GET", "stats").json()["total"] == 1  # only the read through the API


def test_records_are_listed_for_display(sandbox: SandboxServer) -> None:
    sandbox.store.load(World(contacts=people(300)))
    assert [one["id"] for one in sandbox.store.listed("contact", limit=2, after=10)] == [11, 12]
    found = sandbox.store.listed("contact", query="C299@")
    assert [one["properties"]["email"] for one in found] == ["c299@example.org"]


def test_a_deal_is_created_for_a_contact(sandbox: SandboxServer) -> None:
    sandbox.store.load(World(contacts=people(1)))
    deal = sandbox.store.create_deal(1, {"dealname": "D", "amount": "5", "dealstage": "closedwon"})
    assert deal["properties"]["hs_is_closed_won"] == "true"
    contact = sandbox.store.record("contact", 1)
    assert contact["associations"]["deals"] == [{"id": deal["id"], "types": [4]}]
    assert contact["properties"]["lifecyclestage"] == "customer"


def test_a_reset_leaves_an_empty_portal(sandbox: SandboxServer, api: Api, hooked: Receiver) -> None:
    api.control("POST", "load", WORLD)
    api.control("POST", "faults", {"kind": "500"})
    assert api.control("POST", "reset").status_code == 204
    assert dumped(api) == {}
    assert api.objects("GET", "contacts").status_code == 200
    assert api.call("GET", "/crm/properties/2026-09/contacts/vip").status_code == 404
    assert api.control("GET", "webhooks").json()["settings"]["target_url"] == hooked.url


def test_the_clock_dates_what_happens(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(1)))
    api.control("POST", "clock", {"now": "2027-03-01T00:00:00Z"})
    api.update("contacts", 1, city="Oslo")
    assert api.objects("GET", "contacts/1").json()["updatedAt"].startswith("2027-03-01T00:00:")
    before = api.control("GET", "clock").json()["milliseconds"]
    after = api.control("POST", "clock", {"advance": 86_400}).json()["milliseconds"]
    assert 86_400_000 <= after - before < 86_460_000


def test_unknown_settings_are_refused(api: Api) -> None:
    assert api.control("POST", "webhooks", {"targeturl": "x"}).status_code == 400


def test_batch_sizes_are_counted(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(30)))
    for count in (30, 10):
        inputs = [{"id": str(number), "properties": {"city": f"{count}"}} for number in range(1, count + 1)]
        api.objects("POST", "contacts/batch/update", {"inputs": inputs})
    batches = api.control("GET", "stats").json()["batches"]
    assert batches["/crm/objects/2026-09/contacts/batch/update"] == {
        "requests": 2, "inputs": 40, "largest": 30, "sizes": [30, 10]
    }  # fmt: skip


def test_everything_survives_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "state" / "sandbox.sqlite"
    settings = {"target_url": receiver.url, "paused": True, "batch_window": 0.01}
    with SandboxServer(path, portal=roomy(), webhooks=settings) as server:
        api = Api(server)
        api.control("POST", "load", WORLD)
        api.update("contacts", 5, vip="no")
        made = api.create("contacts", {"email": "b@example.org"})
        server.store.subscribe_app([{"eventTypeId": "4-1916193"}])
        before = dumped(api)
    with SandboxServer(path, portal=roomy()) as server:
        api = Api(server)
        assert dumped(api) == before
        assert server.store.app.journal == ({"eventTypeId": "4-1916193"},)
        assert api.objects("GET", "contacts/b@example.org", idProperty="email").json()["id"] == str(made)
        assert api.create("contacts", {"email": "c@example.org"}) > made
        server.configure_webhooks(paused=False)
        assert server.drained()
    assert {"vip", "email"} <= {one.get("propertyName") for one in receiver.events}


def test_many_clients_at_once_lose_nothing(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(40)))

    def work(worker: int) -> int:
        mine = Api(sandbox)
        for turn in range(15):
            number = 1 + (worker * 7 + turn) % 40
            assert mine.update("contacts", number, city=f"{worker}-{turn}").status_code == 200
            assert mine.create("deals", {"dealname": f"{worker}-{turn}"}, (number, 3)) > 0
            assert mine.objects("GET", f"contacts/{number}").status_code == 200
        return worker

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(8))) == list(range(8))
    found = dumped(api)
    deals = [one for (kind, _), one in found.items() if kind == "deal"]
    assert len(deals) == 120
    contacts = [one["properties"] for (kind, _), one in found.items() if kind == "contact"]
    assert sum(int(one.get("num_associated_deals", 0)) for one in contacts) == 120


def test_a_rolling_limit_holds_for_many_threads() -> None:
    with SandboxServer(portal=Portal(burst_limit=50)) as server, ThreadPoolExecutor(8) as pool:
        apis = [Api(server) for _ in range(8)]
        calls = pool.map(lambda turn: apis[turn % 8].objects("GET", "contacts"), range(120))
        statuses = [one.status_code for one in calls]
        assert statuses.count(200) == 50
        assert Api(server).control("GET", "stats").json()["worst_window"] == 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_blocking_server_stops_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    script = (
        "import threading\n"
        "from plugin.sandbox.server import run_sandbox\n"
        "from plugin.sandbox.world import World\n"
        "class Ready(threading.Event):\n"
        "    def set(self):\n"
        "        super().set(); print('ready', flush=True)\n"
        f"run_sandbox(port=0, path={str(tmp_path / 's.sqlite')!r}, world=World(portal_id=9), ready=Ready())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.wait(20) == 0


def test_loading_again_starts_records_anew(sandbox: SandboxServer, api: Api, small_world: World) -> None:
    sandbox.store.load(small_world)
    first = dumped(api)
    api.update("deals", 301, dealstage="closedlost")
    sandbox.store.load(small_world)
    assert dumped(api)["deal", 301] == first["deal", 301]


def test_a_dump_may_leave_out_histories_of_one_value(
    sandbox: SandboxServer, api: Api, small_world: World
) -> None:
    sandbox.store.load(small_world)
    lines = api.control("GET", "dump", history="kept").content.splitlines()
    histories = {(one["object"], one["id"]): one["history"] for one in map(orjson.loads, lines)}
    assert [len(found) for found in histories[("deal", 301)].values()] == [2]
    assert histories[("contact", 1)] == {}


def test_the_journal_forgets_what_was_delivered_long_ago(
    sandbox: SandboxServer, api: Api, hooked: Receiver
) -> None:
    sandbox.configure_webhooks(journal_size=3)
    sandbox.store.load(World(contacts=people(1)))
    for turn in range(8):
        sandbox.store.edit("contact", 1, {"city": f"city {turn}"})
        assert sandbox.drained()
    assert len(hooked.events) == 8
    kept = api.control("GET", "events").json()["results"]
    assert [one["event"]["propertyValue"] for one in kept] == ["city 4", "city 5", "city 6", "city 7"]
