"""The whole load: resumes where it stopped, loses to newer events, finds what is gone, is shared."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from plugin.clock import FixedClock
from plugin.errors import CrmError
from plugin.jobs.apply import apply_inbox
from plugin.jobs.backfill import run_backfill
from plugin.jobs.evaluate import work_portal
from plugin.jobs.install import install_portal
from plugin.jobs.status import status
from plugin.records import inbox, portals, work
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sync.backfill import Backfill
from tests.conftest import NOON
from tests.support.house import House, differing, house
from tests.support.versions import at


def pages(home: House) -> int:
    """How many pages were listed since the last reset of the counts."""
    calls = home.stats()["calls"]
    return sum(
        one["count"]
        for one in calls
        if one["method"] == "GET" and one["path"].endswith(("contacts", "deals"))
    )


def fault(home: House, **what: object) -> None:
    requests.post(f"{home.crm.url}/sandbox/v1/faults", json=what, timeout=10).raise_for_status()


def test_a_load_that_broke_off_goes_on_at_the_page_where_it_stopped(store: Store, clock: FixedClock) -> None:
    """No page is read twice, and the end is the same."""
    world = cdnow(NOON.date(), limit=200)
    with house(store, clock, world) as home:
        install_portal(home.context, live=True)
        home.reset_counts()
        load = Backfill(store, home.client(), home.portal_id, home.context.mapping, clock)
        seen = []

        def stop_in_the_deals(progress: object) -> None:
            seen.append(progress)
            if pages(home) == 7:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            load.run(stop_in_the_deals)
        run_backfill(home.context, home.portal_id)
        home.settle()
        expected = -(-len(world.contacts) // 50) + -(-len(world.deals) // 50)
        assert pages(home) == expected
        assert differing(home) == []


def test_how_far_a_load_has_come_is_shown_while_it_runs(store: Store, clock: FixedClock) -> None:
    """Counts, rate and the time left in the API; where it goes on, in words; then done."""
    world = cdnow(NOON.date(), limit=200)
    with house(store, clock, world) as home:
        install_portal(home.context, live=True)
        assert shown(home) is None
        said: list[str] = []
        seen: list[Any] = []

        def a_page_a_second(label: str, done: int, total: int) -> None:
            clock.sleep(1)
            seen.append(shown(home))
            if len(seen) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_backfill(home.context, home.portal_id, a_page_a_second, said.append)
        now = seen[-1]
        everyone = len(world.contacts) + len(world.deals)
        assert (now["state"], now["phase"], now["expected"]) == ("reading", "contact", everyone)
        assert now["records"] == now["read"]["contact"] == 150
        assert now["per_second"] == pytest.approx(150 / 2, rel=0.4)
        assert now["seconds_left"] == pytest.approx((everyone - 150) / now["per_second"], rel=0.01)
        clock.sleep(86_400)
        run_backfill(home.context, home.portal_id, lambda *_: seen.append(shown(home)), said.append)
        assert said == ["Goes on where an earlier load stopped: contact 150 of 200."]
        assert {one["state"] for one in seen} >= {"reading", "fitting", "computing"}
        assert shown(home)["state"] == "done"
        assert (shown(home)["records"], shown(home)["customers_left"]) == (everyone, 0)


@pytest.mark.parametrize("first", [True, False])
def test_a_trickle_of_changes_leaves_the_calls_to_the_load(
    store: Store, clock: FixedClock, first: bool
) -> None:
    """While a load goes on, the changes of some seconds cost one round of calls, not a round each."""
    world = cdnow(NOON.date(), limit=60)
    with house(store, clock, world) as home:
        if not first:
            home.load()
            home.settle()
        install_portal(home.context, live=True)
        load = Backfill(store, home.client(), home.portal_id, home.context.mapping, clock)
        home.reset_counts()
        for change in range(40):  # of 40 deals in 20 seconds
            home.crm.store.edit("deal", world.deals[change].id, {"amount": f"{change}.75"})
            assert home.crm.drained()
            apply_inbox(home.context)
            clock.sleep(0.5)
            work_portal(home.context, home.portal_id, "live")
        rounds = home.stats()["batches"][at("/crm/v3/objects/deals/batch/read")]["requests"]
        assert rounds <= (6 if first else 11)
        load.run()
        run_backfill(home.context, home.portal_id)
        home.settle()
        assert differing(home) == []


def test_a_load_says_when_it_goes_on_after_an_outage(store: Store, clock: FixedClock) -> None:
    """An operator who looks at a log knows that nothing is stuck."""
    with house(store, clock, cdnow(NOON.date(), limit=60)) as home:
        install_portal(home.context, live=True)
        fault(home, kind="503", path=at("/crm/v3/objects"), method="GET", calls=8, retry_after=30.0)
        said: list[str] = []
        run_backfill(home.context, home.portal_id, say=said.append)
        assert said
        assert all("resumes at 2026-11-22T12:" in one for one in said)
        assert shown(home)["state"] == "done"


def shown(home: House) -> Any:
    return status(home.context)["portals"][0]["backfill"]


def test_a_crm_that_does_not_answer_ends_the_load_with_an_error_and_nothing_half_done(
    store: Store, clock: FixedClock
) -> None:
    """The next run goes on from there."""
    with house(store, clock, cdnow(NOON.date(), limit=60)) as home:
        install_portal(home.context, live=True)
        fault(home, kind="503", path=at("/crm/v3/objects"), method="GET")
        with pytest.raises(CrmError):
            run_backfill(home.context, home.portal_id)
        with store.read() as connection:
            portal = portals.get(connection, home.portal_id)
        assert portal is not None
        assert (portal.last_full, portal.parameters_version) == (None, None)
        requests.delete(f"{home.crm.url}/sandbox/v1/faults", timeout=10)
        run_backfill(home.context, home.portal_id)
        home.settle()
        assert differing(home) == []


def test_a_record_that_vanished_while_no_webhook_came_is_found_by_the_next_load(
    store: Store, clock: FixedClock
) -> None:
    """Its customers are computed without it; a deleted customer is forgotten."""
    world = cdnow(NOON.date(), limit=40)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        home.crm.configure_webhooks(drop=1.0)
        home.crm.store.archive_record("deal", world.deals[0].id)
        home.crm.store.archive_record("contact", world.contacts[5].id)
        clock.sleep(60)
        home.load()
        home.settle()
        assert differing(home) == []


def test_workers_share_a_load_without_computing_or_writing_anybody_twice(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four at once on one portal."""
    monkeypatch.setattr("plugin.jobs.evaluate.EVALUATE_AT_ONCE", 25)
    world = cdnow(NOON.date(), limit=300)
    with house(store, clock, world) as home:
        home.load()
        home.settle()
        home.crm.configure_webhooks(drop=1.0)  # or the emptying itself would be told and looked at
        home.reset_counts()
        with store.write() as connection:
            before = inbox.counts(connection, home.portal_id)["customers_evaluated"]
            keys = [("contact", contact.id) for contact in world.contacts]
            work.mark_customers(store, connection, home.portal_id, keys, now=home.context.now())
            for contact in world.contacts:  # as if somebody had emptied our properties
                home.crm.store.edit("contact", contact.id, {"clm_stage": ""})
        _forget_outputs(home)

        def run() -> None:
            while work_portal(home.context, home.portal_id, "live"):
                pass

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        home.settle()
        with store.read() as connection:
            after = inbox.counts(connection, home.portal_id)["customers_evaluated"]
        assert after - before == 300
        assert home.writes() == 300
        assert differing(home) == []


def _forget_outputs(home: House) -> None:
    from plugin.records.schema import mirror

    with home.context.store.write() as connection:
        connection.execute(mirror.update().values(outputs="{}"))
