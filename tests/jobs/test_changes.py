"""Changes in every disorder end in the same place, cost little, and none is lost."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import orjson
import pytest
import requests

from plugin.clock import FixedClock, milliseconds
from plugin.hubspot.protocol.signatures import TIMESTAMP_HEADER, V3_HEADER, sign_v3
from plugin.jobs.apply import apply_inbox
from plugin.jobs.evaluate import work_portal
from plugin.jobs.status import status
from plugin.records import inbox
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow, generate
from plugin.sandbox.loaders.changes import random_changes
from plugin.sandbox.world import World
from plugin.sync import ledger
from tests.conftest import NOON
from tests.support.house import House, differing, house

DISORDER = {"duplicate": 0.5, "shuffle": True, "delay": 0.05, "seed": 7}


def make(home: House, world: World, n: int, seed: int) -> None:
    """Make random changes through the CRM's public API, as people and other apps would."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {home.crm.token}"
    for change in random_changes(world, n, seed, now=home.clock.now(), merges=True):
        wire = change.request()
        answer = session.request(wire.method, home.crm.url + wire.path, json=wire.body, timeout=30)
        assert answer.status_code < 300, answer.text


def send(home: House, events: list[dict[str, Any]]) -> int:
    """Post events to the receiver, signed as the CRM signs them."""
    body, stamp = orjson.dumps(events), str(milliseconds(home.clock.now()))
    url = f"{home.url}/webhooks/hubspot"
    signature = sign_v3(home.crm.secret, method="POST", uri=url, body=body, timestamp=stamp)
    headers = {V3_HEADER: signature, TIMESTAMP_HEADER: stamp, "Content-Type": "application/json"}
    return requests.post(url, data=body, headers=headers, timeout=30).status_code


def counts(home: House) -> Counter[str]:
    with home.context.store.read() as connection:
        return Counter(inbox.counts(connection, home.portal_id))


def test_five_hundred_changes_in_disorder_leave_every_record_as_computed_offline(
    store: Store, clock: FixedClock
) -> None:
    """All 2,357 customers of the sample, after the load and again after the changes."""
    world = cdnow(NOON.date())
    with house(store, clock, world, webhooks=DISORDER) as home:
        home.load()
        home.settle()
        assert len(home.standing()) == 2_357
        assert differing(home) == []
        make(home, world, 500, seed=11)
        home.settle()
        assert differing(home) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_world_with_everything_in_it_ends_as_computed_offline(
    store: Store, clock: FixedClock, seed: int
) -> None:
    """Engagement, ratings, refunds, open and lost deals, deals of two contacts, companies."""
    world = generate(150, seed=seed, end=NOON.date())
    with house(store, clock, world, webhooks=DISORDER) as home:
        home.load()
        home.settle()
        assert differing(home) == []
        make(home, world, 150, seed)
        home.settle()
        assert differing(home) == []


def test_a_thousand_changes_of_one_deal_cost_one_evaluation_and_one_write(
    store: Store, clock: FixedClock
) -> None:
    """However they are spread over requests, the deal is read once."""
    world = cdnow(NOON.date(), limit=20)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "999.5"})
        assert home.crm.drained()
        home.reset_counts()
        before = counts(home)
        event = {
            "portalId": home.portal_id,
            "subscriptionType": "deal.propertyChange",
            "objectId": world.deals[0].id,
            "propertyName": "amount",
            "occurredAt": milliseconds(clock.now()),
        }
        for part in range(10):
            batch = [{**event, "eventId": part * 100 + n, "propertyValue": str(n)} for n in range(100)]
            assert send(home, batch) == 204
            apply_inbox(home.context)
            work_portal(home.context, home.portal_id, "live")
            clock.sleep(0.05)
        home.settle()
        after = counts(home)
        assert after["records_read"] - before["records_read"] == 1
        assert after["customers_evaluated"] - before["customers_evaluated"] == 1
        assert home.writes() == 1
        assert differing(home) == []


