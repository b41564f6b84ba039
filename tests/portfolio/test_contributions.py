"""Contributions: a pure function of records and day, however customers are batched, whenever made."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.jobs.meaning import evaluate
from plugin.lifecycle.records import Records
from plugin.portfolio import cells
from plugin.portfolio.contributions import Key, contributions
from tests.lifecycle.naive import Person
from tests.lifecycle.worlds import MAPPING, MODELS, START, day, people, portals, records_of

END = START + 1_300


def made(records: Records, parameters: object, at: int, only: list[int] | None = None) -> dict[Key, str]:
    customers = None if only is None else [("contact", id_) for id_ in only]
    result = evaluate(records, MAPPING, MODELS, parameters, day(at), customers, dates=False)  # type: ignore[arg-type]
    return contributions(result)


def moments(records: Records, parameters: object, at: int) -> dict[Key, date | None]:
    result = evaluate(records, MAPPING, MODELS, parameters, day(at), dates=False)  # type: ignore[arg-type]
    both = pl.concat([part.select("object", "id", "next_moment") for part in (result.frame, result.unseen)])
    return {(kind, id_): moment for kind, id_, moment in both.rows()}


def as_cells(texts: list[str]) -> dict[cells.Cell, int]:
    return {row[:5]: row[5] for row in cells.added_up(texts).iter_rows()}


class Kept:
    """Cells kept up by differences: what the store does, without a store."""

    def __init__(self) -> None:
        self.cells: dict[cells.Cell, int] = {}
        self.mine: dict[Key, str] = {}

    def put(self, after: dict[Key, str], gone: list[Key]) -> None:
        old = [self.mine.pop(key) for key in {*after, *gone} if key in self.mine]
        self.mine |= after
        for *cell, value in cells.moved(old, after.values()).iter_rows():
            key = tuple(cell)
            self.cells[key] = self.cells.get(key, 0) + value  # type: ignore[index,arg-type]

    def standing(self) -> dict[cells.Cell, int]:
        return {cell: value for cell, value in self.cells.items() if value}


SLOW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(st.lists(people(), min_size=1, max_size=6), portals, st.randoms(use_true_random=False), st.data())
def test_cells_kept_up_in_any_order_and_batching_equal_those_from_scratch(
    persons: list[Person], parameters: object, rng: random.Random, data: st.DataObject
) -> None:
    """Customers change, repeat, vanish, come back, in batches of any size: all is as if made at once."""
    other = data.draw(st.lists(people(), min_size=len(persons), max_size=len(persons)))
    kept, worlds = Kept(), (records_of(persons), records_of(other))
    ids = list(range(1, len(persons) + 1))
    for _ in range(4):
        world = rng.choice(worlds)
        batch = rng.sample(ids, rng.randint(1, len(ids)))
        gone = [("contact", id_) for id_ in rng.sample(ids, rng.randint(0, min(2, len(ids))))]
        kept.put({k: v for k, v in made(world, parameters, END, batch).items() if k not in gone}, gone)
    kept.put(made(worlds[0], parameters, END), [])
    assert kept.standing() == as_cells(list(made(worlds[0], parameters, END).values()))


@SLOW
@given(st.lists(people(), min_size=1, max_size=4), portals, st.integers(START + 200, END - 100))
def test_a_contribution_stands_still_until_the_customers_next_moment(
    persons: list[Person], parameters: object, at: int
) -> None:
    """So that passing time costs nothing but the customers whose moment has come."""
    records = records_of(persons)
    before, coming = made(records, parameters, at), moments(records, parameters, at)
    for later in (7, 90):
        after = made(records, parameters, at + later)
        for key, text in before.items():
            moment = coming[key]
            if moment is None or moment > day(at) + timedelta(later):
                assert after[key] == text


@SLOW
@given(st.lists(people(), min_size=2, max_size=5), portals)
def test_a_contribution_does_not_depend_on_who_else_is_in_the_batch(
    persons: list[Person], parameters: object
) -> None:
    """Each alone, and all together."""
    records, together = records_of(persons), {}
    for number in range(1, len(persons) + 1):
        together |= made(records, parameters, END, [number])
    assert together == made(records, parameters, END)


def test_a_deal_of_two_contacts_counts_once_whatever_the_attribution() -> None:
    """Three cents to two sharers are two and one; the order is one."""
    from dataclasses import replace

    from plugin.lifecycle.models import load_models
    from plugin.mapping.model import Mapping, Purchase
    from tests.lifecycle.worlds import rhythm

    deal = {
        "id": 9,
        "contact_ids": [1, 2],
        "amount": "0.03",
        "closedate": "2026-05-04",
        "createdate": "2026-05-01",
        "dealstage": "closedwon",
    }
    contacts = [{"id": 1, "createdate": "2026-04-01"}, {"id": 2, "createdate": "2026-04-02"}]
    records = Records.from_rows(contacts=contacts, deals=[deal])
    for attribution in ("split", "all", "primary"):
        mapping = replace(Mapping(), purchase=replace(Purchase(), attribution=attribution))
        result = evaluate(records, mapping, load_models(mapping), rhythm(0, None), date(2026, 6, 1))
        found = as_cells(list(contributions(result).values()))
        month = (2026 - 1970) * 12 + 4
        assert found["all", "revenue", "", month, 0] == 3
        assert found["all", "orders", "", month, 0] == 1
        assert found["all", "won", "", month, 0] == 2
        assert found["cohort:2026-05", "profit", "", month, 0] == 3
