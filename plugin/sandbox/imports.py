"""Imports: what a file says, checked when it is given and written when its time has come.

As with HubSpot the answer to a request only means that the import began. Rows are written later, by the
sandbox's clock; a bad value is left out and a row without a record passed over, both noted as errors [?].
"""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass
from typing import Any

from plugin.sandbox import writes
from plugin.sandbox.history import Source
from plugin.sandbox.kinds import Kind, kind_of
from plugin.sandbox.problems import Problem, invalid
from plugin.sandbox.records import Record
from plugin.sandbox.store import Store
from plugin.sandbox.unit import Unit
from plugin.sandbox.values import iso
from plugin.sandbox.writes import Edit

SORT = "import"
RUNS_AFTER_MS = 2_000
DONE_AFTER_MS = 10_000
MOST_ROWS = 1_048_576  # HubSpot's limits of one file
MOST_BYTES = 512 * 1024 * 1024
_ID = "HUBSPOT_OBJECT_ID"
_OVER = ("DONE", "FAILED", "CANCELED")


@dataclass(frozen=True)
class Layout:
    """What each column of the file is: a property's name, "" for the one with the record's id."""

    kind: Kind
    columns: list[str]


def layout(request: dict[str, Any], header: list[str], known: Any) -> Layout:
    """The file's columns as the request maps them; 400 for what HubSpot would not start with."""
    files = request.get("files")
    if not isinstance(files, list) or len(files) != 1 or files[0].get("fileFormat") != "CSV":
        raise invalid("files must name one file with the fileFormat CSV")
    page = files[0].get("fileImportPage") or {}
    mappings = page.get("columnMappings")
    if page.get("hasHeader") is not True or not isinstance(mappings, list):
        raise invalid("fileImportPage needs hasHeader and columnMappings")
    if [one.get("columnName") for one in mappings] != header:
        raise invalid("columnMappings do not match the header of the file")
    kinds = {str(one.get("columnObjectTypeId")) for one in mappings}
    if len(kinds) != 1:
        raise invalid("columnObjectTypeId is missing, or differs between columns")
    kind = kind_of(kinds.pop())
    if (request.get("importOperations") or {}).get(kind.type_id) != "UPDATE":
        raise invalid("Only imports that UPDATE are kept here: see importOperations")
    return Layout(kind, _columns(mappings, known(kind)))


def _columns(mappings: list[dict[str, Any]], properties: Any) -> list[str]:
    columns: list[str] = []
    for one in mappings:
        name = one.get("propertyName")
        if one.get("columnType") == _ID:
            columns.append("")
            continue
        if name not in properties:
            raise Problem(400, f'Property "{name}" does not exist', "VALIDATION_ERROR")
        if properties[name].read_only:
            raise Problem(400, f'Property "{name}" is read only', "VALIDATION_ERROR")
        columns.append(str(name))
    if columns.count("") != 1 or len(set(columns)) != len(columns):
        raise invalid(f"one column must be of the columnType {_ID}, and no property may come twice")
    return columns


