"""What was called: counts by method, path pattern and status, batch sizes, the busiest ten seconds."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from plugin.sandbox.limits import WINDOW, RollingWindow

_NUMBER = re.compile(r"/\d{3,}(?=/|$)|/\d{1,2}(?=/|$)(?!-)")
_TYPE_ID = {"/0-1": "/contacts", "/0-2": "/companies", "/0-3": "/deals", "/0-27": "/tasks"}


def pattern(path: str) -> str:
    """The path with type ids named and record ids replaced by {id}."""
    for type_id, name in _TYPE_ID.items():
        path = re.sub(rf"{type_id}(?=/|$)", name, path)
    return _NUMBER.sub("/{id}", path)


class Stats:
    """Counts API calls; the control API and the pages are not counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._calls: Counter[tuple[str, str, int]] = Counter()
            self._inputs: dict[str, list[int]] = {}
            self._arrived = RollingWindow(WINDOW)
            self._worst_arrived = self._worst_granted = 0

    def arrived(self, moment: Callable[[], float]) -> None:
        """Note a call that will spend the ten-second allowance or be refused for it."""
        with self._lock:
            self._worst_arrived = max(self._worst_arrived, self._arrived.add(moment()))

    def granted(self, spent: int) -> None:
        """Note how much of the allowance was spent with a granted call."""
        with self._lock:
            self._worst_granted = max(self._worst_granted, spent)

    def call(self, method: str, path: str, status: int) -> None:
        """Note an answered call."""
        with self._lock:
            self._calls[method, pattern(path), status] += 1

    def batch(self, path: str, inputs: int) -> None:
        """Note how many inputs a batch request had."""
        with self._lock:
            self._inputs.setdefault(pattern(path), []).append(inputs)

    def report(self) -> dict[str, Any]:
        """Everything counted since the last reset."""
        with self._lock:
            calls = [
                {"method": method, "path": path, "status": status, "count": count}
                for (method, path, status), count in sorted(self._calls.items())
            ]
            return {
                "calls": calls,
                "total": sum(self._calls.values()),
                "refused": sum(count for (_, _, status), count in self._calls.items() if status == 429),
                "errors": sum(count for (_, _, status), count in self._calls.items() if status >= 400),
                "batches": {path: _sizes(sizes) for path, sizes in sorted(self._inputs.items())},
                "worst_window": self._worst_granted,
                "worst_window_with_refused": self._worst_arrived,
            }


def _sizes(sizes: list[int]) -> dict[str, Any]:
    return {"requests": len(sizes), "inputs": sum(sizes), "largest": max(sizes), "sizes": sizes[-1000:]}
