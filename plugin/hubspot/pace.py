"""How fast the CRM may be called: rates, bursts and the order of classes, as pure numbers.

A rolling window never holds more than rate x window + burst calls, so rate and burst together stay below
HubSpot's limit; the rest is room for calls that the network delays and then delivers together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Priority = Literal["interactive", "live", "due", "repair", "backfill"]
#: Highest first.
PRIORITIES: tuple[Priority, ...] = ("interactive", "live", "due", "repair", "backfill")

WINDOW_SECONDS = 10.0  # HubSpot's rule: so many requests in any ten seconds
SHARE = 0.95
LARGEST_BURST = 5
#: HubSpot's rule: what an app may do in an account of the smallest subscription.
LEAST_ALLOWANCE = 100
#: HubSpot's rule: five searches a second and account, not counted in the ten seconds.
SEARCHES_PER_SECOND = 4.5
#: No class waits longer than this for one call, however much the classes above it want.
LONGEST_STARVE_SECONDS = 10.0


@dataclass(frozen=True)
class Pace:
    """Seconds between calls at the full rate, and how many calls may run ahead of it."""

    every: float
    burst: int

    def ahead(self, priority: Priority) -> float:
        """How far ahead of time a class may call: the lower it is, the more it leaves for those above.

        Never quite nothing: a call that comes a moment late must not cost the rate.
        """
        rank = PRIORITIES.index(priority) / (len(PRIORITIES) - 1)
        spare = self.burst - 1
        return self.every * max(min(0.5, spare), spare * (1 - rank * 2 / 3))


def general_pace(limit: int) -> Pace:
    """The pace for a limit of requests in ten seconds; rate and burst stay below it by one call at least."""
    burst = min(LARGEST_BURST, max(1, int(limit * (1 - SHARE)) - 1))
    rate = max(1.0, min(SHARE * limit, limit - burst - 1.0))
    return Pace(WINDOW_SECONDS / rate, burst)


def our_part(limit: int | None, allowed: int, share: float) -> int:
    """Requests in ten seconds that are ours: `share` of what the account allows, at most `limit`.

    `allowed` is 0 until an answer told it: then `limit` is taken for it, or the least that HubSpot gives.
    """
    ours = max(1, int((allowed or limit or LEAST_ALLOWANCE) * share))
    return ours if limit is None else min(limit, ours)


def search_pace(share: float = 1.0) -> Pace:
    """The pace of searches: no burst at all. HubSpot counts them for the whole account, so a share holds."""
    return Pace(1.0 / (SEARCHES_PER_SECOND * share), 1)
