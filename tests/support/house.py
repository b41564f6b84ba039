"""The whole product in one process on a real sandbox: what the end-to-end tests drive, without waiting.

Webhooks travel over real HTTP from the sandbox to the product's own web application; the jobs are called
where a worker would call them, and time stands still until it is moved.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import BaseWSGIServer, make_server

from plugin import wiring
from plugin.clock import FixedClock
from plugin.hubspot.client import Crm
from plugin.hubspot.own_budget import NullBudget
from plugin.jobs import sweeps
from plugin.jobs.apply import apply_inbox
from plugin.jobs.backfill import run_backfill
from plugin.jobs.config_turnover import turn_over
from plugin.jobs.context import Context, Silence
from plugin.jobs.evaluate import work_portal
from plugin.jobs.install import install_portal
from plugin.jobs.meaning import evaluate
from plugin.jobs.status import status
from plugin.records import portals
from plugin.records.store import Store
from plugin.sandbox.portals import Portal as CrmPortal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from plugin.sync.diff import difference
from plugin.web.app import WebParts, create_app
from tests.support.versions import API_VERSION

ADMIN = "admin-token"
LIMITLESS = 1_000_000


@dataclass
class House:
    """The product (`context`), the CRM it talks to, and its address."""

    crm: SandboxServer
    context: Context
    clock: FixedClock
    url: str
    portal_id: int

    def client(self) -> Crm:
        """A client of the CRM, as a person's other app would have one."""
        return self.context.crm(self.portal_id, "interactive")

    def load(self, *, live: bool = True) -> None:
        """Install and read everything."""
        install_portal(self.context, live=live)
        run_backfill(self.context, self.portal_id)

    def settle(self, rounds: int = 50) -> None:
        """Deliver, apply, read, evaluate and write until nothing is left; time moves on by seconds."""
        for _ in range(rounds):
            assert self.crm.drained()
            while apply_inbox(self.context):
                pass
            self.clock.sleep(2)
            turn_over(self.context, self.portal_id)
            sweeps.mark_what_is_due(self.context)
            for lane in ("live", "bulk"):
                while work_portal(self.context, self.portal_id, lane):
                    pass
            if self.crm.drained() and status(self.context)["settled"]:
                return
        raise AssertionError(f"It does not settle: {status(self.context)}")

    def dump(self) -> list[dict[str, Any]]:
        """Everything the CRM holds."""
        found: list[dict[str, Any]] = requests.get(
            f"{self.crm.url}/sandbox/v1/dump?format=json", timeout=60
        ).json()
        return found

    def standing(self, kind: str = "contact") -> dict[int, dict[str, str]]:
        """The properties of every record of a kind as they stand in the CRM, by id."""
        return {int(r["id"]): r["properties"] for r in self.dump() if r["object"] == kind}

    def writes(self, kind: str = "contacts") -> int:
        """How many rows of a kind were sent to be updated since the last reset of the counts."""
        sizes = self.stats()["batches"]
        return sum(one["inputs"] for path, one in sizes.items() if path.endswith(f"{kind}/batch/update"))

    def stats(self) -> dict[str, Any]:
        """What the CRM counted since the last reset of the counts."""
        report: dict[str, Any] = requests.get(f"{self.crm.url}/sandbox/v1/stats", timeout=10).json()
        return report

    def reset_counts(self) -> None:
        """Begin to count calls anew."""
        requests.delete(f"{self.crm.url}/sandbox/v1/stats", timeout=10)


@contextmanager
def house(
    store: Store,
    clock: FixedClock,
    world: World | None,
    *,
    config: Path | None = None,
    webhooks: dict[str, Any] | None = None,
) -> Iterator[House]:
    """A sandbox with this world, and the product installed beside it but not loaded."""
    portal = CrmPortal(burst_limit=LIMITLESS, daily_limit=LIMITLESS, search_limit=LIMITLESS)
    with SandboxServer(clock=clock, portal=portal, world=world) as crm:
        context = _context(store, clock, crm, config)
        with _served(context, crm) as url:
            crm.store.configure_webhooks(
                crm.store.outbox.settings.merged(
                    {"target_url": f"{url}/webhooks/hubspot", **(webhooks or {})}
                )
            )
            yield House(crm, context, clock, url, world.portal_id if world else crm.store.portals.get().id)


def _context(store: Store, clock: FixedClock, crm: SandboxServer, config: Path | None) -> Context:
    session = requests.Session()

    def client(portal_id: int, priority: str) -> Crm:
        return Crm(
            base_url=crm.url,
            token=lambda: crm.token,
            portal_id=portal_id,
            budget=NullBudget(),
            clock=clock,
            version=API_VERSION,
            priority=priority,  # type: ignore[arg-type]
            session=session,
        )

    return wiring.build_context(store=store, clock=clock, crm=client, bells=Silence(), config_path=config)


@contextmanager
def _served(context: Context, crm: SandboxServer) -> Iterator[str]:
    """The product's web application on a real socket."""
    server: BaseWSGIServer = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    server.app = create_app(WebParts(context, context.store, crm.secret, url, ADMIN, lambda: None))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()


def differing(house: House) -> list[tuple[str, int]]:
    """The customers whose properties in the CRM differ from an offline computation on the CRM's own dump."""
    dump, context = house.dump(), house.context.current(house.portal_id)
    with context.store.read() as connection:
        portal = portals.get(connection, house.portal_id)
        assert portal is not None
        parameters = portals.current_parameters(connection, portal)
    assert parameters is not None
    records, day = records_of(dump, context), context.today(portal)
    rows = evaluate(records, context.mapping, context.models, parameters, day).to_json()
    standing = {
        (one["object"], int(one["id"])): one["properties"]
        for one in dump
        if one["object"] in context.mapping.customer_objects()
    }
    assert {(row["object"], row["id"]) for row in rows} == set(standing)
    return [
        key
        for row in rows
        if difference(key := (row["object"], row["id"]), row["written"], standing[key], {}, context.mapping)
    ]


def records_of(dump: list[dict[str, Any]], context: Context) -> Any:
    """The CRM's dump as the frames that `evaluate` takes, made without the product's own mirror."""
    from plugin.lifecycle.records import Records

    rows: dict[str, list[dict[str, Any]]] = {"contact": [], "company": [], "deal": []}
    past = []
    for record in dump:
        kind, number = record["object"], int(record["id"])
        if kind not in rows:
            continue
        links = {
            name: sorted({int(one["id"]) for one in found}) for name, found in record["associations"].items()
        }
        wanted = context.mapping.read_properties(kind)
        values = {name: record["properties"].get(name) for name in wanted}
        linked = {"contact_ids": links.get("contacts", []), "company_ids": links.get("companies", [])}
        if kind == "contact":
            linked.pop("contact_ids")
        rows[kind].append({"id": number, **values, **(linked if kind != "company" else {})})
        for name in context.mapping.history_properties(kind):
            past += [
                {"object": kind, "id": number, "property": name, "value": v["value"], "at": v["timestamp"]}
                for v in record["history"].get(name, [])
            ]
    return Records.from_rows(rows["contact"], rows["company"], rows["deal"], past)
