"""Exports: all records of a type as CSV, made later, one at a time, behind a link that runs out.

As with HubSpot the answer to a request only means that it waits. The file is made by the sandbox's clock,
from what a search would find then; moments are local times cut to the minute [?], a cell that a spreadsheet
would take for a formula gets an apostrophe [?], a large file is zipped, a very long one parted.
"""

from __future__ import annotations

import csv
import io
import sqlite3
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from plugin.clock import from_milliseconds
from plugin.sandbox import search
from plugin.sandbox.definitions import Property
from plugin.sandbox.kinds import Kind, kind_of
from plugin.sandbox.labels import labels
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import Problem, invalid
from plugin.sandbox.records import Record
from plugin.sandbox.store import Store
from plugin.sandbox.values import iso, moment_of

SORT, FILES = "export", "export file"
MAKING_MS = 3_000  # how long it waits, and
DONE_MS = 10_000  # when it is done, after its turn has come
MOST_ASSOCIATED_TYPES = 4
MOST_ASSOCIATED = 1_000  # records a row, unless overridden
_DAY_MS = 86_400_000
_OVER = ("COMPLETE", "CANCELED")
_NEEDED = {
    "associatedObjectType", "exportInternalValuesOptions", "exportName", "exportType", "format",
    "includeLabeledAssociations", "includePrimaryDisplayPropertyForAssociatedObjects", "language",
    "objectProperties", "objectType", "overrideAssociatedObjectsPerDefinitionPerRowLimit",
}  # fmt: skip
_LANGUAGES = {"EN", "DE", "ES", "FR", "JA", "NL", "PT_BR", "IT", "PL", "SV", "FI"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def checked(store: Store, portal: Portal, body: dict[str, Any]) -> dict[str, Any]:
    """The request as HubSpot would take it; 400 for what it would not."""
    if lacking := sorted(_NEEDED - body.keys()):
        raise invalid(f'Invalid input JSON: required field "{lacking[0]}" is missing')
    if body["exportType"] != "VIEW" or body["format"] != "CSV":
        raise invalid("Only exports of the type VIEW and the format CSV are kept here")
    if body["language"] not in _LANGUAGES:
        raise invalid(f"language {body['language']} is not known")
    if set(body["exportInternalValuesOptions"]) - {"NAMES", "VALUES"}:
        raise invalid("exportInternalValuesOptions may be NAMES and VALUES")
    if body["exportInternalValuesOptions"] != ["NAMES", "VALUES"]:
        raise invalid("Only exports of internal names and values are kept here")
    kind, types = kind_of(str(body["objectType"])), body["associatedObjectType"]
    if not isinstance(types, list) or len(types) > MOST_ASSOCIATED_TYPES:
        raise invalid(f"associatedObjectType is a list of at most {MOST_ASSOCIATED_TYPES}")
    known = store.schema.properties(portal, kind)
    for name in body["objectProperties"]:
        if name not in known:
            raise Problem(400, f'Property "{name}" does not exist', "VALIDATION_ERROR")
    return {
        "kind": kind.name,
        "names": list(dict.fromkeys(body["objectProperties"])),
        "types": [kind_of(str(one)).name for one in types],
        "labelled": bool(body["includeLabeledAssociations"]),
        "most": 0 if body["overrideAssociatedObjectsPerDefinitionPerRowLimit"] else MOST_ASSOCIATED,
    }


def begin(store: Store, portal: Portal, body: dict[str, Any]) -> str:
    """Take a request in; gives its number. 429 after thirty within 24 hours."""
    plan, now = checked(store, portal, body), store.now()
    with store.write() as conn:
        jobs = store.documents.all(portal.id, "", SORT).values()
        if sum(now - job["begun"] < _DAY_MS for job in jobs) >= portal.export_daily:
            text = "You have reached your limit of exports within 24 hours."
            raise Problem(429, text, "RATE_LIMITS", extra={"policyName": "EXPORTS"})
        number = str(uuid.uuid4().int % 10**11)
        job = plan | {"id": number, "begun": now, "turn": 0, "state": "PENDING", "ended": 0, "errors": []}
        store.documents.put(conn, portal.id, "", SORT, number, job)
    return number


def run_due(store: Store, portal_id: int) -> None:
    """Let the next export have its turn, and make the file of the one whose time has come."""
    for number, job in sorted(
        store.documents.all(portal_id, "", SORT).items(), key=lambda one: one[1]["begun"]
    ):
        if job["state"] in _OVER:
            continue
        portal, now = store.portals.get(portal_id), store.now()
        turn = job["turn"] or now
        done = now - turn >= DONE_MS
        changed = job | {"turn": turn, "state": "PROCESSING" if now - turn >= MAKING_MS else "PENDING"}
        with store.write() as conn:
            if done:
                changed |= {"state": "COMPLETE", "ended": now}
                conn.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?)",
                    (portal_id, number, _content(store, conn, portal, job, now)),
                )
            if changed != job:
                store.documents.put(conn, portal_id, "", SORT, number, changed)
        if not done:
            return  # one at a time: the others wait


