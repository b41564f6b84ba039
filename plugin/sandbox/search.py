"""CRM search: filters, text query, sorting, paging, with HubSpot's limits and its quiet traps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from plugin.sandbox import history, records
from plugin.sandbox.definitions import Property
from plugin.sandbox.filters import matcher, sort_key
from plugin.sandbox.kinds import Kind
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import invalid
from plugin.sandbox.records import Record
from plugin.sandbox.values import as_text, iso, moment_of

GROUPS, FILTERS, PAGE, REACH = 5, 6, 200, 10_000


@dataclass
class Found:
    """One page of a search: how many match in all, the records, where the next page starts."""

    total: int
    records: list[Record]
    after: int | None


def search(
    conn: sqlite3.Connection,
    portal: Portal,
    kind: Kind,
    schema: dict[str, Property],
    body: dict[str, Any],
    now: int,
) -> Found:
    """Run a search request; 400 beyond HubSpot's limits."""
    limit, after = int(body.get("limit") or 10), int(body.get("after") or 0)
    if limit > PAGE:
        raise invalid(f"limit must be at most {PAGE}")
    if after + limit > REACH:
        raise invalid(f"Search reaches at most {REACH} results; narrow the filters.")
    groups = _groups(body)
    matches = matcher(conn, portal, kind, schema, groups, body)
    lag = round(portal.index_lag * 1000)
    hits = [
        record
        for record in _indexed(conn, portal, kind, _since(kind, groups) - lag, now - lag if lag else None)
        if matches(record)
    ]
    _sort(hits, kind, schema, body.get("sorts") or [])
    page = hits[after : after + limit]
    following = after + limit if len(hits) > after + limit else None
    return Found(len(hits), page, following)


def _groups(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    listed = body.get("filterGroups") or []
    if body.get("filters"):
        listed = [*listed, {"filters": body["filters"]}]
    groups = [group.get("filters") or [] for group in listed]
    if len(groups) > GROUPS or any(len(group) > FILTERS for group in groups):
        raise invalid(f"At most {GROUPS} filter groups with {FILTERS} filters each are allowed")
    return [group for group in groups if group]


def _since(kind: Kind, groups: list[list[dict[str, Any]]]) -> int:
    """The earliest modification that any group lets through, so that an index can be used."""
    floors: list[int] = []
    for group in groups:
        bounds = [
            moment_of(as_text(one.get("value"))) or 0
            for one in group
            if one.get("propertyName") == kind.modified
            and one.get("operator") in ("GT", "GTE", "EQ", "BETWEEN")
        ]
        floors.append(max(bounds, default=0))
    return min(floors, default=0)


def indexed(conn: sqlite3.Connection, portal: Portal, kind: Kind, now: int) -> Iterable[Record]:
    """Every record as the index knows it at this moment."""
    lag = round(portal.index_lag * 1000)
    return _indexed(conn, portal, kind, 0, now - lag if lag else None)


def _indexed(
    conn: sqlite3.Connection, portal: Portal, kind: Kind, since: int, seen_until: int | None
) -> Iterable[Record]:
    """Records as the index knows them: what changed in the last moments still has its old values."""
    found = list(records.scan(conn, portal.id, kind, since))
    if seen_until is None:
        return found
    late = [record.id for record in found if record.updated_at > seen_until]
    kept = history.read(conn, portal.id, kind, late)
    return [
        _older(record, kept.get(record.id, {}), seen_until) if record.updated_at > seen_until else record
        for record in found
        if record.created_at <= seen_until
    ]


def _older(record: Record, kept: dict[str, list[dict[str, Any]]], moment: int) -> Record:
    values = history.as_of(record, kept, moment)
    stamps = [entry["timestamp"] for listed in kept.values() for entry in listed]
    seen = max((stamp for stamp in stamps if stamp <= iso(moment)), default=iso(record.created_at))
    values[record.kind.modified] = seen
    return Record(record.kind, record.id, values, record.created_at, moment_of(seen) or 0)


def _sort(hits: list[Record], kind: Kind, schema: dict[str, Property], sorts: list[Any]) -> None:
    """One sort is allowed; without one, oldest first. Records without the value come last."""
    if len(sorts) > 1:
        raise invalid("Only one sort is allowed")
    first = sorts[0] if sorts else kind.created
    name = first.get("propertyName") if isinstance(first, dict) else str(first).lstrip("-")
    down = (
        str(first.get("direction", "")).upper().startswith("DESC")
        if isinstance(first, dict)
        else str(first).startswith("-")
    )
    if name not in schema:
        raise invalid(f'There was a problem with the request: property "{name}" does not exist')
    key = sort_key(schema[name])
    valued = [(key(record.properties.get(name) or ""), record) for record in hits]
    have = sorted([pair for pair in valued if pair[0] is not None], key=lambda pair: pair[0], reverse=down)
    hits[:] = [record for _, record in have] + [record for value, record in valued if value is None]
