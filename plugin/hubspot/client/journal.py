"""Reads the webhooks journal of an app that is installed by OAuth: HubSpot's own record of three days.

HubSpot's rules: a token of the app itself (client credentials), not of a portal; the account's rate limits do
not hold. The files lie behind signed addresses, which are asked for without any credentials.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from plugin.clock import Clock
from plugin.errors import CrmError, CrmProtocolError
from plugin.hubspot.client.transport import Transport, open_session, send_alone
from plugin.hubspot.own_budget import NullBudget
from plugin.hubspot.protocol import journal
from plugin.hubspot.protocol.events import Event
from plugin.hubspot.protocol.journal import SCOPES, Entry, Wanted
from plugin.hubspot.protocol.responses import read_answer
from plugin.hubspot.versions import DEFAULT_VERSION, api_version

_TIMEOUTS = (3.05, 60.0)
_LARGEST_FILE = 64 * 1024 * 1024
_EARLY_SECONDS = 300.0  # a token is renewed so long before it ends


class OffsetExpired(CrmProtocolError):
    """The offset is older than what HubSpot keeps: what lay between is lost to the journal."""


class Journal:
    """The journal of one app; `base_url` is the CRM's API."""

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        version: str = DEFAULT_VERSION,
        session: requests.Session | None = None,
        scopes: tuple[str, ...] = SCOPES,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._clock = clock
        self._version = api_version(version)
        self._session = session or open_session(base_url)
        self._scopes = scopes
        self._token, self._good_until = "", 0.0
        self._transport = Transport(
            base_url=base_url,
            token=self.token,
            budget=NullBudget(),
            clock=clock,
            version=self._version,
            session=self._session,
        )

    def token(self) -> str:
        """The app's own token, renewed in time; raises CrmError."""
        now = self._clock.now().timestamp()
        if now >= self._good_until:
            path = self._version.path("/oauth/v1/token")
            form = {"grant_type": "client_credentials", "scope": " ".join(self._scopes), **self._client}
            url = self._base_url + path
            body = read_answer(send_alone(self._session, "POST", url, form=form, timeouts=_TIMEOUTS))
            self._token = str(body["access_token"])
            self._good_until = now + float(body.get("expires_in") or 0) - _EARLY_SECONDS
        return self._token

    def subscribe(self, portal_id: int, wanted: list[Wanted]) -> int:
        """Have these changes of a portal noted in the journal from now on; returns how many were new."""
        listed = self._transport.call(journal.subscriptions_request(), "repair")
        new = [one for one in wanted if not journal.is_subscribed(listed, portal_id, one)]
        for one in new:
            self._subscribe(portal_id, one)
        return len(new)

    def _subscribe(self, portal_id: int, one: Wanted) -> None:
        try:
            self._transport.call(journal.subscribe_request(portal_id, one), "repair")
        except CrmError as error:
            if error.status != 409:  # another process was quicker
                raise

    def after(self, portal_id: int, offset: str | None) -> Entry | None:
        """The entry after an offset (None: the earliest kept), or None where there is none yet.

        Raises OffsetExpired when HubSpot no longer keeps what follows.
        """
        try:
            return journal.entry(self._transport.call(journal.next_request(portal_id, offset), "repair"))
        except CrmError as error:
            if error.status == 404 and offset is not None:
                raise OffsetExpired("The journal no longer keeps what follows this offset.") from error
            raise

    def events(self, entry: Entry) -> list[Event]:
        """The events of an entry's file."""
        parts, base = urlsplit(entry.url), urlsplit(self._base_url)
        if parts.scheme != "https" and parts.hostname != base.hostname:
            raise CrmProtocolError("The journal names a file that is not behind https.")
        reply = send_alone(self._session, "GET", entry.url, timeouts=_TIMEOUTS)
        if len(reply.content) > _LARGEST_FILE:
            raise CrmProtocolError("A file of the journal is larger than HubSpot says that they are.")
        read_answer(reply)
        return journal.events(reply.content)
