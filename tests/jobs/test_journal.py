"""The webhooks journal as a source: what no webhook told is found, what was told is not read twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import requests

from plugin.clock import FixedClock
from plugin.errors import CrmAuthError, CrmError
from plugin.hubspot.client.journal import Journal
from plugin.jobs.journal import read_journal
from plugin.jobs.reconcile import run_reconcile
from plugin.records import inbox
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.world import World
from tests.conftest import NOON
from tests.support.house import House, differing, house
from tests.support.versions import API_VERSION


@pytest.fixture
def world() -> World:
    return cdnow(NOON.date(), limit=60)


def journal(home: House, **changes: str) -> Journal:
    app = home.crm.store.app
    names = {"client_id": app.client_id, "client_secret": app.client_secret, **changes}
    return Journal(base_url=home.crm.url, version=API_VERSION, clock=home.clock, **names)


@contextmanager
def begun(store: Store, clock: FixedClock, world: World) -> Iterator[House]:
    """Loaded, subscribed, and everything told so far read."""
    with house(store, clock, world) as made:
        home = replace(made, context=replace(made.context, journal=journal(made)))
        home.load()
        home.settle()
        clock.sleep(60)
        run_reconcile(home.context, home.portal_id)
        home.settle()
        yield home


def contact_reads(home: House) -> int:
    batches = home.stats()["batches"]
    return sum(one["inputs"] for path, one in batches.items() if path.endswith("/batch/read"))


def test_what_no_webhook_told_is_found_in_the_journal(store: Store, clock: FixedClock, world: World) -> None:
    """Changes, new records, links taken away, deletions: each leads to the outcome computed offline."""
    with begun(store, clock, world) as home:
        home.crm.configure_webhooks(drop=1.0)
        crm, deals = home.crm.store, world.deals
        for one in deals[:20]:
            crm.edit("deal", one.id, {"amount": "777"})
        crm.create_deal(world.contacts[3].id, {"dealstage": "closedwon", "amount": "12"})
        crm.archive_record("contact", world.contacts[9].id)
        clock.sleep(600)
        told = read_journal(home.context, home.portal_id, journal(home))
        assert (told.files, told.gap) == (1, False)
        assert told.missed >= 22
        home.settle()
        assert differing(home) == []
        assert read_journal(home.context, home.portal_id, journal(home)).events == 0


def test_what_a_webhook_told_is_not_read_again(store: Store, clock: FixedClock, world: World) -> None:
    """The journal tells everything a second time; it costs no call to the account."""
    with begun(store, clock, world) as home:
        for one in world.deals[:20]:
            home.crm.store.edit("deal", one.id, {"amount": "500"})
        clock.sleep(1)
        home.settle()
        clock.sleep(600)
        home.reset_counts()
        told = read_journal(home.context, home.portal_id, journal(home))
        assert (told.events >= 20, told.missed) == (True, 0)
        home.settle()
        assert contact_reads(home) == 0


def test_an_offset_that_is_no_longer_kept_begins_anew(store: Store, clock: FixedClock, world: World) -> None:
    """Four days without us: the journal keeps three; the comparison finds the rest."""
    with begun(store, clock, world) as home:
        home.crm.configure_webhooks(drop=1.0)
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "1"})
        clock.sleep(600)
        read_journal(home.context, home.portal_id, journal(home))
        home.crm.store.edit("deal", world.deals[1].id, {"amount": "2"})
        clock.sleep(4 * 86_400)
        home.crm.store.edit("deal", world.deals[2].id, {"amount": "3"})
        clock.sleep(600)
        told = read_journal(home.context, home.portal_id, journal(home))
        assert told.gap
        assert told.missed == 1
        run_reconcile(home.context, home.portal_id)
        home.settle()
        assert differing(home) == []


def test_a_reading_that_broke_off_goes_on_and_loses_nothing(
    store: Store, clock: FixedClock, world: World
) -> None:
    """The file is fetched, and HubSpot is away: the offset did not move."""
    with begun(store, clock, world) as home:
        home.crm.configure_webhooks(drop=1.0)
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "1"})
        clock.sleep(600)
        source = journal(home)
        source.events = lambda _: (_ for _ in ()).throw(CrmError("away"))  # type: ignore[method-assign]
        with pytest.raises(CrmError):
            read_journal(home.context, home.portal_id, source)
        assert read_journal(home.context, home.portal_id, journal(home)).missed == 1


def test_a_wrong_secret_does_not_keep_the_check_from_comparing(
    store: Store, clock: FixedClock, world: World
) -> None:
    """The journal is one source among others."""
    with begun(store, clock, world) as home:
        home.crm.configure_webhooks(drop=1.0)
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "1"})
        clock.sleep(600)
        wrong = journal(home, client_secret="wrong")
        with pytest.raises(CrmError):
            wrong.token()
        context = replace(home.context, journal=wrong)
        assert run_reconcile(context, home.portal_id).findings.total == 1
        home.settle()
        assert differing(home) == []


def test_a_deletion_for_privacy_goes_through_the_inbox(store: Store, clock: FixedClock, world: World) -> None:
    """As if a webhook had told it."""
    with begun(store, clock, world) as home:
        home.crm.configure_webhooks(drop=1.0)
        as_portal = {"Authorization": f"Bearer {home.crm.token}"}
        url = f"{home.crm.url}/crm/objects/2026-09/contacts/gdpr-delete"
        gone = {"objectId": str(world.contacts[0].id)}
        assert requests.post(url, json=gone, headers=as_portal, timeout=10).ok
        clock.sleep(600)
        read_journal(home.context, home.portal_id, journal(home))
        with store.read() as connection:
            assert inbox.waiting(connection, home.portal_id)[1] == 1


def test_the_journal_opens_to_the_apps_own_token_only(store: Store, clock: FixedClock, world: World) -> None:
    """And its files to their signed address only."""
    with begun(store, clock, world) as home:
        base = (
            f"{home.crm.url}/webhooks-journal/journal-local/2026-09/earliest?installPortalId={home.portal_id}"
        )
        as_portal = {"Authorization": f"Bearer {home.crm.token}"}
        here = {"installPortalId": str(home.portal_id)}
        assert requests.get(base, here, headers=as_portal, timeout=10).status_code == 401
        narrow = Journal(
            version=API_VERSION,
            base_url=home.crm.url,
            client_id=home.crm.store.app.client_id,
            client_secret=home.crm.store.app.client_secret,
            clock=clock,
            scopes=("developer.webhooks_journal.subscriptions.read",),
        )
        with pytest.raises(CrmAuthError):
            narrow.after(home.portal_id, None)
        home.crm.store.edit("deal", world.deals[0].id, {"amount": "1"})
        entry = journal(home).after(home.portal_id, None)
        assert entry is not None
        assert requests.get(entry.url, timeout=10).status_code == 200
        assert requests.get(entry.url + "0", timeout=10).status_code == 403
        assert requests.get(entry.url, headers=as_portal, timeout=10).status_code == 400
