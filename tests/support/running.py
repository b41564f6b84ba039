"""The product as its users run it: `lifecycle up` and its children as real processes beside a sandbox."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Any

import requests

from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.support.processes import die_with_parent, end
from tests.support.versions import API_VERSION

TOKEN, ADMIN, BURST = "token-of-the-test", "admin-of-the-test", 2_000
PATIENCE = 60.0


@dataclass
class Running:
    """A running product; `offset` moves the clocks of its processes."""

    crm: SandboxServer
    environment: dict[str, str]
    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `lifecycle` command to its end."""
        return run(self.environment, *arguments)

    def status(self) -> dict[str, Any]:
        """The API's word on how everything stands."""
        headers = {"Authorization": f"Bearer {ADMIN}"}
        answer: dict[str, Any] = requests.get(f"{self.url}/api/v1/status", headers=headers, timeout=10).json()
        return answer

    def wait_settled(self) -> None:
        """Until every event is delivered and nothing is left to do."""
        assert self.crm.drained()
        eventually(lambda: self.status()["settled"])

    def offset(self, seconds: int) -> None:
        """Move the clocks of the product's processes by so much."""
        (self.folder / "offset").write_text(str(seconds))

    def children(self, *words: str) -> list[int]:
        """The process ids of the supervisor's children whose command line ends with these words."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        found = []
        for line in listed.stdout.splitlines():
            pid, parent, command = line.split(None, 2)
            if int(parent) == self.process.pid and command.split()[-len(words) :] == list(words):
                found.append(int(pid))
        return found


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a `lifecycle` command with exactly this environment."""
    return subprocess.run(
        [sys.executable, "-m", "plugin", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def eventually(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Look until it holds; fails when that takes longer than a person would wait."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            if holds():
                return
        except requests.RequestException:
            pass
        time.sleep(0.05)
    raise AssertionError(f"It did not come to hold within {patience:.0f} s")


def free_port() -> int:
    """A port on which nobody listens, below those from which the system serves connections that go out.

    One of theirs could be taken by any request of a neighbouring test before the product listens.
    """
    for number in SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number
    raise AssertionError("no port is free")


@contextmanager
def running(folder: Path, world: World, *, burst: int = BURST, **settings: str) -> Iterator[Running]:
    """`lifecycle up` beside a sandbox with this world; stopped at the end. `burst`: what the CRM allows."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    portal = Portal(burst_limit=burst, daily_limit=1_000_000, search_limit=1_000)
    hooks = {"target_url": f"{url}/webhooks/hubspot"}
    with SandboxServer(portal=portal, token=TOKEN, world=world, webhooks=hooks) as crm:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUTF8": "1",
            "DATA_DIR": str(folder),
            "PORT": str(port),
            "PUBLIC_URL": url,
            "HUBSPOT_API_URL": crm.url,
            "HUBSPOT_API_VERSION": API_VERSION,
            "HUBSPOT_ACCESS_TOKEN": TOKEN,
            "HUBSPOT_CLIENT_SECRET": crm.secret,
            "HUBSPOT_BURST_LIMIT": str(burst),
            "ADMIN_TOKEN": ADMIN,
            "LIFECYCLE_CLOCK_FILE": str(folder / "offset"),
            **settings,
        }
        with (folder / "up.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "plugin", "up"],
                env=environment,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - it only asks the kernel for a signal
            )
        product = Running(crm, environment, url, process, folder)
        try:
            eventually(lambda: process.poll() is not None or requests.get(f"{url}/healthz", timeout=2).ok)
            assert process.poll() is None, (folder / "up.log").read_text()
            yield product
        finally:
            end(process)


def result(done: subprocess.CompletedProcess[str]) -> Any:
    """What a command printed as JSON; fails with its words if it failed."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