def cancel(store: Store, portal_id: int, number: str, message: str = "") -> None:
    """End an export without a file, as HubSpot or a person may."""
    with store.write() as conn:
        job = store.documents.get(portal_id, "", SORT, number) or {}
        errors = [{"message": message, "category": "VALIDATION_ERROR", "status": "error"}] if message else []
        changed = job | {"state": "CANCELED", "errors": errors, "ended": store.now()}
        store.documents.put(conn, portal_id, "", SORT, number, changed)


def shown(job: dict[str, Any], link: str) -> dict[str, Any]:
    """An export's status as HubSpot answers it."""
    body = {
        "status": job["state"],
        "requestedAt": iso(job["begun"]),
        "startedAt": iso(job["turn"] or job["begun"]),
        "completedAt": iso(job["ended"] or job["begun"]),
    }
    errors = {"numErrors": len(job["errors"]), "errors": job["errors"]} if job["errors"] else {}
    return body | errors | ({"result": link} if job["state"] == "COMPLETE" else {})


def _content(store: Store, conn: sqlite3.Connection, portal: Portal, job: dict[str, Any], now: int) -> bytes:
    """The file: CSV, or a zip of it, or of its parts."""
    kind = kind_of(job["kind"])
    found = list(search.indexed(conn, portal, kind, now))
    size = portal.export_part_rows
    parts = [found[start : start + size] for start in range(0, len(found), size)] or [[]]
    files = [_csv(store, conn, portal, kind, job, part) for part in parts]
    if len(files) == 1 and len(files[0]) <= portal.export_zip_bytes:
        return files[0]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(files, 1):
            archive.writestr(f"hubspot-crm-exports-{job['id']}-{number}.csv", file)
    return packed.getvalue()


def _csv(
    store: Store,
    conn: sqlite3.Connection,
    portal: Portal,
    kind: Kind,
    job: dict[str, Any],
    found: Sequence[Record],
) -> bytes:
    known, zone = store.schema.properties(portal, kind), ZoneInfo(portal.export_zone or portal.time_zone)
    far = [_Far(store, conn, portal, kind, kind_of(name), job) for name in job["types"]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["Record ID", *job["names"], *(header for one in far for header in one.headers)])
    for record in found:
        cells = [_cell(known[name], record.properties.get(name) or "", zone) for name in job["names"]]
        writer.writerow([record.id, *cells, *(cell for one in far for cell in one.cells(record.id))])
    return text.getvalue().encode()


def _cell(prop: Property, value: str, zone: ZoneInfo) -> str:
    if prop.type == "datetime" and value:
        moment = from_milliseconds(moment_of(value) or 0)
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return f"'{value}" if prop.type == "string" and value.startswith(_FORMULA) else value


class _Far:
    """The columns of the associations with one type: all of them, and those with each label."""

    def __init__(
        self,
        store: Store,
        conn: sqlite3.Connection,
        portal: Portal,
        kind: Kind,
        far: Kind,
        job: dict[str, Any],
    ) -> None:
        name = far.name.capitalize()
        known = labels(store.documents, portal, kind, far).values() if job["labelled"] else ()
        self.labels = {one["typeId"]: one["label"] for one in known if one["label"]}
        self.headers = [f"Associated {name} IDs"]
        self.headers += [f"Associated {name} IDs ({label})" for label in self.labels.values()]
        self.links: dict[int, dict[int, set[int]]] = {}
        rows = conn.execute(
            "SELECT id, to_id, type_id FROM associations WHERE portal=? AND kind=? AND to_kind=? AND live "
            "ORDER BY id, to_id",
            (portal.id, kind.name, far.name),
        )
        for number, to_id, type_id in rows:
            self.links.setdefault(number, {}).setdefault(to_id, set()).add(type_id)
        self.most = job["most"] or None

    def cells(self, number: int) -> Iterator[str]:
        """One record's."""
        links = self.links.get(number, {})
        yield ";".join(str(one) for one in list(links)[: self.most])
        for type_id in self.labels:
            yield ";".join(
                str(one) for one in [i for i, types in links.items() if type_id in types][: self.most]
            )
