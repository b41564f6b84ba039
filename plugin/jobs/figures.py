"""Where the portfolio's answers come from: the cells kept in the store, or the outcomes of CSV files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from plugin.errors import InputError
from plugin.jobs.context import Context
from plugin.lifecycle.outcomes import Outcomes
from plugin.mapping.model import Mapping as FieldMapping
from plugin.portfolio.answers import Source, Wanted
from plugin.portfolio.cells import TIMED, Figures, added_up
from plugin.portfolio.contributions import contributions
from plugin.portfolio.spend import Spend
from plugin.records import portfolio as kept
from plugin.records.portals import Portal


def of_portal(context: Context, portal: Portal, object_type: str | None = None) -> Source:
    """The figures kept of a portal's customers; InputError where no such objects are customers."""
    mapping, portal_id = context.mapping, portal.portal_id
    kind = customers_of(mapping, object_type)

    def read(wanted: Wanted) -> Mapping[str, Figures]:
        with context.store.read() as connection:
            rows = kept.read_figures(
                connection,
                portal_id,
                kind,
                wanted.scopes,
                measures=wanted.measures,
                every_timed=TIMED,
                timed=wanted.timed,
                months=wanted.months,
            )
        return by_scope(rows)

    with context.store.read() as connection:
        channels = kept.channels(connection, portal_id, kind)
        spend = Spend(kept.read_spend(connection, portal_id))
    currency = mapping.currency or portal.currency
    return Source(
        read, channels, spend, mapping, context.models, kind, context.today(portal), currency or None
    )


def of_outcomes(outcomes: Outcomes, spend: Spend, object_type: str | None = None) -> Source:
    """The figures of outcomes computed from files."""
    mapping, kind = outcomes.mapping, customers_of(outcomes.mapping, object_type)
    made = contributions(outcomes)
    figures = by_scope(added_up(text for key, text in made.items() if key[0] == kind).iter_rows())
    channels = sorted(scope.removeprefix("channel:") for scope in figures if scope.startswith("channel:"))

    def read(wanted: Wanted) -> Mapping[str, Figures]:
        return {scope: one for scope, one in figures.items() if _is_wanted(scope, wanted.scopes)}

    currency = mapping.currency or outcomes.parameters.currency
    return Source(read, channels, spend, mapping, outcomes.models, kind, outcomes.day, currency)


def _is_wanted(scope: str, scopes: Collection[str]) -> bool:
    return scope in scopes or f"{scope.partition(':')[0]}:*" in scopes


def by_scope(rows: Iterable[tuple[Any, ...]]) -> dict[str, Figures]:
    """Cells sorted by their scopes."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for scope, *rest in rows:
        found.setdefault(scope, []).append(tuple(rest))
    return {scope: Figures.of(mine) for scope, mine in found.items()}


def customers_of(mapping: FieldMapping, object_type: str | None) -> str:
    """The object type to show: the one asked for, else the mapping's first."""
    kinds = mapping.customer_objects()
    if object_type is not None and object_type not in kinds:
        raise InputError(
            f"A {object_type} is no customer in this mapping.", cure=f"Ask for {' or '.join(kinds)}."
        )
    return object_type or kinds[0]
