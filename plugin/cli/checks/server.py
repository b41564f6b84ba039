"""Checks of a running server: its queue, workers and scheduler, and whether what arrives is applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import sqlalchemy as sa
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker

from plugin.cli.checks.check import FAIL, WARN, Check, good, run
from plugin.clock import Clock, milliseconds
from plugin.embedded import running_url
from plugin.errors import LifecycleError
from plugin.jobs.bells import QUEUES
from plugin.records import inbox, portals
from plugin.records.schema import locks
from plugin.records.store import Store
from plugin.settings import Settings

LATE_SECONDS = 300.0


def server_checks(chosen: Settings, clock: Clock) -> Iterator[Check]:
    """Queue, workers and scheduler; of a server that does not run only that there is nothing to look at."""
    if chosen.redis_url is None and running_url(chosen.data_dir) is None:
        yield _absent(chosen)
    else:
        yield from run("queue", lambda: queue_checks(chosen))
        yield from run("scheduler", lambda: lead_checks(chosen.database_url, clock))
    yield from run("inbox", lambda: inbox_checks(chosen.database_url, clock))


def _absent(chosen: Settings) -> Check:
    """A server that was never started is no fault; where records are to be written it is missing."""
    finding = f"none runs on {chosen.data_dir}: its queue, workers and scheduler were not looked at"
    live = _live(chosen.database_url)
    if live:
        finding += f"; portal {', '.join(map(str, live))} is live, and its changes wait"
    return Check("server", FAIL if live else WARN, finding, "Start `lifecycle up`, and run this again.")


def _live(database_url: str) -> list[int]:
    """The portals that are written to; a store that does not answer is told by its own check."""
    try:
        with closing(Store(database_url)) as store, store.read() as connection:
            return [one.portal_id for one in portals.every(connection) if one.mode == portals.LIVE]
    except LifecycleError:
        return []


def queue_checks(chosen: Settings) -> Iterator[Check]:
    """The queue server answers, and every queue has a worker."""
    url = chosen.redis_url or running_url(chosen.data_dir)
    if url is None:
        yield Check("queue", FAIL, "the embedded queue server does not run", "Start `lifecycle up`.")
        return
    redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        redis.ping()
        waiting = {name: Queue(name, connection=redis).count for name in QUEUES}
        heard = {queue for worker in Worker.all(connection=redis) for queue in worker.queue_names()}
    except RedisError as error:
        yield Check(
            "queue",
            FAIL,
            f"the queue server does not answer: {error}",
            "Check REDIS_URL and that the server runs; no work is lost, it is kept in the store.",
        )
        return
    finally:
        redis.close()
    yield good("queue", "answers; " + ", ".join(f"{name}: {count} jobs" for name, count in waiting.items()))
    if deaf := [name for name in QUEUES if name not in heard]:
        yield Check("workers", FAIL, f"nobody works on {', '.join(deaf)}", "Start `lifecycle worker`.")
    else:
        yield good("workers", "every queue has one")


def lead_checks(database_url: str, clock: Clock) -> Iterator[Check]:
    """A scheduler leads."""
    with closing(Store(database_url)) as store, store.read() as connection:
        lead = connection.execute(sa.select(locks.c.until).where(locks.c.name == "scheduler")).scalar()
    if lead is None or lead < milliseconds(clock.now()):
        yield Check("scheduler", FAIL, "none leads", "Start `lifecycle scheduler` or `lifecycle up`.")
    else:
        yield good("scheduler", "leads")


def inbox_checks(database_url: str, clock: Clock) -> Iterator[Check]:
    """What arrives is applied."""
    now = milliseconds(clock.now())
    with closing(Store(database_url)) as store, store.read() as connection:
        bodies, events, oldest = inbox.waiting(connection)
    late = 0.0 if oldest is None else (now - oldest) / 1000
    if late > LATE_SECONDS:
        finding = f"{events} events in {bodies} bodies wait, the oldest for {late / 60:.0f} minutes"
        yield Check("inbox", FAIL, finding, "Start workers; nothing is lost meanwhile.")
    else:
        yield good("inbox", f"{events} events wait")
