"""Endpoints for single records: list, get, create, update, archive, search, merge, erase."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request

from plugin.sandbox import associations, history, merges, records, search, writes
from plugin.sandbox.associations import number_of
from plugin.sandbox.kinds import CONTACT, Kind, kind_of, path_type
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import invalid, not_found
from plugin.sandbox.records import Record, shown
from plugin.sandbox.unit import Unit
from plugin.sandbox.web import (
    after_argument,
    answer,
    call,
    flag,
    id_of,
    listed_argument,
    mapping,
    nothing,
    page_limit,
    paging,
    portal,
    services,
    wanted_names,
)
from plugin.sandbox.writes import Draft, Edit

blueprint = Blueprint("objects", __name__, url_prefix="/_api/objects")
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


def _add_associations(
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


@blueprint.get("/<kind_name>")
def list_records(kind_name: str) -> Response:
    """A page of records by id."""
    kind = kind_of(kind_name)
    histories = listed_argument("propertiesWithHistory")
    limit = page_limit(10, HISTORY_PAGE if histories else LIST_PAGE)
    with services().store.read() as conn:
        found = records.page(conn, portal().id, kind, after_argument(), limit + 1, flag("archived"))
        following = found[limit - 1].id if len(found) > limit else None
        bodies = _bodies(conn, kind, found[:limit], histories)
    return answer({"results": bodies} | paging(following))


def _bodies(
    conn: sqlite3.Connection, kind: Kind, found: list[Record], histories: list[str] | None
) -> list[dict[str, Any]]:
    schema = services().store.schema.properties(portal(), kind)
    names = listed_argument("properties")
    wanted = None if names is None and not histories else [*(names or ()), *(histories or ())]
    bodies = [shown(record, wanted, schema) for record in found]
    if histories:
        add_history(conn, portal(), kind, found, bodies, histories)
    for record, body in zip(found, bodies, strict=True):
        _add_associations(conn, record, body, listed_argument("associations") or [])
    return bodies


@blueprint.get("/<kind_name>/<record_id>")
def get_record(kind_name: str, record_id: str) -> Response:
    """One record, by id, old id or unique value."""
    kind = kind_of(kind_name)
    with services().store.read() as conn:
        record = resolve(conn, kind, record_id, request.args.get("idProperty", ""))
        if (record.archived_at is not None) != flag("archived"):
            raise not_found()
        return answer(_bodies(conn, kind, [record], listed_argument("propertiesWithHistory"))[0])


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
        known = associations.labels(store.documents, portal(), kind, target)
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


@blueprint.post("/<kind_name>")
def create_record(kind_name: str) -> Response:
    """Create one record with its associations."""
    kind, body = kind_of(kind_name), mapping()
    draft = Draft(properties_of(body), links_of(body, kind))
    with services().store.unit(portal().id, call().source) as unit:
        record = writes.create(unit, kind, [draft], call().version)[0]
        made = written(unit, record, list(record.properties))
    return answer(made, 201)


@blueprint.patch("/<kind_name>/<record_id>")
def update_record(kind_name: str, record_id: str) -> Response:
    """Write properties of one record."""
    kind, values = kind_of(kind_name), properties_of(mapping())
    with services().store.unit(portal().id, call().source) as unit:
        found = resolve(unit.conn, kind, record_id, request.args.get("idProperty", ""))
        record = unit.get(kind, found.id)
        writes.update(unit, kind, [Edit(record, values)], call().version)
        made = written(unit, record, list(values))
    return answer(made)


@blueprint.delete("/<kind_name>/<record_id>")
def archive_record(kind_name: str, record_id: str) -> Response:
    """Put a record into the bin; 204 also when it is there already."""
    kind = kind_of(kind_name)
    with services().store.unit(portal().id, call().source) as unit:
        record = unit.fetch(kind, [number_of(record_id)]).get(number_of(record_id))
        if record is not None and record.live:
            writes.archive(unit, record)
    return nothing()


@blueprint.post("/<kind_name>/search")
def search_records(kind_name: str) -> Response:
    """Search."""
    kind, body, store = kind_of(kind_name), mapping(), services().store
    schema = store.schema.properties(portal(), kind)
    with store.read() as conn:
        found = search.search(conn, portal(), kind, schema, body, store.now())
    results = [shown(record, wanted_names(body, "properties"), schema) for record in found.records]
    return answer({"total": found.total, "results": results} | paging(found.after))


@blueprint.post("/<kind_name>/merge")
def merge_records(kind_name: str) -> Response:
    """Merge two records into a new one."""
    kind, body = kind_of(kind_name), mapping()
    with services().store.unit(portal().id, call().source) as unit:
        pair = (number_of(body.get("primaryObjectId")), number_of(body.get("objectIdToMerge")))
        record = merges.merge(unit, kind, *pair)
        made = written(unit, record, list(record.properties))
    return answer(made)


@blueprint.post("/contacts/gdpr-delete")
@blueprint.post("/0-1/gdpr-delete")
def erase_contact() -> Response:
    """Erase a contact for good; answers 204 whether or not there was one."""
    body = mapping()
    with services().store.unit(portal().id, call().source) as unit:
        if body.get("idProperty"):
            number = records.by_unique(
                unit.conn, portal().id, CONTACT, body["idProperty"], str(body.get("objectId"))
            )
        else:
            number = number_of(body.get("objectId"))
        record = None if number is None else unit.fetch(CONTACT, [number]).get(number)
        if record is not None:
            writes.erase(unit, record)
    return nothing()
