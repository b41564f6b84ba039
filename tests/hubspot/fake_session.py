"""A session that answers by a function: the whole client without a socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import orjson
import requests
from requests.structures import CaseInsensitiveDict

from plugin.clock import FixedClock
from plugin.hubspot.client import Crm
from plugin.hubspot.own_budget import NullBudget


@dataclass(frozen=True)
class Sent:
    """A request as it would have gone over the wire."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    token: str


@dataclass
class Answer:
    """What the function answers with."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Sent], Any]


class FakeSession:
    """Stands for a requests.Session; an exception from the handler is raised as the network would."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.sent: list[Sent] = []

    def request(self, method: str, url: str, *, data: bytes | None, auth: Any, **_rest: Any) -> Any:
        prepared = requests.Request(method, url, auth=auth).prepare()
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        token = prepared.headers["Authorization"].removeprefix("Bearer ")
        one = Sent(method, parts.path, query, None if data is None else orjson.loads(data), token)
        self.sent.append(one)
        answer = self.handler(one)
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        reply = requests.Response()
        reply.status_code = answer.status
        reply.headers = CaseInsensitiveDict(answer.headers)
        body = answer.body
        reply._content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return reply


NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def fake_crm(handler: Handler, **options: Any) -> tuple[Crm, FakeSession, FixedClock]:
    """A client over the function, without limits, on a clock that moves when somebody sleeps."""
    session = FakeSession(handler)
    clock = FixedClock(NOON)
    options = {"budget": NullBudget(), "token": lambda: "t-1", "version": "2026-09"} | options
    crm = Crm(
        base_url="https://crm.example/",
        portal_id=7,
        clock=clock,
        session=cast(requests.Session, session),
        **options,
    )
    return crm, session, clock
