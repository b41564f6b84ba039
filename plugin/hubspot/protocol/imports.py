"""Imports as values: the request with its file, how far it is, and what went wrong, row by row. Pure.

HubSpot's rules: one file holds at most 1,048,576 rows and 512 MB; an empty cell changes nothing, so a value
cannot be cleared by an import; DONE does not mean that every row landed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from plugin.errors import CrmProtocolError
from plugin.hubspot.protocol.objects import TYPE_IDS
from plugin.hubspot.protocol.requests import Request

ERRORS_PAGE = 200
FILE_NAME = "records.csv"
_ID_COLUMN = "Record ID"
_OVER = frozenset({"DONE", "FAILED", "CANCELED", "REVERTED"})
Rows = Sequence[tuple[int, Mapping[str, str]]]


@dataclass(frozen=True)
class Import:
    """How far an import is. `rows` and `written` are None where HubSpot does not say."""

    id: str
    state: str  # STARTED, PROCESSING, DEFERRED; DONE, FAILED, CANCELED, REVERTED
    rows: int | None = None

    @property
    def over(self) -> bool:
        """Whether nothing of it comes any more."""
        return self.state in _OVER


@dataclass(frozen=True)
class RowFault:
    """What was wrong with a row (0: the first) of the file; `property` names the cell, "" the whole row."""

    row: int
    code: str
    message: str
    property: str = ""


def columns(rows: Rows) -> list[str]:
    """The properties that some row holds, in a fixed order: the file's columns after the id."""
    return sorted({name for _, values in rows for name in values})


def start_request(object_type: str, rows: Rows, name: str) -> Request:
    """Begin an import that updates these records; never repeated, because it may have begun."""
    names, type_id = columns(rows), TYPE_IDS[object_type]
    id_column: dict[str, Any] = {
        "columnName": _ID_COLUMN,
        "propertyName": None,
        "columnType": "HUBSPOT_OBJECT_ID",
    }
    mapped: list[dict[str, Any]] = [id_column, *({"columnName": one, "propertyName": one} for one in names)]
    page = {
        "hasHeader": True,
        "columnMappings": [{"columnObjectTypeId": type_id, **one} for one in mapped],
    }
    file = {"fileName": FILE_NAME, "fileFormat": "CSV", "fileImportPage": page}
    body = {
        "name": name,
        "importOperations": {type_id: "UPDATE"},
        "dateFormat": "YEAR_MONTH_DAY",
        "files": [file],
    }
    form = {
        "importRequest": (None, orjson.dumps(body), "application/json"),
        "files": (FILE_NAME, content(names, rows), "text/csv"),
    }
    return Request("POST", "/crm/v3/imports", form=form, repeatable=False)


def content(names: Sequence[str], rows: Rows) -> bytes:
    """The file: a header, then a line for each record."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_ID_COLUMN, *names])
    writer.writerows([number, *(values.get(name, "") for name in names)] for number, values in rows)
    return text.getvalue().encode()


def state_request(number: str) -> Request:
    """How far an import is."""
    return Request("GET", f"/crm/v3/imports/{number}")


def errors_request(number: str, after: str | None) -> Request:
    """A page of an import's errors."""
    cursor = (("after", after),) if after else ()
    return Request("GET", f"/crm/v3/imports/{number}/errors", (("limit", str(ERRORS_PAGE)), *cursor))


def state(body: Any) -> Import:
    """An import as its answer tells it. Counters stand as an object or as JSON in a text."""
    try:
        counters = (body.get("metadata") or {}).get("counters") or {}
        counted = orjson.loads(counters) if isinstance(counters, str) else counters
        rows = counted.get("TOTAL_ROWS")
        return Import(str(body["id"]), str(body["state"]), None if rows is None else int(rows))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CrmProtocolError("HubSpot's answer about an import has another shape.") from error


def fault(wire: Mapping[str, Any], names: Sequence[str]) -> RowFault:
    """One error; HubSpot counts lines from 1, the header included."""
    try:
        line = int(wire["sourceData"]["lineNumber"])
        place = wire.get("knownColumnNumber")
        name = names[int(place) - 1] if place is not None and 1 <= int(place) <= len(names) else ""
        code = str(wire.get("errorType") or "IMPORT_ERROR")
        return RowFault(line - 2, code, str(wire.get("errorMessage") or code), name)
    except (KeyError, TypeError, ValueError) as error:
        raise CrmProtocolError("An error of an import has another shape than documented.") from error
