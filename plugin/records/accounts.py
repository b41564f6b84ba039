"""Portals in which the app is installed by OAuth: their sealed tokens, their state, and those who left.

Nothing here can read a token: rows hold what the vault sealed. `installed` answers for both ways in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import portals
from plugin.records.schema import accounts, authorisations, departures
from plugin.records.schema import portals as portals_table
from plugin.records.store import Store

#: properties are being made, everything is being read, all is done; or it could not be done, or the app left
INSTALLING, LOADING, INSTALLED, FAILED, GONE = "installing", "loading", "installed", "failed", "gone"
UNKNOWN_PORTAL = 0
STATE_MS = 3_600_000  # a used state is remembered for longer than any state is good


@dataclass(frozen=True)
class Account:
    """One installation; `scopes` as granted, moments in milliseconds, tokens sealed (None: dropped)."""

    portal_id: int
    state: str
    grant_number: int
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: int
    refreshed_at: int
    scopes: tuple[str, ...]
    domain: str
    installed_at: int
    tries: int
    ready_at: int
    report: dict[str, Any]


@dataclass(frozen=True)
class Sealed:
    """Tokens as the vault sealed them, and when the access token expires (ms)."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True)
class Departure:
    """A portal whose app was taken out at `at` (ms), and the mode it had."""

    portal_id: int
    at: int
    cause: str
    mode: str


def use_state(connection: Connection, state: str, now: int) -> bool:
    """Take a state as used; false when it was used before."""
    connection.execute(sa.delete(authorisations).where(authorisations.c.at < now - STATE_MS))
    key = _hash(state)
    if connection.execute(sa.select(authorisations.c.at).where(authorisations.c.state == key)).first():
        return False
    row = {"portal_id": UNKNOWN_PORTAL, "state": key, "at": now}
    statement = sa.insert(authorisations).values(**row)
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except sa.exc.IntegrityError:
        return False  # another request used it at this very moment
    return True


def grant(
    connection: Connection,
    store: Store,
    portal_id: int,
    sealed: Sealed,
    *,
    scopes: tuple[str, ...],
    domain: str,
    now: int,
) -> int:
    """Keep what an authorisation gave, and have the portal installed; returns the grant's number.

    A portal that had left is served again, in observe mode: its data is no longer purged.
    """
    returned = come_back(connection, portal_id) is not None
    row = {
        "portal_id": portal_id,
        "state": INSTALLING,
        "grant_number": 1,
        "access_token": sealed.access_token,
        "refresh_token": sealed.refresh_token,
        "expires_at": sealed.expires_at,
        "refreshed_at": now,
        "scopes": " ".join(scopes),
        "domain": domain,
        "installed_at": now,
        "tries": 0,
        "ready_at": now,
        "report": orjson.dumps({"returned": returned}).decode(),
    }
    new = {name: value for name, value in row.items() if name not in ("portal_id", "grant_number")}
    number = accounts.c.grant_number + 1
    store.upsert(connection, accounts, [row], lambda _: {**new, "grant_number": number})
    return int(connection.execute(_one(accounts.c.grant_number, portal_id)).scalar_one())


def get(connection: Connection, portal_id: int) -> Account | None:
    """The portal's installation, if it was made by OAuth."""
    row = connection.execute(_one(accounts, portal_id)).mappings().first()
    return _account(row) if row else None


def every(connection: Connection) -> list[Account]:
    """Every installation by OAuth, by portal."""
    rows = connection.execute(sa.select(accounts).order_by(accounts.c.portal_id)).mappings()
    return [_account(row) for row in rows]


def installed(connection: Connection) -> list[int]:
    """The ids of the portals in which the app is installed now, by token or by OAuth."""
    c = portals_table.c
    query = sa.select(c.portal_id).where(c.mode != portals.GONE).order_by(c.portal_id)
    return list(connection.execute(query).scalars())


def is_installed(connection: Connection, portal_id: int) -> bool:
    """Whether the app is installed in this portal now."""
    portal = portals.get(connection, portal_id)
    return portal is not None and portal.mode != portals.GONE


