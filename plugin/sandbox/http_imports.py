"""Endpoints of imports: give a file, ask how far it is, page through its errors, cancel it."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request

from plugin.sandbox import imports
from plugin.sandbox.problems import invalid, not_found
from plugin.sandbox.web import after_argument, answer, page_limit, paging, portal, services

blueprint = Blueprint("imports", __name__, url_prefix="/_api/imports")


def _job(number: str) -> dict[str, Any]:
    found = services().store.documents.get(portal().id, "", imports.SORT, number)
    if found is None:
        raise not_found()
    return found


@blueprint.post("")
def start() -> Response:
    """Begin an import of one CSV file."""
    text, file = request.form.get("importRequest"), request.files.get("files")
    if text is None or file is None:
        raise invalid("importRequest and files are required as form-data")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise invalid(f"importRequest is not JSON: {error}") from None
    if not isinstance(body, dict) or (body.get("files") or [{}])[0].get("fileName") != file.filename:
        raise invalid("files[0].fileName does not name the file that was sent")
    store = services().store
    return answer(imports.shown(store, imports.begin(store, portal().id, body, file.read())))


@blueprint.get("/<number>")
def status(number: str) -> Response:
    """How far an import is."""
    return answer(imports.shown(services().store, _job(number)))


@blueprint.get("/<number>/errors")
def errors(number: str) -> Response:
    """The errors of an import, a page at a time."""
    found, after, limit = _job(number)["errors"], after_argument(), page_limit(10, 500)
    more = after + limit if after + limit < len(found) else None
    return answer({"results": found[after : after + limit], **paging(more)})


@blueprint.post("/<number>/cancel")
def cancel(number: str) -> Response:
    """Stop an import; what was written stays."""
    store, job = services().store, _job(number)
    if job["state"] != "STARTED":
        raise invalid("The import is over.")
    with store.write() as conn:
        store.documents.put(conn, portal().id, "", imports.SORT, number, job | {"state": "CANCELED"})
    return answer({"status": "COMPLETE"})
