"""Whoever is erased while everything runs is nowhere afterwards: whole dumps are searched.

The person stands where a whole load and a pass over everything have just come to, so that their positions,
too, would tell of them.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from plugin import telemetry
from plugin.clock import FixedClock
from plugin.hubspot.client import Crm
from plugin.jobs import sweeps
from plugin.jobs.bells import RqBells
from plugin.jobs.erase import erase
from plugin.jobs.erasing import finish_erasures
from plugin.jobs.reconcile import CHECKED, run_reconcile
from plugin.records import drift, lookup, mirror, portals
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sync import findings, rolling
from plugin.sync.backfill import Backfill
from plugin.sync.findings import Findings
from plugin.sync.rolling import Rolling
from tests.conftest import NOON
from tests.support.dumps import mentions, of_redis, of_store
from tests.support.house import House, house

MAPPING = """version: 1
contact:
  channel: firstname
  churn_reason: lastname
  nps: city
  key_fields: [email]
  extras: [phone]
"""
VALUES = {
    "firstname": "Zoltanic",
    "lastname": "Grzegrzolka",
    "city": "Brzeczyszczykiewiczowo",
    "email": "zoltanic@example.org",
    "phone": "+48 601 777 555",
    "notes_last_contacted": "2026-03-04T05:06:07.891Z",
    "num_conversion_events": "98765",
}


class _Stop(Exception):
    """The process is interrupted here."""


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the product's processes write to their logs."""
    told, root = io.StringIO(), logging.getLogger()
    telemetry.start("test")
    handler = logging.StreamHandler(told)
    handler.setFormatter(root.handlers[0].formatter)
    root.addHandler(handler)
    yield told
    root.removeHandler(handler)


@pytest.fixture
def home(store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A loaded portal of more contacts than a page has."""
    monkeypatch.setattr(Crm, "page", partialmethod(Crm.page, limit=4))
    file = tmp_path / "ours.yaml"
    file.write_text(MAPPING)
    with house(store, clock, cdnow(NOON.date(), limit=9), config=file) as made:
        made.load()
        made.settle()
        yield made


def load_of(home: House) -> Backfill:
    context = home.context
    return Backfill(context.store, home.client(), home.portal_id, context.mapping, context.clock)


def first_page(home: House) -> Backfill:
    """A whole load that is interrupted after its first page."""

    def stop(progress: Any) -> None:
        if progress.after:
            raise _Stop

    load = load_of(home)
    with pytest.raises(_Stop):
        load.run(stop)
    return load


def pass_of(home: House) -> Rolling:
    context = home.context
    told = Findings()
    return Rolling(context.store, home.client(), home.portal_id, context.mapping, told, context.now)


def ids(home: House, kind: str = "contact") -> list[int]:
    with home.context.store.read() as connection:
        return drift.ids_after(connection, home.portal_id, kind, 0, 1_000)


def note(home: House, name: str) -> dict[str, Any]:
    with home.context.store.read() as connection:
        found = portals.watermark(connection, home.portal_id, name)
    assert found is not None
    return found


def somebody(home: House) -> int:
    """The last person of the CRM's first page, with values that nobody else has; all is written."""
    load = first_page(home)
    person = int(load.progress.after or 0)
    load_of(home).run()
    load_of(home).finish()
    home.crm.store.edit("contact", person, VALUES)
    home.crm.store.create_deal(person, {"dealstage": "closedwon", "amount": "100"})
    home.settle()
    with home.context.store.write() as connection:
        key = ("contact", person)
        context = home.context
        lookup.look_again(context.store, connection, home.portal_id, key, now=context.now(), window=1)
    home.settle()
    for value in VALUES.values():
        assert mentions(of_store(home.context.store), value), value
    return person


def nowhere(home: House, person: int, logged: io.StringIO, redis: Redis) -> None:
    """Neither the id nor a value stands anywhere."""
    home.clock.sleep(301)
    finish_erasures(home.context)
    sweeps.ring(replace(home.context, bells=RqBells(redis)))
    for sought in (person, *VALUES.values()):
        assert mentions(of_store(home.context.store), sought) == [], sought
        assert mentions(of_redis(redis), sought) == [], sought
        assert str(sought) not in logged.getvalue(), sought


def during_a_load(home: House, person: int, act: Callable[[], object]) -> None:
    load = first_page(home)
    assert str(person) == load.progress.after
    act()


def while_a_page_is_read(home: House, person: int, act: Callable[[], object]) -> None:
    """The page with the person is on its way."""
    page = Crm.page

    def late(*arguments: Any, **more: Any) -> Any:
        found = page(*arguments, **more)
        act()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Crm, "page", late)
        first_page(home)


