"""When a failed call is made again, and how long to wait before: HubSpot's rule for each kind of failure.

"Full jitter": a uniform random part of an exponentially growing ceiling, so that processes which failed
together do not come back together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plugin.errors import CrmError, CrmProtocolError, CrmRateLimited, CrmUnavailable

Uniform = Callable[[float, float], float]

ROLLING_WAIT = 10.0  # HubSpot's rule without Retry-After: the ten-second window
SEARCH_WAIT = 1.0  # and the one-second window of searches
LOCKED_WAIT = 2.0  # 423: HubSpot asks for at least two seconds
MIGRATION_WAIT = 60.0  # 477 without Retry-After
MIDNIGHT_UNKNOWN = 3600.0  # DAILY ends at midnight of the account's time zone; look again in an hour
_BASE, _CEILING = 0.5, 20.0


@dataclass(frozen=True)
class Wait:
    """Wait so long and call again. `held`: the whole portal waits, not this call alone."""

    seconds: float
    held: bool = False


@dataclass(frozen=True)
class Patience:
    """How often and how long in all a call is tried before it is given back to whoever asked."""

    attempts: int
    seconds: float


PATIENCE = {
    "interactive": Patience(attempts=3, seconds=8.0),
    "live": Patience(attempts=6, seconds=45.0),
    "due": Patience(attempts=6, seconds=45.0),
    "repair": Patience(attempts=6, seconds=45.0),
    "backfill": Patience(attempts=8, seconds=50.0),
}


def next_wait(error: CrmError, attempt: int, uniform: Uniform) -> Wait | None:
    """The wait after the `attempt`th failure (from 1), or None: calling again cannot help now."""
    if isinstance(error, CrmRateLimited):
        return _after_rate_limit(error, uniform)
    if isinstance(error, CrmUnavailable):
        return _after_outage(error, attempt, uniform)
    if isinstance(error, CrmProtocolError) and attempt <= 2:
        return Wait(uniform(0, _BASE * 2**attempt))
    return None


def _after_rate_limit(error: CrmRateLimited, uniform: Uniform) -> Wait | None:
    if error.policy == "DAILY":
        return None  # never hammer: it ends at midnight
    asked = error.retry_after
    if asked is None:
        asked = SEARCH_WAIT if error.policy == "SEARCH" else ROLLING_WAIT
    return Wait(asked + uniform(0, 0.1 + asked / 10), held=True)


def _after_outage(error: CrmUnavailable, attempt: int, uniform: Uniform) -> Wait:
    jitter = uniform(0, min(_CEILING, _BASE * 2**attempt))
    if error.status == 477:
        return Wait((error.retry_after or MIGRATION_WAIT) + jitter, held=True)
    least = LOCKED_WAIT if error.status == 423 else 0.0
    return Wait(max(least, error.retry_after or 0.0) + jitter)
