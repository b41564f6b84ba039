"""Endpoints for pipelines and their stages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from plugin.sandbox.kinds import kind_of
from plugin.sandbox.pipelines import stage_json
from plugin.sandbox.values import iso
from plugin.sandbox.web import answer, mapping, nothing, portal, services

blueprint = Blueprint("pipelines", __name__, url_prefix="/_api/pipelines")


def _now() -> str:
    return iso(services().store.now())


@blueprint.get("/<kind_name>")
def list_pipelines(kind_name: str) -> Response:
    """Every pipeline with its stages."""
    return answer({"results": services().store.pipelines.all(portal(), kind_of(kind_name))})


@blueprint.post("/<kind_name>")
def create_pipeline(kind_name: str) -> Response:
    """Add a pipeline."""
    store = services().store
    with store.write() as conn:
        made = store.pipelines.create(conn, portal(), kind_of(kind_name), mapping(), _now())
    return answer(made, 201)


@blueprint.get("/<kind_name>/<pipeline>")
def get_pipeline(kind_name: str, pipeline: str) -> Response:
    """One pipeline."""
    return answer(services().store.pipelines.get(portal(), kind_of(kind_name), pipeline))


@blueprint.route("/<kind_name>/<pipeline>", methods=["PATCH", "PUT"])
def change_pipeline(kind_name: str, pipeline: str) -> Response:
    """Change a pipeline; PUT replaces its stages."""
    store = services().store
    with store.write() as conn:
        changed = store.pipelines.change(conn, portal(), kind_of(kind_name), pipeline, mapping(), _now())
    return answer(changed)


@blueprint.delete("/<kind_name>/<pipeline>")
def drop_pipeline(kind_name: str, pipeline: str) -> Response:
    """Remove a pipeline."""
    store = services().store
    with store.write() as conn:
        store.pipelines.drop(conn, portal(), kind_of(kind_name), pipeline)
    return nothing()


@blueprint.get("/<kind_name>/<pipeline>/stages")
def list_stages(kind_name: str, pipeline: str) -> Response:
    """The stages of a pipeline in order."""
    found = services().store.pipelines.get(portal(), kind_of(kind_name), pipeline)
    return answer({"results": found["stages"]})


@blueprint.post("/<kind_name>/<pipeline>/stages")
def create_stage(kind_name: str, pipeline: str) -> Response:
    """Add a stage."""
    store, body = services().store, mapping()
    with store.write() as conn:
        place = len(store.pipelines.get(portal(), kind_of(kind_name), pipeline)["stages"])
        stage = stage_json(body, _now(), place)
        made = store.pipelines.save_stage(conn, portal(), kind_of(kind_name), pipeline, stage, _now())
    return answer(made, 201)


@blueprint.get("/<kind_name>/<pipeline>/stages/<stage>")
def get_stage(kind_name: str, pipeline: str, stage: str) -> Response:
    """One stage."""
    return answer(services().store.pipelines.stage(portal(), kind_of(kind_name), pipeline, stage))


@blueprint.route("/<kind_name>/<pipeline>/stages/<stage>", methods=["PATCH", "PUT"])
def change_stage(kind_name: str, pipeline: str, stage: str) -> Response:
    """Change a stage."""
    store, body = services().store, mapping()
    with store.write() as conn:
        old = store.pipelines.stage(portal(), kind_of(kind_name), pipeline, stage)
        merged: dict[str, Any] = old | {
            name: body[name] for name in ("label", "displayOrder") if name in body
        }
        if "metadata" in body:
            merged["metadata"] = body["metadata"]
        fresh = stage_json(merged, _now(), old["displayOrder"]) | {"createdAt": old["createdAt"]}
        changed = store.pipelines.save_stage(conn, portal(), kind_of(kind_name), pipeline, fresh, _now())
    return answer(changed)


@blueprint.delete("/<kind_name>/<pipeline>/stages/<stage>")
def drop_stage(kind_name: str, pipeline: str, stage: str) -> Response:
    """Remove a stage."""
    store = services().store
    with store.write() as conn:
        store.pipelines.drop_stage(conn, portal(), kind_of(kind_name), pipeline, stage, _now())
    return nothing()
