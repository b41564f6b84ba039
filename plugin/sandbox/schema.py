"""Property definitions and groups of a portal: list, create, change, archive, with HubSpot's refusals."""

from __future__ import annotations

import sqlite3
from typing import Any

from plugin.sandbox import definitions
from plugin.sandbox.catalogue import default_groups, default_properties
from plugin.sandbox.definitions import Property, property_from_json
from plugin.sandbox.documents import Documents
from plugin.sandbox.kinds import KINDS, Kind
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import Problem, invalid, not_found

UNIQUE_PROPERTIES = 10


class Schema:
    """The properties and groups of every portal."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._parsed: dict[tuple[int, str], tuple[dict[str, Any], dict[str, Property]]] = {}

    def seed(self, conn: sqlite3.Connection, portal: Portal) -> None:
        """Give a new portal HubSpot's own properties and groups."""
        for kind in KINDS:
            for group in default_groups(kind.name):
                self._documents.put(conn, portal.id, kind.name, "group", group["name"], group)
            for prop in default_properties(kind.name):
                self._documents.put(conn, portal.id, kind.name, "property", prop.name, prop.to_json())

    def properties(self, portal: Portal, kind: Kind) -> dict[str, Property]:
        """The live properties by name."""
        documents = self._documents.all(portal.id, kind.name, "property")
        kept = self._parsed.get((portal.id, kind.name))
        if kept is None or kept[0] is not documents:
            parsed = {name: property_from_json(body) for name, body in documents.items()}
            live = {name: prop for name, prop in parsed.items() if not prop.archived}
            kept = self._parsed[portal.id, kind.name] = (documents, live)
        return kept[1]

    def get(self, portal: Portal, kind: Kind, name: str) -> dict[str, Any]:
        """One definition, archived or not; 404 when it never was."""
        body = self._documents.get(portal.id, kind.name, "property", name)
        if body is None:
            raise not_found(f"Property {name} does not exist")
        return body

    def listed(self, portal: Portal, kind: Kind, archived: bool = False) -> list[dict[str, Any]]:
        """Every definition."""
        documents = self._documents.all(portal.id, kind.name, "property").values()
        return [body for body in documents if bool(body.get("archived")) == archived]

    def custom_count(self, portal: Portal, kind: Kind) -> int:
        """How many live properties are not HubSpot's own."""
        return sum(not prop.hubspot_defined for prop in self.properties(portal, kind).values())

    def create(
        self, conn: sqlite3.Connection, portal: Portal, kind: Kind, body: dict[str, Any], now: str
    ) -> dict[str, Any]:
        """Add a custom property; 409 when the name is taken."""
        definitions.check_new(body)
        self._check_room(portal, kind, body)
        kept = property_from_json(
            body | {"createdAt": now, "updatedAt": now, "hubspotDefined": False, "modificationMetadata": {}}
        )
        shown = kept.to_json() | {"createdUserId": "1", "updatedUserId": "1"}
        self._documents.put(conn, portal.id, kind.name, "property", kept.name, shown)
        return shown

    def _check_room(self, portal: Portal, kind: Kind, body: dict[str, Any]) -> None:
        live = self.properties(portal, kind)
        if body["name"] in live:
            raise Problem(
                409,
                f"A property named '{body['name']}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                sub_category="Properties.PROPERTY_EXISTS",
            )
        if body["groupName"] not in self._documents.all(portal.id, kind.name, "group"):
            raise invalid(f"Property group {body['groupName']} does not exist")
        if body.get("hasUniqueValue") and sum(prop.unique for prop in live.values()) >= UNIQUE_PROPERTIES:
            raise invalid(f"At most {UNIQUE_PROPERTIES} properties with unique values are allowed per object")
        if self.custom_count(portal, kind) >= portal.custom_property_limit:
            raise Problem(400, "The limit of custom properties is reached.", "LIMIT_EXCEEDED")

    def update(
        self, conn: sqlite3.Connection, portal: Portal, kind: Kind, name: str, body: dict[str, Any], now: str
    ) -> dict[str, Any]:
        """Change a definition; the name never changes."""
        prop = self.properties(portal, kind).get(name)
        if prop is None:
            raise not_found(f"Property {name} does not exist")
        group = body.get("groupName", prop.group)
        if group not in self._documents.all(portal.id, kind.name, "group"):
            raise invalid(f"Property group {group} does not exist")
        shown = definitions.edited(prop, body, now).to_json()
        self._documents.put(conn, portal.id, kind.name, "property", name, shown)
        return shown

    def archive(self, conn: sqlite3.Connection, portal: Portal, kind: Kind, name: str, now: str) -> None:
        """Archive a custom property; HubSpot's own cannot be."""
        prop = self.properties(portal, kind).get(name)
        if prop is None:
            raise not_found(f"Property {name} does not exist")
        if prop.hubspot_defined:
            raise invalid(f'Property "{name}" is defined by HubSpot and cannot be archived.')
        gone = prop.to_json() | {"archived": True, "archivedAt": now}
        self._documents.put(conn, portal.id, kind.name, "property", name, gone)

    def groups(self, portal: Portal, kind: Kind) -> list[dict[str, Any]]:
        """Every property group."""
        return list(self._documents.all(portal.id, kind.name, "group").values())

    def group(self, portal: Portal, kind: Kind, name: str) -> dict[str, Any]:
        """One group; 404 when it is not there."""
        body = self._documents.get(portal.id, kind.name, "group", name)
        if body is None:
            raise not_found(f"Property group {name} does not exist")
        return body

    def save_group(
        self, conn: sqlite3.Connection, portal: Portal, kind: Kind, body: dict[str, Any], *, new: bool
    ) -> dict[str, Any]:
        """Add a group (409 when the name is taken) or change one."""
        name = body.get("name") or ""
        if new:
            definitions.check_name(name)
            if not body.get("label"):
                raise invalid('Invalid input JSON: required field "label" is missing')
            if name in self._documents.all(portal.id, kind.name, "group"):
                raise Problem(409, f"Property group {name} already exists", "OBJECT_ALREADY_EXISTS")
        base = {"displayOrder": -1, "archived": False} if new else self.group(portal, kind, name)
        shown = base | {key: body[key] for key in ("name", "label", "displayOrder") if key in body}
        self._documents.put(conn, portal.id, kind.name, "group", name, shown)
        return shown

    def drop_group(self, conn: sqlite3.Connection, portal: Portal, kind: Kind, name: str) -> None:
        """Remove a group that no live property uses."""
        self.group(portal, kind, name)
        if any(prop.group == name for prop in self.properties(portal, kind).values()):
            raise invalid(f"Property group {name} still has properties")
        self._documents.drop(conn, portal.id, kind.name, "group", name)
