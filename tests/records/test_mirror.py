"""What we keep of the CRM's records: older never beats newer, deletion is believed, links are whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.mapping.model import Mapping
from plugin.records import associations, frames, mirror
from plugin.records.mirror import Seen
from plugin.records.store import Store

PORTAL = 7


def seen(number: int, amount: str, *, modified: int, kind: str = "deal") -> Seen:
    return Seen(kind, number, {"amount": amount}, {}, [("dealstage", modified, amount)], modified)


def save(store: Store, record: Seen, read_at: int) -> None:
    with store.write() as connection:
        mirror.save(store, connection, PORTAL, [record], read_at)


def amounts(store: Store) -> dict[int, str | None]:
    with store.read() as connection:
        deals = frames.load(connection, PORTAL, Mapping(), None).deals
    return dict(zip(deals["id"].to_list(), deals["amount"].to_list(), strict=True))


@settings(max_examples=50, deadline=None)
@given(st.permutations([(stamp, stamp + delay) for stamp, delay in ((1, 9), (2, 1), (3, 5), (4, 2))]))
def test_in_whatever_order_answers_come_the_newest_stands(answers: list[tuple[int, int]]) -> None:
    """Answers that overtake each other end in the CRM's latest state."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Store(f"sqlite:///{Path(folder) / 'm.db'}")
        kept.migrate()
        for stamp, read_at in answers:
            save(kept, seen(1, str(stamp), modified=stamp), read_at)
        assert amounts(kept) == {1: "4"}
        kept.close()


def test_a_page_read_before_a_deletion_does_not_bring_the_record_back(store: Store) -> None:
    """A backfill's page that was on its way while the record was deleted is too late."""
    save(store, seen(1, "5", modified=10), read_at=100)
    with store.write() as connection:
        mirror.forget(connection, PORTAL, "deal", [1], 200)
    save(store, seen(1, "5", modified=10), read_at=150)
    assert amounts(store) == {}


def test_a_restored_record_is_known_again(store: Store) -> None:
    """What the CRM shows after the deletion stands."""
    save(store, seen(1, "5", modified=10), read_at=100)
    with store.write() as connection:
        mirror.forget(connection, PORTAL, "deal", [1], 200)
    save(store, seen(1, "5", modified=10), read_at=300)
    assert amounts(store) == {1: "5"}


def test_nothing_of_a_deleted_record_is_kept_but_that_it_is_gone(store: Store) -> None:
    """Values, history and links of a deleted record are dropped."""
    save(store, seen(1, "5", modified=10), read_at=100)
    with store.write() as connection:
        associations.save(store, connection, PORTAL, "deal", "contact", {1: [(9, False)]}, 100)
        mirror.forget(connection, PORTAL, "deal", [1], 200)
        assert associations.neighbours(connection, PORTAL, "deal", "contact", of="to", ids=[9]) == set()
        records = frames.load(connection, PORTAL, Mapping(), None)
    assert records.history.is_empty()


def test_links_are_replaced_whole_and_an_older_reading_does_not_undo_it(store: Store) -> None:
    """A contact taken off a deal is off it, also if an older answer still names it."""
    save(store, seen(1, "5", modified=10), read_at=100)
    with store.write() as connection:
        for read_at, linked in ((300, [(8, True)]), (200, [(9, False)])):
            associations.save(store, connection, PORTAL, "deal", "contact", {1: linked}, read_at)
            associations.stamp(connection, PORTAL, "deal", [1], read_at)
        records = frames.load(connection, PORTAL, Mapping(), [("contact", 8)])
    assert records.deals.select("contact_ids", "primary_contact_id").rows() == [([8], 8)]


def test_a_batch_holds_every_deal_of_its_customers_with_all_sharers(store: Store) -> None:
    """Shares of a deal depend on how many contacts it has, also on those that are not in the batch."""
    for number in (1, 2, 3):
        save(store, seen(number, "5", modified=10), read_at=100)
    for contact in (8, 9):
        save(store, seen(contact, "", modified=10, kind="contact"), read_at=100)
    with store.write() as connection:
        links = {1: [(8, False), (9, False)], 2: [(9, False)], 3: [(8, False)]}
        associations.save(store, connection, PORTAL, "deal", "contact", links, 100)
        records = frames.load(connection, PORTAL, Mapping(), [("contact", 8)])
    assert records.contacts["id"].to_list() == [8]
    assert records.deals.select("id", "contact_ids").rows() == [(1, [8, 9]), (3, [8])]


def test_the_same_id_in_another_portal_is_another_record(store: Store) -> None:
    """Portals never see each other's records."""
    portal = PORTAL + 1
    save(store, seen(1, "5", modified=10), read_at=100)
    with store.read() as connection:
        assert frames.load(connection, portal, Mapping(), None).deals.is_empty()
        assert mirror.known(connection, portal, "deal", [1]) == set()