def begin(store: Store, portal_id: int, request: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Take a file in; its rows are written later."""
    if len(content) > MOST_BYTES:
        raise Problem(429, "The file is larger than 512 MB.", "RATE_LIMITS")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    if len(rows) < 2 or len(rows) > MOST_ROWS:
        raise invalid("The file has no rows, or more than 1,048,576")
    portal = store.portals.get(portal_id)
    plan = layout(request, rows[0], lambda kind: store.schema.properties(portal, kind))
    job: dict[str, Any] = {
        "id": str(uuid.uuid4().int % 10**9),
        "name": str(request.get("name") or ""),
        "begun": store.now(),
        "kind": plan.kind.name,
        "columns": plan.columns,
        "rows": rows[1:],
        "state": "STARTED",
        "errors": [],
        "written": 0,
        "ended": 0,
    }
    with store.write() as conn:
        store.documents.put(conn, portal_id, "", SORT, job["id"], job)
    return job


def run_due(store: Store, portal_id: int) -> None:
    """Write the rows of every import whose time has come; costs nothing when there is none."""
    for number, job in list(store.documents.all(portal_id, "", SORT).items()):
        if job["state"] in _OVER or store.now() - job["begun"] < DONE_AFTER_MS:
            continue
        source = Source("IMPORT", number)
        with store.unit(portal_id, source) as unit:
            standing = store.documents.get(portal_id, "", SORT, number)
            if standing is not None and standing["state"] not in _OVER:  # another thread was not first
                ended = _run(unit, dict(standing))
                store.documents.put(unit.conn, portal_id, "", SORT, number, ended)


def _run(unit: Unit, job: dict[str, Any]) -> dict[str, Any]:
    kind, errors = kind_of(job["kind"]), list[dict[str, Any]]()
    place = job["columns"].index("")
    ids = [int(row[place]) for row in job["rows"] if row[place].isdigit()]
    have = unit.fetch(kind, ids)
    for line, row in enumerate(job["rows"], 2):
        record = have.get(int(row[place])) if row[place].isdigit() else None
        if len(row) != len(job["columns"]):
            errors.append(_error(job, line, row, "INCORRECT_NUMBER_OF_COLUMNS", "", None))
        elif record is None or not record.live:
            errors.append(_error(job, line, row, "INVALID_OBJECT_ID", row[place], place))
        else:
            job["written"] += _write(unit, kind, record, job, line, row, errors)
    return job | {"state": "DONE", "errors": errors, "ended": unit.now}


def _write(
    unit: Unit,
    kind: Kind,
    record: Record,
    job: dict[str, Any],
    line: int,
    row: list[str],
    errors: list[dict[str, Any]],
) -> int:
    """The row's good values; empty cells change nothing (HubSpot's rule). 1 when something was written."""
    values: dict[str, Any] = {}
    for place, (name, text) in enumerate(zip(job["columns"], row, strict=True)):
        if not name or not text:
            continue
        try:
            writes.check_all(unit, kind, [Edit(record, {name: text})])
        except Problem as refusal:
            code = "INVALID_ENUMERATION_OPTION" if "OPTION" in str(refusal.details) else "FAILED_VALIDATION"
            errors.append(_error(job, line, row, code, text, place, refusal.message))
        else:
            values[name] = text
    if values:
        writes.update(unit, kind, [Edit(record, values)])
    return int(bool(values))


def _error(
    job: dict[str, Any],
    line: int,
    row: list[str],
    code: str,
    value: str,
    place: int | None,
    message: str = "",
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": str(uuid.uuid4().int % 10**12),
        "createdAt": job["begun"] + DONE_AFTER_MS,
        "errorType": code,
        "errorMessage": message or code,
        "objectTypeId": kind_of(job["kind"]).type_id,
        "invalidValue": value,
        "sourceData": {"lineNumber": line, "rowData": row, "fileId": int(job["id"])},
    }
    return body if place is None else body | {"knownColumnNumber": place}


def shown(store: Store, job: dict[str, Any]) -> dict[str, Any]:
    """An import as HubSpot answers it."""
    state = job["state"]
    if state == "STARTED" and store.now() - job["begun"] >= RUNS_AFTER_MS:
        state = "PROCESSING"
    counters = {"TOTAL_ROWS": len(job["rows"])}
    if state == "DONE":
        counters |= {"UPDATED_OBJECTS": job["written"], "ERRORS": len(job["errors"])}
    return {
        "id": job["id"],
        "importName": job["name"],
        "state": state,
        "importSource": "API",
        "optOutImport": False,
        "createdAt": iso(job["begun"]),
        "updatedAt": iso(job["ended"] or job["begun"]),
        "mappedObjectTypeIds": [kind_of(job["kind"]).type_id],
        "metadata": {"counters": counters, "fileIds": [job["id"]], "objectLists": []},
    }
