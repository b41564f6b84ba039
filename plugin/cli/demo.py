"""The demo: a stand-in CRM with real customers, the product beside it, and a check of its own result."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

_TOKEN = "demo-token"  # noqa: S105 - opens only the sandbox that this command starts
_BURST = 190  # requests in 10 s: a Professional account


@dataclass(frozen=True)
class Places:
    """Where the demo's parts live."""

    folder: Path
    crm_port: int
    web_port: int
    secret: str

    @property
    def crm(self) -> str:
        """The stand-in CRM's address."""
        return f"http://127.0.0.1:{self.crm_port}"

    @property
    def web(self) -> str:
        """The product's address."""
        return f"http://127.0.0.1:{self.web_port}"

    def environment(self) -> dict[str, str]:
        """The settings of the product's processes."""
        own = {"DATABASE_URL", "REDIS_URL", "LIFECYCLE_CONFIG", "ADMIN_TOKEN", "HUBSPOT_CLIENT_ID"}
        kept = {name: value for name, value in os.environ.items() if name not in own}
        return {
            **kept,
            "DATA_DIR": str(self.folder),
            "PORT": str(self.web_port),
            "PUBLIC_URL": self.web,
            "HUBSPOT_API_URL": self.crm,
            "HUBSPOT_ACCESS_TOKEN": _TOKEN,
            "HUBSPOT_CLIENT_SECRET": self.secret,
            "HUBSPOT_BURST_LIMIT": str(_BURST),
            "LIFECYCLE_CLOCK_FILE": str(self.folder / "clock"),
            "ADMIN_TOKEN": self.secret,
        }


@click.command(epilog="Example: lifecycle demo --once")
@click.option("--once", is_flag=True, help="Check the result, then stop.")
@click.option(
    "--port", type=click.IntRange(1, 65_535), default=8000, show_default=True, help="Of the product."
)
def demo(once: bool, port: int) -> None:
    """Real customers with stages, on a stand-in CRM that you can look at and edit.

    The 2,357 customers and 6,919 orders of the CDNOW sample, moved so that their record ends today.
    """
    from plugin.cli import demo_steps

    with _places(once, port) as places, _processes(places) as supervisor:
        loaded = demo_steps.load(places)
        click.echo(demo_steps.summary(places, loaded))
        if once:
            click.echo(demo_steps.check(places))
            return
        click.echo(demo_steps.addresses(places))
        try:
            supervisor.join()
        except KeyboardInterrupt:
            click.echo("Stopping ... The next demo starts afresh.")


@contextmanager
def _places(once: bool, port: int) -> Iterator[Places]:
    """A fresh folder: a temporary one that goes away, or DATA_DIR's `demo`, which stays to be looked at."""
    from plugin import settings
    from plugin.supervisor import only_one

    if once:
        with tempfile.TemporaryDirectory(prefix="lifecycle-demo-") as name:
            yield _fill(Path(name), port)
        return
    folder = settings.load().data_dir / "demo"
    with only_one(folder.with_name("demo.lock")):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield _fill(folder, port)


def _fill(folder: Path, port: int) -> Places:
    web = _free_port(port)
    return Places(folder, _free_port(port + 100, web), web, secrets.token_urlsafe(24))


def _free_port(wanted: int, *taken: int) -> int:
    """The wanted port, or the next one on which nobody listens."""
    from plugin.cli.ports import is_free

    candidates: list[int] = [*range(wanted, min(wanted + 50, 65_536)), *range(20_000, 20_050)]
    for number in candidates:
        if number not in taken and is_free("127.0.0.1", number):
            return number
    raise click.ClickException("No free port was found. Name one with --port.")


@contextmanager
def _processes(places: Places) -> Iterator[threading.Thread]:
    """The sandbox and the product, kept running until the block ends or somebody stops the command."""
    from plugin import wiring
    from plugin.supervisor import Child, Supervisor

    log = (places.folder / "demo.log").open("ab")
    options = ("--port", str(places.crm_port), "--data", str(places.folder / "sandbox"), "--world", "cdnow")
    hooks = ("--webhooks-to", f"{places.web}/webhooks/hubspot", "--secret", places.secret)
    limits = ("--token", _TOKEN, "--burst-limit", str(_BURST))
    children = [Child("sandbox", ["sandbox", *options, *hooks, *limits]), Child("up", ["up"])]
    supervisor = Supervisor(
        children, places.environment(), lambda text: click.echo(text, err=True), output=log
    )
    thread = threading.Thread(target=supervisor.run_here, name="supervisor")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _interrupt(supervisor.stopping))
    thread.start()
    try:
        yield thread
    finally:
        wiring.leave_queues()  # `up` leaves last, and stops it
        supervisor.stopping.set()
        thread.join()
        log.close()


def _interrupt(stopping: threading.Event) -> None:
    if stopping.is_set():
        sys.exit(130)  # asked twice: do not wait
    stopping.set()
    raise KeyboardInterrupt
