"""Lists of records: create, find, rename, and who is on them."""

from __future__ import annotations

import sqlite3
from typing import Any

from plugin.sandbox import records
from plugin.sandbox.documents import Documents
from plugin.sandbox.kinds import Kind, kind_of
from plugin.sandbox.list_filters import compiled
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import Problem, invalid, not_found
from plugin.sandbox.schema import Schema
from plugin.sandbox.values import iso

_KIND = "list"


class Lists:
    """The lists of every portal: MANUAL ones, SNAPSHOT ones filled once, DYNAMIC ones by their filters."""

    def __init__(self, documents: Documents, schema: Schema) -> None:
        self._documents, self._schema = documents, schema

    def all(self, portal: Portal) -> list[dict[str, Any]]:
        """Every list, oldest first."""
        found = self._documents.all(portal.id, _KIND, "list").values()
        return sorted(found, key=lambda body: int(body["listId"]))

    def get(self, conn: sqlite3.Connection, portal: Portal, list_id: str) -> dict[str, Any]:
        """One list with its size; 404 when it is not there."""
        body = self._documents.get(portal.id, _KIND, "list", list_id)
        if body is None:
            raise not_found(f"List {list_id} does not exist")
        return body | {"size": self.size(conn, portal, list_id)}

    def size(self, conn: sqlite3.Connection, portal: Portal, list_id: str) -> int:
        """How many records are on a list."""
        body = self._documents.get(portal.id, _KIND, "list", list_id) or {}
        if body.get("processingType") == "DYNAMIC":
            return len(self._matching(conn, portal, body))
        row = conn.execute(
            "SELECT count(*) FROM memberships WHERE portal = ? AND list = ?", (portal.id, int(list_id))
        ).fetchone()
        return int(row[0])

    def create(
        self, conn: sqlite3.Connection, portal: Portal, body: dict[str, Any], now: int
    ) -> dict[str, Any]:
        """Add a list. HubSpot's rule: names are unique in a portal, whatever the lists are of."""
        for needed in ("name", "objectTypeId", "processingType"):
            if not body.get(needed):
                raise invalid(f'Invalid input JSON: required field "{needed}" is missing')
        if body["processingType"] not in ("MANUAL", "SNAPSHOT", "DYNAMIC"):
            raise invalid(f"Invalid processingType: {body['processingType']}")
        type_id = kind_of(body["objectTypeId"]).type_id
        filtered = body["processingType"] != "MANUAL"
        if filtered:
            compiled(body.get("filterBranch"), self._schema.properties(portal, kind_of(type_id)))
        self._check_free(portal, body["name"])
        number = str(max((int(one["listId"]) for one in self.all(portal)), default=0) + 1)
        made = {
            "listId": number,
            "name": body["name"],
            "objectTypeId": type_id,
            "processingType": body["processingType"],
            "processingStatus": "COMPLETE",
            "listVersion": 1,
            "createdAt": iso(now),
            "updatedAt": iso(now),
            "filtersUpdatedAt": iso(now),
            "createdById": "1",
            "updatedById": "1",
            **({"filterBranch": body["filterBranch"]} if filtered else {}),
        }
        self._documents.put(conn, portal.id, _KIND, "list", number, made)
        if body["processingType"] == "SNAPSHOT":
            rows = [(portal.id, int(number), id_, now) for id_, _ in self._matching(conn, portal, made)]
            conn.executemany("INSERT INTO memberships VALUES (?, ?, ?, ?)", rows)
        return made | {"size": self.size(conn, portal, number)}

    def _matching(
        self, conn: sqlite3.Connection, portal: Portal, body: dict[str, Any]
    ) -> list[tuple[int, int]]:
        """(id, since) of the records that meet a list's filters now, in the order of ids."""
        kind = kind_of(body["objectTypeId"])
        test = compiled(body["filterBranch"], self._schema.properties(portal, kind))
        found = records.scan(conn, portal.id, kind)
        return [(one.id, one.updated_at) for one in found if test(one.properties)]

    def named(self, portal: Portal, type_id: str, name: str) -> dict[str, Any] | None:
        """The list with this name, or None."""
        same = (one for one in self.all(portal) if one["name"] == name and one["objectTypeId"] == type_id)
        return next(same, None)

    def _check_free(self, portal: Portal, name: str, but: str = "") -> None:
        if any(one["name"] == name and one["listId"] != but for one in self.all(portal)):
            raise Problem(400, f"A list named '{name}' already exists.", "VALIDATION_ERROR")

    def rename(
        self, conn: sqlite3.Connection, portal: Portal, list_id: str, name: str, now: int
    ) -> dict[str, Any]:
        """Change a list's name."""
        self._check_free(portal, name, but=list_id)
        body = self.get(conn, portal, list_id) | {"name": name, "updatedAt": iso(now)}
        self._documents.put(conn, portal.id, _KIND, "list", list_id, body)
        return body

    def drop(self, conn: sqlite3.Connection, portal: Portal, list_id: str) -> None:
        """Remove a list and its memberships."""
        self.get(conn, portal, list_id)
        self._documents.drop(conn, portal.id, _KIND, "list", list_id)
        conn.execute("DELETE FROM memberships WHERE portal = ? AND list = ?", (portal.id, int(list_id)))

    def change(
        self,
        conn: sqlite3.Connection,
        portal: Portal,
        list_id: str,
        add: list[int],
        remove: list[int],
        now: int,
    ) -> dict[str, list[str]]:
        """Add and remove members; ids that are no records come back as missing."""
        body = self.get(conn, portal, list_id)
        if body["processingType"] == "DYNAMIC":
            raise invalid("Memberships of a DYNAMIC list cannot be changed")
        kind = kind_of(body["objectTypeId"])
        present = {number for number in {*add, *remove} if _exists(conn, portal, kind, number)}
        members = self._members(conn, portal, list_id, {*add, *remove})
        added = [number for number in dict.fromkeys(add) if number in present and number not in members]
        removed = [number for number in dict.fromkeys(remove) if number in members]
        conn.executemany(
            "INSERT INTO memberships VALUES (?, ?, ?, ?)",
            [(portal.id, int(list_id), one, now) for one in added],
        )
        conn.executemany(
            "DELETE FROM memberships WHERE portal = ? AND list = ? AND id = ?",
            [(portal.id, int(list_id), one) for one in removed],
        )
        return {
            "recordsIdsAdded": [str(one) for one in added],
            "recordIdsRemoved": [str(one) for one in removed],
            "recordIdsMissing": [str(one) for one in dict.fromkeys([*add, *remove]) if one not in present],
        }

    def _members(self, conn: sqlite3.Connection, portal: Portal, list_id: str, among: set[int]) -> set[int]:
        rows = conn.execute("SELECT id FROM memberships WHERE portal=? AND list=?", (portal.id, int(list_id)))
        return {row[0] for row in rows} & among

    def page(
        self, conn: sqlite3.Connection, portal: Portal, list_id: str, after: int, limit: int
    ) -> tuple[list[tuple[int, int]], int | None]:
        """Up to `limit` members (id, since) above an id, and where the next page starts."""
        body = self.get(conn, portal, list_id)
        if body["processingType"] == "DYNAMIC":
            rows = [row for row in self._matching(conn, portal, body) if row[0] > after]
            return rows[:limit], (rows[limit - 1][0] if len(rows) > limit else None)
        rows = conn.execute(
            "SELECT id, at FROM memberships WHERE portal=? AND list=? AND id > ? ORDER BY id LIMIT ?",
            (portal.id, int(list_id), after, limit + 1),
        ).fetchall()
        return rows[:limit], (rows[limit - 1][0] if len(rows) > limit else None)

    def of_record(
        self, conn: sqlite3.Connection, portal: Portal, kind: Kind, record_id: int
    ) -> list[dict[str, Any]]:
        """The lists that a record is on."""
        rows = conn.execute(
            "SELECT list, at FROM memberships WHERE portal = ? AND id = ?", (portal.id, record_id)
        ).fetchall()
        since = {str(number): iso(at) for number, at in rows}
        for one in self.all(portal):
            if one["processingType"] == "DYNAMIC" and one["objectTypeId"] == kind.type_id:
                members = dict(self._matching(conn, portal, one))
                if record_id in members:
                    since[one["listId"]] = iso(members[record_id])
        return [
            {"listId": one["listId"], "listVersion": 1, "firstAddedTimestamp": since[one["listId"]],
             "lastAddedTimestamp": since[one["listId"]]}
            for one in self.all(portal)
            if one["listId"] in since and one["objectTypeId"] == kind.type_id
        ]  # fmt: skip


def _exists(conn: sqlite3.Connection, portal: Portal, kind: Kind, record_id: int) -> bool:
    row = conn.execute(
        "SELECT 1 FROM records "
        "WHERE portal=? AND kind=? AND id=? AND archived_at IS NULL AND merged_into IS NULL",
        (portal.id, kind.name, record_id),
    ).fetchone()
    return row is not None
