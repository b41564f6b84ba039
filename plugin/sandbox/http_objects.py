"""Endpoints for single records: list, get, create, update, archive, search, merge, erase."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, request

from plugin.sandbox import merges, records, search, writes
from plugin.sandbox.associations import number_of
from plugin.sandbox.kinds import CONTACT, Kind, kind_of
from plugin.sandbox.problems import not_found
from plugin.sandbox.records import Record, shown
from plugin.sandbox.shapes import (
    HISTORY_PAGE,
    LIST_PAGE,
    add_associations,
    add_history,
    links_of,
    properties_of,
    resolve,
    written,
)
from plugin.sandbox.web import (
    after_argument,
    answer,
    call,
    flag,
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
        add_associations(conn, record, body, listed_argument("associations") or [])
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
                unit.conn, portal().id, CONTACT, str(body["idProperty"]), str(body.get("objectId"))
            )
        else:
            number = number_of(body.get("objectId"))
        record = None if number is None else unit.fetch(CONTACT, [number]).get(number)
        if record is not None:
            writes.erase(unit, record)
    return nothing()
