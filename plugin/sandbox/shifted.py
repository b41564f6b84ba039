"""A clock that the control API can move."""

from __future__ import annotations

from datetime import datetime, timedelta

from plugin.clock import SystemClock


class ShiftedClock(SystemClock):
    """The machine's clock, moved by the control API."""

    def __init__(self, base: SystemClock) -> None:
        super().__init__()
        self._base = base
        self.shift = timedelta()

    def now(self) -> datetime:
        """The present moment with the shift."""
        return self._base.now() + self.shift
