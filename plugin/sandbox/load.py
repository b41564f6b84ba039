"""Fast bulk load of a World: values are taken as they are, what HubSpot computes is computed.

Properties, stages and association types that the portal does not know are defined on the way,
so that any table of records can become a portal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from plugin.sandbox import associations, history, records, rules
from plugin.sandbox.documents import Documents
from plugin.sandbox.kinds import COMPANY, CONTACT, DEAL, PRIMARY_TYPES, Kind, default_type, kind_of
from plugin.sandbox.labels import define_label, inverse_type, labels
from plugin.sandbox.pipelines import Pipelines, stage_json
from plugin.sandbox.portals import Portal
from plugin.sandbox.records import Record
from plugin.sandbox.schema import Schema
from plugin.sandbox.values import iso, moment_of
from plugin.sandbox.world import World, WorldRecord

_EPOCH = "2020-01-01T00:00:00.000Z"
Links = dict[tuple[str, int], dict[str, set[int]]]


class Loader:
    """Puts the records of a world into a portal, inside one transaction."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        portal: Portal,
        schema: Schema,
        pipelines: Pipelines,
        documents: Documents,
    ) -> None:
        self._conn, self._portal = conn, portal
        self._schema, self._pipelines, self._documents = schema, pipelines, documents
        self._primary: dict[int, int] = {}  # contact: its primary company

    def load(self, world: World) -> dict[str, int]:
        """Store every record; returns how many of each type."""
        sets = ((CONTACT, world.contacts), (COMPANY, world.companies), (DEAL, world.deals))
        for kind, listed in sets:
            self._define_properties(kind, listed)
        self._define_stages(world.deals)
        links = self._link(sets)
        for kind, listed in sets:
            self._store(kind, listed, links)
        top = max((record.id for _, listed in sets for record in listed), default=0)
        self._conn.execute(
            "UPDATE portals SET next_id = max(next_id, ?) WHERE id = ?", (top + 1, self._portal.id)
        )
        return {kind.plural: len(listed) for kind, listed in sets}

    def _define_properties(self, kind: Kind, listed: Sequence[WorldRecord]) -> None:
        known = self._schema.properties(self._portal, kind)
        names = dict.fromkeys(name for record in listed for name in record.properties)
        for name in [name for name in names if name not in known]:
            body = {"name": name, "label": name, "type": "string", "fieldType": "text",
                    "groupName": f"{kind.name}information"}  # fmt: skip
            self._schema.create(self._conn, self._portal, kind, body, _EPOCH)

    def _define_stages(self, deals: Sequence[WorldRecord]) -> None:
        """Stages the deals have and the pipeline lacks; what "won" and "lost" mean is read off the name."""
        pairs = dict.fromkeys(
            (deal.properties.get("pipeline") or "default", deal.properties.get("dealstage") or "")
            for deal in deals
        )
        pipelines = {body["id"] for body in self._pipelines.all(self._portal, DEAL)}
        for pipeline, stage in pairs:
            if pipeline not in pipelines:
                body = {"pipelineId": pipeline, "label": pipeline}
                self._pipelines.create(self._conn, self._portal, DEAL, body, _EPOCH)
                pipelines.add(pipeline)
            if stage and not self._pipelines.find_stage(self._portal, DEAL, pipeline, stage):
                place = len(self._pipelines.get(self._portal, DEAL, pipeline)["stages"])
                metadata = {"probability": _chance(stage)}
                made = stage_json({"id": stage, "label": stage, "metadata": metadata}, _EPOCH, place)
                self._pipelines.save_stage(self._conn, self._portal, DEAL, pipeline, made, _EPOCH)

    def _link(self, sets: Iterable[tuple[Kind, Sequence[WorldRecord]]]) -> Links:
        """Write both directions of every association; returns who is linked to whom, for the counts."""
        linked: Links = {}
        rows: set[tuple[Any, ...]] = set()
        for kind, listed in sets:
            for record in listed:
                for name, other, type_id in record.associations:
                    target = kind_of(name)
                    for number in self._types(kind, target, type_id):
                        rows |= self._both_ways(kind, record.id, target, other, number)
                    linked.setdefault((kind.name, record.id), {}).setdefault(target.name, set()).add(other)
                    linked.setdefault((target.name, other), {}).setdefault(kind.name, set()).add(record.id)
        self._conn.executemany(
            "INSERT OR IGNORE INTO associations (portal, kind, id, to_kind, to_id, type_id) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            sorted(rows),
        )
        return linked

    def _types(self, kind: Kind, target: Kind, type_id: int) -> set[int]:
        known = labels(self._documents, self._portal, kind, target)
        if type_id not in known:
            define_label(
                self._conn, self._documents, self._portal, kind, target, f"Label {type_id}", type_id=type_id
            )
        return {type_id, default_type(kind, target)}

    def _both_ways(
        self, kind: Kind, one: int, target: Kind, other: int, type_id: int
    ) -> set[tuple[Any, ...]]:
        back = inverse_type(self._documents, self._portal, kind, target, type_id)
        if type_id == PRIMARY_TYPES["contact", "company"] and kind is CONTACT:
            self._primary[one] = other
        if type_id == PRIMARY_TYPES["company", "contact"] and kind is COMPANY:
            self._primary[other] = one
        return {
            (self._portal.id, kind.name, one, target.name, other, type_id),
            (self._portal.id, target.name, other, kind.name, one, back),
        }

    def _forget_history(self, kind: Kind, listed: Sequence[WorldRecord]) -> None:
        """A record that is loaded again starts anew."""
        known = "SELECT 1 FROM history WHERE portal = ? AND kind = ? LIMIT 1"
        if self._conn.execute(known, (self._portal.id, kind.name)).fetchone():
            rows = [(self._portal.id, kind.name, item.id) for item in listed]
            self._conn.executemany("DELETE FROM history WHERE portal=? AND kind=? AND id=?", rows)

    def _store(self, kind: Kind, listed: Sequence[WorldRecord], links: Links) -> None:
        self._forget_history(kind, listed)
        made = [self._record(kind, item, links.get((kind.name, item.id), {})) for item in listed]
        records.save(self._conn, self._portal.id, made)
        history.add_rows(
            self._conn,
            (
                (self._portal.id, kind.name, item.id, name, value, at, history.IMPORT.type, history.IMPORT.id)
                for item in listed
                for name, value, at in item.history
            ),
        )
        self._conn.executemany("INSERT OR REPLACE INTO uniques VALUES (?, ?, ?, ?, ?)", self._uniques(made))

    def _record(self, kind: Kind, item: WorldRecord, linked: dict[str, set[int]]) -> Record:
        values = {name: value for name, value in item.properties.items() if value != ""}
        latest = max([item.created_at, *(at for _, _, at in item.history)])
        stamp = moment_of(values.get(kind.modified, "")) or latest
        values |= {"hs_object_id": str(item.id), kind.modified: iso(stamp)}
        if kind.created not in item.properties:  # a deal's date of creation can be cleared
            values[kind.created] = iso(item.created_at)
        if kind is DEAL:
            values.setdefault("pipeline", "default")
            computed = rules.deal_values(self._portal, self._pipelines, values)
            values |= {name: value for name, value in computed.items() if value}
        for name, counted in associations.COUNTS.get(kind, ()):
            if linked.get(counted.name):
                values[name] = str(len(linked[counted.name]))
        if kind is CONTACT and item.id in self._primary:
            values["associatedcompanyid"] = str(self._primary[item.id])
        return Record(kind, item.id, values, item.created_at, stamp)

    def _uniques(self, made: list[Record]) -> Iterable[tuple[Any, ...]]:
        if not made:
            return
        definitions = self._schema.properties(self._portal, made[0].kind)
        names = [name for name, prop in definitions.items() if prop.unique]
        for record in made:
            for name in names:
                if record.properties.get(name):
                    yield self._portal.id, record.kind.name, name, record.properties[name].lower(), record.id


