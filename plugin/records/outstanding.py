"""Outcomes with something outstanding: whose day has come, which are out of date, which are not written yet.

Who waits for a worker already is left out, so that nobody is marked twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.outcomes import DIFFERS, Versions
from plugin.records.portals import Portal
from plugin.records.schema import audience, dirty, outcomes
from plugin.records.work import RecordKey


def due(connection: Connection, portal_id: int, today: date, limit: int) -> list[RecordKey]:
    """Customers whose next moment has come and who do not wait already, earliest first."""
    return _keys(connection, _is_due(portal_id, today), limit, outcomes.c.next_moment)


def unwritten_customers(connection: Connection, portal: Portal, limit: int) -> list[RecordKey]:
    """Customers whose differences may be written now and who do not wait already."""
    if not portal.may_write(0):
        return []
    condition = [*_is_unwritten(portal), _not_waiting()]
    return _keys(connection, condition, limit, outcomes.c.object_id)


def outdated(connection: Connection, portal_id: int, versions: Versions, limit: int) -> list[RecordKey]:
    """Customers computed with other parameters or another configuration, who do not wait already."""
    return _keys(connection, _is_outdated(portal_id, versions), limit, outcomes.c.object_id)


def _is_due(portal_id: int, today: date) -> list[Any]:
    return [outcomes.c.portal_id == portal_id, outcomes.c.next_moment <= today, _not_waiting()]


def _is_unwritten(portal: Portal) -> list[Any]:
    o = outcomes.c
    found = [o.portal_id == portal.portal_id, o.write_state == DIFFERS, o.bucket < portal.share]
    if portal.list_id is not None:
        a = audience.c
        same = (a.portal_id == o.portal_id, a.object_type == o.object_type, a.object_id == o.object_id)
        found.append(sa.exists().where(*same))
    return found


def _is_outdated(portal_id: int, versions: Versions) -> list[Any]:
    o = outcomes.c
    old = sa.or_(o.parameters_version != versions.parameters, o.config_version != versions.config)
    return [o.portal_id == portal_id, old, _not_waiting()]


def _not_waiting() -> Any:
    o, d = outcomes.c, dirty.c
    same = (d.portal_id == o.portal_id, d.object_type == o.object_type, d.object_id == o.object_id)
    return ~sa.exists().where(*same)


def _keys(connection: Connection, condition: list[Any], limit: int, order: Any) -> list[RecordKey]:
    o = outcomes.c
    query = sa.select(o.object_type, o.object_id).where(*condition).order_by(order).limit(limit)
    return [(row[0], row[1]) for row in connection.execute(query)]


def _count(connection: Connection, condition: list[Any]) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(outcomes).where(*condition)).scalar_one()


@dataclass(frozen=True)
class Standing:
    """Counts over a portal's outcomes; `due` and `outdated` leave out customers who wait already."""

    due: int
    outdated: int
    unwritten: int
    stages: dict[str, int]


def standing(connection: Connection, portal: Portal, today: date, versions: Versions | None) -> Standing:
    """How a portal's outcomes stand today."""
    here = outcomes.c.portal_id == portal.portal_id
    stages = sa.select(outcomes.c.stage, sa.func.count()).where(here).group_by(outcomes.c.stage)
    return Standing(
        due=_count(connection, _is_due(portal.portal_id, today)),
        outdated=_count(connection, _is_outdated(portal.portal_id, versions)) if versions else 0,
        unwritten=_count(connection, _is_unwritten(portal)) if portal.may_write(0) else 0,
        stages={row[0]: row[1] for row in connection.execute(stages)},
    )
