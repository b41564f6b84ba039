"""A portal's access token, whenever somebody needs it: renewed ahead of its end by whoever needs it first.

One lease in the store lets a single process of all ask HubSpot; the others take what it got. Nothing here
depends on the queue server. A refusal that means "the app was taken out" ends the portal's service; one that
means "your own client id is wrong" ends nothing and is not repeated for half a minute.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from plugin.clock import Clock, milliseconds
from plugin.errors import AppRefused, CrmAuthError, CrmError, PortalGone, VaultError
from plugin.hubspot.client.oauth import LONGEST_SECONDS, App
from plugin.records import accounts, portals
from plugin.records.accounts import Account, Sealed
from plugin.records.store import Store
from plugin.vault import Vault

AHEAD_MS = 300_000  # of its 30 minutes a token is renewed in the last five
JUST_NOW_MS = 10_000  # a token this young is not renewed again, whoever refuses it
LEASE_MS = int(LONGEST_SECONDS * 1000) + 15_000
LOOK_SECONDS = 0.1  # between two looks whether another process is done
PAUSE_MS = 30_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Held:
    """An opened access token."""

    token: str = field(repr=False)
    expires_at: int
    refreshed_at: int


class Tokens:
    """The access tokens of all portals; one a process, shared by its threads."""

    def __init__(self, store: Store, clock: Clock, vault: Vault, app: App) -> None:
        self._store, self._clock, self._vault, self._app = store, clock, vault, app
        self._held: dict[int, _Held] = {}
        self._turns: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
        self._refused: tuple[int, str] = (0, "")  # until when not to ask again, and why

    def token(self, portal_id: int) -> str:
        """An access token that is good for some minutes.

        Raises PortalGone when the app is not installed there, another CrmError when none can be had now.
        """
        held = self._held.get(portal_id)
        if held is not None and held.expires_at - self._now() > AHEAD_MS:
            return held.token
        return self._another(portal_id, refused="")

    def renew(self, portal_id: int, refused: str) -> str:
        """A token instead of one that the CRM refused; the same one if it was just renewed."""
        return self._another(portal_id, refused)

    def forget(self, portal_id: int) -> None:
        """Drop what this process holds."""
        self._held.pop(portal_id, None)

    def _now(self) -> int:
        return milliseconds(self._clock.now())

    def _another(self, portal_id: int, refused: str) -> str:
        with self._turns[portal_id]:
            held = self._read(portal_id)
            if self._is_good(held, refused):
                return held.token
            try:
                return self._renewed(portal_id, refused).token
            except PortalGone:
                raise
            except CrmError:
                if refused or held.expires_at <= self._now():
                    raise
                log.warning("token not renewed yet", extra={"portal_id": portal_id}, exc_info=True)
                return held.token  # the old one works for some minutes more

    def _is_good(self, held: _Held, refused: str) -> bool:
        now = self._now()
        if held.token == refused:
            return now - held.refreshed_at < JUST_NOW_MS
        return held.expires_at - now > AHEAD_MS

    def _read(self, portal_id: int) -> _Held:
        """What the store holds."""
        account = self._account(portal_id)
        token = self._open(portal_id, account.access_token)
        held = self._held[portal_id] = _Held(token, account.expires_at, account.refreshed_at)
        return held

    def _account(self, portal_id: int) -> Account:
        with self._store.read() as connection:
            account = accounts.get(connection, portal_id)
        if account is None or account.state == accounts.GONE or account.refresh_token is None:
            self.forget(portal_id)
            raise PortalGone(f"The app is not installed in portal {portal_id}.")
        return account

    def _open(self, portal_id: int, sealed: str | None) -> str:
        try:
            return self._vault.open(portal_id, sealed or "")
        except VaultError as error:
            raise CrmAuthError(error.message, cure=error.cure, retry_after=PAUSE_MS / 1000) from error

    def _renewed(self, portal_id: int, refused: str) -> _Held:
        """The token after a renewal, by this process or by another that came first."""
        name, holder = f"token:{portal_id}", uuid.uuid4().hex
        while not self._lease(name, holder):
            self._clock.sleep(LOOK_SECONDS)
            if self._is_good(held := self._read(portal_id), refused):
                return held
        try:
            if self._is_good(held := self._read(portal_id), refused):
                return held  # it was renewed between our look and our lease
            return self._refresh(self._account(portal_id))
        finally:
            with self._store.write() as connection:
                portals.free_lock(connection, name, holder)

    def _lease(self, name: str, holder: str) -> bool:
        now = self._now()
        with self._store.write() as connection:
            return portals.hold_lock(connection, self._store, name, holder, now, now + LEASE_MS)

    def _refresh(self, account: Account) -> _Held:
        portal_id, (until, why) = account.portal_id, self._refused
        if self._now() < until:
            raise AppRefused(why, retry_after=(until - self._now()) / 1000)
        began = self._now()
        try:
            grant = self._app.refresh(self._open(portal_id, account.refresh_token))
        except PortalGone as error:
            self._gone(account, error)
            raise
        except AppRefused as error:
            self._refused = (self._now() + PAUSE_MS, error.message)
            error.retry_after = PAUSE_MS / 1000
            raise
        expires_at = began + grant.lifetime * 1000
        sealed = self._seal(portal_id, grant.access_token, grant.refresh_token, expires_at)
        with self._store.write() as connection:
            kept = accounts.refreshed(connection, account, sealed, self._now())
        log.info("token renewed", extra={"portal_id": portal_id})
        if not kept:  # installed anew, or taken out, at this very moment
            return self._read(portal_id)
        held = self._held[portal_id] = _Held(grant.access_token, expires_at, self._now())
        return held

    def _seal(self, portal_id: int, access: str, refresh: str, expires_at: int) -> Sealed:
        vault = self._vault
        return Sealed(vault.seal(portal_id, access), vault.seal(portal_id, refresh), expires_at)

    def _gone(self, refused: Account, error: PortalGone) -> None:
        """The portal left, unless it was installed anew since we read the token that was refused."""
        self.forget(refused.portal_id)
        with self._store.write() as connection:
            now = accounts.get(connection, refused.portal_id)
            if now is not None and now.grant_number == refused.grant_number:
                accounts.leave(
                    connection,
                    self._store,
                    refused.portal_id,
                    cause=error.category or error.code,
                    now=self._now(),
                )
                log.warning("app taken out", extra={"portal_id": refused.portal_id, "code": error.category})