def world_portal(portal: Portal, world: World) -> Portal:
    """The portal with the world's account settings."""
    return replace(portal, time_zone=world.time_zone, currency=world.currency)


def _chance(stage: str) -> str:
    if "won" in stage.lower():
        return "1.0"
    return "0.0" if "lost" in stage.lower() else "0.5"


def world_from_json(body: dict[str, Any]) -> World:
    """A world from the JSON of the control API; ids and moments may be strings."""
    world = World(
        portal_id=int(body.get("portal_id", 4242)),
        time_zone=body.get("time_zone", "UTC"),
        currency=body.get("currency", "USD"),
    )
    for name in ("contacts", "companies", "deals"):
        getattr(world, name).extend(record_from_json(item) for item in body.get(name, ()))
    return world


def record_from_json(item: dict[str, Any]) -> WorldRecord:
    """One record: id, properties, created_at (ms or ISO), history, associations."""
    return WorldRecord(
        id=int(item["id"]),
        properties={
            name: str(value) for name, value in item.get("properties", {}).items() if value is not None
        },
        created_at=moment_of(str(item.get("created_at", 0))) or 0,
        history=[(name, str(value), moment_of(str(at)) or 0) for name, value, at in item.get("history", ())],
        associations=[
            (name, int(other), int(type_id)) for name, other, type_id in item.get("associations", ())
        ],
    )
