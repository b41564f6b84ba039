"""Endpoints for property definitions and groups."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from plugin.sandbox.kinds import kind_of
from plugin.sandbox.problems import Problem, missing_ids_error
from plugin.sandbox.values import iso
from plugin.sandbox.web import answer, batch_answer, flag, inputs, mapping, nothing, portal, services

blueprint = Blueprint("properties", __name__, url_prefix="/_api/properties")
BATCH = 100


def _now() -> str:
    return iso(services().store.now())


@blueprint.get("/<kind_name>")
def list_properties(kind_name: str) -> Response:
    """Every definition."""
    found = services().store.schema.listed(portal(), kind_of(kind_name), flag("archived"))
    return answer({"results": found})


@blueprint.post("/<kind_name>")
def create_property(kind_name: str) -> Response:
    """Define a property."""
    store = services().store
    with store.write() as conn:
        made = store.schema.create(conn, portal(), kind_of(kind_name), mapping(), _now())
    return answer(made, 201)


@blueprint.get("/<kind_name>/<name>")
def get_property(kind_name: str, name: str) -> Response:
    """One definition."""
    body = services().store.schema.get(portal(), kind_of(kind_name), name)
    if bool(body.get("archived")) != flag("archived"):
        raise Problem(404, f"Property {name} does not exist", "OBJECT_NOT_FOUND")
    return answer(body)


@blueprint.patch("/<kind_name>/<name>")
def update_property(kind_name: str, name: str) -> Response:
    """Change a definition."""
    store = services().store
    with store.write() as conn:
        changed = store.schema.update(conn, portal(), kind_of(kind_name), name, mapping(), _now())
    return answer(changed)


@blueprint.delete("/<kind_name>/<name>")
def archive_property(kind_name: str, name: str) -> Response:
    """Archive a custom property."""
    store = services().store
    with store.write() as conn:
        store.schema.archive(conn, portal(), kind_of(kind_name), name, _now())
    return nothing()


@blueprint.post("/<kind_name>/batch/read")
def read_properties(kind_name: str) -> Response:
    """Several definitions by name; 207 for those that are not there."""
    kind, names = kind_of(kind_name), [str(one.get("name")) for one in inputs(BATCH)]
    live = {body["name"]: body for body in services().store.schema.listed(portal(), kind)}
    missing = [name for name in names if name not in live]
    errors = [missing_ids_error("property", missing)] if missing else []
    return batch_answer([live[name] for name in names if name in live], errors, count=len(missing))


@blueprint.post("/<kind_name>/batch/create")
def create_properties(kind_name: str) -> Response:
    """Define several properties; 207 for those that cannot be."""
    kind, store = kind_of(kind_name), services().store
    made, errors = list[dict[str, Any]](), list[dict[str, Any]]()
    given = inputs(BATCH)
    with store.write() as conn:
        for one in given:
            try:
                made.append(store.schema.create(conn, portal(), kind, one, _now()))
            except Problem as refusal:
                context = {"name": [str(one.get("name"))]}
                errors.append(refusal.body() | {"context": context, "links": {}, "errors": []})
    return batch_answer(made, errors, status=201)


@blueprint.post("/<kind_name>/batch/archive")
def archive_properties(kind_name: str) -> Response:
    """Archive several custom properties."""
    store = services().store
    with store.write() as conn:
        for one in inputs(BATCH):
            store.schema.archive(conn, portal(), kind_of(kind_name), str(one.get("name")), _now())
    return nothing()


@blueprint.get("/<kind_name>/groups")
def list_groups(kind_name: str) -> Response:
    """Every property group."""
    return answer({"results": services().store.schema.groups(portal(), kind_of(kind_name))})


@blueprint.post("/<kind_name>/groups")
def create_group(kind_name: str) -> Response:
    """Define a property group."""
    store = services().store
    with store.write() as conn:
        made = store.schema.save_group(conn, portal(), kind_of(kind_name), mapping(), new=True)
    return answer(made, 201)


@blueprint.get("/<kind_name>/groups/<name>")
def get_group(kind_name: str, name: str) -> Response:
    """One property group."""
    return answer(services().store.schema.group(portal(), kind_of(kind_name), name))


@blueprint.patch("/<kind_name>/groups/<name>")
def update_group(kind_name: str, name: str) -> Response:
    """Change a property group."""
    store = services().store
    with store.write() as conn:
        body = mapping() | {"name": name}
        changed = store.schema.save_group(conn, portal(), kind_of(kind_name), body, new=False)
    return answer(changed)


@blueprint.delete("/<kind_name>/groups/<name>")
def drop_group(kind_name: str, name: str) -> Response:
    """Remove a property group without properties."""
    store = services().store
    with store.write() as conn:
        store.schema.drop_group(conn, portal(), kind_of(kind_name), name)
    return nothing()
