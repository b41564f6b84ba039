"""Faults on demand: 429, 423, 477 and 5xx storms, resets and hangs, before or after the work is done."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from plugin.sandbox.limits import limited
from plugin.sandbox.problems import Problem, invalid

_MESSAGES = {
    401: ("The OAuth token used to make this call expired.", "EXPIRED_AUTHENTICATION"),
    403: ("This app hasn't been granted all required scopes to make this call.", "MISSING_SCOPES"),
    423: ("The record is locked by another process.", "LOCKED"),
    477: ("This account is being migrated to another data centre.", "MIGRATION_IN_PROGRESS"),
    500: ("internal error", "INTERNAL_ERROR"),
}


@dataclass
class Fault:
    """One storm: what happens, how likely, to which calls, for how long."""

    kind: str  # a status such as "429" or "503", "reset" or "hang"
    probability: float = 1.0
    seconds: float | None = None  # how long the storm lasts, or
    calls: int | None = None  # how many calls it hits
    path: str = ""  # prefix of the real path, "" for every path
    contains: str = ""  # and what the path must contain
    method: str = ""
    retry_after: float | None = None
    policy: str = "TEN_SECONDLY_ROLLING"  # or DAILY, SECONDLY: which allowance a 429 says is spent
    after: bool = False  # the work is done first, then the answer is lost
    hold: float = 60.0  # seconds that a hang holds the connection
    html: bool = False  # answer with a page, as a gateway in between does


class Faults:
    """The storms now raging."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, float | None]] = []  # and when each ends, on the monotonic clock
        self._random = random.Random()
        self.stopping = threading.Event()  # set when the sandbox stops: hangs let go

    def add(self, body: dict[str, Any]) -> None:
        """Start a storm described as JSON; see `Fault` for the fields."""
        known = Fault.__dataclass_fields__
        if unknown := body.keys() - known.keys():
            raise invalid(f"Unknown fields of a fault: {', '.join(sorted(unknown))}")
        fault = Fault(**(body | {"kind": str(body.get("kind", ""))}))
        if fault.kind not in (("reset", "hang") if not fault.html else ()) and not fault.kind.isdigit():
            raise invalid(f"Unknown kind of fault: {fault.kind}")
        end = None if fault.seconds is None else time.monotonic() + fault.seconds
        with self._lock:
            self._faults.append((fault, end))

    def clear(self) -> None:
        """End every storm."""
        with self._lock:
            self._faults = []

    def active(self) -> list[dict[str, Any]]:
        """The storms now raging."""
        with self._lock:
            self._expire()
            return [asdict(fault) for fault, _ in self._faults]

    def _expire(self) -> None:
        now = time.monotonic()
        self._faults = [
            (fault, end)
            for fault, end in self._faults
            if (end is None or end > now) and (fault.calls is None or fault.calls > 0)
        ]

    def hit(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this call, or None."""
        with self._lock:
            self._expire()
            for fault, _ in self._faults:
                if not _meant(fault, method, path) or self._random.random() >= fault.probability:
                    continue
                if fault.calls is not None:
                    fault.calls -= 1
                return fault
        return None


def _meant(fault: Fault, method: str, path: str) -> bool:
    return path.startswith(fault.path) and fault.contains in path and fault.method.upper() in ("", method)


def problem(fault: Fault) -> Problem:
    """The refusal that a fault with a status makes."""
    status = int(fault.kind)
    if status == 429:
        return limited(fault.policy, fault.retry_after)
    message, category = _MESSAGES.get(status, ("Service temporarily unavailable", ""))
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return Problem(status, message, category, headers=headers)
