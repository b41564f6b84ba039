"""Exports as values: the request, how far it is, and where the file lies. Pure.

HubSpot's rules: 30 exports in any 24 hours, one at a time (later ones wait); the link to the file ends after
five minutes, and asking for the status again gives a new one; a file over 2 MB comes zipped, more than a
million rows as several files in one zip; 1,000 associated records a row unless that limit is overridden.
[?] Undocumented: in whose time zone moments are written (to the minute), how a cell is escaped that a
spreadsheet would take for a formula, and whether columns of labels stand beside that of all associations.
Whoever reads a file checks the first against records (sync/exporting.py) and reads the second by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plugin.errors import CrmProtocolError
from plugin.hubspot.protocol.objects import TYPE_IDS
from plugin.hubspot.protocol.requests import Request

_WAITING = frozenset({"PENDING", "PROCESSING"})
COMPLETE = "COMPLETE"


@dataclass(frozen=True)
class Export:
    """How far an export is; `link` is where its file lies once it is COMPLETE."""

    state: str  # PENDING, PROCESSING, COMPLETE, CANCELED
    link: str = ""
    cause: str = ""  # why it was cancelled, as far as HubSpot says

    @property
    def waiting(self) -> bool:
        """Whether the file is still to come."""
        return self.state in _WAITING


def start_request(
    object_type: str, properties: Sequence[str], associations: Sequence[str], name: str
) -> Request:
    """Begin an export of every record of the type; never repeated, because it may have begun."""
    body = {
        "exportType": "VIEW",
        "exportName": name,
        "format": "CSV",
        "language": "EN",  # of the few headers that are no property's
        "objectType": TYPE_IDS[object_type],
        "objectProperties": list(properties),
        "associatedObjectType": [TYPE_IDS[one] for one in associations],
        "exportInternalValuesOptions": ["NAMES", "VALUES"],
        "includeLabeledAssociations": True,
        "includePrimaryDisplayPropertyForAssociatedObjects": False,
        "overrideAssociatedObjectsPerDefinitionPerRowLimit": True,
    }
    return Request("POST", "/crm/v3/exports/export/async", body=body, repeatable=False)


def state_request(number: str) -> Request:
    """How far an export is, with a fresh link."""
    return Request("GET", f"/crm/v3/exports/export/async/tasks/{number}/status")


def started(body: Any) -> str:
    """The id of an export that was begun."""
    try:
        return str(body["id"])
    except (KeyError, TypeError) as error:
        raise CrmProtocolError("HubSpot's answer about an export has no id.") from error


def state(body: Any) -> Export:
    """An export as its status answers."""
    if not isinstance(body, Mapping) or "status" not in body:
        raise CrmProtocolError("HubSpot's answer about an export has another shape.")
    told = Export(str(body["status"]), str(body.get("result") or ""), _cause(body.get("errors")))
    if told.state == COMPLETE and not told.link:
        raise CrmProtocolError("HubSpot says that an export is complete, and names no file.")
    return told


def _cause(errors: Any) -> str:
    listed = [one for one in errors or () if isinstance(one, Mapping)] if isinstance(errors, list) else []
    return "; ".join(str(one.get("message") or one.get("category") or "") for one in listed)