def refreshed(connection: Connection, before: Account, sealed: Sealed, now: int) -> bool:
    """Keep fresh tokens, unless a new authorisation came meanwhile."""
    values = {
        "access_token": sealed.access_token,
        "refresh_token": sealed.refresh_token,
        "expires_at": sealed.expires_at,
        "refreshed_at": now,
    }
    return _change_grant(connection, before.portal_id, before.grant_number, **values)


def reseal(connection: Connection, before: Account, access: str | None, refresh: str | None) -> bool:
    """Replace sealed tokens by the same under another key; false when they were changed meanwhile."""
    c = accounts.c
    unchanged = (
        c.portal_id == before.portal_id,
        c.access_token.is_not_distinct_from(before.access_token),
        c.refresh_token.is_not_distinct_from(before.refresh_token),
    )
    statement = sa.update(accounts).where(*unchanged).values(access_token=access, refresh_token=refresh)
    return connection.execute(statement).rowcount == 1


def unfinished(connection: Connection, now: int) -> list[int]:
    """The portals whose installation or first load may go on."""
    c = accounts.c
    query = sa.select(c.portal_id).where(c.state.in_((INSTALLING, LOADING)), c.ready_at <= now)
    return list(connection.execute(query.order_by(c.ready_at)).scalars())


def note_installation(
    connection: Connection,
    before: Account,
    state: str,
    report: dict[str, Any],
    *,
    ready_at: int,
    tries: int = 0,
) -> bool:
    """Keep what the installation job came to; false when a newer authorisation began another."""
    values = {"state": state, "report": orjson.dumps(report).decode(), "ready_at": ready_at, "tries": tries}
    return _change_grant(connection, before.portal_id, before.grant_number, **values)


def tell(connection: Connection, portal_id: int, told: dict[str, Any]) -> None:
    """Replace what an installation tells of itself."""
    row = sa.update(accounts).where(accounts.c.portal_id == portal_id)
    connection.execute(row.values(report=orjson.dumps(told).decode()))


def leave(connection: Connection, store: Store, portal_id: int, *, cause: str, now: int) -> bool:
    """Note that the app is no longer in the portal: tokens are dropped, the mode is `gone`.

    False when it was gone already.
    """
    portal, account = portals.get(connection, portal_id), get(connection, portal_id)
    here = portal is not None and portal.mode != portals.GONE
    if not here and (account is None or account.state == GONE):
        return False
    dropped = {"state": GONE, "access_token": None, "refresh_token": None}
    connection.execute(sa.update(accounts).where(accounts.c.portal_id == portal_id).values(**dropped))
    mode = portal.mode if portal and here else portals.OBSERVE
    row = {"portal_id": portal_id, "at": now, "cause": cause, "mode": mode}
    store.upsert(connection, departures, [row], lambda new: {name: new[name] for name in row})
    if portal is not None:
        portals.change(connection, portal_id, mode=portals.GONE)
    return True


def departed(connection: Connection, portal_id: int) -> Departure | None:
    """When and why the app left the portal, if it did."""
    row = connection.execute(_one(departures, portal_id)).mappings().first()
    return Departure(**row) if row else None


def come_back(connection: Connection, portal_id: int) -> Departure | None:
    """The app is in the portal again: it is served, in observe mode, and its data is not purged.

    Returns the departure, if there was one.
    """
    found = departed(connection, portal_id)
    if found is not None:
        connection.execute(sa.delete(departures).where(departures.c.portal_id == portal_id))
        portals.change(connection, portal_id, mode=portals.OBSERVE, share=100, list_id=None)
    return found


def to_purge(connection: Connection, left_before: int) -> list[int]:
    """The portals that left before that moment."""
    c = departures.c
    return list(connection.execute(sa.select(c.portal_id).where(c.at <= left_before)).scalars())


def _change_grant(connection: Connection, portal_id: int, number: int, **values: Any) -> bool:
    c = accounts.c
    here = (c.portal_id == portal_id, c.grant_number == number, c.state != GONE)
    return connection.execute(sa.update(accounts).where(*here).values(**values)).rowcount == 1


def _one(what: Any, portal_id: int) -> Any:
    table = what if isinstance(what, sa.Table) else what.table
    return sa.select(what).where(table.c.portal_id == portal_id)


def _account(row: Any) -> Account:
    values = dict(row)
    values["scopes"] = tuple(values["scopes"].split())
    values["report"] = orjson.loads(values["report"])
    return Account(**values)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
