"""What waits for a worker: one row a record, one holder at a time, nothing lost."""

from __future__ import annotations

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.clock import FixedClock
from plugin.jobs import apply
from plugin.jobs.context import Silence
from plugin.records import inbox, portals, work
from plugin.records.schema import dirty, marks
from plugin.records.store import Store
from plugin.records.work import Claimed
from plugin.wiring import build_context

PORTAL = 7
DEAL = ("deal", 2**40)


def mark(store: Store, key: work.RecordKey = DEAL, *, now: int = 0, **options: object) -> None:
    associations = bool(options.pop("associations", False))
    with store.write() as connection:
        work.mark_records(store, connection, PORTAL, {key: associations}, now=now, **options)  # type: ignore[arg-type]


def claim(store: Store, *, now: int, holder: str = "a", lane: str = "live", limit: int = 10) -> list[Claimed]:
    with store.write() as connection:
        return work.claim(connection, marks, PORTAL, lane, limit, now=now, holder=holder)


def finish(store: Store, rows: list[Claimed], *, now: int, holder: str = "a") -> None:
    with store.write() as connection:
        work.finish(connection, marks, PORTAL, rows, now=now, holder=holder)


def test_a_thousand_changes_of_one_record_wait_as_one(store: Store) -> None:
    """However often a record changed, it is read once."""
    with store.write() as connection:
        for moment in range(1_000):
            work.mark_records(store, connection, PORTAL, {DEAL: False}, now=moment)
    assert len(claim(store, now=10_000)) == 1


def test_a_record_rests_until_it_is_quiet_but_not_for_ever(store: Store) -> None:
    """Changes in quick succession are gathered; a stream of them cannot postpone a record past the cap."""
    mark(store, now=0)
    assert claim(store, now=work.LINGER_MS - 1) == []
    for moment in range(0, 2 * work.LINGER_CAP_MS, 100):
        mark(store, now=moment)
    assert len(claim(store, now=work.LINGER_CAP_MS)) == 1


def test_a_record_marked_while_it_is_read_is_read_again(store: Store) -> None:
    """A change that arrives between claim and finish is not lost."""
    mark(store)
    rows = claim(store, now=1_000)
    mark(store, now=1_100)
    finish(store, rows, now=1_200)
    again = claim(store, now=9_000)
    assert [row.key for row in again] == [DEAL]
    finish(store, again, now=9_100)
    assert claim(store, now=99_000) == []


def test_a_claim_belongs_to_one_worker_and_runs_out(store: Store) -> None:
    """Nobody takes a claimed row, until its holder has been silent for too long."""
    mark(store)
    assert len(claim(store, now=1_000, holder="a")) == 1
    assert claim(store, now=2_000, holder="b") == []
    late = 1_000 + work.CLAIM_MS + 1
    assert len(claim(store, now=late, holder="b")) == 1


def test_the_late_finish_of_a_worker_that_lost_its_claim_changes_nothing(store: Store) -> None:
    """A worker that slept through its claim cannot delete what another holds now."""
    mark(store)
    lost = claim(store, now=1_000, holder="a")
    later = 1_001 + work.CLAIM_MS
    held = claim(store, now=later, holder="b")
    finish(store, lost, now=later + 1, holder="a")
    with store.read() as connection:
        assert work.waiting(connection, PORTAL, later)[0] == 1
    finish(store, held, now=later + 2, holder="b")
    with store.read() as connection:
        assert work.waiting(connection, PORTAL, later)[0] == 0


def test_the_more_urgent_class_and_the_wider_reading_win(store: Store) -> None:
    """A live change makes a backfill row live; associations once asked for stay asked for."""
    mark(store, priority=work.BACKFILL, associations=True)
    mark(store, priority=work.LIVE)
    (row,) = claim(store, now=5_000, lane="live")
    assert (row.priority, row.associations) == (work.LIVE, True)


def test_the_lanes_do_not_take_each_others_work(store: Store) -> None:
    """The first load of a portal never stands before a change of today."""
    mark(store, ("deal", 1), priority=work.BACKFILL)
    mark(store, ("deal", 2), priority=work.DUE)
    assert [row.object_id for row in claim(store, now=5_000, lane="live")] == [2]
    assert [row.object_id for row in claim(store, now=5_000, lane="bulk")] == [1]


def test_portals_do_not_see_each_other(store: Store) -> None:
    """The same id in two portals is two records."""
    mark(store)
    with store.write() as connection:
        assert work.claim(connection, marks, PORTAL + 1, "live", 10, now=9_000, holder="x") == []
        assert work.portals_with_work(connection, 9_000) == [(PORTAL, "live")]


