"""Where the portfolio's answers come from: the cells kept in the store, or the outcomes of CSV files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import polars as pl
from sqlalchemy.engine import Connection

from plugin.errors import InputError
from plugin.jobs.context import Context
from plugin.lifecycle.outcomes import Outcomes
from plugin.mapping.model import Mapping as FieldMapping
from plugin.portfolio.answers import Source, Wanted
from plugin.portfolio.cells import COARSELY, added_up
from plugin.portfolio.contributions import contributions
from plugin.portfolio.figures import Figures
from plugin.portfolio.months import ALWAYS
from plugin.portfolio.spend import Spend
from plugin.portfolio.timings import Middle, Timing, middle_of, timing_of
from plugin.records import portfolio as kept
from plugin.records.portals import Portal

Timings = dict[tuple[str, str, bool], Timing]


def of_portal(context: Context, portal: Portal, object_type: str | None = None) -> Source:
    """The figures kept of a portal's customers; InputError where no such objects are customers."""
    portal_id = portal.portal_id
    context = context.current(portal_id)
    mapping = context.mapping
    kind = customers_of(mapping, object_type)

    def read(wanted: Wanted) -> Mapping[str, Figures]:
        with context.store.read() as connection:
            kept.steady(connection)
            return read_kept(connection, portal_id, kind, wanted)

    with context.store.read() as connection:
        channels = kept.channels(connection, portal_id, kind)
        spend = Spend(kept.read_spend(connection, portal_id))
    currency = mapping.currency or portal.currency
    return Source(
        read, channels, spend, mapping, context.models, kind, context.today(portal), currency or None
    )


def read_kept(connection: Connection, portal_id: int, object_type: str, wanted: Wanted) -> dict[str, Figures]:
    """The wanted figures as the store keeps them."""
    rows = kept.read_cells(connection, portal_id, object_type, wanted.scopes, wanted.measures)
    timings: dict[str, Timings] = {}
    for always, measures, months in (
        (True, wanted.always, [ALWAYS]),
        (False, wanted.timed, wanted.months),
    ):
        for scope in wanted.scopes if measures else ():
            whose = (connection, portal_id, object_type, scope)
            for (found, measure, detail), timing in _kept_timings(whose, measures, months).items():
                timings.setdefault(found, {})[measure, detail, always] = timing
    return by_scope(rows, timings)


def _kept_timings(
    whose: tuple[Connection, int, str, str], measures: Collection[str], months: Collection[int]
) -> dict[tuple[str, str, str], Timing]:
    """Timings by (scope, measure, detail): coarse counts first, then single days in the middle."""
    coarse: dict[tuple[str, str, str], dict[int, int]] = {}
    for scope, measure, detail, bin_, count in kept.read_counts(
        *whose, [f"{measure}{COARSELY}" for measure in measures], months
    ):
        coarse.setdefault((scope, measure.removesuffix(COARSELY), detail), {})[bin_] = count
    middles = {key: middle_of(counts) for key, counts in coarse.items()}
    wanted = [(*key, days) for key, one in middles.items() if isinstance(one, Middle) for days in one.days()]
    fine: dict[tuple[str, str, str], dict[int, int]] = {}
    for scope, measure, detail, bin_, count in kept.read_days(*whose[:3], wanted, months):
        fine.setdefault((scope, measure, detail), {})[bin_] = count
    return {
        key: one.timing(fine.get(key, {})) if isinstance(one, Middle) else one for key, one in middles.items()
    }


def of_outcomes(outcomes: Outcomes, spend: Spend, object_type: str | None = None) -> Source:
    """The figures of outcomes computed from files."""
    mapping, kind = outcomes.mapping, customers_of(outcomes.mapping, object_type)
    made = contributions(outcomes)
    cells = added_up(text for key, text in made.items() if key[0] == kind)
    names = cells["scope"].unique().sort()
    channels = [name.removeprefix("channel:") for name in names if name.startswith("channel:")]

    def read(wanted: Wanted) -> Mapping[str, Figures]:
        rows = list(cells.filter(pl.col("scope").is_in(list(wanted.scopes))).iter_rows())
        timings = _timings(rows, wanted)
        return by_scope([row for row in rows if row[1] in wanted.measures], timings)

    currency = mapping.currency or outcomes.parameters.currency
    return Source(
        read, channels, spend, mapping, outcomes.models, kind, outcomes.day, currency, tasks_known=False
    )


def _timings(rows: Iterable[tuple[Any, ...]], wanted: Wanted) -> dict[str, Timings]:
    bins: dict[str, dict[tuple[str, str, bool], dict[int, int]]] = {}
    for scope, measure, detail, month, bin_, value in rows:
        for always, measures, months in (
            (True, wanted.always, (ALWAYS,)),
            (False, wanted.timed, wanted.months),
        ):
            if measure in measures and month in months:
                mine = bins.setdefault(scope, {}).setdefault((measure, detail, always), {})
                mine[bin_] = mine.get(bin_, 0) + value
    return {scope: {key: timing_of(counts) for key, counts in found.items()} for scope, found in bins.items()}


def by_scope(rows: Iterable[tuple[Any, ...]], timings: Mapping[str, Timings]) -> dict[str, Figures]:
    """Cells and timings sorted by their scopes."""
    found: dict[str, list[tuple[Any, ...]]] = {scope: [] for scope in timings}
    for scope, *rest in rows:
        found.setdefault(scope, []).append(tuple(rest))
    return {scope: Figures.of(mine, timings.get(scope)) for scope, mine in found.items()}


def customers_of(mapping: FieldMapping, object_type: str | None) -> str:
    """The object type to show: the one asked for, else the mapping's first."""
    kinds = mapping.customer_objects()
    if object_type is not None and object_type not in kinds:
        raise InputError(
            f"A {object_type} is no customer in this mapping.", cure=f"Ask for {' or '.join(kinds)}."
        )
    return object_type or kinds[0]
