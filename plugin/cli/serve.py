"""Commands that serve: up (all in one), web, worker, scheduler."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import click

from plugin import settings, telemetry
from plugin.jobs.bells import QUEUES
from plugin.settings import Settings

JOBS_BEFORE_RECYCLING = 2_000  # memory that libraries keep is given back with the process


def _checked(*names: str) -> Settings:
    return settings.load(required=("HUBSPOT_ACCESS_TOKEN", *names))


def _announce(name: str) -> Callable[[str], None]:
    return lambda value: click.echo(f"{name} was made and is shown only now: {value}", err=True)


def admin_token(chosen: Settings) -> str:
    """The admin's token: from the settings, else made once in DATA_DIR."""
    return chosen.admin_token or settings.generated_secret(
        chosen.data_dir, "ADMIN_TOKEN", _announce("ADMIN_TOKEN")
    )


def _migrate(chosen: Settings) -> None:
    from plugin import wiring

    wiring.migrate_store(chosen)


@click.command(epilog="Example: lifecycle migrate")
def migrate() -> None:
    """Bring the database up to this version: what a deployment runs before it starts its processes."""
    chosen = settings.load()
    _migrate(chosen)
    click.echo("The database is up to date.")


@click.command(epilog="Example: lifecycle up")
def up() -> None:
    """Run web, workers and scheduler in one, restart what dies, stop cleanly on Ctrl-C.

    Without DATABASE_URL and REDIS_URL the store and the queue server live in DATA_DIR.
    """
    from plugin.cli.ports import check_port
    from plugin.embedded import EmbeddedQueue
    from plugin.supervisor import Child, Supervisor, only_one

    chosen = _checked("HUBSPOT_CLIENT_SECRET")
    with only_one(chosen.data_dir):
        check_port("0.0.0.0", chosen.port)  # noqa: S104 - as the web process will
        admin_token(chosen)
        chosen.secret_keys()  # made here, once, and not by several children at once
        _migrate(chosen)
        queue = None if chosen.redis_url else EmbeddedQueue(chosen.data_dir)
        url = chosen.redis_url or (queue.start() if queue else "")
        children = [
            Child("web", ["web"]),
            Child("scheduler", ["scheduler"]),
            *(Child(f"worker-{name}", ["worker", "--queue", name]) for name in QUEUES),
        ]
        environment = {**os.environ, "REDIS_URL": url, "DATA_DIR": str(chosen.data_dir)}
        click.echo(f"Listening on port {chosen.port} of every address: http://localhost:{chosen.port}/")
        click.echo(f"The data is in {chosen.data_dir}. Ctrl-C stops.")
        try:
            care = queue.revive if queue is not None else lambda: None
            Supervisor(children, environment, lambda text: click.echo(text, err=True), care).run()
        finally:
            if queue is not None:
                queue.stop()
    click.echo("Stopped.")


@click.command(epilog="Example: PORT=8080 lifecycle web")
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(1, 256), default=8, show_default=True)
def web(processes: int, threads: int) -> None:
    """Run the web process: receiver, API, health and metrics."""
    from plugin.web.server import serve

    telemetry.start("web")
    chosen = _checked("HUBSPOT_CLIENT_SECRET")
    _migrate(chosen)
    serve(chosen, admin_token(chosen), processes=processes, threads=threads)


@click.command(epilog="Example: lifecycle worker --queue live")
@click.option("--queue", type=click.Choice(QUEUES), help="One worker for this queue; default: one for each.")
def worker(queue: str | None) -> None:
    """Run workers: each listens to one queue, and ends after some thousand jobs to begin afresh."""
    if queue is None:
        _workers_for_all()
        return
    telemetry.start(f"worker-{queue}")
    from redis import Redis
    from rq import Queue, SimpleWorker
    from rq.serializers import JSONSerializer

    from plugin import wiring

    parts = wiring.process_parts()
    waiting = Redis.from_url(parts.redis_url)  # without the short timeout: a worker waits for its next job
    queues = [Queue(queue, connection=waiting, serializer=JSONSerializer)]
    # a SimpleWorker: a forked child of a process that ran Polars hangs
    running = SimpleWorker(queues, connection=waiting, serializer=JSONSerializer)
    running.work(max_jobs=JOBS_BEFORE_RECYCLING, logging_level="WARNING")


def _workers_for_all() -> None:
    from plugin.supervisor import Child, Supervisor

    chosen = _checked()
    children = [Child(f"worker-{name}", ["worker", "--queue", name]) for name in QUEUES]
    environment = {**os.environ, "DATA_DIR": str(chosen.data_dir)}
    Supervisor(children, environment, lambda text: click.echo(text, err=True)).run()


@click.command(epilog="Example: lifecycle scheduler")
def scheduler() -> None:
    """Run the scheduler; several may run, one leads."""
    telemetry.start("scheduler")
    from plugin import wiring
    from plugin.jobs.scheduler import run

    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    parts = wiring.process_parts()
    run(parts.context, parts.redis, stopping, parts.settings.config_path)
