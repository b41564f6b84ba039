"""The app leaves a portal: work stops at once, data is kept for some days; a comeback goes on with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from plugin.errors import ConfigError, PortalGone
from plugin.hubspot.client.journal import Journal
from plugin.jobs import purge, reconcile, sweeps, uninstall
from plugin.jobs.apply import apply_inbox
from plugin.jobs.arrive import arrive
from plugin.jobs.evaluate import work_portal
from plugin.jobs.journal import JournalRead, read_journal
from plugin.jobs.live import go_live, pause
from plugin.jobs.status import status
from plugin.records import accounts, inbox, portals
from plugin.sandbox.loaders import cdnow
from plugin.sync.properties import GROUP
from tests.conftest import NOON
from tests.support.many import FIRST, SECOND, Many
from tests.support.versions import API_VERSION, at

DAY = 86_400


@pytest.fixture
def living(home: Many) -> Many:
    """Two portals with the same twelve customers; the first is live and written."""
    for portal_id in (FIRST, SECOND):
        world = cdnow(NOON.date(), limit=12)
        world.portal_id = portal_id
        home.crm.store.load(world)
    home.install(FIRST, SECOND)
    app = home.crm.store.app
    secret = {"client_id": app.client_id, "client_secret": app.client_secret}
    home.context = replace(
        home.context,
        journal=Journal(base_url=home.crm.url, version=API_VERSION, clock=home.context.clock, **secret),
    )
    for portal_id in (FIRST, SECOND):
        read_the_journal(home, portal_id)
    go_live(home.context, FIRST)
    sweeps.mark_what_is_due(home.context)
    home.settle(FIRST, SECOND)
    home.control("DELETE", "stats")
    return home


def rows(home: Many, portal_id: int) -> dict[str, int]:
    """How many rows each table holds of a portal."""
    with home.context.store.read() as connection:
        found = {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table).where(table.c.portal_id == portal_id)
            ).scalar_one()
            for table in purge.tables()
        }
    return {name: count for name, count in found.items() if count}


def read_the_journal(home: Many, portal_id: int = FIRST) -> JournalRead:
    assert home.context.journal is not None
    return read_journal(home.context, portal_id, home.context.journal)


def mark_everything(home: Many) -> None:
    from plugin.jobs.retry import mark_everyone

    with home.context.store.write() as connection:
        mark_everyone(home.context, connection, FIRST)


def leave_by_refresh(home: Many) -> None:
    home.control("POST", f"uninstall?portal={FIRST}")
    home.context.clock.sleep(26 * 60)
    with pytest.raises(PortalGone):
        home.context.crm(FIRST, "live").account()


def leave_by_journal(home: Many) -> None:
    home.control("POST", f"uninstall?portal={FIRST}")
    with pytest.raises(PortalGone):
        reconcile.sweep(home.context, FIRST)
    assert home.calls("/crm/") == 0  # learnt from the journal, not from a refusal


def leave_when_asked(home: Many) -> None:
    assert uninstall.leave(home.context, FIRST)
    assert not home.crm.store.portals.has_app(FIRST)


@pytest.mark.parametrize("leave", [leave_by_refresh, leave_by_journal, leave_when_asked])
def test_work_stops_at_once_however_the_departure_was_learnt(living: Many, leave: Any) -> None:
    """Nothing is read, computed or written for the portal; the other goes on."""
    mark_everything(living)
    leave(living)
    living.control("DELETE", "stats")
    assert living.mode(FIRST) == "gone"
    assert not any(work_portal(living.context, FIRST, lane) for lane in ("live", "bulk"))
    assert sweeps.mark_what_is_due(living.context) == 0
    living.context.clock.sleep(3_600)
    assert reconcile.due(living.context) == [SECOND]
    with pytest.raises(PortalGone):
        reconcile.sweep(living.context, FIRST)
    assert living.calls("/crm/") == 0
    standing = status(living.context)
    assert [one["mode"] for one in standing["portals"]] == ["gone", "observe"]
    assert standing["settled"] is True
    living.crm.store.edit("contact", 51_000_000_001, {"firstname": "x"}, portal=SECOND)
    living.settle(SECOND)


def test_a_worker_in_the_middle_of_its_work_stops_at_its_next_call(living: Many) -> None:
    """Its rows stay where they are; nothing is parked for it."""
    with living.context.store.write() as connection:
        from plugin.records import work

        work.mark_records(
            living.context.store,
            connection,
            FIRST,
            {("contact", 51_000_000_001): True},
            now=living.context.now(),
        )
    living.control("POST", f"uninstall?portal={FIRST}")
    living.context.clock.sleep(60)
    assert work_portal(living.context, FIRST, "live").failed == 1  # it met the refusal
    assert living.mode(FIRST) == "gone"
    assert rows(living, FIRST)["marks"] == 1
    assert "parked" not in rows(living, FIRST)


def test_webhooks_of_a_portal_that_left_are_answered_and_counted(living: Many) -> None:
    """HubSpot would send a refused one again for a day."""
    uninstall.leave(living.context, FIRST)
    before = counted(living).get("events_unknown_portal", 0)
    event = {
        "portalId": FIRST,
        "subscriptionType": "contact.creation",
        "objectId": 1,
        "eventId": 1,
        "occurredAt": 1,
    }
    stranger = {**event, "portalId": 999_999}
    living.control("POST", f"uninstall?portal={FIRST}")
    import requests

    sent = requests.post(f"{living.crm.url}/sandbox/v1/events", json=[event, stranger], timeout=10)
    assert sent.ok
    assert living.crm.drained()
    assert apply_inbox(living.context) > 0
    assert counted(living)["events_unknown_portal"] == before + 2
    assert "marks" not in rows(living, FIRST)


def counted(home: Many) -> dict[str, int]:
    with home.context.store.read() as connection:
        return inbox.counts(connection, inbox.SEVERAL)


def test_old_news_of_the_journal_ends_no_new_installation(living: Many) -> None:
    """The journal is read late; the portal came back meanwhile."""
    living.control("POST", f"uninstall?portal={FIRST}")
    living.context.clock.sleep(60)
    living.install(FIRST)
    told = read_the_journal(living)
    assert (told.events > 0, living.mode(FIRST)) == (True, "live")


def test_the_journal_tells_of_a_departure_only_whom_it_was_asked_to_tell(living: Many) -> None:
    """One subscription for all portals; each portal's journal tells its own departure."""
    subscriptions = [one["eventTypeId"] for one in living.crm.store.app.journal]
    assert subscriptions == ["4-1916193"]
    living.control("POST", f"uninstall?portal={SECOND}")
    assert read_the_journal(living).events == 0
    assert living.mode(FIRST) == "live"
    living.crm.store.app = replace(living.crm.store.app, journal=())
    assert read_the_journal(living, SECOND).events == 0
    living.crm.store.app = replace(living.crm.store.app, journal=({"eventTypeId": "4-1916193"},))
    with pytest.raises(PortalGone):
        read_the_journal(living, SECOND)
    assert (living.mode(FIRST), living.mode(SECOND)) == ("live", "gone")


