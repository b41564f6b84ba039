"""Tells of webhooks whose signature was refused: a line in the log and a note in the store, once a minute.

Anybody can send such requests, so a flood of them costs no more than that, and nothing of what they hold is
kept: only how many there were, and why.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping

from plugin.errors import StoreError
from plugin.hubspot.protocol.signatures import Verdict
from plugin.records import refused_webhooks
from plugin.records.store import Store

REST_MS = 60_000
PATH = "/webhooks/hubspot"

_WHY = {
    Verdict.WRONG: "the signature does not fit",
    Verdict.STALE: "the signature is over five minutes old, or of the future",
    Verdict.MISSING: "the signature is missing",
}
_CURES = {
    Verdict.WRONG: "The address that HubSpot calls must be {address}, as PUBLIC_URL says (the same scheme, "
    "host and port), and HUBSPOT_CLIENT_SECRET must be this app's.",
    Verdict.STALE: "Let NTP set this machine's clock.",
    Verdict.MISSING: "If they were HubSpot's, let the proxy in front pass on the headers X-HubSpot-*.",
}

log = logging.getLogger(__name__)


class Refusals:
    """What one process refused since it told of it last; safe to use from many threads."""

    def __init__(self, store: Store, public_url: str) -> None:
        self._store, self._address = store, f"{public_url.rstrip('/')}{PATH}"
        self._counts: Counter[str] = Counter()
        self._told: int | None = None
        self._lock = threading.Lock()

    def note(self, verdict: Verdict, now: int) -> None:
        """Count one, at `now` in milliseconds, and tell of all where that was not done within a minute."""
        if counts := self._due(verdict, now):
            said = {"refused": sum(counts.values()), "why": why(counts), "cure": cure(counts, self._address)}
            log.warning("webhooks refused", extra=said)
            try:
                with self._store.write() as connection:
                    refused_webhooks.add(self._store, connection, counts, self._address, now)
            except StoreError as error:
                log.warning("refused webhooks were not noted", extra={"error": str(error)})

    def _due(self, verdict: Verdict, now: int) -> dict[str, int]:
        """The counts to tell of now; none where others were told of within the last minute."""
        with self._lock:
            self._counts[verdict.value] += 1
            if self._told is not None and 0 <= now - self._told < REST_MS:
                return {}
            self._told, counts = now, dict(self._counts)
            self._counts.clear()
            return counts


def why(counts: Mapping[str, int]) -> str:
    """The reasons with how many each, in words."""
    return ", ".join(f"{said} ({counts[verdict]})" for verdict, said in _WHY.items() if counts.get(verdict))


def cure(counts: Mapping[str, int], address: str) -> str:
    """What to do about each of the reasons; `address` is the one that signatures are checked against."""
    return " ".join(said.format(address=address) for verdict, said in _CURES.items() if counts.get(verdict))
