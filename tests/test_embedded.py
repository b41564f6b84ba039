"""The embedded queue server: found, reused, survives being killed, and goes with its last user."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from plugin.embedded import EmbeddedQueue, running_url, socket_path, url_of
from plugin.errors import QueueError


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def queue(data_dir: Path) -> Iterator[EmbeddedQueue]:
    queue = EmbeddedQueue(data_dir)
    queue.start()
    yield queue
    queue.stop()


def connect(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def server_pid(url: str) -> int:
    return int(connect(url).info("server")["process_id"])


def test_it_starts_on_demand_and_is_gone_after_stop(data_dir: Path) -> None:
    assert running_url(data_dir) is None
    with EmbeddedQueue(data_dir) as url:
        assert running_url(data_dir) == url
        assert connect(url).set("bell", "1")
    assert running_url(data_dir) is None
    assert not socket_path(data_dir).exists()


def test_a_second_process_finds_the_server_and_leaves_it_running(
    queue: EmbeddedQueue, data_dir: Path
) -> None:
    code = "import sys, redis; from pathlib import Path; from plugin.embedded import EmbeddedQueue\n"
    code += "with EmbeddedQueue(Path(sys.argv[1])) as url: redis.Redis.from_url(url).set('seen', url)"
    subprocess.run([sys.executable, "-c", code, str(data_dir)], check=True)
    assert connect(queue.url).get("seen") == queue.url


def test_the_last_user_stops_the_server_whoever_started_it(data_dir: Path) -> None:
    first, second = EmbeddedQueue(data_dir), EmbeddedQueue(data_dir)
    assert first.start() == second.start()
    first.stop()
    assert running_url(data_dir) == second.url
    second.stop()
    assert running_url(data_dir) is None


def test_four_processes_starting_at_once_share_one_server(queue: EmbeddedQueue, data_dir: Path) -> None:
    queue.stop()
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        pids = pool.map(_start_and_tell, [str(data_dir)] * 4, chunksize=1)
        assert len(set(pids)) == 1
    with EmbeddedQueue(data_dir):  # the four were ended without a word: the next one takes it over
        assert server_pid(url_of(socket_path(data_dir))) == pids[0]
    assert running_url(data_dir) is None


_kept: list[EmbeddedQueue] = []


def _start_and_tell(data_dir: str) -> int:
    _kept.append(EmbeddedQueue(Path(data_dir)))
    return server_pid(_kept[-1].start())


def test_a_killed_server_is_replaced_and_its_data_is_back(data_dir: Path) -> None:
    with EmbeddedQueue(data_dir) as url:
        connect(url).set("kept", "yes")
        connect(url).execute_command("WAITAOF", 1, 0, 5000)  # the append-only file holds it
        os.kill(server_pid(url), signal.SIGKILL)
        with EmbeddedQueue(data_dir) as again:
            assert again == url
            assert connect(again).get("kept") == "yes"


def test_a_socket_without_a_server_does_not_hinder_the_start(data_dir: Path) -> None:
    socket_path(data_dir).parent.mkdir(parents=True)
    socket_path(data_dir).write_text("left over")
    with EmbeddedQueue(data_dir) as url:
        assert connect(url).ping()


def test_a_broken_append_only_file_is_set_aside(data_dir: Path) -> None:
    with EmbeddedQueue(data_dir) as url:
        connect(url).set("a", "1")
    for file in (data_dir / "queue" / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"this is no append-only file\n" * 20)
    with EmbeddedQueue(data_dir) as url:
        assert connect(url).get("a") is None
    assert (data_dir / "queue" / "broken-0").is_dir()


@pytest.mark.parametrize("name", ["with a blank and 'quotes' é", "l" * 150])
def test_any_data_dir_works(tmp_path: Path, name: str) -> None:
    with EmbeddedQueue(tmp_path / name) as url:
        assert connect(url).set("x", "1")
        assert running_url(tmp_path / name) == url


def test_only_this_user_may_enter(queue: EmbeddedQueue, data_dir: Path) -> None:
    assert oct((data_dir / "queue").stat().st_mode & 0o777) == "0o700"
    assert oct(socket_path(data_dir).stat().st_mode & 0o777) == "0o700"


def test_a_forked_child_does_not_stop_its_parents_server(queue: EmbeddedQueue, data_dir: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=queue.stop)
    child.start()
    child.join()
    assert running_url(data_dir) == queue.url


def test_a_queue_directory_that_is_a_link_is_refused(data_dir: Path, tmp_path: Path) -> None:
    data_dir.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (data_dir / "queue").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(QueueError, match="not a directory of this user"):
        EmbeddedQueue(data_dir).start()