def test_a_portal_that_comes_back_goes_on_with_its_data_in_observe_mode(living: Many) -> None:
    """What changed meanwhile is read; the writes are opened by its admin again."""
    uninstall.leave(living.context, FIRST)
    kept = rows(living, FIRST)
    assert kept["outcomes"] == 12
    living.crm.store.edit("deal", 61_000_000_001, {"amount": "7777"}, portal=FIRST)
    assert living.crm.drained()
    living.context.clock.sleep(5 * DAY)
    assert purge.purge_what_is_due(living.context) == []
    assert living.connect(FIRST).status_code == 200
    assert accounts_departed(living) is None
    arrive(living.context, FIRST, lambda: True)
    living.settle(FIRST)
    assert living.mode(FIRST) == "observe"
    assert rows(living, FIRST)["changes"] >= kept["changes"]
    with living.context.store.read() as connection:
        from plugin.records.schema import mirror

        query = sa.select(mirror.c.properties).where(
            mirror.c.portal_id == FIRST, mirror.c.object_id == 61_000_000_001
        )
        assert "7777" in connection.execute(query).scalar_one()


def accounts_departed(home: Many) -> accounts.Departure | None:
    with home.context.store.read() as connection:
        return accounts.departed(connection, FIRST)


def test_an_installation_repeated_without_leaving_changes_neither_mode_nor_data(living: Many) -> None:
    """A person consents again, for example to another scope."""
    living.control("DELETE", "stats")
    living.install(FIRST)
    assert living.mode(FIRST) == "live"
    assert living.account().state == accounts.INSTALLED
    assert living.calls(at("/crm/v3/objects/deals")) == 0  # nothing had to be read anew