def during_a_pass(home: House, person: int, act: Callable[[], object]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "AT_ONCE", ids(home).index(person) + 1)
        pass_of(home).run(anew=True, go_on=lambda _: False)
    assert note(home, "rolling")["after"] == person
    act()
    assert note(home, "rolling")["after"] == max(id_ for id_ in ids(home) if id_ < person)


def while_a_slice_is_read(home: House, person: int, act: Callable[[], object]) -> None:
    """The slice that ends with the person is on its way."""
    read = Crm.read

    def late(*arguments: Any, **more: Any) -> Any:
        found = read(*arguments, **more)
        act()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "AT_ONCE", ids(home).index(person) + 1)
        patch.setattr(Crm, "read", late)
        pass_of(home).run(anew=True, go_on=lambda _: False)


MOMENTS = [during_a_load, while_a_page_is_read, during_a_pass, while_a_slice_is_read]


@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_of_a_person_is_left_whenever_they_are_erased(
    home: House, logged: io.StringIO, redis_url: str, moment: Callable[..., None]
) -> None:
    """No row, key or line; what was under way goes on to its end and misses nobody else."""
    redis = Redis.from_url(redis_url)
    redis.flushall()
    person = somebody(home)
    others = [id_ for id_ in ids(home) if id_ != person]
    done = []

    def act() -> None:
        if not done:
            done.append(erase(home.context, home.portal_id, ("contact", person)))

    moment(home, person, act)
    nowhere(home, person, logged, redis)
    if moment in (during_a_load, while_a_page_is_read):
        load = load_of(home)
        assert load.resumed
        progress = load.run()
        assert progress.read["contact"] == len(others) + 1  # the CRM still shows the person
        load.finish()
    told = pass_of(home)
    told.run(anew=False)
    home.settle()
    assert ids(home) == others
    run_reconcile(home.context, home.portal_id)
    nowhere(home, person, logged, redis)


def test_what_a_check_found_is_counted_and_nobody_is_named(home: House) -> None:
    """The note of it outlives those who were found."""
    person = ids(home)[0]
    home.crm.configure_webhooks(drop=1.0)
    home.crm.store.edit("contact", person, {"hs_email_optout": "true"})
    home.clock.sleep(60)
    found = run_reconcile(home.context, home.portal_id).findings
    assert [one["id"] for one in found.samples] == [person]
    assert note(home, CHECKED)["found"] == {"contact": {findings.CHANGED: 1}}
    assert "watermarks.body" not in mentions(of_store(home.context.store), person)


def test_a_fault_told_in_words_that_name_a_person_keeps_its_code_only(home: House) -> None:
    """HubSpot's messages quote what they are about."""
    person, store = ids(home)[0], home.context.store
    body = {"code": "crm_refused", "message": f"contact {person} is odd", "cure": ""}
    with store.write() as connection:
        portals.set_watermark(connection, store, home.portal_id, "crm_error", body, 1)
    erase(home.context, home.portal_id, ("contact", person))
    assert note(home, "crm_error")["code"] == "crm_refused"
    assert mentions(of_store(store), person) == ["erasing.object_id"]


def test_an_error_of_the_database_names_no_value(store: Store) -> None:
    """Its text goes to logs, and with failed jobs into the queue server."""
    seen = mirror.Seen("contact", 5, {"email": "zoltanic@example.org"}, {}, [], 1)
    broken = replace(seen, object_type=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"NOT NULL|not-null") as caught, store.write() as connection:
        mirror.save(store, connection, 7, [broken], 1)
    assert "zoltanic" not in str(caught.value)
