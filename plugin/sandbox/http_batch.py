"""Endpoints for batches of records: read, create, update, upsert, archive, a hundred at a time."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response

from plugin.sandbox import records, writes
from plugin.sandbox.associations import number_of
from plugin.sandbox.kinds import Kind, kind_of
from plugin.sandbox.problems import invalid, missing_ids_error
from plugin.sandbox.records import Record, shown
from plugin.sandbox.shapes import (
    HISTORY_PAGE,
    add_history,
    check_unique_property,
    links_of,
    properties_of,
    written,
)
from plugin.sandbox.unit import Unit
from plugin.sandbox.web import (
    batch_answer,
    call,
    flag,
    id_of,
    inputs,
    mapping,
    nothing,
    portal,
    services,
    wanted_names,
)
from plugin.sandbox.writes import Draft, Edit

blueprint = Blueprint("batches", __name__, url_prefix="/_api/objects")
BATCH = 100


def _ids(given: list[dict[str, Any]]) -> list[str]:
    return [id_of(one) for one in given]


def _refuse_duplicates(ids: list[str]) -> None:
    twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise invalid(f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique")


@blueprint.post("/<kind_name>/batch/read")
def read_batch(kind_name: str) -> Response:
    """Read up to 100 records (50 with history); 207 names the ids that are not there.

    Ids that were merged away are not found here [?]: aliases are answered by a single GET only.
    """
    kind, body = kind_of(kind_name), mapping()
    histories = wanted_names(body, "propertiesWithHistory")
    ids = list(dict.fromkeys(_ids(inputs(HISTORY_PAGE if histories else BATCH))))
    id_property = str(body.get("idProperty") or "")
    with services().store.read() as conn:
        found, missing = _lookup(conn, kind, ids, id_property)
        schema = services().store.schema.properties(portal(), kind)
        names = [*(wanted_names(body, "properties") or ()), *(histories or ())] or None
        bodies = [shown(record, names, schema, id_property=id_property) for record in found]
        if histories:
            add_history(conn, portal(), kind, found, bodies, histories)
    errors = [missing_ids_error(kind.name, missing)] if missing else []
    return batch_answer(bodies, errors, count=len(missing))


def _lookup(
    conn: sqlite3.Connection, kind: Kind, ids: list[str], id_property: str
) -> tuple[list[Record], list[str]]:
    numbers: dict[str, int] = {}
    if id_property and id_property != "hs_object_id":
        check_unique_property(kind, id_property)
        for text in ids:
            number = records.by_unique(conn, portal().id, kind, id_property, text)
            if number is not None:
                numbers[text] = number
    else:
        numbers = {text: int(text) for text in ids if text.isdigit()}
    have = records.fetch(conn, portal().id, kind, numbers.values())
    wanted_state = flag("archived")
    found: list[Record] = []
    missing: list[str] = []
    for text in ids:
        record = have.get(numbers.get(text, -1))
        if (
            record is None
            or record.merged_into is not None
            or (record.archived_at is not None) != wanted_state
        ):
            missing.append(text)
        else:
            found.append(record)
    return found, missing


@blueprint.post("/<kind_name>/batch/create")
def create_batch(kind_name: str) -> Response:
    """Create up to 100 records; one bad value refuses all."""
    kind = kind_of(kind_name)
    drafts = [Draft(properties_of(one), links_of(one, kind)) for one in inputs(BATCH)]
    with services().store.unit(portal().id, call().source) as unit:
        made = writes.create(unit, kind, drafts, call().version)
        results = [written(unit, record, list(record.properties)) for record in made]
    return batch_answer(results, status=201)


@blueprint.post("/<kind_name>/batch/update")
def update_batch(kind_name: str) -> Response:
    """Write up to 100 records; one bad value refuses all, unknown and merged-away ids are 207."""
    kind, given = kind_of(kind_name), inputs(BATCH)
    ids = _ids(given)
    _refuse_duplicates(ids)
    with services().store.unit(portal().id, call().source) as unit:
        found = _resolve_all(unit, kind, given)
        edits = [Edit(record, properties_of(one)) for one, record in zip(given, found, strict=True) if record]
        writes.update(unit, kind, edits, call().version)
        results = [written(unit, edit.record, list(edit.values)) for edit in edits]
    missing = [text for text, record in zip(ids, found, strict=True) if record is None]
    return batch_answer(results, [missing_ids_error(kind.name, [text]) for text in missing])


def _resolve_all(unit: Unit, kind: Kind, given: list[dict[str, Any]]) -> list[Record | None]:
    numbers: list[int] = []
    for one in given:
        id_property = str(one.get("idProperty") or "")
        if id_property and id_property != "hs_object_id":
            check_unique_property(kind, id_property)
            held = records.by_unique(unit.conn, unit.portal.id, kind, id_property, str(one["id"]))
            numbers.append(-1 if held is None else held)
        else:
            numbers.append(number_of(one["id"]))
    have = unit.fetch(kind, numbers)
    live = {number: record for number, record in have.items() if record.live}
    return [live.get(number) for number in numbers]


@blueprint.post("/<kind_name>/batch/upsert")
def upsert_batch(kind_name: str) -> Response:
    """Update records by a unique property, create those that are not there."""
    kind, given = kind_of(kind_name), inputs(BATCH)
    _refuse_duplicates(_ids(given))
    for one in given:
        if not one.get("idProperty"):
            raise invalid('Invalid input JSON: required field "idProperty" is missing')
    with services().store.unit(portal().id, call().source) as unit:
        found = _resolve_all(unit, kind, given)
        edits = [Edit(record, properties_of(one)) for one, record in zip(given, found, strict=True) if record]
        fresh = [one for one, record in zip(given, found, strict=True) if record is None]
        drafts = [Draft({one["idProperty"]: one["id"]} | properties_of(one)) for one in fresh]
        made = iter(writes.create(unit, kind, drafts, call().version))
        writes.update(unit, kind, edits, call().version)
        results = [
            written(unit, record or next(made), list(properties_of(one))) | {"new": record is None}
            for one, record in zip(given, found, strict=True)
        ]
    return batch_answer(results)


@blueprint.post("/<kind_name>/batch/archive")
def archive_batch(kind_name: str) -> Response:
    """Put up to 100 records into the bin; ids that are not there are passed over."""
    kind = kind_of(kind_name)
    numbers = [number_of(text) for text in _ids(inputs(BATCH))]
    with services().store.unit(portal().id, call().source) as unit:
        for record in unit.fetch(kind, numbers).values():
            if record.live:
                writes.archive(unit, record)
    return nothing()
