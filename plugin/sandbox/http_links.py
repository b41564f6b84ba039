"""Endpoints for labels, and for the associations of one record at a time."""

from __future__ import annotations

from flask import Blueprint, Response, request

from plugin.sandbox import associations
from plugin.sandbox.http_associations import (
    association_shape,
    known_types,
    link_default_pair,
    link_pair,
    live_pair,
    type_ids_of,
    types_of,
)
from plugin.sandbox.kinds import kind_of, path_type
from plugin.sandbox.labels import define_label
from plugin.sandbox.problems import Problem, invalid, not_found
from plugin.sandbox.shapes import resolve
from plugin.sandbox.versions import DATED
from plugin.sandbox.web import (
    after_argument,
    answer,
    batch_answer,
    call,
    mapping,
    nothing,
    page_limit,
    paging,
    payload,
    portal,
    services,
)

blueprint = Blueprint("links", __name__, url_prefix="/_api")


@blueprint.get("/associations/<source_name>/<target_name>/labels")
def list_labels(source_name: str, target_name: str) -> Response:
    """The association types between two object types."""
    return answer({"results": list(known_types(kind_of(source_name), kind_of(target_name)).values())})


@blueprint.get("/associations/<source_name>/<target_name>/types")
def list_types(source_name: str, target_name: str) -> Response:
    """The association types as v3 names them."""
    source, target = kind_of(source_name), kind_of(target_name)
    found = [{"id": str(one), "name": path_type(source, target, one)} for one in known_types(source, target)]
    return answer({"results": found})


@blueprint.post("/associations/<source_name>/<target_name>/labels")
def create_label(source_name: str, target_name: str) -> Response:
    """Define a label, in both directions."""
    body, store = mapping(), services().store
    if not body.get("label"):
        raise invalid('Invalid input JSON: required field "label" is missing')
    pair = (kind_of(source_name), kind_of(target_name))
    with store.write() as conn:
        inverse = body.get("inverseLabel") or ""
        made = define_label(conn, store.documents, portal(), *pair, body["label"], inverse)
    return answer({"results": made})


@blueprint.get("/objects/<source_name>/<record_id>/associations/<target_name>")
def read_one(source_name: str, record_id: str, target_name: str) -> Response:
    """The associations of one record; not in 2026-09, where only batch read is left."""
    if call().version == DATED[-1]:
        raise Problem(404, "resource not found", "OBJECT_NOT_FOUND")
    source, target = kind_of(source_name), kind_of(target_name)
    size = page_limit(min(500, portal().association_page), 500)
    with services().store.read() as conn:
        record = resolve(conn, source, record_id)
        rows, following = associations.page(
            conn, portal().id, source, record.id, target, after_argument(), size
        )
    shape = association_shape(source, target)
    return answer({"results": [entry for row in rows for entry in shape(row)]} | paging(following))


@blueprint.put("/objects/<source_name>/<here>/associations/default/<target_name>/<there>")
def link_default(source_name: str, here: str, target_name: str, there: str) -> Response:
    """Associate two records without a label."""
    with services().store.unit(portal().id, call().source) as unit:
        results = link_default_pair(unit, kind_of(source_name), kind_of(target_name), here, there)
    return batch_answer(results)


@blueprint.put("/objects/<source_name>/<here>/associations/<target_name>/<there>")
@blueprint.put("/objects/<source_name>/<here>/associations/<target_name>/<there>/<type_name>")
def link_one(source_name: str, here: str, target_name: str, there: str, type_name: str = "") -> Response:
    """Associate two records with labels (v3: with the type named in the path)."""
    source, target = kind_of(source_name), kind_of(target_name)
    type_ids = [] if type_name else type_ids_of(payload())
    if type_name:
        type_ids = [int(type_name)] if type_name.isdigit() else types_of({"type": type_name}, source, target)
    with services().store.unit(portal().id, call().source) as unit:
        pair = live_pair(unit, source, target, here, there)
        if pair is None:
            raise not_found()
        return answer(link_pair(unit, *pair, type_ids), 201)


@blueprint.delete("/objects/<source_name>/<here>/associations/<target_name>/<there>")
@blueprint.delete("/objects/<source_name>/<here>/associations/<target_name>/<there>/<type_name>")
def unlink_one(source_name: str, here: str, target_name: str, there: str, type_name: str = "") -> Response:
    """Take an association away."""
    del type_name  # v3 names one type; the pair goes as a whole, as with v4
    with services().store.unit(portal().id, call().source) as unit:
        pair = live_pair(unit, kind_of(source_name), kind_of(target_name), here, there)
        if pair is not None:
            associations.unlink(unit, *pair)
    request.get_data(cache=False)
    return nothing()
