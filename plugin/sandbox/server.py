"""A running sandbox: in a thread for tests (`SandboxServer`), blocking for a command (`run_sandbox`)."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from plugin.clock import Clock, FixedClock, SystemClock
from plugin.sandbox.app import create_app
from plugin.sandbox.faults import Faults
from plugin.sandbox.httpd import Server
from plugin.sandbox.limits import Limits
from plugin.sandbox.outbox import Event
from plugin.sandbox.portals import App, Portal
from plugin.sandbox.shifted import ShiftedClock
from plugin.sandbox.stats import Stats
from plugin.sandbox.store import DEFAULT_TOKEN, Store
from plugin.sandbox.travel import ClockFile
from plugin.sandbox.web import Services
from plugin.sandbox.webhooks import Webhooks
from plugin.sandbox.world import World


class SandboxServer:
    """A sandbox with its own socket and threads; a context manager.

    `path` is its SQLite file (None: a temporary one). `clock` dates events and records; a clock that is
    not the system's also drives the rate windows. `portal` sets the first portal's limits and account;
    `webhooks` are settings of `plugin.sandbox.outbox.WebhookSettings` by name.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        app: App | None = None,
        portal: Portal | None = None,
        token: str = DEFAULT_TOKEN,
        world: World | None = None,
        webhooks: dict[str, Any] | None = None,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="sandbox-") if path is None else None
        file = Path(self._temporary.name, "sandbox.sqlite") if self._temporary else Path(str(path))
        given = clock or SystemClock()
        self.clock: Clock = ShiftedClock(given) if isinstance(given, SystemClock) else given
        self.token = token
        self.store = Store(file, clock=self.clock, app=app, portal=portal, token=token)
        if webhooks is not None:
            self.store.configure_webhooks(self.store.outbox.settings.merged(webhooks))
        if world is not None:
            self.store.load(world)
        self.limits, self.stats, self.faults = Limits(self.clock), Stats(), Faults()
        self.webhooks = Webhooks(
            lambda: self.store.outbox.settings,
            lambda: self.store.app.client_secret,
            self.clock,
            self._settle,
        )
        self.store.on_events = self.webhooks.enqueue
        services = Services(
            self.store, self.webhooks, self.faults, self.limits, self.stats, self.clock, self.advance
        )
        self.app = create_app(services)
        self._httpd = Server(host, port, self.app)

    @property
    def url(self) -> str:
        """Where the API is."""
        host, port = self._httpd.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._httpd.server_address[1])

    @property
    def secret(self) -> str:
        """The app's client secret, which signs the webhooks."""
        return self.store.app.client_secret

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock on."""
        if isinstance(self.clock, ShiftedClock):
            self.clock.shift += timedelta(seconds=seconds)
        elif isinstance(self.clock, FixedClock):
            self.clock.moment += timedelta(seconds=seconds)
        else:
            self.clock.sleep(seconds)

    def start(self) -> SandboxServer:
        """Begin to serve and to deliver, beginning with what an earlier run left undelivered."""
        self.webhooks.start()
        self.webhooks.enqueue(self._left_over())
        self._httpd.start()
        return self

    def stop(self) -> None:
        """Stop serving and delivering; the file stays unless it was temporary."""
        self.faults.stopping.set()
        self._httpd.stop()
        self.webhooks.stop()
        self.store.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def drained(self, timeout: float = 30.0) -> bool:
        """Wait until every webhook event is delivered or given up."""
        return self.webhooks.drained(timeout)

    def configure_webhooks(self, **settings: Any) -> None:
        """Change webhook settings by name; what is not named stays."""
        self.store.configure_webhooks(replace(self.store.outbox.settings, **settings))
        self.webhooks.wake()

    def _left_over(self) -> list[Event]:
        with self.store.read() as conn:
            rows = conn.execute(
                "SELECT number, portal, body FROM events WHERE state = 'queued' ORDER BY number"
            ).fetchall()
        return [Event(row[0], row[1], orjson.loads(row[2])) for row in rows]

    def _settle(self, numbers: Sequence[int], state: str, attempts: int) -> None:
        oldest = max(numbers) - self.store.outbox.settings.journal_size
        with self.store.db.write() as conn:
            conn.executemany(
                "UPDATE events SET state = ?, attempts = ? WHERE number = ?",
                [(state, attempts, number) for number in numbers],
            )
            conn.execute("DELETE FROM events WHERE number < ? AND state != 'queued'", (oldest,))


def run_sandbox(
    host: str = "127.0.0.1",
    port: int = 8100,
    path: Path | str | None = None,
    *,
    world: World | None = None,
    webhook_target: str | None = None,
    secret: str | None = None,
    token: str = DEFAULT_TOKEN,
    burst_limit: int | None = None,
    app_id: int | None = None,
    client_id: str | None = None,
    clock: Clock | None = None,
    clock_file: Path | None = None,
    webhooks: dict[str, Any] | None = None,
    ready: threading.Event | None = None,
    portals: int = 1,
    redirect_url: str | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. A world is loaded only into a file that has no records yet.

    `clock_file` holds an offset in seconds that the pages can move and other processes may read, too.
    `portals` accounts are there to choose from; `redirect_url` is the one that the app has registered.
    `ready` is set when the socket listens. Must be called from the main thread for the signals to count.
    """
    base = App()
    app = App(app_id or base.app_id, client_id or base.client_id, secret or base.client_secret)
    app = app.merged({"redirect_urls": [redirect_url]}) if redirect_url else app
    portal = Portal(id=world.portal_id) if world else Portal()
    settings = dict(webhooks or {}) | ({"target_url": webhook_target} if webhook_target else {})
    clock = clock or SystemClock(clock_file)
    server = SandboxServer(
        path, host=host, port=port, clock=clock, app=app, portal=portal, token=token, webhooks=settings
    )
    server.store.clock_file = ClockFile(clock_file) if clock_file else None
    for number in range(1, portals):
        server.store.add_portal(replace(portal, id=portal.id + number))
    if burst_limit is not None:
        first = server.store.portals.get()
        server.store.add_portal(replace(first, burst_limit=burst_limit, oauth_burst_limit=burst_limit))
    if world is not None and not server.store.listed("contact", limit=1):
        server.store.load(world)
    stopped = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
    with server:
        if ready is not None:
            ready.set()
        stopped.wait()


serve = run_sandbox
