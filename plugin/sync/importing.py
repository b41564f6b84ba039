"""Writes a whole base by import: one file for many thousand records, each noted in the ledger before.

An import says that it is done, and which rows were wrong; what it says is checked: the rows with errors and a
sample of the others are read back. What an import cannot do goes in batches: values that are cleared (an
empty cell changes nothing), HubSpot's own stage, and properties that may not replace what a person set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from plugin.errors import CrmError, CrmProtocolError
from plugin.hubspot.client import Failed, Updated
from plugin.hubspot.client.importing import Imports
from plugin.hubspot.protocol.imports import RowFault
from plugin.mapping.model import LIFECYCLESTAGE
from plugin.records import portals
from plugin.records.store import Store
from plugin.sync import ledger
from plugin.sync.diff import Change
from plugin.sync.noting import Written
from plugin.sync.writeback import WriteBack

WATERMARK = ledger.OPEN_IMPORT
WINDOWS = "import_windows"
AT_LEAST = 1_000  # fewer records cost no more calls in batches
SAMPLE = 100
TOLERATED = 0.1  # the part of the sample that a person may have changed meanwhile
_WINDOWS_KEPT = 200
_ANSWERED_MS = 600_000  # a file is answered in this time, or never


class ImportBack(WriteBack):
    """A write-back whose large part goes by import; what the import cannot take goes in batches."""

    fell_back: CrmError | None = None  # why a file was written in batches after all

    def write(self, changes: Sequence[Change], after_batch: Callable[[], None] = lambda: None) -> Written:
        """Write the changes; stops as the ordinary write-back does."""
        fitting = self._fitting(changes)
        rest = [one for one in fitting if not self._fits_a_file(one)]
        for object_type in ("contact", "company"):
            rows = [one for one in fitting if one.key[0] == object_type and self._fits_a_file(one)]
            if len(rows) < AT_LEAST:
                rest += rows
            elif not self._by_file(object_type, rows, after_batch):
                return self.result
        return self._in_batches(rest, after_batch)

    def _fits_a_file(self, change: Change) -> bool:
        guarded = self.guard.guarded if self.guard is not None else {}
        return all(change.new.values()) and not (change.new.keys() & {LIFECYCLESTAGE, *guarded})

    def _by_file(self, object_type: str, batch: list[Change], after_batch: Callable[[], None]) -> bool:
        """Whether more may be written after this file."""
        if not self._intend(batch):
            return False
        rows, begun = [(one.key[1], one.new) for one in batch], self.now()
        self._note_open({"id": "", "begun": begun})
        try:
            number = self.crm.imports.start(object_type, rows, f"lifecycle {self.change_set}")
        except CrmError as error:
            return self._not_started(error, batch, after_batch)
        self._note_open({"id": number, "begun": begun})
        try:
            updated, failed = self._ended(object_type, number, batch, after_batch)
        except CrmError as error:
            self._unanswered(error, batch)  # the note stays: it may still run (see `settle_open`)
            return False
        self._close(begun)
        self._settle(object_type, batch, updated, failed)
        return True

    def _not_started(self, error: CrmError, batch: Sequence[Change], after_batch: Callable[[], None]) -> bool:
        """A refusal means that nothing began: in batches, then. No answer means that it may have."""
        self._close(None)
        if not (400 <= error.status < 500) or error.status == 408:
            self._unanswered(error, batch)
            return False
        self.fell_back = error
        with self.store.write() as connection:
            keys = {one.key for one in batch}
            ledger.settle(connection, self.portal_id, self.change_set, keys, ledger.NOT_WRITTEN, self.now())
        self._in_batches(batch, after_batch)
        return self.result.error is None

    def _ended(
        self, object_type: str, number: str, batch: Sequence[Change], after_batch: Callable[[], None]
    ) -> tuple[list[Updated], list[Failed]]:
        imports, rows = self.crm.imports, [(one.key[1], one.new) for one in batch]
        ended = imports.wait(number, lambda: self._stay(after_batch))
        if ended.state != "DONE" or ended.rows not in (None, len(batch)):
            raise CrmProtocolError(f"Import {number} ended as {ended.state} with {ended.rows} rows.")
        faults: dict[int, list[RowFault]] = {}
        for fault in imports.faults(number, rows):
            if not 0 <= fault.row < len(batch):
                raise CrmProtocolError(f"Import {number} names a row that it does not have.")
            faults.setdefault(batch[fault.row].key[1], []).append(fault)
        return self._read_back(object_type, batch, faults)

    def _stay(self, after_batch: Callable[[], None]) -> None:
        """While the import runs: claims are held, and the change set goes on."""
        after_batch()
        with self.store.write() as connection:
            self._joined(connection)

    def _read_back(
        self, object_type: str, batch: Sequence[Change], faults: dict[int, list[RowFault]]
    ) -> tuple[list[Updated], list[Failed]]:
        """What landed, as the import says it; checked by reading the rows with errors and a sample."""
        good = [one for one in batch if one.key[1] not in faults]
        sample = good[:: max(1, len(good) // SAMPLE)][:SAMPLE]
        bad = [one for one in batch if one.key[1] in faults]
        names = sorted({name for one in batch for name in one.new})
        found = self.crm.read(object_type, [one.key[1] for one in (*sample, *bad)], names)
        stands = {one.id: one for one in found.records}
        gone = {one.key[1] for one in sample} - stands.keys()
        other = {i for one in sample if (i := one.key[1]) in stands and _missing(one, stands[i].properties)}
        if len(other) > len(sample) * TOLERATED:
            raise CrmProtocolError("An import did not write what it said that it had written.")
        self.result.unknown |= {(object_type, number) for number in other}  # these are read again
        updated = [Updated(one.key[1], 0, {}) for one in good if one.key[1] not in gone | other]
        failed = [Failed(number, "OBJECT_NOT_FOUND", "The record is not there.") for number in gone]
        for one in bad:
            record = stands.get(one.key[1])
            missing = _missing(one, record.properties if record else {})
            if record is not None and len(missing) < len(one.new):
                updated.append(Updated(record.id, record.modified_at, {}))
            failed += _failed(one, missing, faults[one.key[1]], whole=record is None)
        return updated, failed

    def _note_open(self, body: dict[str, Any]) -> None:
        with self.store.write() as connection:
            portals.set_watermark(connection, self.store, self.portal_id, WATERMARK, body, self.now())

    def _close(self, begun: int | None) -> None:
        with self.store.write() as connection:
            portals.clear_watermark(connection, self.portal_id, WATERMARK)
            if begun is not None:
                _note_window(self.store, connection, self.portal_id, begun, self.now())


def _missing(change: Change, stands: Any) -> list[str]:
    """The properties that do not hold what was to be written."""
    return [name for name, value in change.new.items() if (stands.get(name) or "") != value]


def _failed(change: Change, missing: list[str], faults: list[RowFault], *, whole: bool) -> list[Failed]:
    """The errors of a row, each with the property that it kept from landing."""
    id_, said = change.key[1], {one.property: one for one in faults}
    if whole:
        return [Failed(id_, faults[0].code, faults[0].message)]
    found = [(name, said.get(name, faults[0])) for name in missing]
    return [Failed(id_, one.code, one.message, name) for name, one in found]


def _note_window(store: Store, connection: Connection, portal_id: int, begun: int, ended: int) -> None:
    kept = (portals.watermark(connection, portal_id, WINDOWS) or {}).get("windows", [])
    body = {"windows": [*kept, [begun, ended]][-_WINDOWS_KEPT:]}
    portals.set_watermark(connection, store, portal_id, WINDOWS, body, ended)


def windows(connection: Connection, portal_id: int) -> list[tuple[int, int]]:
    """The spans (ms) in which imports of ours moved the records' stamps."""
    note = portals.watermark(connection, portal_id, WINDOWS) or {}
    return [(int(one[0]), int(one[1])) for one in note.get("windows", [])]


def settle_open(store: Store, imports: Imports, portal_id: int, now: int | None = None) -> bool:
    """Wait for an import that was left behind; with `now` (ms) only look. True when one is over.

    Its rows stay intended: they are settled by reading each record back. Raises CrmError.
    """
    with store.read() as connection:
        note = portals.watermark(connection, portal_id, WATERMARK)
    if note is None:
        return False
    number = str(note["id"])  # "": begun, and its id never came
    if now is not None:
        over = imports.look(number).over if number else now - int(note["begun"]) > _ANSWERED_MS
        if not over:
            return False
    elif number:
        imports.wait(number)
    with store.write() as connection:
        portals.clear_watermark(connection, portal_id, WATERMARK)
    return True
