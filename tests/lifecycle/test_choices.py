"""Choices against plain loops; a digest tells two rows apart exactly where a column differs."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.lifecycle.choices import UNKNOWN, Choice, digest, first_true, truth
from plugin.lifecycle.expressions import Compiled
from plugin.lifecycle.plans import Rulebook

NAMES = ("a", "b", "c")
TERMS = {name: Compiled(pl.col(name), "bool", 2, frozenset([name])) for name in NAMES}
Cell = bool | None
rows = st.lists(st.tuples(*[st.none() | st.booleans()] * 3), max_size=12)
numbers = st.integers(0, 9)


def choices(depth: int = 2) -> st.SearchStrategy[Choice]:
    """Choices among the three terms, some of whose numbers are choices again."""
    number = numbers | choices(depth - 1) if depth else numbers
    pairs = st.lists(st.tuples(st.sampled_from(list(TERMS.values())), number), max_size=3)
    return st.builds(Choice, pairs.map(tuple), number | st.just(UNKNOWN))


def plainly(choice: Choice, row: dict[str, Cell]) -> int:
    """The number by looking at one condition after the other."""
    for when, then in choice.of:
        [name] = when.needs
        if row[name]:
            return plainly(then, row) if isinstance(then, Choice) else then
    return plainly(choice.otherwise, row) if isinstance(choice.otherwise, Choice) else choice.otherwise


@settings(max_examples=60, deadline=None)
@given(choices(), choices(), rows)
def test_a_choice_is_the_first_that_holds_and_unknown_never_holds(
    one: Choice, two: Choice, cells: list[tuple[Cell, ...]]
) -> None:
    facts = pl.DataFrame(cells, schema=dict.fromkeys(NAMES, pl.Boolean), orient="row")
    plan = Rulebook({}).plan({"one": one, "two": two})
    assert set(plan.facts) == {n for c in (one, two) for when in c.parts for n in when.needs}
    found = plan.run(facts)
    for name, choice in (("one", one), ("two", two)):
        wanted = [plainly(choice, dict(zip(NAMES, row, strict=True))) for row in cells]
        assert found[name].to_list() == [None if n == UNKNOWN else n for n in wanted]


def test_nothing_behind_a_choice_that_always_holds_is_looked_at() -> None:
    assert first_true([(TERMS["a"], 1), (None, 2), (TERMS["b"], 3)]).parts == (TERMS["a"],)
    assert truth(None).numbers({}, 2).tolist() == [1, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-1, 3)] * 4), min_size=2, max_size=30))
def test_rows_have_the_same_digest_if_and_only_if_they_are_equal(table: list[tuple[int, ...]]) -> None:
    columns = [np.array(column, np.int32) for column in zip(*table, strict=True)]
    found = digest(columns, len(table)).tolist()
    assert [[x == y for y in table] for x in table] == [[x == y for y in found] for x in found]
