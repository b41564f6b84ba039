"""A person who is erased is gone from every table, stays gone, and nobody else is the worse for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from plugin.clock import FixedClock
from plugin.errors import ConfigError, InputError
from plugin.jobs.backfill import run_backfill
from plugin.jobs.config_apply import apply_bundle
from plugin.jobs.erase import erase, held
from plugin.jobs.erasing import finish_erasures
from plugin.jobs.fit import UNREAD, fit_portal
from plugin.jobs.reconcile import run_reconcile
from plugin.jobs.status import status
from plugin.mapping.bundle import Bundle
from plugin.records import mirror, portals, tombstones, work
from plugin.records.configs import COMMAND, Origin
from plugin.records.schema import metadata
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.web.customers import Customers
from tests.conftest import NOON
from tests.support.house import House, differing, house


@pytest.fixture
def home(store: Store, clock: FixedClock) -> Iterator[House]:
    """A loaded portal of thirty customers."""
    with house(store, clock, cdnow(NOON.date(), limit=30)) as made:
        made.load()
        made.settle()
        yield made


def sharers(home: House) -> tuple[int, int, int]:
    """Two customers and the won deal that they share, settled."""
    store, first = home.crm.store, min(home.standing())
    person = int(store.create_record("contact", {"email": "person@example.com"})["id"])
    deal = int(store.create_deal(person, {"dealstage": "closedwon", "amount": "100"})["id"])
    store.associate(("deal", deal), ("contact", first))
    home.settle()
    return person, first, deal


def mentions(store: Store, sought: int | str) -> list[str]:
    """`table.column` of every value in the whole store that is, or whose text holds, this number or text."""
    found = set()
    word = re.compile(re.escape(sought) if isinstance(sought, str) else rf"(?<!\d){sought}(?!\d)")
    with store.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)).mappings():
                for name, value in row.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    if not isinstance(value, bytes | float) and word.search(text):
                        found.add(f"{table.name}.{name}")
    return sorted(found)


def settled(home: House) -> None:
    """Let the time pass in which work under way could still write about the person."""
    home.clock.sleep(301)
    finish_erasures(home.context)


def delete_for_privacy(home: House, number: int) -> None:
    """As a CRM user does it who was asked to."""
    answer = requests.post(
        f"{home.crm.url}/crm/v3/objects/contacts/gdpr-delete",
        json={"objectId": str(number)},
        headers={"Authorization": f"Bearer {home.crm.token}"},
        timeout=10,
    )
    assert answer.status_code == 204


@pytest.mark.parametrize("disorder", [{}, {"duplicate": 1.0, "shuffle": True}])
def test_a_deletion_for_privacy_leaves_nothing_in_any_table(home: House, disorder: dict[str, Any]) -> None:
    """The event comes with an ordinary deletion, in either order; the other gets the whole deal."""
    person, friend, _ = sharers(home)
    before = float(home.standing()[friend]["clm_value_to_date"])
    assert {"mirror.object_id", "outcomes.object_id", "ledger.object_id"} <= set(
        mentions(home.context.store, person)
    )
    home.crm.configure_webhooks(**disorder)
    delete_for_privacy(home, person)
    home.settle()
    settled(home)
    assert mentions(home.context.store, person) == []
    assert float(home.standing()[friend]["clm_value_to_date"]) == before + 50
    assert differing(home) == []


def test_who_is_erased_here_does_not_come_back_while_the_crm_still_has_them(home: House) -> None:
    """Neither by an event, nor by a whole load, a comparison or a deal that is read again."""
    person, _, deal = sharers(home)
    erase(home.context, home.portal_id, ("contact", person))
    home.settle()
    settled(home)
    store = home.crm.store
    store.edit("contact", person, {"hs_email_optout": "true"})
    store.edit("deal", deal, {"amount": "70"})
    store.create_deal(person, {"dealstage": "closedwon", "amount": "9"})
    home.settle()
    run_backfill(home.context, home.portal_id)
    home.clock.sleep(60)
    checked = run_reconcile(home.context, home.portal_id)
    run_reconcile(home.context, home.portal_id, full=True)
    home.settle()
    assert mentions(home.context.store, person) == []
    assert "contact" not in checked.findings.found


def test_those_merged_into_a_person_go_with_them(home: House) -> None:
    """What was written to the old records is in the ledger under their old ids."""
    person, friend, _ = sharers(home)
    new = home.crm.store.merge_records("contact", friend, person)
    home.settle()
    assert mentions(home.context.store, person)
    done = erase(home.context, home.portal_id, ("contact", new))
    settled(home)
    assert {id_ for _, id_ in done.records} == {person, friend, new}
    for number in (person, friend, new):
        assert mentions(home.context.store, number) == []


def test_what_was_under_way_at_that_moment_is_deleted_too(home: House) -> None:
    """A worker that had read the person before writes its row after: the next sweep takes it away."""
    person, _, _ = sharers(home)
    store, portal_id = home.context.store, home.portal_id
    erase(home.context, portal_id, ("contact", person))
    with store.write() as connection:
        work.mark_customers(store, connection, portal_id, [("contact", person)], now=home.context.now())
    assert mentions(store, person) == ["dirty.object_id", "erasing.object_id"]
    finish_erasures(home.context)
    assert mentions(store, person) == ["erasing.object_id"]
    settled(home)
    assert mentions(store, person) == []


def test_examples_of_values_that_cannot_be_read_go_with_an_erasure(home: House) -> None:
    """Nobody can tell whose they are: the counts stay, and no fit shows the person's again."""
    text = b"version: 1\ncontact: {nps: firstname}\n"
    apply_bundle(home.context, Bundle("ours.yaml", text, {}), Origin(COMMAND, "ada", home.context.now()))
    home.settle()
    made = home.crm.store.create_record("contact", {"firstname": "Zoltan?!"})
    person, store = int(made["id"]), home.context.store
    home.settle()
    note = {"values": [_example("Zoltan?!")], "more": 0}
    with store.write() as connection:
        portals.set_watermark(connection, store, home.portal_id, UNREAD, note, home.context.now())
    assert "watermarks.body" in mentions(store, "Zoltan?!")
    erase(home.context, home.portal_id, ("contact", person))
    assert mentions(store, "Zoltan?!") == []
    fit_portal(home.context.current(home.portal_id), home.portal_id)
    settled(home)
    assert mentions(store, "Zoltan?!") == []
    (told,) = status(home.context)["portals"]
    assert [row["property"] for row in told["unread"]["values"]] == ["firstname"]