def test_after_the_days_that_the_settings_name_everything_is_deleted(living: Many) -> None:
    """Every table; the other portal keeps every row."""
    others = rows(living, SECOND)
    assert len(rows(living, FIRST)) > 8
    uninstall.leave(living.context, FIRST)
    living.context.clock.sleep(30 * DAY - 60)
    assert purge.purge_what_is_due(living.context) == []
    living.context.clock.sleep(120)
    assert purge.purge_what_is_due(living.context) == [FIRST]
    assert rows(living, FIRST) == {}
    assert rows(living, SECOND) == others
    assert purge.purge_what_is_due(living.context) == []


def test_a_purge_that_is_interrupted_goes_on(living: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies half-way leaves the rest to the next."""
    uninstall.leave(living.context, FIRST)
    living.context.clock.sleep(31 * DAY)
    empty, left = purge._empty, 2

    def dies(*arguments: Any) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return empty(*arguments)

    monkeypatch.setattr(purge, "_empty", dies)
    with pytest.raises(KeyboardInterrupt):
        purge.purge_what_is_due(living.context)
    assert rows(living, FIRST) != {}
    monkeypatch.setattr(purge, "_empty", empty)
    assert purge.purge_what_is_due(living.context) == [FIRST]
    assert rows(living, FIRST) == {}


def test_a_portal_that_returns_in_the_middle_of_its_purge_starts_from_nothing(
    living: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a mirror must never be computed from."""
    uninstall.leave(living.context, FIRST)
    living.context.clock.sleep(31 * DAY)
    empty = purge._empty

    def returns(context: Any, table: sa.Table, portal_id: int) -> int:
        if table.name == "history":
            assert living.connect(FIRST).status_code == 200
        return empty(context, table, portal_id)

    monkeypatch.setattr(purge, "_empty", returns)
    purge.purge_what_is_due(living.context)
    assert living.account().state == accounts.INSTALLING
    arrive(living.context, FIRST, lambda: True)
    living.settle(FIRST)
    assert rows(living, FIRST)["outcomes"] == 12
    assert living.mode(FIRST) == "observe"


def test_our_properties_are_shown_then_removed_and_nothing_else(living: Many) -> None:
    """With how many values each holds."""
    found = uninstall.ours(living.context, FIRST)
    by_name = {one.name: one.filled for one in found}
    assert by_name["clm_stage"] == 12
    done = uninstall.remove(living.context, FIRST, found)
    assert len(done.gone) == len(found) >= 20
    assert done.refused == ()
    names = {one["name"] for one in living.crm.store.definitions("contact", portal=FIRST)}
    assert not names & set(by_name)
    assert "email" in names
    crm = living.context.crm(FIRST, "live")
    assert all(group.name != GROUP for group in crm.groups("contact"))
    assert by_name.keys() <= {one["name"] for one in living.crm.store.definitions("contact", portal=SECOND)}


def test_a_property_that_is_not_deleted_keeps_our_group(living: Many) -> None:
    """HubSpot refuses to delete a group that is used; the rest goes all the same."""
    found = uninstall.ours(living.context, FIRST)
    assert len(uninstall.remove(living.context, FIRST, found[1:]).gone) == len(found) - 1
    assert any(group.name == GROUP for group in living.context.crm(FIRST, "live").groups("contact"))


@pytest.mark.parametrize("act", [go_live, pause])
def test_a_portal_that_left_cannot_be_opened_or_paused(living: Many, act: Any) -> None:
    """It says why, and what to do."""
    uninstall.leave(living.context, FIRST)
    with pytest.raises(PortalGone, match="taken out"):
        act(living.context, FIRST)
    assert uninstall.leave(living.context, FIRST) is False


def test_a_departure_needs_no_portal_that_was_ever_served(home: Many) -> None:
    """Taken out before the installation was finished."""
    home.connect(FIRST)
    assert uninstall.leave(home.context, FIRST)
    arrive(home.context, FIRST, lambda: True)
    assert home.account().state == accounts.GONE
    with home.context.store.read() as connection:
        assert portals.get(connection, FIRST) is None
    from plugin.cli.portal import only_portal

    with pytest.raises(ConfigError):
        only_portal(home.context.store, FIRST)
