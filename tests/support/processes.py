"""What every test server needs: a short private directory, and to die with the test run."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_SET_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


def die_with_parent() -> None:
    """In a new child on Linux: be told to end when the test run is killed."""
    if sys.platform == "linux":
        _LIBC.prctl(_SET_DEATH_SIGNAL, signal.SIGINT, 0, 0, 0)


@contextmanager
def short_directory(prefix: str) -> Iterator[Path]:
    """A private directory whose path leaves room for a socket's name (a limit of about 100 bytes)."""
    base = tempfile.gettempdir()
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=base if len(base) < 60 else "/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def start(
    command: list[str], *, log: Path, first: Callable[[], None] = die_with_parent
) -> subprocess.Popen[bytes]:
    """Start a server whose words go to `log`; `first` runs in the new child before it."""
    with log.open("wb") as out:
        return subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=first,  # noqa: PLW1509 - tests start their servers before any thread
        )


def end(process: subprocess.Popen[bytes], gently: int = signal.SIGTERM) -> None:
    """Ask the process to end, and make it end after ten seconds."""
    with suppress(ProcessLookupError):
        process.send_signal(gently)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def unshare_user_namespace(inside: int) -> None:
    """In a new child: become user `inside` of a namespace of its own, still itself to the files.

    PostgreSQL refuses to run as root; with this it needs no other account and no chown.
    """
    clone_new_user = 0x10000000
    user, group = os.geteuid(), os.getegid()  # before: afterwards they read as nobody's until mapped
    if _LIBC.unshare(clone_new_user) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")
