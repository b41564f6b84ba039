"""Sends what customers' outcomes change, in full batches across the rounds of one worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from plugin.jobs.context import Context
from plugin.jobs.outcome import Standing
from plugin.records import outcomes, work
from plugin.records.outcomes import Versions
from plugin.records.portals import Portal
from plugin.records.schema import dirty
from plugin.records.work import Claimed, RecordKey
from plugin.sync import lists
from plugin.sync.definitions import Definitions
from plugin.sync.diff import Change
from plugin.sync.guard import Guard
from plugin.sync.noting import Written
from plugin.sync.refusals import Refusals
from plugin.sync.writeback import WriteBack, full_batches

CLASSES = ("interactive", "live", "due", "repair", "backfill")


@dataclass
class Load:
    """Changes with the claimed customers they come from, and what stands in the CRM."""

    rows: list[Claimed] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    standing: Standing = field(default_factory=dict)

    def __add__(self, other: Load) -> Load:
        both = {**self.standing, **other.standing}
        return Load([*self.rows, *other.rows], [*self.changes, *other.changes], both)

    def only(self, keys: set[RecordKey]) -> Load:
        """The part of these customers."""
        rows = [row for row in self.rows if row.key in keys]
        changes = [change for change in self.changes if change.key in keys]
        return Load(rows, changes, {key: self.standing[key] for key in keys})


@dataclass(frozen=True)
class Sent:
    """The customers whose turn is over, what was written, and those that must come again."""

    rows: list[Claimed]
    written: Written
    later: set[RecordKey]


class Sending:
    """One worker's writes to one portal; what does not fill a batch waits, claimed, for the next round."""

    writer: type[WriteBack] = WriteBack

    def __init__(self, context: Context, portal_id: int, lane: str, holder: str) -> None:
        self.context = context
        self.store = context.store
        self.portal_id = portal_id
        self.lane = lane
        self.holder = holder
        self.rest = Load()
        self.versions = Versions(0, "")

    def hold(self, rows: Sequence[Claimed]) -> None:
        """Claim these customers for longer."""
        if rows:
            with self.store.write() as connection:
                now = self.context.now()
                work.renew(connection, dirty, self.portal_id, rows, now=now, holder=self.holder)

    def permitted(self, portal: Portal, changes: Sequence[Change]) -> list[Change]:
        """Those that mode, share and list permit to be written now."""
        with self.store.read() as connection:
            listed = lists.permitted(connection, portal, [change.key for change in changes])
        return [
            change
            for change in changes
            if change.key in listed and portal.may_write(outcomes.bucket(self.portal_id, change.key))
        ]

    def send(self, load: Load, *, fill: bool) -> Sent:
        """Write what waits and this; `fill`: only full batches, because more follows at once."""
        everything = self.rest + load
        changes, left = self.ready(everything.changes) if fill else (everything.changes, set[RecordKey]())
        written = self._write(everything, changes)
        settled = written.confirmed | written.refused
        unsent: set[RecordKey] = set()
        if written.error is not None:  # the batches after the one without an answer were never sent
            left, unsent = set(), {change.key for change in everything.changes} - settled
        self.rest = everything.only(left)
        rows = [row for row in everything.rows if row.key not in left]
        return Sent(rows, written, written.unknown | written.again | unsent)

    def ready(self, changes: Sequence[Change]) -> tuple[list[Change], set[RecordKey]]:
        """The changes that are worth sending while more come, and the records of the others."""
        return full_batches(changes)

    def written_by(self, back: WriteBack) -> None:
        """Called with the write-back when it is done."""

    def _write(self, load: Load, changes: Sequence[Change]) -> Written:
        if not changes:
            return Written()
        crm = self.context.crm(self.portal_id, CLASSES[min(row.priority for row in load.rows)])
        definitions = Definitions(self.store, crm, self.portal_id, self.context.mapping, self.context.now)
        back = self.writer(
            self.store,
            crm,
            self.portal_id,
            self.versions,
            load.standing,
            self.context.now,
            self.lane,
            Refusals(definitions, self.context.mapping, self.context.now),
            Guard(crm, self.context.mapping),
        )
        written = back.write(changes, lambda: self.hold(load.rows))
        self.written_by(back)
        return written
