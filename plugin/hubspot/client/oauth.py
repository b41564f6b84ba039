"""The app's own calls to HubSpot, made for no portal: tokens for a code or a refresh token.

They count against no portal's allowance, so they pass no budget; they are few.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import requests

from plugin.clock import Clock
from plugin.errors import CrmError, CrmProtocolError, CrmRateLimited, CrmUnavailable
from plugin.hubspot.client.transport import open_session, send_alone
from plugin.hubspot.protocol import oauth
from plugin.hubspot.protocol.oauth import Grant, Introspection
from plugin.hubspot.protocol.responses import Reply, read_answer
from plugin.hubspot.versions import DEFAULT_VERSION, api_version

_TIMEOUTS = (3.05, 10.0)  # to connect, to read; seconds
_ATTEMPTS = 3
LONGEST_SECONDS = 45.0  # what all attempts of one call can take, waits included
_LONGEST_WAIT = 2.0
Refusal = Callable[[Reply], CrmError]


class App:
    """The app as HubSpot knows it by client id and secret; threads may share it."""

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        version: str = DEFAULT_VERSION,
        session: requests.Session | None = None,
    ) -> None:
        self.client_id = client_id
        self._base_url = base_url.rstrip("/")
        self._secret = client_secret
        self._clock = clock
        self._version = api_version(version)
        self._session = session or open_session(base_url)

    def exchange(self, code: str, redirect_uri: str) -> Grant:
        """Tokens for a code. Raises CrmRefused for a used or old code, AppRefused for our own fault."""
        return oauth.grant(self._post(oauth.TOKEN, oauth.code_form(code, redirect_uri), oauth.refusal))

    def refresh(self, refresh_token: str) -> Grant:
        """A new access token. Raises PortalGone when the app was taken out, AppRefused for our own fault."""
        return oauth.grant(self._post(oauth.TOKEN, oauth.refresh_form(refresh_token), oauth.refused_refresh))

    def introspect(self, token: str) -> Introspection:
        """What a token is worth, and whose it is."""
        return oauth.introspection(self._post(oauth.INTROSPECT, {"token": token}, oauth.refusal))

    def _post(self, path: str, form: Mapping[str, str], refusal: Refusal) -> Any:
        """Post a form with our credentials in the body; outages are waited out for a moment."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(path, form, refusal)
            except (CrmUnavailable, CrmRateLimited, CrmProtocolError) as error:
                wait = error.retry_after or random.uniform(0, 0.5 * 2**attempt)
                if attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                    raise
            self._clock.sleep(wait)
        raise AssertionError("unreachable")

    def _once(self, path: str, form: Mapping[str, str], refusal: Refusal) -> Any:
        credentials = {"client_id": self.client_id, "client_secret": self._secret}
        url = self._base_url + self._version.path(path)
        reply = send_alone(self._session, "POST", url, form={**credentials, **form}, timeouts=_TIMEOUTS)
        if not 200 <= reply.status < 300:
            raise refusal(reply)
        return read_answer(reply)
