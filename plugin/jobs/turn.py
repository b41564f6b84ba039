"""One worker's turn on one portal's waiting rows: claiming them, and what a turn came to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from plugin.jobs.context import Context
from plugin.records import accounts, work
from plugin.records.work import Claimed


@dataclass
class Done:
    """What one piece of work came to."""

    read: int = 0
    evaluated: int = 0
    written: int = 0
    refused: int = 0
    failed: int = 0

    def __add__(self, other: Done) -> Done:
        return Done(*(getattr(self, name) + getattr(other, name) for name in Done.__dataclass_fields__))

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in Done.__dataclass_fields__)


class Turn:
    """What the reading and the evaluating step share: whose rows, of which lane, and who holds them."""

    def __init__(self, context: Context, portal_id: int, lane: str, holder: str = "") -> None:
        self.context = context
        self.store = context.store
        self.portal_id = portal_id
        self.lane = lane
        self.holder = holder or uuid.uuid4().hex

    def claim(self, table: sa.Table, limit: int) -> list[Claimed]:
        """Take rows that are ready; none for a portal that the app was taken out of."""
        with self.store.write() as connection:
            if not accounts.is_installed(connection, self.portal_id):
                return []
            return work.claim(
                connection,
                table,
                self.portal_id,
                self.lane,
                limit,
                now=self.context.now(),
                holder=self.holder,
            )