def _example(value: str) -> dict[str, Any]:
    kind = {"object": "contact", "property": "firstname", "problem": "not a number"}
    return {**kind, "count": 7, "examples": [value]}


def test_the_undo_of_one_record_that_broke_off_is_not_remembered_past_its_erasure(home: House) -> None:
    """Of another record it is."""
    person, friend, _ = sharers(home)
    for number, left in ((friend, True), (person, False)):
        scope = {"change_set": None, "since": None, "until": None, "record": ["contact", number]}
        with home.context.store.write() as connection:
            note = {"scope": scope, "last": False, "upto": 0, "id": "undo-1"}
            portals.set_watermark(connection, home.context.store, home.portal_id, "undo", note, 1)
        erase(home.context, home.portal_id, ("contact", person))
        with home.context.store.read() as connection:
            assert (portals.watermark(connection, home.portal_id, "undo") is not None) is left


def test_a_process_that_showed_a_person_forgets_them(home: House) -> None:
    """It is not told of the erasure; minutes later, whoever is looked at, their path is gone from memory."""
    person, friend, _ = sharers(home)
    customers = Customers(home.context)
    with home.context.store.read() as connection:
        portal = portals.get(connection, home.portal_id)
        assert portal is not None
        assert customers.told(connection, portal, ("contact", person))
        assert str(person) in repr(customers._paths)
    erase(home.context, home.portal_id, ("contact", person))
    settled(home)
    with home.context.store.read() as connection:
        assert customers.told(connection, portal, ("contact", friend))
    assert re.search(rf"(?<!\d){person}(?!\d)", repr(customers._paths)) is None


def test_an_erasure_can_empty_the_record_in_the_crm_first(home: House) -> None:
    """With `clear`; without it what stands there is the CRM's own affair."""
    person, friend, _ = sharers(home)
    assert home.standing()[person]["clm_stage"]
    done = erase(home.context, home.portal_id, ("contact", person), clear=True)
    home.settle()
    assert done.cleared
    assert not any(v for k, v in home.standing()[person].items() if k.startswith("clm_"))
    assert home.standing()[friend]["clm_stage"]


def test_all_that_is_held_about_a_person_can_be_shown(home: House) -> None:
    """Every table that names them, with decoded values; for an unknown one an error, not an empty page."""
    person, _, deal = sharers(home)
    found = held(home.context, home.portal_id, ("contact", person))
    assert {"mirror", "outcomes", "changes", "ledger", "associations"} <= set(found)
    assert found["mirror"][0]["outputs"]["clm_stage"] == home.standing()[person]["clm_stage"]
    assert [row["from_id"] for row in found["associations"]] == [deal]
    with pytest.raises(InputError, match="Nothing is held about contact 1234567890"):
        held(home.context, home.portal_id, ("contact", 1234567890))
    with pytest.raises(InputError, match="Nothing is held"):
        erase(home.context, home.portal_id, ("contact", 1234567890))


def test_a_tombstone_tells_nothing_without_the_key(store: Store) -> None:
    """And a process with another key refuses to run rather than let people come back."""
    with store.write() as connection:
        tombstones.put(store, connection, 7, [("contact", 5)], now=1)
        tombstones.check_keys(connection, store.erasure_keys)
        assert tombstones.erased(store, connection, 7, [("contact", 5), ("company", 5), ("contact", 6)]) == {
            ("contact", 5)
        }
        assert tombstones.erased(store, connection, 8, [("contact", 5)]) == set()
        with pytest.raises(ConfigError, match="another SECRET_KEY"):
            tombstones.check_keys(connection, [b"another"])
        tombstones.check_keys(connection, [b"another", *store.erasure_keys])
    assert mentions(store, 5) == []


def test_without_a_key_nobody_is_erased_by_halves(store: Store) -> None:
    """The rows stay where they are, and the message says what is missing."""
    seen = mirror.Seen("contact", 5, {"email": "x"}, {}, [], 1)
    with store.write() as connection:
        mirror.save(store, connection, 7, [seen], 1)
    keyless = Store(store.url)
    with pytest.raises(ConfigError, match="SECRET_KEY"), keyless.write() as connection:
        tombstones.put(keyless, connection, 7, [("contact", 5)], now=1)
    keyless.close()
