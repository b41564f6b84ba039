"""Bells over RQ: a job says «there is work», nothing else. One bell a portal and lane hangs at a time.

Queues: `apply` (bodies to be applied), `live` and `bulk` (portals with work). Every worker listens to one
queue only: RQ takes jobs safely from a single queue (BLMOVE), from several it may lose one when killed.
"""

from __future__ import annotations

import logging

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry
from rq.serializers import JSONSerializer

QUEUES = ("apply", "live", "bulk")
HANGS_SECONDS = 15  # a bell that nobody answered in this time may be rung again
JOB_SECONDS = 120

log = logging.getLogger(__name__)


class RqBells:
    """Rings by enqueuing a job; a queue server that is down costs nothing but time."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.queues = {name: Queue(name, connection=redis, serializer=JSONSerializer) for name in QUEUES}

    def ring_apply(self) -> None:
        """The inbox has something."""
        self._ring("apply", "all", "plugin.tasks.apply_inbox")

    def ring_work(self, portal_id: int, lane: str) -> None:
        """A portal has marked records or customers."""
        self._ring(lane, str(portal_id), "plugin.tasks.work_portal", portal_id, lane)

    def ring_check(self, portal_id: int) -> None:
        """A portal is to be compared with the CRM."""
        self._ring("bulk", check_name(portal_id), "plugin.tasks.check_portal", portal_id)

    def ring_install(self, portal_id: int, queue: str = "live") -> None:
        """The app came into a portal: it is to be provisioned (a person waits), then read (in `bulk`)."""
        self._ring(queue, install_name(portal_id), "plugin.tasks.install_account", portal_id)

    def _ring(self, queue: str, what: str, task: str, *arguments: object) -> None:
        try:
            if self.redis.set(bell_key(queue, what), 1, nx=True, ex=HANGS_SECONDS):
                self.queues[queue].enqueue_call(
                    task,
                    args=arguments,
                    timeout=JOB_SECONDS,
                    result_ttl=0,
                    failure_ttl=600,
                    retry=Retry(max=3),
                )
        except RedisError as error:
            # the work stands in the store; the scheduler rings again
            log.warning("bell not rung", extra={"queue": queue, "error": str(error)})

    def answered(self, queue: str, what: str) -> None:
        """A worker has come: the next change may ring again."""
        self.redis.delete(bell_key(queue, what))


def check_name(portal_id: int) -> str:
    """What the bell of a portal's comparison is called."""
    return f"check:{portal_id}"


def install_name(portal_id: int) -> str:
    """What the bell of a portal's installation is called."""
    return f"install:{portal_id}"


def bell_key(queue: str, what: str) -> str:
    """The key that says that a bell hangs."""
    return f"lifecycle:bell:{queue}:{what}"
