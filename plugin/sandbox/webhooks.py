"""Webhook delivery: batches, up to ten requests in flight, randomised retries, duplicates and disorder."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import urllib3

from plugin.clock import Clock, milliseconds
from plugin.sandbox.outbox import Event, WebhookSettings
from plugin.sandbox.signing import signed_headers

# Up to 10 retries, randomised, over 24 h; times `retry_scale`, times 0.5 to 1.5.
RETRY_AFTER = (60, 300, 600, 1800, 3600, 7200, 10_800, 14_400, 21_600, 25_200)
_SHUFFLE_WINDOW = 0.2  # seconds over which a shuffled event may be put off
_DUPLICATE_WINDOW = 0.1  # and a duplicate


class Webhooks:
    """Delivers events in background threads; `drained` says when nothing is left to deliver.

    `settle(numbers, state, attempts)` is told what became of events: delivered or given_up.
    """

    def __init__(
        self,
        settings: Callable[[], WebhookSettings],
        secret: Callable[[], str],
        clock: Clock,
        settle: Callable[[Sequence[int], str, int], None],
    ) -> None:
        self._settings, self._secret, self._clock, self._settle = settings, secret, clock, settle
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int, Event, int]] = []  # due, tie-break, event, attempt
        self._ties = itertools.count()
        self._in_flight = 0
        self._stopping = False
        self._random = random.Random()
        self._pool = urllib3.PoolManager(maxsize=10, retries=False)
        self._senders = ThreadPoolExecutor(16, thread_name_prefix="sandbox-webhook")
        self._thread = threading.Thread(target=self._run, name="sandbox-webhooks", daemon=True)
        self.counts = {"requests": 0, "events": 0, "failed_requests": 0, "given_up": 0, "largest_batch": 0}

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is not delivered stays in the file for the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._senders.shutdown(wait=True, cancel_futures=True)
        self._pool.clear()

    def enqueue(self, events: Sequence[Event]) -> None:
        """Take events for delivery."""
        settings = self._settings()
        with self._changed:
            if settings.seed:
                self._random.seed(settings.seed + next(self._ties))
            for event in events:
                self._push(event, 0, settings.delay + self._disorder(settings))
                if self._random.random() < settings.duplicate:  # in the same request or a later one
                    self._push(event, 0, settings.delay + self._random.random() * _DUPLICATE_WINDOW)
            self._changed.notify_all()

    def _disorder(self, settings: WebhookSettings) -> float:
        return self._random.random() * _SHUFFLE_WINDOW if settings.shuffle else 0.0

    def _push(self, event: Event, attempt: int, wait: float) -> None:
        heapq.heappush(self._queue, (time.monotonic() + wait, next(self._ties), event, attempt))

    def wake(self) -> None:
        """Look again: settings have changed."""
        with self._changed:
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._changed:
            self._queue.clear()
            self._changed.notify_all()

    def state(self) -> dict[str, Any]:
        """How much waits, how much is in flight, and whether nothing is left."""
        with self._changed:
            retrying = sum(attempt > 0 for _, _, _, attempt in self._queue)
            return {
                "drained": not self._queue and not self._in_flight,
                "queued": len(self._queue),
                "retrying": retrying,
                "in_flight": self._in_flight,
                "paused": self._settings().paused,
                **self.counts,
            }

    def drained(self, timeout: float = 30.0) -> bool:
        """Wait until everything is delivered or given up; False when `timeout` seconds were not enough."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._in_flight, timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._wait_for_work():
                    return
            # A few tens of milliseconds of patience fill the batches.
            time.sleep(self._settings().batch_window)
            with self._changed:
                for batch in self._due_batches():
                    self._in_flight += 1
                    self._senders.submit(self._deliver, batch)

    def _wait_for_work(self) -> bool:
        """Wait until an event is due and a request may start; False when it is time to stop."""
        while not self._stopping:
            settings = self._settings()
            if not self._queue or settings.paused or self._in_flight >= settings.in_flight:
                self._changed.wait()
                continue
            wait = self._queue[0][0] - time.monotonic()
            if wait <= 0:
                return True
            self._changed.wait(wait)
        return False

    def _due_batches(self) -> list[list[tuple[Event, int]]]:
        settings = self._settings()
        room = settings.in_flight - self._in_flight
        if settings.paused:
            return []
        due: list[tuple[Event, int]] = []
        while self._queue and self._queue[0][0] <= time.monotonic() and len(due) < room * settings.batch_size:
            _, _, event, attempt = heapq.heappop(self._queue)
            due.append((event, attempt))
        batches = list(_batches(due, settings.batch_size))
        for batch in batches[room:]:  # more portals or attempts than requests allowed: wait again
            for event, attempt in batch:
                self._push(event, attempt, 0.0)
        return batches[:room]

    def _deliver(self, batch: list[tuple[Event, int]]) -> None:
        attempt = batch[0][1]
        ok = self._post([event.body | {"attemptNumber": attempt} for event, _ in batch])
        numbers = [event.number for event, _ in batch]
        if ok or attempt >= len(RETRY_AFTER):
            self._settle(numbers, "delivered" if ok else "given_up", attempt + 1)
        with self._changed:
            self._count(ok, len(batch), attempt)
            if not ok and attempt < len(RETRY_AFTER):
                scale = self._settings().retry_scale * (0.5 + self._random.random())
                for event, _ in batch:
                    self._push(event, attempt + 1, RETRY_AFTER[attempt] * scale)
            self._in_flight -= 1
            self._changed.notify_all()

    def _count(self, ok: bool, size: int, attempt: int) -> None:
        self.counts["requests"] += 1
        self.counts["events"] += size
        self.counts["failed_requests"] += not ok
        self.counts["given_up"] += 0 if ok or attempt < len(RETRY_AFTER) else size
        self.counts["largest_batch"] = max(self.counts["largest_batch"], size)

    def _post(self, payload: list[dict[str, Any]]) -> bool:
        settings = self._settings()
        body = orjson.dumps(payload)
        uri = settings.signing_url or settings.target_url
        headers = signed_headers(self._secret(), uri, body, milliseconds(self._clock.now()))
        try:
            answer = self._pool.request(
                "POST", settings.target_url, body=body, headers=headers, timeout=settings.timeout
            )
        except urllib3.exceptions.HTTPError:
            return False
        return 200 <= answer.status < 300


def _batches(due: list[tuple[Event, int]], size: int) -> list[list[tuple[Event, int]]]:
    """Events of one portal and one attempt together; whether HubSpot mixes portals is undocumented."""
    groups: dict[tuple[int, int], list[tuple[Event, int]]] = {}
    for event, attempt in due:
        groups.setdefault((event.portal, attempt), []).append((event, attempt))
    return [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]
