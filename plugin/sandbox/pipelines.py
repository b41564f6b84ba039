"""Pipelines and their stages, and what a stage says about a deal: closed, won, probability."""

from __future__ import annotations

import sqlite3
from typing import Any

from plugin.sandbox.documents import Documents
from plugin.sandbox.kinds import Kind
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import Problem, invalid, not_found

_EPOCH = "2020-01-01T00:00:00.000Z"
# HubSpot's default sales pipeline: id, label, probability.
_DEFAULT_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)


def stage_json(stage: dict[str, Any], now: str, place: int) -> dict[str, Any]:
    """A complete stage from a create request; metadata values are strings, isClosed among them."""
    if not stage.get("label"):
        raise invalid('Invalid input JSON: required field "label" is missing')
    metadata = {name: str(value).lower() for name, value in (stage.get("metadata") or {}).items()}
    if "probability" in metadata:
        closed = "true" if metadata["probability"] in ("1.0", "0.0", "1", "0") else "false"
        metadata.setdefault("isClosed", closed)
    return {
        "id": str(stage.get("stageId") or stage.get("id") or _slug(stage["label"])),
        "label": stage["label"],
        "displayOrder": stage.get("displayOrder", place),
        "metadata": metadata,
        "archived": False,
        "createdAt": now,
        "updatedAt": now,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


def _slug(label: str) -> str:
    return "".join(letter for letter in label.lower() if letter.isalnum())


class Pipelines:
    """The pipelines of every portal."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def seed(self, conn: sqlite3.Connection, portal: Portal) -> None:
        """Give a new portal the default sales pipeline."""
        stages = [
            {"id": name, "label": label, "metadata": {"probability": chance}}
            for name, label, chance in _DEFAULT_STAGES
        ]
        body = {"pipelineId": "default", "label": "Sales Pipeline", "displayOrder": 0, "stages": stages}
        self._put(conn, portal, "deal", _pipeline_json(body, _EPOCH))

    def _put(self, conn: sqlite3.Connection, portal: Portal, kind: str, body: dict[str, Any]) -> None:
        self._documents.put(conn, portal.id, kind, "pipeline", body["id"], body)

    def all(self, portal: Portal, kind: Kind) -> list[dict[str, Any]]:
        """Every pipeline of an object type with its stages in order."""
        found = self._documents.all(portal.id, kind.name, "pipeline").values()
        return sorted(found, key=lambda body: body["displayOrder"])

    def get(self, portal: Portal, kind: Kind, pipeline: str) -> dict[str, Any]:
        """One pipeline; 404 when it is not there."""
        body = self._documents.get(portal.id, kind.name, "pipeline", pipeline)
        if body is None:
            raise not_found(f"Pipeline {pipeline} does not exist")
        return body

    def stage(self, portal: Portal, kind: Kind, pipeline: str, stage: str) -> dict[str, Any]:
        """One stage; 404 when it is not in the pipeline."""
        for found in self.get(portal, kind, pipeline)["stages"]:
            if found["id"] == stage:
                return dict(found)
        raise not_found(f"Pipeline stage {stage} does not exist in pipeline {pipeline}")

    def find_stage(self, portal: Portal, kind: Kind, pipeline: str, stage: str) -> dict[str, Any] | None:
        """One stage, or None when the pipeline or the stage is not there."""
        body = self._documents.get(portal.id, kind.name, "pipeline", pipeline)
        return next((found for found in (body or {}).get("stages", []) if found["id"] == stage), None)

    def create(
        self, conn: sqlite3.Connection, portal: Portal, kind: Kind, body: dict[str, Any], now: str
    ) -> dict[str, Any]:
        """Add a pipeline with its stages."""
        pipeline = _pipeline_json(body, now)
        if self._documents.get(portal.id, kind.name, "pipeline", pipeline["id"]):
            raise Problem(409, f"Pipeline {pipeline['id']} already exists", "CONFLICT")
        self._put(conn, portal, kind.name, pipeline)
        return pipeline

    def change(
        self,
        conn: sqlite3.Connection,
        portal: Portal,
        kind: Kind,
        pipeline: str,
        body: dict[str, Any],
        now: str,
    ) -> dict[str, Any]:
        """Change a pipeline's label or order, or replace its stages."""
        changed = self.get(portal, kind, pipeline) | {"updatedAt": now}
        changed |= {name: body[name] for name in ("label", "displayOrder", "archived") if name in body}
        if "stages" in body:
            changed["stages"] = [stage_json(item, now, place) for place, item in enumerate(body["stages"])]
        self._put(conn, portal, kind.name, changed)
        return changed

    def drop(self, conn: sqlite3.Connection, portal: Portal, kind: Kind, pipeline: str) -> None:
        """Remove a pipeline."""
        self.get(portal, kind, pipeline)
        self._documents.drop(conn, portal.id, kind.name, "pipeline", pipeline)

    def save_stage(
        self,
        conn: sqlite3.Connection,
        portal: Portal,
        kind: Kind,
        pipeline: str,
        stage: dict[str, Any],
        now: str,
    ) -> dict[str, Any]:
        """Add a stage to a pipeline or replace the one with the same id."""
        body = self.get(portal, kind, pipeline)
        others = [found for found in body["stages"] if found["id"] != stage["id"]]
        stages = sorted([*others, stage], key=lambda found: found["displayOrder"])
        self._put(conn, portal, kind.name, body | {"stages": stages, "updatedAt": now})
        return stage

    def drop_stage(
        self, conn: sqlite3.Connection, portal: Portal, kind: Kind, pipeline: str, stage: str, now: str
    ) -> None:
        """Remove a stage from a pipeline."""
        self.stage(portal, kind, pipeline, stage)
        body = self.get(portal, kind, pipeline)
        stages = [found for found in body["stages"] if found["id"] != stage]
        self._put(conn, portal, kind.name, body | {"stages": stages, "updatedAt": now})


def _pipeline_json(body: dict[str, Any], now: str) -> dict[str, Any]:
    if not body.get("label"):
        raise invalid('Invalid input JSON: required field "label" is missing')
    return {
        "id": str(body.get("pipelineId") or _slug(body["label"])),
        "label": body["label"],
        "displayOrder": body.get("displayOrder", 0),
        "stages": [stage_json(stage, now, place) for place, stage in enumerate(body.get("stages") or [])],
        "archived": False,
        "createdAt": now,
        "updatedAt": now,
    }
