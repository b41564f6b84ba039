"""What the record endpoints share: finding a record, reading a request's values, answering a record."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from plugin.sandbox import associations, history, records
from plugin.sandbox.associations import number_of
from plugin.sandbox.kinds import Kind, kind_of, path_type
from plugin.sandbox.labels import labels
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import invalid, not_found
from plugin.sandbox.records import Record, shown
from plugin.sandbox.unit import Unit
from plugin.sandbox.web import id_of, paging, portal, services

LIST_PAGE, HISTORY_PAGE, PATH_PAGE = 100, 50, 100


def add_history(
    conn: sqlite3.Connection,
    of: Portal,
    kind: Kind,
    found: Sequence[Record],
    bodies: list[dict[str, Any]],
    names: list[str],
) -> None:
    """Give each answered record the history of `names`."""
    known = [name for name in names if name in services().store.schema.properties(of, kind)]
    kept = history.read(conn, of.id, kind, [record.id for record in found], known)
    for record, body in zip(found, bodies, strict=True):
        body["propertiesWithHistory"] = history.complete(
            record, kept.get(record.id, {}), known, of.history_depth
        )


def add_associations(
    conn: sqlite3.Connection, record: Record, body: dict[str, Any], names: list[str]
) -> None:
    """Give an answered record its associations; these answers cut at 100 and page on elsewhere."""
    linked: dict[str, Any] = {}
    for name in names:
        target = kind_of(name)
        size = min(PATH_PAGE, portal().association_page)
        rows, after = associations.page(conn, portal().id, record.kind, record.id, target, 0, size)
        results = [
            {"id": str(number), "type": path_type(record.kind, target, type_id)}
            for number, type_ids in rows
            for type_id in type_ids
        ]
        if results:
            linked[target.plural] = {"results": results} | paging(after)
    if linked:
        body["associations"] = linked


def resolve(conn: sqlite3.Connection, kind: Kind, text: str, id_property: str = "") -> Record:
    """The live record behind an id or a unique value, through merges; 404 when there is none."""
    number: int | None
    if id_property and id_property != "hs_object_id":
        check_unique_property(kind, id_property)
        number = records.by_unique(conn, portal().id, kind, id_property, text)
    else:
        number = number_of(text)
    found = None if number is None else records.survivor(conn, portal().id, kind, number)
    if found is None:
        raise not_found()
    return found


def check_unique_property(kind: Kind, name: str) -> None:
    """Only unique properties identify a record."""
    prop = services().store.schema.properties(portal(), kind).get(name)
    if prop is None or not prop.unique:
        raise invalid(
            f"Unable to perform update/upsert by non-unique {kind.type_id} property {name} "
            f"in portal ID {portal().id}"
        )


def links_of(body: dict[str, Any], kind: Kind) -> list[tuple[Kind, int, list[int]]]:
    """The associations of a create request: target kind, id, type ids."""
    links: list[tuple[Kind, int, list[int]]] = []
    for one in body.get("associations") or []:
        type_ids = [int(item["associationTypeId"]) for item in one.get("types") or []]
        target = _target_of(kind, type_ids)
        links.append((target, number_of(id_of(one, "to")), type_ids))
    return links


def _target_of(kind: Kind, type_ids: list[int]) -> Kind:
    store = services().store
    for target in map(kind_of, ("contact", "company", "deal", "task")):
        known = labels(store.documents, portal(), kind, target)
        if type_ids and type_ids[0] in known:
            return target
    raise invalid(f"Association type {type_ids} does not start at {kind.name}")


def properties_of(body: dict[str, Any]) -> dict[str, Any]:
    """The `properties` member; 400 when it is missing."""
    values = body.get("properties")
    if not isinstance(values, dict):
        raise invalid('Invalid input JSON: required field "properties" is missing')
    return values


def written(unit: Unit, record: Record, names: Sequence[str]) -> dict[str, Any]:
    """A record as a write answers it: what was written, and what is always there."""
    return shown(record, names, unit.properties(record.kind))
