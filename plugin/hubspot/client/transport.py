"""The only place that opens sockets to the CRM: one session, the budget before each call, rules for failures.

Every attempt takes one call from the allowance. A call that is not done within its patience is given back as
the error it met last, with `retry_after`: jobs stay short, and the work is in the store.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from plugin.clock import Clock
from plugin.errors import CrmError, CrmRateLimited, CrmUnavailable
from plugin.hubspot.budget import Budget
from plugin.hubspot.client.breaker import Breaker, LocalBreaker
from plugin.hubspot.pace import Priority
from plugin.hubspot.protocol.requests import Request
from plugin.hubspot.protocol.responses import Reply, read_answer
from plugin.hubspot.protocol.retries import MIDNIGHT_UNKNOWN, PATIENCE, Wait, next_wait
from plugin.hubspot.versions import ApiVersion

_TIMEOUTS = (3.05, 30.0)  # to connect, to read; seconds
_POOL = 16
_USER_AGENT = "crm-lifecycle-plugin"


def open_session(base_url: str) -> requests.Session:
    """A session with a pool and keep-alive; a CRM on this machine is never asked through a proxy."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=_POOL, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.trust_env = not _is_loopback(urlsplit(base_url).hostname or "")
    return session


def send_alone(
    session: requests.Session,
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    timeouts: tuple[float, float] = _TIMEOUTS,
) -> Reply:
    """One attempt of a call of the app itself: for no portal, past no budget, without a bearer token.

    Raises CrmUnavailable where no answer comes.
    """
    headers = {"Accept": "application/json", "User-Agent": _USER_AGENT}
    try:
        answer = session.request(
            method, url, data=form, headers=headers, timeout=timeouts, allow_redirects=False, auth=_nobody
        )
    except requests.RequestException as error:
        raise _no_answer(error) from error
    return Reply(answer.status_code, answer.headers, answer.content)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials, not even from the user's .netrc."""
    return request


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Bearer(requests.auth.AuthBase):
    """The token as an auth object: a header alone would be replaced from the user's .netrc.

    Without a token no header is sent: a call of the app itself carries its key elsewhere.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """Makes calls for one portal; threads may share it."""

    def __init__(
        self,
        *,
        base_url: str,
        token: Callable[[], str],
        budget: Budget,
        clock: Clock,
        version: ApiVersion,
        session: requests.Session | None = None,
        breaker: Breaker | None = None,
        renew: Callable[[str], str] | None = None,
    ) -> None:
        self._renew = renew or (lambda _refused: token())
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._budget = budget
        self._clock = clock
        self._version = version
        self._session = session or open_session(base_url)
        self._breaker = breaker or LocalBreaker(clock)
        self.until_midnight: Callable[[], float] = lambda: MIDNIGHT_UNKNOWN

    def call(self, request: Request, priority: Priority) -> Any:
        """The decoded answer; raises a CrmError when patience ends or calling again cannot help."""
        patience = PATIENCE[priority]
        waited, attempt = 0.0, 0
        while True:
            waited += self._pass_breaker(patience.seconds - waited)
            self._budget.acquire(priority, request.policy)
            attempt += 1
            try:
                return self._attempt(request, priority)
            except CrmError as error:
                wait = self._wait_after(error, request, attempt)
                if wait is None:
                    raise
                if attempt >= patience.attempts or waited + wait.seconds > patience.seconds:
                    error.retry_after = error.retry_after or wait.seconds
                    raise
            self._clock.sleep(wait.seconds)
            waited += wait.seconds

    def _pass_breaker(self, left: float) -> float:
        """Wait until the breaker lets this call through; gives the seconds waited."""
        waited = 0.0
        while (pause := self._breaker.pause()) > 0:
            if waited + pause > left:
                raise CrmUnavailable("HubSpot failed several times in a row; calls pause.", retry_after=pause)
            self._clock.sleep(pause)
            waited += pause
        return waited

    def _attempt(self, request: Request, priority: Priority) -> Any:
        token = self._token()
        reply = self._send(request, token)
        if reply.status == 401 and (fresh := self._renew(token)) != token:
            self._budget.acquire(priority, request.policy)  # another token, so another try
            reply = self._send(request, fresh)
        if request.policy == "general":
            self._budget.observe(reply.headers)
        return read_answer(reply)

    def _send(self, request: Request, token: str) -> Reply:
        dated = Request(request.method, self._version.path(request.path), request.query)
        body = None if request.body is None else orjson.dumps(request.body)
        json = {"Content-Type": "application/json"} if request.form is None else {}  # a form names its own
        try:
            answer = self._session.request(
                request.method,
                self._base_url + dated.target(),
                data=body,
                files=request.form,
                headers={**json, "User-Agent": _USER_AGENT},
                auth=_Bearer(token),
                timeout=_TIMEOUTS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self._breaker.failed()
            raise _no_answer(error) from error
        (self._breaker.failed if answer.status_code >= 500 else self._breaker.succeeded)()
        return Reply(answer.status_code, answer.headers, answer.content)

    def _wait_after(self, error: CrmError, request: Request, attempt: int) -> Wait | None:
        if isinstance(error, CrmRateLimited) and error.policy == "DAILY":
            error.retry_after = error.retry_after or self.until_midnight()
            self._budget.hold(error.retry_after, request.policy, daily=True)
            return None
        if not request.repeatable and not _surely_not_done(error):
            return None
        wait = next_wait(error, attempt, random.uniform)
        if wait is not None and wait.held:
            self._budget.hold(wait.seconds, request.policy)
        return wait


class _NotSent(CrmUnavailable):
    """No connection came about: the CRM has not seen the request."""


def _surely_not_done(error: CrmError) -> bool:
    """Whether it is certain that the CRM did not do what was asked."""
    return isinstance(error, CrmRateLimited | _NotSent) or error.status in (423, 477)


def _no_answer(error: requests.RequestException) -> CrmUnavailable:
    kind = _NotSent if isinstance(error, requests.ConnectTimeout) else CrmUnavailable
    return kind(f"HubSpot did not answer ({type(error).__name__}).")
