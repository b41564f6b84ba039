"""The scheduler's loop: a look at the store four times a second, led by one process at a time."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from plugin.errors import LifecycleError
from plugin.jobs import config_turnover, erasing, reconcile, sweeps
from plugin.jobs.bells import QUEUES
from plugin.jobs.config_watch import FileWatch
from plugin.jobs.context import Context

TICK_SECONDS = 0.25
LEAD_TICKS = 12  # renew the lead every three seconds; it runs out after ten

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """Something to do every so many ticks."""

    every_ticks: int
    run: Callable[[], object]


def run(context: Context, redis: Redis, stopping: threading.Event, config_path: Path | None = None) -> None:
    """Tick until told to stop. A sweep that fails is logged and tried at its next turn.

    `config_path` is the mapping file that is watched for changes.
    """
    holder, leads, tick = uuid.uuid4().hex, False, 0
    every = (
        Sweep(1, lambda: sweeps.ring(context)),
        Sweep(4, lambda: sweeps.mark_what_is_due(context)),
        Sweep(4, lambda: config_turnover.ring_what_changed(context)),
        Sweep(40, lambda: sweeps.note_server(context)),
        Sweep(20, FileWatch(context, config_path).look),
        Sweep(40, lambda: _tidy(redis)),
        Sweep(120, lambda: erasing.finish_erasures(context)),
        Sweep(120, lambda: reconcile.ring_what_is_due(context)),
        Sweep(1_200, lambda: sweeps.fit_what_is_due(context)),
        Sweep(14_400, lambda: sweeps.purge(context)),
    )
    while not stopping.is_set():
        if tick % LEAD_TICKS == 0:
            leads = bool(_try(lambda: sweeps.take_lead(context, holder)))
        if leads:
            for sweep in every:
                if tick % sweep.every_ticks == 0:
                    _try(sweep.run)
        tick += 1
        stopping.wait(TICK_SECONDS)


def _try(sweep: Callable[[], object]) -> object:
    try:
        return sweep()
    except (LifecycleError, RedisError) as error:
        log.warning("sweep failed", extra={"error": str(error)})
    except Exception:
        log.exception("sweep failed")
    return None


def _tidy(redis: Redis) -> None:
    """Let RQ take back the jobs of workers that died; our own sweeps do not depend on it."""
    for name in QUEUES:
        queue = Queue(name, connection=redis, serializer=JSONSerializer)
        StartedJobRegistry(queue=queue).cleanup()
