"""Endpoints of exports: begin one, ask how far it is, and its file behind a signed address."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import Blueprint, Response, request

from plugin.sandbox import exports
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import not_found
from plugin.sandbox.web import answer, mapping, portal, services

blueprint = Blueprint("exports", __name__)


@blueprint.post("/_api/exports/export/async")
def start() -> Response:
    """Begin an export."""
    number = exports.begin(services().store, portal(), mapping())
    return answer({"id": number, "links": {}}, 202)


@blueprint.get("/_api/exports/export/async/tasks/<number>/status")
def status(number: str) -> Response:
    """How far an export is, with a link that has not run out yet."""
    return answer(exports.shown(_job(portal(), number), _link(portal(), number)))


def _job(here: Portal, number: str) -> dict[str, Any]:
    found = services().store.documents.get(here.id, "", exports.SORT, number)
    if found is None:
        raise not_found()
    return found


def _link(here: Portal, number: str) -> str:
    path = f"/export-files/{here.id}/{number}"
    until = services().store.now() + here.export_link_seconds * 1000
    return f"{request.host_url.rstrip('/')}{path}?until={until}&signature={_signature(path, until)}"


def _signature(path: str, until: int) -> str:
    secret = services().store.app.client_secret.encode()
    return hmac.new(secret, f"{path}:{until}".encode(), hashlib.sha256).hexdigest()


@blueprint.get("/export-files/<int:portal_id>/<number>")
def file(portal_id: int, number: str) -> Response:
    """The file; as with any signed address, credentials beside it are refused."""
    until = int(request.args.get("until", "0"))
    good = hmac.compare_digest(request.args.get("signature", ""), _signature(request.path, until))
    if not good or until <= services().store.now():
        return Response("<Error><Code>AccessDenied</Code></Error>", 403, mimetype="application/xml")
    if "Authorization" in request.headers:
        return Response("<Error><Code>InvalidArgument</Code></Error>", 400, mimetype="application/xml")
    with services().store.read() as conn:
        row = conn.execute(
            "SELECT body FROM files WHERE portal = ? AND name = ?", (portal_id, number)
        ).fetchone()
    return Response(row[0], mimetype="application/octet-stream") if row else Response(status=404)
