"""The portals we serve, what their account says, their parameters, and notes of how far work has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.lifecycle.parameters import Parameters
from plugin.records.schema import locks, parameters, portals, watermarks
from plugin.records.store import Store

OBSERVE, LIVE, PAUSED = "observe", "live", "paused"
GONE = "gone"  # the app was taken out of the portal: nothing is done for it, its data waits to be purged


@dataclass(frozen=True)
class Portal:
    """One CRM account; `share` is the percent of its customers that may be written."""

    portal_id: int
    mode: str
    share: int
    time_zone: str
    currency: str
    ui_domain: str
    parameters_version: int | None
    config_version: str | None
    last_incremental: int | None
    last_full: int | None
    list_id: str | None = None  # only members of this list of the CRM are written

    def may_write(self, bucket: int) -> bool:
        """Whether a customer of this bucket (0-99) may be written now."""
        return self.mode == LIVE and bucket < self.share


def remember(
    connection: Connection, store: Store, portal_id: int, time_zone: str, currency: str, ui: str
) -> None:
    """Note a portal and its account's settings; a new one starts in observe mode."""
    row = {
        "portal_id": portal_id,
        "mode": OBSERVE,
        "share": 100,
        "time_zone": time_zone,
        "currency": currency,
        "ui_domain": ui,
    }
    account = ("time_zone", "currency", "ui_domain")
    store.upsert(connection, portals, [row], lambda new: {name: new[name] for name in account})


def get(connection: Connection, portal_id: int) -> Portal | None:
    """The portal, if we serve it."""
    row = connection.execute(sa.select(portals).where(portals.c.portal_id == portal_id)).mappings().first()
    return Portal(**row) if row else None


def every(connection: Connection) -> list[Portal]:
    """All portals, by id."""
    rows = connection.execute(sa.select(portals).order_by(portals.c.portal_id)).mappings()
    return [Portal(**row) for row in rows]


def served(connection: Connection) -> list[Portal]:
    """The portals that there is work for: all but those whose app was taken out."""
    return [portal for portal in every(connection) if portal.mode != GONE]


def change(connection: Connection, portal_id: int, **values: Any) -> None:
    """Set columns of a portal."""
    connection.execute(sa.update(portals).where(portals.c.portal_id == portal_id).values(**values))


def adopt(connection: Connection, store: Store, portal_id: int, fitted: Parameters, now: int) -> bool:
    """Make `fitted` the portal's parameters from now on; earlier versions are kept.

    False, and nothing is done, where others than those before them (by number) are in force meanwhile.
    """
    here, in_force = portals.c.portal_id == portal_id, portals.c.parameters_version
    before = in_force == fitted.version - 1 if fitted.version > 1 else in_force.is_(None)
    step = sa.update(portals).where(here, before).values(parameters_version=fitted.version)
    if not connection.execute(step).rowcount:
        return False
    body = fitted.to_json()
    row = {"portal_id": portal_id, "version": fitted.version, "adopted_at": now, "body": body}
    store.upsert(connection, parameters, [row])
    return True


def current_parameters(connection: Connection, portal: Portal) -> Parameters | None:
    """The parameters in force; None before the first complete read."""
    if portal.parameters_version is None:
        return None
    query = sa.select(parameters.c.body).where(
        parameters.c.portal_id == portal.portal_id, parameters.c.version == portal.parameters_version
    )
    return Parameters.from_json(connection.execute(query).scalar_one())


def watermark(connection: Connection, portal_id: int, name: str) -> dict[str, Any] | None:
    """A note of how far some work has come."""
    query = sa.select(watermarks.c.body).where(watermarks.c.portal_id == portal_id, watermarks.c.name == name)
    body = connection.execute(query).scalar()
    return orjson.loads(body) if body else None


def set_watermark(
    connection: Connection, store: Store, portal_id: int, name: str, body: dict[str, Any], now: int
) -> None:
    """Replace a note of how far some work has come."""
    row = {"portal_id": portal_id, "name": name, "body": orjson.dumps(body).decode(), "at": now}
    store.upsert(connection, watermarks, [row], lambda new: {"body": new.body, "at": new.at})


def clear_watermark(connection: Connection, portal_id: int, name: str) -> None:
    """Drop a note."""
    here = (watermarks.c.portal_id == portal_id, watermarks.c.name == name)
    connection.execute(sa.delete(watermarks).where(*here))


def hold_lock(connection: Connection, store: Store, name: str, holder: str, now: int, until: int) -> bool:
    """Take or renew a lock; false while another holder's has not run out."""
    row = {"name": name, "holder": holder, "until": until}
    free = sa.or_(locks.c.holder == holder, locks.c.until < now)
    store.upsert(
        connection, locks, [row], lambda new: {"holder": new.holder, "until": new.until}, lambda _: free
    )
    held_by: str = connection.execute(sa.select(locks.c.holder).where(locks.c.name == name)).scalar_one()
    return held_by == holder


def free_lock(connection: Connection, name: str, holder: str) -> None:
    """Give a lock back before its time."""
    connection.execute(sa.delete(locks).where(locks.c.name == name, locks.c.holder == holder))
