"""The whole load: every page of every object type into the mirror, or every row of its export; resumable.

Nothing is evaluated here. Live changes that arrive meanwhile win by their stamps; records that the pages
no longer show are marked, read again, and so found to be gone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from plugin.clock import Clock, milliseconds
from plugin.hubspot.client import Crm
from plugin.mapping.bases import reads_digest
from plugin.mapping.model import Mapping
from plugin.records import portals, tombstones
from plugin.records.store import Store
from plugin.sync import lanes
from plugin.sync.exporting import ExportReader, LaneLeft
from plugin.sync.keeping import Keeping
from plugin.sync.progress import Progress, progress_of
from plugin.sync.reading import Reading

WATERMARK = "backfill"


class Backfill:
    """A whole load of one portal: begun anew, or taken up where the last one stopped."""

    def __init__(
        self, store: Store, crm: Crm, portal_id: int, mapping: Mapping, clock: Clock, bulk: str = "off"
    ) -> None:
        """`bulk`: whether the load may read by export: off, on, auto (see lanes.py)."""
        self.bulk = bulk
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.clock = clock
        self.mapping = mapping
        self.keeping = Keeping(store, portal_id, mapping)
        self.basis = reads_digest(mapping)
        self.exports: ExportReader | None = None
        self.resumed = False
        self.progress = self._resume() or self._begin()

    def _now(self) -> int:
        return milliseconds(self.clock.now())

    def _resume(self) -> Progress | None:
        with self.store.read() as connection:
            note = portals.watermark(connection, self.portal_id, WATERMARK)
        same = note is not None and note.get("basis", self.basis) == self.basis
        if not note or not same or note["finished"]:
            return None
        progress = progress_of(note)
        if progress.lane == lanes.EXPORT and self.bulk == "off":
            self._leave_exports(progress, "HUBSPOT_BULK is off")
        progress.resumed_at, progress.resumed_with = self._now(), progress.records
        progress.noted_at = 0
        self.resumed = True
        return progress

    def _begin(self) -> Progress:
        phases = [*(["company"] if "company" in self.mapping.customer_objects() else []), "contact", "deal"]
        total = {name: self.crm.search(name, [], limit=1).total for name in phases}
        progress = Progress(uuid.uuid4().hex, self._now(), phases, phases[0], None, {}, total)
        progress.basis = self.basis
        customers = sum(total[name] for name in self.mapping.customer_objects())
        with self.store.read() as connection:
            lane = lanes.reading(
                self.bulk, self.mapping, customers, lanes.granted(connection, self.portal_id)
            )
        progress.lane, progress.lane_because = lane.name, lane.because
        self._note(progress)
        return progress

    def _note(self, progress: Progress) -> None:
        with self.store.write() as connection:
            self._note_in(connection, progress)

    def _note_in(self, connection: Connection, progress: Progress) -> None:
        _put_note(self.store, connection, self.portal_id, progress, self._now())

    def wait_until(self, moment: int) -> None:
        """Note that the CRM is away and the load goes on at this moment."""
        self.progress.waits_until = moment
        self._note(self.progress)

    def run(self, report: Callable[[Progress], None] = lambda _: None) -> Progress:
        """Read what is still to be read; raises CrmError, and resumes there when run again."""
        progress = self.progress
        report(progress)
        try:
            while progress.phase:
                if progress.lane == lanes.EXPORT:
                    self._read_export(progress)
                else:
                    self._read_page(progress)
                report(progress)
        finally:
            if self.exports is not None:
                self.exports.close()
        with self.store.write() as connection:
            self.keeping.mark_unseen(connection, progress.phases, progress.started_at, self._now())
        return progress

    def _read_export(self, progress: Progress) -> None:
        """One step by export; what it cannot do is left to the pages, from the phase's first."""
        try:
            self._export_step(progress, self._exports())
        except LaneLeft as left:
            self._leave_exports(progress, f"{left}")
            self._note(progress)

    def _leave_exports(self, progress: Progress, because: str) -> None:
        progress.lane, progress.lane_because, progress.export = lanes.PAGES, because, None
        if progress.phase:
            progress.begin_phase()

    def _exports(self) -> ExportReader:
        if self.exports is None:
            with self.store.read() as connection:
                portal = portals.get(connection, self.portal_id)
            zone = portal.time_zone if portal else self.crm.account().time_zone
            self.exports = ExportReader(self.crm, self.mapping, zone, self._now, self.clock.sleep)
        return self.exports

    def _export_step(self, progress: Progress, exports: ExportReader) -> None:
        phase, export, read_at = progress.phase, progress.export, self._now()
        if export is None or not export.id:
            names = Reading(self.store, self.crm, self.portal_id, self.mapping, read_at).properties(phase)
            begun = exports.begin(phase, names, self.keeping.linked_types(phase), progress.run)
            begun.zone, begun.tries = progress.zone, export.tries if export else 0
            progress.export, progress.read[phase] = begun, 0
            self._note(progress)
            return
        rows = exports.step(export)
        progress.noted_at, progress.waits_until = self._now(), 0
        if rows is None:
            self._note(progress)
            return
        export.rows += rows.count
        progress.zone, progress.read[phase] = export.zone, export.rows
        if not rows.count:
            exports.close()
            progress.export = None
            progress.next_phase()
        with self.store.write() as connection:
            self.keeping.keep(connection, phase, rows.told, export.asked_at, exported=True)
            self.keeping.keep(connection, phase, rows.read, read_at, links_at=export.asked_at)
            self._note_in(connection, progress)

    def _read_page(self, progress: Progress) -> None:
        phase, read_at = progress.phase, self._now()
        page = self.crm.page(
            phase,
            Reading(self.store, self.crm, self.portal_id, self.mapping, read_at).properties(phase),
            history=self.mapping.history_properties(phase),
            associations=self.keeping.linked_types(phase),
            after=progress.after,
        )
        progress.turn_page(len(page.records), page.after)
        progress.noted_at, progress.waits_until = self._now(), 0
        with self.store.write() as connection:
            self.keeping.keep(connection, phase, page.records, read_at)
            self._note_in(connection, progress)

    def finish(self) -> int:
        """Note that the load is complete and mark every customer; returns how many there are."""
        with self.store.write() as connection:
            marked = self.keeping.mark_customers(connection, self._now())
            self.progress.finished = True
            self._note_in(connection, self.progress)
            portals.change(connection, self.portal_id, last_full=self._now())
        return marked


def state(connection: Connection, portal_id: int) -> dict[str, Any] | None:
    """How far the portal's last backfill has come, for pages and the API."""
    return portals.watermark(connection, portal_id, WATERMARK)


def _put_note(store: Store, connection: Connection, portal_id: int, progress: Progress, now: int) -> None:
    """Keep how far a load has come; a cursor made of an erased person's id is not kept: the one before is."""
    erased = partial(tombstones.erased_ids, store, connection, portal_id)
    body = asdict(progress.naming_nobody_of(erased))
    portals.set_watermark(connection, store, portal_id, WATERMARK, body, now)


def forget_erased(store: Store, connection: Connection, portal_id: int, now: int) -> None:
    """Put the kept position of a load under way back to where it names nobody who was erased."""
    note = state(connection, portal_id)
    if note and (note.get("after") or note.get("before")):
        _put_note(store, connection, portal_id, progress_of(note), now)