def test_a_hundred_new_customers_cost_no_more_calls_than_promised(store: Store, clock: FixedClock) -> None:
    """With D deals at most 4 + ⌈D/50⌉ calls read all there is to know, history included, one writes it."""
    world = cdnow(NOON.date(), limit=100)
    with house(store, clock, World(portal_id=world.portal_id)) as home:
        home.load()
        home.crm.store.load(world)
        home.reset_counts()
        created = {"portalId": home.portal_id, "subscriptionType": "contact.creation", "occurredAt": 1}
        assert send(home, [{**created, "eventId": c.id, "objectId": c.id} for c in world.contacts]) == 204
        home.settle()
        calls = home.stats()["calls"]
        reads = sum(one["count"] for one in calls if not one["path"].endswith("batch/update"))
        writes = sum(one["count"] for one in calls if one["path"].endswith("batch/update"))
        assert reads <= 4 + math.ceil(len(world.deals) / 50)
        assert writes == 1
        assert len([1 for one in home.standing().values() if one.get("clm_stage")]) == 100


def test_a_repeated_delivery_is_known_as_such(store: Store, clock: FixedClock) -> None:
    """The same event again, even hours later, makes no work."""
    world = cdnow(NOON.date(), limit=5)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        event = {"portalId": home.portal_id, "subscriptionType": "contact.creation", "eventId": 1}
        event |= {"objectId": world.contacts[0].id, "occurredAt": 1}
        send(home, [event, event])
        home.settle()
        clock.sleep(7_200)
        send(home, [{**event, "attemptNumber": 3}])
        before = counts(home)["records_read"]
        home.settle()
        assert counts(home)["records_read"] == before
        assert counts(home)["events_repeated"] == 2


def test_events_of_portals_we_do_not_serve_are_counted_and_do_nothing(
    store: Store, clock: FixedClock
) -> None:
    """They are acknowledged, or HubSpot would send them again."""
    with house(store, clock, cdnow(NOON.date(), limit=2)) as home:
        home.load()
        other = {"portalId": 99, "subscriptionType": "deal.creation", "objectId": 1, "eventId": 1}
        assert send(home, [other] * 3) == 204
        home.settle()
        with store.read() as connection:
            assert inbox.counts(connection, inbox.SEVERAL)["events_unknown_portal"] == 3


@pytest.mark.parametrize("body", [b"[" * 5_000 + b"]" * 5_000, b'[{"a":' * 3_000 + b"1" + b"}]" * 3_000])
def test_a_body_that_cannot_be_decoded_does_not_stop_those_behind_it(
    store: Store, clock: FixedClock, body: bytes
) -> None:
    """It is counted; the next one is applied."""
    world = cdnow(NOON.date(), limit=2)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        with store.write() as connection:
            inbox.put(connection, home.portal_id, body, 1, 1)
        event = {"portalId": home.portal_id, "subscriptionType": "contact.creation", "eventId": 1}
        send(home, [{**event, "objectId": world.contacts[0].id}])
        home.settle()
        assert counts(home)["events_applied"] == 1


def test_a_record_that_is_gone_before_its_webhook_comes_is_forgotten_and_not_given_up(
    store: Store, clock: FixedClock
) -> None:
    """A write finds it deleted; looking again finds the same, and nothing is left to retry."""
    with house(store, clock, cdnow(NOON.date(), limit=8), webhooks={"drop": 1.0}) as home:
        home.load()
        home.settle()
        gone = sorted(home.standing())[:2]
        for number in gone:
            home.crm.store.archive_record("contact", number)
        clock.sleep(400 * 86_400)  # stages change with the days, and are written
        home.settle()
        assert len(home.standing()) == 6
        with store.read() as connection:
            assert ledger.totals(connection, home.portal_id)[ledger.REFUSED] > 0
        assert (status(home.context)["parked"], differing(home)) == (0, [])
