"""One worker's turn on one portal's waiting rows: claiming them, and what a turn came to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from plugin.jobs.context import Context
from plugin.records import work
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
        """Take rows that are ready."""
        with self.store.write() as connection:
            return work.claim(
                connection,
                table,
                self.portal_id,
                self.lane,
                limit,
                now=self.context.now(),
                holder=self.holder,
            )
