"""The control API's hands of a person: look at, create, change, merge and associate records, without a token.

The source of a change is CRM_UI, or what `source` and `source_id` say.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from plugin.sandbox.history import Source
from plugin.sandbox.http_control import portal_argument
from plugin.sandbox.web import answer, mapping, nothing, services

blueprint = Blueprint("people", __name__, url_prefix="/sandbox/v1")


def _source() -> Source:
    name = request.args.get("source", "CRM_UI")
    return Source(name, request.args.get("source_id", "userId:1" if name == "CRM_UI" else ""))


@blueprint.get("/records/<kind_name>")
def list_records(kind_name: str) -> Response:
    """Records for display: `query`, `limit`, `after`, `portal`."""
    given = request.args
    found = services().store.listed(
        kind_name,
        portal=portal_argument(),
        query=given.get("query", ""),
        limit=int(given.get("limit") or 50),
        after=int(given.get("after") or 0),
    )
    return answer({"results": found})


@blueprint.get("/records/<kind_name>/<int:record_id>")
def get_record(kind_name: str, record_id: int) -> Response:
    """One record with history and associations."""
    return answer(services().store.record(kind_name, record_id, portal=portal_argument()))


@blueprint.post("/records/<kind_name>")
def create_record(kind_name: str) -> Response:
    """Create a record as a person would: {"properties": {...}, "links": [["contact", id], ...]}."""
    body = mapping()
    links = [(str(name), int(number)) for name, number in body.get("links") or ()]
    made = services().store.create_record(
        kind_name, body.get("properties") or {}, links, source=_source(), portal=portal_argument()
    )
    return answer(made, 201)


@blueprint.patch("/records/<kind_name>/<int:record_id>")
def edit_record(kind_name: str, record_id: int) -> Response:
    """Write properties as a person would: {"properties": {...}}."""
    values = mapping().get("properties") or {}
    changed = services().store.edit(kind_name, record_id, values, source=_source(), portal=portal_argument())
    return answer(changed)


@blueprint.delete("/records/<kind_name>/<int:record_id>")
def archive_record(kind_name: str, record_id: int) -> Response:
    """Put a record into the bin."""
    services().store.archive_record(kind_name, record_id, source=_source(), portal=portal_argument())
    return nothing()


@blueprint.post("/records/<kind_name>/<int:record_id>/restore")
def restore_record(kind_name: str, record_id: int) -> Response:
    """Take a record out of the bin; HubSpot has no API for it."""
    services().store.restore_record(kind_name, record_id, source=_source(), portal=portal_argument())
    return nothing()


@blueprint.post("/records/<kind_name>/<int:record_id>/merge/<int:other_id>")
def merge_record(kind_name: str, record_id: int, other_id: int) -> Response:
    """Merge another record into this one; the answer's id is new."""
    made = services().store.merge_records(
        kind_name, record_id, other_id, source=_source(), portal=portal_argument()
    )
    return answer({"id": made})


@blueprint.route("/associations", methods=["POST", "DELETE"])
def associate() -> Response:
    """Associate two records or part them: {"from": [kind, id], "to": [kind, id], "type": optional id}."""
    body = mapping()
    one, other = ((str(kind), int(number)) for kind, number in (body["from"], body["to"]))
    services().store.associate(
        one,
        other,
        remove=request.method == "DELETE",
        type_id=body.get("type"),
        source=_source(),
        portal=portal_argument(),
    )
    return nothing()
