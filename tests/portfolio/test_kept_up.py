"""The portfolio is kept up as customers change, and equals a sum from scratch at any time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl
import requests

from plugin.clock import FixedClock
from plugin.jobs import portfolio as keeping
from plugin.jobs.erase import erase
from plugin.jobs.meaning import evaluate
from plugin.portfolio import cells
from plugin.portfolio.contributions import contributions
from plugin.records import portals
from plugin.records import portfolio as kept
from plugin.records.store import Store
from plugin.sandbox.loaders import generate
from plugin.sandbox.loaders.changes import random_changes
from plugin.sandbox.world import World
from tests.conftest import NOON
from tests.support.house import House, house, records_of

DISORDER = {"duplicate": 0.5, "shuffle": True, "delay": 0.05, "seed": 7}


def kept_cells(home: House) -> dict[cells.Cell, int]:
    """What the store holds, cells of nothing left out."""
    with home.context.store.read() as connection:
        rows = kept.read_cells(connection, home.portal_id, "contact")
    return {row[:5]: row[5] for row in rows}


def from_scratch(home: House) -> dict[cells.Cell, int]:
    """The same from the CRM's own dump, without the product's mirror and without what is kept."""
    context = home.context
    with context.store.read() as connection:
        portal = portals.get(connection, home.portal_id)
        assert portal is not None
        parameters = portals.current_parameters(connection, portal)
    assert parameters is not None
    records, day = records_of(home.dump(), context), context.today(portal)
    result = evaluate(records, context.mapping, context.models, parameters, day)
    return as_cells(cells.added_up(contributions(result).values()).iter_rows())


def as_cells(rows: Iterable[tuple[object, ...]]) -> dict[cells.Cell, int]:
    return {row[:5]: row[5] for row in rows}  # type: ignore[misc]


def change(home: House, world: World, n: int, seed: int) -> None:
    """Random changes through the CRM's public API: edits, deals, deletions, merges, associations."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {home.crm.token}"
    for one in random_changes(world, n, seed, now=home.clock.now(), merges=True):
        wire = one.request()
        answer = session.request(wire.method, home.crm.url + wire.path, json=wire.body, timeout=30)
        assert answer.status_code < 300, answer.text


def test_changes_merges_deletions_and_passing_time_leave_the_figures_as_added_up_from_scratch(
    store: Store, clock: FixedClock
) -> None:
    """Changes arrive doubled and in disorder, one customer is erased; then a third of a year passes by."""
    world = generate(80, seed=3, end=NOON.date() - timedelta(1))
    with house(store, clock, world, webhooks=DISORDER) as home:
        home.load()
        home.settle()
        assert kept_cells(home) == from_scratch(home) != {}
        change(home, world, 100, seed=5)
        home.settle()
        assert kept_cells(home) == from_scratch(home)
        erased = min(home.standing())
        erase(home.context, home.portal_id, ("contact", erased))
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {home.crm.token}"
        assert (
            session.delete(f"{home.crm.url}/crm/v3/objects/contacts/{erased}", timeout=30).status_code == 204
        )
        for _ in range(2):
            clock.sleep(60 * 86_400)
            home.settle()
            assert kept_cells(home) == from_scratch(home)


def test_a_sum_from_scratch_mends_what_was_wrong_and_says_how_much(store: Store, clock: FixedClock) -> None:
    """A cell that was tampered with, and a customer who is no more."""
    with house(store, clock, generate(15, seed=4, end=NOON.date() - timedelta(1))) as home:
        home.load()
        home.settle()
        right = kept_cells(home)
        with store.read() as connection:
            portal = portals.get(connection, home.portal_id)
        assert portal is not None
        assert keeping.rebuild(home.context, portal) == 0
        with store.write() as connection:
            kept.add(store, connection, home.portal_id, "contact", [("all", "won", "", 600, 0, 5)])
            kept.put(store, connection, home.portal_id, {("contact", 999_999): "all\nwon\x1f\x1f1\x1f0\x1f1"})
        assert keeping.rebuild(home.context, portal) > 0
        assert kept_cells(home) == right
        assert keeping.rebuild(home.context, portal) == 0


def test_what_is_subtracted_is_what_was_added() -> None:
    """Text in, text out: a contribution that gives way to itself moves nothing."""
    one = "all\x1fchannel:PAID\nwon\x1f\x1f600\x1f0\x1f1\nprofit\x1f\x1f600\x1f0\x1f995"
    assert cells.moved([one], [one]).is_empty()
    assert cells.moved([one], []).equals(
        cells.moved([], [one]).with_columns(-pl.col("value")).sort(*cells.CELL)
    )
