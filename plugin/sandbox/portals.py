"""Portals (HubSpot accounts), the app installed in them, and their access tokens."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson

# Ids exceed 32 bits in HubSpot; new records are numbered from here so that nobody forgets.
FIRST_ID = 40_000_000_001


@dataclass
class Portal:
    """One account and its settings; limits are HubSpot's defaults for a static token."""

    id: int = 4242
    time_zone: str = "UTC"
    currency: str = "USD"
    ui_domain: str = "app.hubspot.com"
    account_type: str = "STANDARD"
    burst_limit: int = 100  # requests per rolling 10 s for a static token
    oauth_burst_limit: int = 110  # the same for a marketplace OAuth app
    daily_limit: int = 250_000  # per day of the portal's time zone, static tokens only
    search_limit: int = 5  # searches per rolling second
    association_page: int = 500  # associations of one record per answer
    custom_property_limit: int = 1_000
    history_depth: int = 0  # values of a property's history in an answer; 0: all
    index_lag: float = 0.0  # seconds until a search sees a change
    lifecycle_sync: bool = True  # deals move the lifecyclestage of their contacts and companies
    export_daily: int = 30  # exports within any 24 hours
    export_link_seconds: int = 300  # how long the link to an export's file opens
    export_part_rows: int = 1_000_000  # rows of a file of an export
    export_zip_bytes: int = 2_000_000  # a larger file is zipped
    export_zone: str = ""  # the time zone in which exports tell moments; "": the portal's
    exchange_rates: dict[str, str] = field(default_factory=dict)  # code: home currency for one unit
    required: list[dict[str, Any]] = field(default_factory=list)  # conditional rules, see rules.py
    withheld_scopes: list[str] = field(default_factory=list)  # what its tier cannot grant
    closed: bool = False  # the account is gone: a refresh says BAD_HUB

    journal: list[dict[str, Any]] = field(default_factory=list)  # subscriptions, see http_journal.py

    def merged(self, changes: dict[str, Any]) -> Portal:
        """The portal with the known settings of `changes` taken over."""
        known = {item.name for item in fields(self)} - {"id"}
        return Portal(**(asdict(self) | {name: changes[name] for name in known & changes.keys()}))


@dataclass
class App:
    """The one app that is installed in the portals."""

    app_id: int = 1_234_567
    client_id: str = "sandbox-client-id"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - a stand-in has nothing to hide
    developer_key: str = "sandbox-developer-key"  # opens a legacy app's webhook settings
    redirect_urls: tuple[str, ...] | None = None  # as the project lists them; None: any
    required_scopes: tuple[str, ...] | None = None  # an install link asks for exactly these; None: any
    optional_scopes: tuple[str, ...] | None = None  # and for no others of these
    journal: tuple[dict[str, Any], ...] = ()  # subscriptions to the app's own events, see http_journal.py

    def merged(self, changes: dict[str, Any]) -> App:
        """The app with the known settings of `changes` taken over."""
        known = {item.name for item in fields(self)}
        listed = {n: tuple(v) if isinstance(v, list) else v for n, v in changes.items() if n in known}
        return App(**(asdict(self) | listed))


@dataclass(frozen=True)
class Token:
    """A token, whose portal it opens, and until when (milliseconds; None: for good)."""

    token: str
    portal: int
    use: str  # static, access, refresh or code
    expires_at: int | None = None
    scopes: tuple[str, ...] | None = None  # None: every scope
    redirect_uri: str = ""


class Portals:
    """The portals and tokens in the sandbox's file; tokens are few and kept in memory as well."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._portals: dict[int, Portal] = {}
        self._tokens: dict[str, Token] = {}
        self.reload(conn)

    def reload(self, conn: sqlite3.Connection) -> None:
        """Read everything from the file again."""
        rows = conn.execute("SELECT id, body FROM portals ORDER BY rowid").fetchall()
        self._portals = {int(row[0]): Portal(**orjson.loads(row[1])) for row in rows}
        rows = conn.execute(
            "SELECT token, portal, use, expires_at, scopes, redirect_uri FROM tokens"
        ).fetchall()
        self._tokens = {row[0]: _token(row) for row in rows}

    def all(self) -> list[Portal]:
        """Every portal."""
        return list(self._portals.values())

    def get(self, portal_id: int | None = None) -> Portal:
        """The portal with this id, or the first one."""
        if portal_id is None:
            return next(iter(self._portals.values()))
        return self._portals[portal_id]

    def __contains__(self, portal_id: int) -> bool:
        return portal_id in self._portals

    def save(self, conn: sqlite3.Connection, portal: Portal) -> None:
        """Add or change a portal."""
        conn.execute(
            "INSERT INTO portals (id, body, next_id) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (portal.id, orjson.dumps(asdict(portal)), FIRST_ID),
        )
        self._portals[portal.id] = portal

    def token(self, text: str) -> Token | None:
        """What is known about a token."""
        return self._tokens.get(text)

    def has_app(self, portal_id: int) -> bool:
        """Whether the app is installed in a portal: by a static token, or by a grant that still stands."""
        return any(token.use in ("static", "refresh") for token in self.tokens(portal_id))

    def tokens(self, portal_id: int) -> list[Token]:
        """Every token of a portal."""
        return [token for token in self._tokens.values() if token.portal == portal_id]

    def add_token(self, conn: sqlite3.Connection, token: Token) -> Token:
        """Keep a token."""
        scopes = None if token.scopes is None else orjson.dumps(token.scopes)
        conn.execute(
            "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?)",
            (token.token, token.portal, token.use, token.expires_at, scopes, token.redirect_uri),
        )
        self._tokens[token.token] = token
        return token

    def drop_tokens(self, conn: sqlite3.Connection, tokens: list[str]) -> None:
        """Forget tokens: used codes, revoked grants, an uninstalled app."""
        conn.executemany("DELETE FROM tokens WHERE token = ?", [(token,) for token in tokens])
        for token in tokens:
            self._tokens.pop(token, None)


def new_token(prefix: str) -> str:
    """A fresh random token; HubSpot's are at most 512 characters."""
    return f"{prefix}-{secrets.token_urlsafe(36)}"


def _token(row: tuple[Any, ...]) -> Token:
    scopes = None if row[4] is None else tuple(orjson.loads(row[4]))
    return Token(row[0], row[1], row[2], row[3], scopes, row[5])
