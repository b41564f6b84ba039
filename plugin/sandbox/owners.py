"""The people who own records in a portal: three of them, one archived."""

from __future__ import annotations

import sqlite3
from typing import Any

from plugin.sandbox.documents import Documents
from plugin.sandbox.portals import Portal

_PEOPLE = (
    ("71001", "Ada", "Nowak", "ada@example.com", False),
    ("71002", "Boris", "Ivanov", "boris@example.com", False),
    ("71003", "Clara", "Stone", "clara@example.com", True),
)
_EPOCH = "2020-01-01T00:00:00.000Z"


def seed_owners(conn: sqlite3.Connection, documents: Documents, portal: Portal) -> None:
    """Give a new portal its owners."""
    for place, (owner_id, first, last, email, archived) in enumerate(_PEOPLE):
        body = {
            "id": owner_id,
            "type": "PERSON",
            "email": email,
            "firstName": first,
            "lastName": last,
            "userId": 501 + place,
            "userIdIncludingInactive": 501 + place,
            "archived": archived,
            "createdAt": _EPOCH,
            "updatedAt": _EPOCH,
            "teams": [],
        }
        documents.put(conn, portal.id, "owner", "owner", owner_id, body)


def owners(
    documents: Documents, portal: Portal, *, archived: bool = False, email: str = ""
) -> list[dict[str, Any]]:
    """The owners in order of id."""
    found = documents.all(portal.id, "owner", "owner").values()
    kept = [one for one in found if one["archived"] == archived and email in ("", one["email"])]
    return sorted(kept, key=lambda one: str(one["id"]))
