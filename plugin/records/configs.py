"""Versions of the configuration, with who and when. Versions are only added: the highest number is in force.

Portal 0 stands for every portal that has no version of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.mapping.bundle import Bundle
from plugin.records.schema import config_versions
from plugin.records.store import Store

EVERYONE = 0
DEFAULT, FILE, COMMAND, API, ROLLBACK = "default", "file", "command", "api", "rollback"
#: (portal id, version number, digest): which version a portal computes with.
Head = tuple[int, int, str]
_c = config_versions.c


@dataclass(frozen=True)
class Version:
    """One version; `bundle` is None where a portal returned to what everyone has."""

    portal_id: int
    number: int
    digest: str
    source: str
    who: str
    at: int
    note: str
    bundle: Bundle | None


@dataclass(frozen=True)
class Origin:
    """Where a version comes from, who wants it, when (ms), and a word on it."""

    source: str
    who: str
    at: int
    note: str = ""


def head(connection: Connection, portal_id: int) -> Head | None:
    """The version in force for a portal: its own, else everyone's; None before there is any."""
    for scope in (portal_id, EVERYONE):
        row = connection.execute(_newest(scope)).first()
        if row is not None and row.kept:
            return (scope, row.number, row.digest)
    return None


def _newest(portal_id: int) -> sa.Select[tuple[int, str, bool]]:
    kept = _c.body.is_not(None).label("kept")
    query = sa.select(_c.number, _c.digest, kept).where(_c.portal_id == portal_id)
    return query.order_by(_c.number.desc()).limit(1)


def get(connection: Connection, portal_id: int, number: int) -> Version | None:
    """One version of a portal (0: everyone's)."""
    query = sa.select(config_versions).where(_c.portal_id == portal_id, _c.number == number)
    row = connection.execute(query).mappings().first()
    return _version(row) if row else None


def current(connection: Connection, portal_id: int) -> Version | None:
    """The version in force for a portal."""
    found = head(connection, portal_id)
    return get(connection, found[0], found[1]) if found else None


def portals_with_own(connection: Connection) -> set[int]:
    """The portals that have a configuration of their own."""
    named = connection.execute(sa.select(_c.portal_id).where(_c.portal_id != EVERYONE).distinct()).scalars()
    return {one for one in named if (found := head(connection, one)) and found[0] == one}


def history(connection: Connection, portal_id: int, limit: int = 50) -> list[Version]:
    """The versions of a portal (0: everyone's), newest first."""
    query = sa.select(config_versions).where(_c.portal_id == portal_id)
    rows = connection.execute(query.order_by(_c.number.desc()).limit(limit)).mappings()
    return [_version(row) for row in rows]


def add(
    connection: Connection, store: Store, portal_id: int, bundle: Bundle | None, origin: Origin
) -> Version:
    """Put a version in force; it must have been checked. None: the portal goes with everyone again."""
    while True:
        newest = connection.execute(_newest(portal_id)).first()
        version = _made(portal_id, (newest.number if newest else 0) + 1, bundle, origin)
        store.upsert(connection, config_versions, [_row(version)])
        kept = get(connection, portal_id, version.number)
        if kept == version:  # else another process took this number a moment ago
            return version


def add_first(connection: Connection, store: Store, bundle: Bundle, origin: Origin) -> Version | None:
    """Put everyone's first version in force; None where another process did so at the same moment."""
    first = _made(EVERYONE, 1, bundle, origin)
    store.upsert(connection, config_versions, [_row(first)])  # PostgreSQL waits here for who came first
    return first if get(connection, EVERYONE, 1) == first else None


def _made(portal_id: int, number: int, bundle: Bundle | None, origin: Origin) -> Version:
    digest = bundle.digest if bundle else ""
    who = origin.who[:200]
    return Version(portal_id, number, digest, origin.source, who, origin.at, origin.note, bundle)


def _row(version: Version) -> dict[str, object]:
    bundle = version.bundle
    return {
        "portal_id": version.portal_id,
        "number": version.number,
        "digest": version.digest,
        "name": bundle.name if bundle else "",
        "body": bundle.body if bundle else None,
        "rules": json.dumps(dict(bundle.rules) if bundle else {}),
        "source": version.source,
        "who": version.who,
        "at": version.at,
        "note": version.note,
    }


def _version(row: sa.RowMapping) -> Version:
    kept = row["body"] is not None
    bundle = Bundle(row["name"], bytes(row["body"]), json.loads(row["rules"])) if kept else None
    names = ("portal_id", "number", "digest", "source", "who", "at", "note")
    return Version(**{name: row[name] for name in names}, bundle=bundle)
