"""What each scenario costs in calls to the CRM: the figures that docs/sync.md promises."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from plugin.clock import FixedClock, milliseconds
from plugin.jobs.preview import run_preview
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.undo import last_change_set, run_undo
from plugin.records import portals
from plugin.records.store import Store
from plugin.sandbox.world import World, WorldRecord
from tests.conftest import NOON
from tests.jobs.test_changes import send
from tests.support.house import House, house

DOC = Path(__file__).parents[2] / "docs" / "sync.md"
CUSTOMERS = 1_000


def customers(count: int) -> World:
    """So many contacts with three won deals each, bought over the last two years."""
    world = World()
    for n in range(1, count + 1):
        bought = [NOON - timedelta(days=20 + (n * 37) % 300 + 120 * k) for k in (2, 1, 0)]
        made = {"createdate": bought[0].isoformat(), "email": f"customer{n}@example.com"}
        world.contacts.append(WorldRecord(n, made, milliseconds(bought[0])))
        for k, day in enumerate(bought):
            deal = {"dealname": f"Order {n}/{k}", "dealstage": "closedwon", "pipeline": "default"}
            deal |= {"amount": str(10 + n % 90 + k), "closedate": day.isoformat()}
            deal["createdate"] = day.isoformat()
            number, link = 100_000 + 3 * n + k, [("contact", n, 3)]
            world.deals.append(WorldRecord(number, deal, milliseconds(day), associations=link))
    return world


def promised(scenario: str) -> int:
    """The calls that the table in the documentation names for a scenario."""
    row = re.search(rf"^\| {re.escape(scenario)} \| ([\d,]+) \|", DOC.read_text(encoding="utf-8"), re.M)
    assert row, f"docs/sync.md has no row «{scenario}»"
    return int(row[1].replace(",", ""))


def calls(home: House) -> int:
    total: int = home.stats()["total"]
    return total


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Calls do not depend on the database: one kind is enough."""
    return f"sqlite:///{tmp_path / 'store.db'}"


def event(home: House, kind: str, number: int, **more: object) -> dict[str, object]:
    now = milliseconds(home.clock.now())
    return {
        "portalId": home.portal_id,
        "subscriptionType": kind,
        "objectId": number,
        "eventId": number,
        "occurredAt": now,
        **more,
    }


def announce(home: House, events: list[dict[str, object]]) -> None:
    for start in range(0, len(events), 100):
        assert send(home, events[start : start + 100]) == 204


def test_a_first_load(store: Store, clock: FixedClock) -> None:
    """Pages with history and associations, and the first write."""
    with house(store, clock, customers(CUSTOMERS)) as home:
        home.load(live=False)
        with store.write() as connection:
            portals.change(connection, home.portal_id, mode=portals.LIVE)
        home.reset_counts()
        home.load()
        home.settle()
        assert home.writes() == CUSTOMERS
        assert calls(home) <= promised("first load of 1,000 customers with 3 deals each")


def test_a_thousand_customers_seen_for_the_first_time(store: Store, clock: FixedClock) -> None:
    """By webhooks about the contacts alone, history included."""
    world = customers(CUSTOMERS)
    with house(store, clock, World(portal_id=world.portal_id)) as home:
        home.load()
        home.crm.store.load(world)
        home.reset_counts()
        announce(home, [event(home, "contact.creation", one.id) for one in world.contacts])
        home.settle()
        assert home.writes() == CUSTOMERS
        assert calls(home) <= min(100, promised("1,000 new customers with 3 deals each, by webhook"))


def test_what_later_changes_cost(store: Store, clock: FixedClock) -> None:
    """Changed deals, a comparison, a preview, an undo: one after the other on the same customers."""
    world = customers(CUSTOMERS)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        home.crm.configure_webhooks(drop=1.0)
        clock.sleep(3_600)
        _changed(home, world.deals[::3], webhooks=True)
        assert home.writes() == CUSTOMERS
        assert calls(home) <= min(30, promised("1,000 changed deals of known customers"))
        clock.sleep(3_600)
        _changed(home, world.deals[:1], webhooks=True, amount="999")
        assert calls(home) <= promised("one changed deal, however often it changed")
        home.reset_counts()
        run_reconcile(home.context, home.portal_id)
        assert calls(home) <= promised("reconcile when nothing changed but 1,000 of our own writes")
        clock.sleep(3_600)
        _changed(home, world.deals[1::3], webhooks=False)
        run_reconcile(home.context, home.portal_id)
        assert home.writes() == CUSTOMERS
        assert calls(home) <= promised("reconcile after 1,000 deals changed untold")
        home.reset_counts()
        run_preview(home.context, home.portal_id)
        assert calls(home) == promised("preview of a changed configuration") == 0
        assert _undone(home) == CUSTOMERS
        assert calls(home) <= promised("undo of 1,000 records")


def _undone(home: House) -> int:
    with home.context.store.read() as connection:
        portal = portals.get(connection, home.portal_id)
    assert portal is not None
    scope = last_change_set(home.context, home.portal_id)
    return run_undo(home.context, portal, scope, last=True).restored


@pytest.mark.slow
def test_a_day_on_which_many_stages_change(store: Store, clock: FixedClock) -> None:
    """Time alone costs no reading: what moves is written, a hundred a call."""
    with house(store, clock, customers(CUSTOMERS)) as home:
        home.load()
        home.settle()
        home.reset_counts()
        clock.sleep(120 * 86_400)
        home.settle()
        assert home.writes() == CUSTOMERS
        assert calls(home) <= promised("1,000 customers whose day has come")


def _changed(home: House, deals: list[WorldRecord], *, webhooks: bool, amount: str = "") -> None:
    for one in deals:
        home.crm.store.edit("deal", one.id, {"amount": amount or str(500 + one.id % 77)})
    home.reset_counts()
    if webhooks:
        named = {"propertyName": "amount", "propertyValue": "1"}
        announce(home, [event(home, "deal.propertyChange", one.id, **named) for one in deals])
        home.settle()
