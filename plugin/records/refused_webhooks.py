"""How many webhooks were refused for their signature, as one small row: `doctor` tells why none arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import portals
from plugin.records.configs import EVERYONE
from plugin.records.schema import portals as served
from plugin.records.store import Store

NAME = "webhooks_refused"


@dataclass(frozen=True)
class RefusedWebhooks:
    """Since when (milliseconds), when last, how many by why, and the address that signatures must be for.

    Whose they were is not known: a body without a good signature says nothing. Counts are at least so high.
    """

    since: int
    last: int
    counts: dict[str, int]
    address: str

    def more(self, counts: Mapping[str, int], now: int) -> RefusedWebhooks:
        """The same with further ones."""
        return RefusedWebhooks(self.since, now, dict(Counter(self.counts) + Counter(counts)), self.address)


def add(store: Store, connection: Connection, counts: Mapping[str, int], address: str, now: int) -> None:
    """Note further ones; what was refused before a webhook was applied, or for another address, is over."""
    before = noted(connection)
    applied = connection.execute(sa.select(sa.func.max(served.c.last_incremental))).scalar() or 0
    if before is None or before.address != address or before.last < applied:
        before = RefusedWebhooks(now, now, {}, address)
    body = asdict(before.more(counts, now))
    portals.set_watermark(connection, store, EVERYONE, NAME, body, now)


def noted(connection: Connection) -> RefusedWebhooks | None:
    """What was refused of late; None: nothing was."""
    body = portals.watermark(connection, EVERYONE, NAME)
    return RefusedWebhooks(**body) if body else None