def test_eight_workers_share_the_work_without_doing_any_twice(store: Store) -> None:
    """Every row is claimed exactly once."""
    with store.write() as connection:
        keys = [("contact", number) for number in range(400)]
        work.mark_customers(store, connection, PORTAL, keys, now=0)
    taken: list[int] = []
    guard = threading.Lock()

    def take(holder: str) -> None:
        while True:
            with store.write() as connection:
                rows = work.claim(connection, dirty, PORTAL, "live", 17, now=5_000, holder=holder)
            if not rows:
                return
            with guard:
                taken.extend(row.object_id for row in rows)

    threads = [threading.Thread(target=take, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(400))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("mark"), st.integers(0, 5)),
            st.tuples(st.sampled_from(["claim", "finish", "release", "crash"]), st.integers(0, 2)),
        ),
        max_size=30,
    )
)
def test_no_order_of_marking_claiming_and_crashing_loses_a_record(
    steps: list[tuple[str, int]],
) -> None:
    """Whatever is marked is claimed after its last mark, whoever crashed in between."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'w.db'}")
        store.migrate()
        now, held, unread = 0, {0: [], 1: [], 2: []}, set()  # type: ignore[var-annotated]
        seen_at_claim: dict[int, dict[int, int]] = {0: {}, 1: {}, 2: {}}
        version: dict[int, int] = {}
        for action, number in steps:
            now += 2_000
            if action == "mark":
                mark(store, ("deal", number), now=now)
                version[number] = now
                unread.add(number)
            elif action == "claim" and not held[number]:
                held[number] = claim(store, now=now, holder=str(number))
                seen_at_claim[number] = {row.object_id: version[row.object_id] for row in held[number]}
            elif action == "finish":
                finish(store, held[number], now=now, holder=str(number))
                unread -= {i for i, at in seen_at_claim[number].items() if version[i] == at}
                held[number], seen_at_claim[number] = [], {}
            elif action == "release" and held[number]:
                with store.write() as connection:
                    work.release(connection, marks, PORTAL, held[number], now=now, holder=str(number))
                held[number], seen_at_claim[number] = [], {}
            elif action == "crash":
                held[number], seen_at_claim[number] = [], {}
        left = claim(store, now=now + 2 * work.CLAIM_MS, holder="last", limit=100)
        store.close()
        assert unread <= {row.object_id for row in left}


def test_who_works_and_who_marks_do_not_lock_each_other_out(store: Store) -> None:
    """Rows are worked off by urgency and marked by their keys, at the same moment and by two processes."""
    customers = [("contact", number) for number in range(60)]
    together = threading.Barrier(2, timeout=30)

    def mark_all(*, now: int) -> None:
        with store.write() as connection:
            work.mark_customers(store, connection, PORTAL, customers, now=now)

    def marks_again() -> None:
        for moment in range(15):
            together.wait()
            mark_all(now=moment)
            together.wait()

    mark_all(now=0)
    with ThreadPoolExecutor(1) as pool:
        marking = pool.submit(marks_again)
        for _ in range(15):
            with store.write() as connection:
                urgent = sa.update(dirty).values(ready_at=1_000 - dirty.c.object_id, claimed_until=0)
                connection.execute(urgent)  # the last by its key first
                claimed = work.claim(connection, dirty, PORTAL, "live", 60, now=2_000, holder="a")
            together.wait()
            with store.write() as connection:
                work.renew(connection, dirty, PORTAL, claimed, now=2_000, holder="a")
            together.wait()
        marking.result()
    assert len(claimed) == 60


def test_bodies_that_name_portals_in_any_order_are_applied_side_by_side(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers wait for each other's portals in one order only: none is chosen to give way."""
    monkeypatch.setattr(apply, "BODIES", 1)
    context = build_context(store=store, clock=clock, crm=lambda *_: None, bells=Silence())  # type: ignore[arg-type, return-value]
    together = threading.Barrier(2)
    with store.write() as connection:
        for portal_id in (1, 2):
            portals.remember(connection, store, portal_id, "UTC", "EUR", "")
        for number in range(80):
            first, second = (1, 2) if number % 2 else (2, 1)
            body = orjson.dumps([_event(first, 2 * number), _event(second, 2 * number + 1)])
            inbox.put(connection, inbox.SEVERAL, body, 2, 0)

    def work_off(_: int) -> int:
        together.wait()
        return sum(apply.apply_inbox(context) for _ in range(40))

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work_off, range(2))) == 80
    with store.read() as connection:
        assert inbox.counts(connection)["events_received"] == 160


def _event(portal_id: int, number: int) -> dict[str, object]:
    named = {"portalId": portal_id, "objectId": number, "subscriptionType": "contact.propertyChange"}
    return {**named, "eventId": number, "occurredAt": 1_790_000_000_000, "propertyName": "email"}
