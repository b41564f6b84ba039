"""Properties of ours that the CRM does not take any more, one row each: left out of writes until cured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.parked import Parked
from plugin.records.schema import refused_properties as table
from plugin.records.store import Store

WORK = "property"  # how such a row is called among what was given up


@dataclass(frozen=True)
class Refused:
    """A property of one object type, by its name in the CRM."""

    object_type: str
    property: str
    code: str
    cause: str
    cure: str
    at: int


def refuse(
    store: Store, connection: Connection, portal_id: int, rows: Sequence[Refused], config_version: str
) -> None:
    """Leave these properties out until the configuration changes or an admin asks."""
    values = [{"portal_id": portal_id, "config_version": config_version, **asdict(row)} for row in rows]
    names = ("code", "cause", "cure", "at", "config_version")
    store.upsert(connection, table, values, lambda new: {name: new[name] for name in names})


def names(connection: Connection, portal_id: int, config_version: str) -> set[tuple[str, str]]:
    """(object type, property) of those left out under this configuration."""
    query = sa.select(table.c.object_type, table.c.property).where(
        table.c.portal_id == portal_id, table.c.config_version == config_version
    )
    return {(row[0], row[1]) for row in connection.execute(query)}


def listed(connection: Connection, portal_id: int) -> list[Parked]:
    """The same as rows of what was given up, without a record."""
    query = sa.select(table).where(table.c.portal_id == portal_id).order_by(table.c.at, table.c.property)
    return [
        Parked(row["object_type"], 0, WORK, row["code"], row["cause"], row["cure"], row["at"])
        for row in connection.execute(query).mappings()
    ]


def clear(connection: Connection, portal_id: int) -> int:
    """Forget them all: the next write tries again; returns how many there were."""
    return connection.execute(sa.delete(table).where(table.c.portal_id == portal_id)).rowcount
