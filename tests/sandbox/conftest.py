"""A running sandbox, a plain HTTP client for it, and a receiver that keeps the webhooks it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
import requests

from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World, WorldRecord

EPOCH = 1_700_000_000_000  # 2023-11-14T22:13:20Z


class Api:
    """Speaks to a sandbox as an app does."""

    def __init__(self, server: SandboxServer, version: str = "2026-09") -> None:
        self.server, self.version = server, version
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {server.token}"

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        url = self.server.url + path
        return self.session.request(method, url, json=body, params=params or None, timeout=20)

    def objects(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        return self.call(method, f"/crm/objects/{self.version}/{path}", body, **params)

    def create(self, kind: str, properties: dict[str, Any], *links: tuple[int, int]) -> int:
        """A new record, associated by (id, type id)."""
        associations = [
            {"to": {"id": str(number)},
             "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]}
            for number, type_id in links
        ]  # fmt: skip
        answer = self.objects("POST", kind, {"properties": properties, "associations": associations})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def update(self, kind: str, record_id: int, **properties: Any) -> requests.Response:
        return self.objects("PATCH", f"{kind}/{record_id}", {"properties": properties})

    def value(self, kind: str, record_id: int, name: str) -> str | None:
        """The value of one property, as it stands."""
        answer = self.objects("GET", f"{kind}/{record_id}", properties=name)
        assert answer.status_code == 200, answer.text
        found: str | None = answer.json()["properties"].get(name)
        return found

    def search(self, kind: str, *filters: dict[str, Any], **more: Any) -> requests.Response:
        groups = [{"filters": list(filters)}] if filters else []
        return self.objects("POST", f"{kind}/search", {"filterGroups": groups, **more})

    def control(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        """The control API, which takes no token."""
        url = f"{self.server.url}/sandbox/v1/{path}"
        return requests.request(method, url, json=body, params=params or None, timeout=60)


class Receiver:
    """An HTTP server that keeps what it is sent and answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []  # statuses for the next requests; 204 when empty
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(dict(self.headers), body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/hubspot?x=1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        with self._lock:
            self.requests.append((headers, body))
            return self.answers.pop(0) if self.answers else 204

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event of every request, in the order of arrival."""
        return [event for _, body in self.requests for event in orjson.loads(body)]

    def of(self, subscription: str) -> list[dict[str, Any]]:
        """The events of one subscription type."""
        return [event for event in self.events if event["subscriptionType"] == subscription]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def people(count: int, first: int = 1) -> list[WorldRecord]:
    """Contacts with an e-mail address and a first name."""
    return [
        WorldRecord(number, {"email": f"c{number}@example.org", "firstname": f"Name {number}"}, EPOCH)
        for number in range(first, first + count)
    ]


def roomy() -> Portal:
    """A portal whose limits no test meets by accident."""
    return Portal(burst_limit=100_000, search_limit=100_000)


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A running sandbox with ample limits and no records."""
    with SandboxServer(portal=roomy()) as server:
        yield server


@pytest.fixture
def api(sandbox: SandboxServer) -> Api:
    """An app's client for the sandbox."""
    return Api(sandbox)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def hooked(sandbox: SandboxServer, receiver: Receiver) -> Receiver:
    """A receiver to which the sandbox sends its webhooks, quickly."""
    sandbox.configure_webhooks(target_url=receiver.url, batch_window=0.01, retry_scale=0.0001)
    return receiver


@pytest.fixture
def small_world() -> World:
    """Three contacts, a company, two deals: one shared, one won."""
    deal = WorldRecord(
        301,
        {"dealname": "Shared", "dealstage": "contractsent", "amount": "100"},
        EPOCH,
        history=[("dealstage", "appointmentscheduled", EPOCH), ("dealstage", "contractsent", EPOCH + 5_000)],
        associations=[("contact", 1, 3), ("contact", 2, 3)],
    )
    won = WorldRecord(
        302,
        {"dealname": "Won", "dealstage": "closedwon", "amount": "50", "closedate": "2026-01-05T10:00:00Z"},
        EPOCH,
        associations=[("contact", 3, 3), ("company", 201, 5)],
    )
    company = WorldRecord(201, {"name": "Acme", "domain": "acme.example"}, EPOCH)
    return World(contacts=people(3), companies=[company], deals=[deal, won])
