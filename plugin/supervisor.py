"""Keeps a set of processes running: starts them, restarts what dies, and stops them in good order."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from plugin.errors import ConfigError

STOP_SECONDS = 30.0  # for a job or a request to end by itself
_STEADY_SECONDS = 30.0  # having run this long, a death counts as the first
_PR_SET_PDEATHSIG = 1  # Linux: the kernel signals children whose parent died, even by SIGKILL

Say = Callable[[str], None]


@dataclass
class Child:
    """One process to keep running: `arguments` follow `python -m plugin`."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    next_start: float = 0.0


@dataclass
class Supervisor:
    """Runs children until it is told to stop."""

    children: list[Child]
    environment: Mapping[str, str]
    say: Say
    care: Callable[[], object] = lambda: None  # done once a second, for what is no child of ours
    output: IO[bytes] | None = None  # where the children write; None: where we write
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop every child; returns when all are gone."""
        with _signals(self._stop):
            self.run_here()

    def run_here(self) -> None:
        """Run until `stopping` is set, from any thread; the caller sees to signals."""
        rounds = 0
        try:
            while not self.stopping.wait(0.1):
                rounds += 1
                for child in self.children:
                    self._tend(child)
                if rounds % 10 == 0:
                    self.care()
        finally:
            self.stop()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.next_start:
                self._start(child, now)
        elif (code := child.process.poll()) is not None:
            self._note_death(child, code, now)

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "plugin", *child.arguments],
            env=dict(self.environment),
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads here
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the children in order
        )
        child.started = now

    def _note_death(self, child: Child, code: int, now: float) -> None:
        """A worker that recycles itself ends with 0 and starts again at once; other deaths wait longer."""
        child.process = None
        child.deaths = 0 if code == 0 or now - child.started > _STEADY_SECONDS else child.deaths + 1
        delay = 0.0 if code == 0 else min(30.0, 0.5 * 2 ** min(child.deaths, 6))
        child.next_start = now + delay
        if code:
            self.say(f"{child.name} ended with {code}; starting it again in {delay:.1f} s")

    def stop(self) -> None:
        """Ask every child to finish, wait, then kill what is left; the first named is stopped first."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold DATA_DIR for this process.

    Raises ConfigError, naming the process, when another holds it. The lock goes with its holder, so a
    file left by a crash is no obstacle.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(data_dir / "lifecycle.pid", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        cure = "Set DATA_DIR to a folder that this user may write to."
        raise ConfigError(f"{data_dir} cannot be written: {error.strerror}.", cure=cure) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        number = os.read(handle, 32).decode().strip() or "unknown"
        os.close(handle)
        raise ConfigError(
            f"It already runs for {data_dir} (process {number}).",
            cure=f"Stop that one (kill {number}), or set DATA_DIR and PORT to run a second.",
        ) from None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    try:
        yield
    finally:
        os.ftruncate(handle, 0)
        os.close(handle)
