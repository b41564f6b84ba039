"""Reads all records of a type by export: asked for, waited for, fetched, checked, a thousand rows a step.

Each step is short and noted, so that a load goes on with the export, and the row, where it stopped. What an
export does not promise is checked against records read by id: a sample of values, moments and links. Rows
that do not tell everything exactly are read by id, too. Whatever goes wrong ends the lane, not the load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from plugin.errors import CrmError, InputError
from plugin.hubspot.client import Association, Crm, Record
from plugin.hubspot.client.exporting import LinkExpired
from plugin.hubspot.protocol.exports import COMPLETE
from plugin.mapping.model import Mapping
from plugin.records import minutes
from plugin.records.csv_exports import ExportedRow, exported_rows
from plugin.sync import export_cells
from plugin.sync.export_cells import Columns
from plugin.sync.progress import Exporting
from plugin.sync.reading import linked

ROWS_AT_ONCE = 1_000
SAMPLE = 100  # one call
TOLERATED = 0.1  # the part of the sample that may differ: somebody changed it just then
LAG_MS = 600_000  # as with searches: what changed so shortly before may not be in the export
LONGEST_WAIT_MS = 7_200_000
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 2_000, 30_000
_TRIES = 3  # links that ran out, or exports that HubSpot no longer knew, in a row
UTC = "UTC"
NOT_FOUND = 404


class LaneLeft(Exception):
    """The export cannot be used: the rest is read by pages. Its text says why."""


@dataclass(frozen=True)
class Rows:
    """Some rows of an export: what it told, stamped, and what had to be read by id instead."""

    told: list[Record]
    read: list[Record]
    count: int  # rows of the file that these are


class ExportReader:
    """The export of one object type at a time. `note` is kept by the caller after each step."""

    def __init__(
        self,
        crm: Crm,
        mapping: Mapping,
        zone: str,
        now: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self.crm, self.mapping, self.now, self.sleep = crm, mapping, now, sleep
        self.zones = list(dict.fromkeys((zone, UTC)))
        self._file: BinaryIO | None = None
        self._rows: Iterator[list[ExportedRow]] | None = None
        self._about: Columns | None = None
        self._asked: tuple[str, list[str]] = ("", [])

    def begin(self, object_type: str, names: list[str], associations: list[str], run: str) -> Exporting:
        """Ask for an export; raises LaneLeft if HubSpot refuses."""
        self.close()
        asked_at = self.now()
        about = self._columns(object_type, names)
        try:
            number = self.crm.exports.start(
                object_type, about.exported, associations, f"lifecycle {run[:8]} {object_type}"
            )
        except CrmError as error:
            raise _left(error) from error
        return Exporting(object_type, number, asked_at, names, associations)

    def _columns(self, object_type: str, names: list[str]) -> Columns:
        if self._about is None or self._asked != (object_type, names):
            types = {one.name: one.type for one in self.crm.properties(object_type)}
            self._about = export_cells.columns(self.mapping, object_type, names, types)
            self._asked = (object_type, names)
        read_as_text = set(self.mapping.sources(object_type).extras) if object_type != "deal" else set()
        if exact := sorted(read_as_text & self._about.moments):
            raise LaneLeft(f"{exact[0]} is read as text, and an export cuts moments to the minute")
        return self._about

    def step(self, note: Exporting) -> Rows | None:
        """The next rows, None while there are none yet; no rows: all are read. Changes the note."""
        try:
            if self._rows is None and not self._opened(note):
                return None
            rows = next(self._rows, None) if self._rows is not None else None
            return self._kept(rows, note) if rows is not None else Rows([], [], 0)
        except InputError as error:
            self.close()
            raise LaneLeft(f"HubSpot's file cannot be read ({' '.join(error.message.split())})") from error
        except BaseException:
            self.close()  # the rows in hand are not kept: they are fetched again
            raise

    def close(self) -> None:
        """Let the file go."""
        self._rows = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self, note: Exporting) -> bool:
        """Look whether the file is there, and fetch it; a pause where it is not."""
        try:
            export = self.crm.exports.look(note.id)
            if export.waiting:
                self._wait(note)
                return False
            if export.state != COMPLETE:
                raise LaneLeft(f"HubSpot ended the export as {export.state} {export.cause}".rstrip())
            self._file = self.crm.exports.fetch(export.link)
        except CrmError as error:
            if not isinstance(error, LinkExpired) and error.status != NOT_FOUND:
                raise _left(error) from error
            self._try_again(note, error)
            return False
        self._rows = exported_rows(
            self._file,
            self._columns(note.object_type, note.names).exported,
            note.associations,
            skip=note.rows,
            at_once=ROWS_AT_ONCE,
        )
        return True

    def _try_again(self, note: Exporting, error: CrmError) -> None:
        """A link that ran out is asked for again, an export that HubSpot no longer knows is begun anew."""
        note.tries += 1
        if note.tries >= _TRIES:
            raise LaneLeft("HubSpot's links to the file do not open") from error
        if not isinstance(error, LinkExpired):
            note.id = ""

    def _wait(self, note: Exporting) -> None:
        waited = self.now() - note.asked_at
        if waited > LONGEST_WAIT_MS:
            raise LaneLeft("HubSpot has not made the file within two hours")
        self.sleep(min(max(_FIRST_PAUSE_MS, waited), _LONGEST_PAUSE_MS) / 1000)

    def _kept(self, rows: list[ExportedRow], note: Exporting) -> Rows:
        about, note.tries = self._columns(note.object_type, note.names), 0
        changed = self._checked(rows, note, about)
        zone = note.zone or self.zones[0]
        told, doubtful = list[Record](), list[int]()
        for row in rows:
            record, certain = export_cells.as_record(row, about, zone)
            stamp = minutes.stamp(record.modified_at, note.asked_at, LAG_MS)
            record = export_cells.stamped(record, stamp)
            record.associations.update(
                {
                    kind: [Association(id_, labels=("Primary",) if primary else ()) for id_, primary in links]
                    for kind, links in row.links.items()
                }
            )
            if certain and row.id not in changed:
                told.append(record)
            else:
                doubtful.append(row.id)
        return Rows(told, self._read(doubtful, about, note, rows), len(rows))

    def _read(self, ids: list[int], about: Columns, note: Exporting, rows: list[ExportedRow]) -> list[Record]:
        """What the file does not tell for certain, read by id, with the file's links."""
        if not ids:
            return []
        found = self.crm.read(about.object_type, ids, about.names).records
        links = {row.id: row.links for row in rows}
        for record in found:
            for kind, listed in links.get(record.id, {}).items():
                record.associations[kind] = [
                    Association(id_, labels=("Primary",) if primary else ()) for id_, primary in listed
                ]
        return found

    def _checked(self, rows: list[ExportedRow], note: Exporting, about: Columns) -> set[int]:
        """Check a sample, once for the type and until it tells the zone; the rows that changed meanwhile."""
        telling = (
            [] if note.zone else [r for r in rows if export_cells.tells_zones_apart(r, about, self.zones)]
        )
        if note.checked and not telling:
            return set()
        sample = _spread(telling, SAMPLE // 2)
        have = {row.id for row in sample}
        sample += [row for row in _spread(rows, SAMPLE - len(sample)) if row.id not in have]
        records = {
            one.id: one
            for one in self.crm.read(about.object_type, [r.id for r in sample], about.names).records
        }
        pairs = [(row, records[row.id]) for row in sample if row.id in records]
        zones = [note.zone] if note.zone else self.zones
        zone, agreeing = export_cells.zone_of(pairs, about, zones)
        if pairs and len(agreeing) < max(1, len(pairs) * TOLERATED):
            raise LaneLeft(f"its moments are neither in {' nor in '.join(self.zones)}")
        wrong = {row.id for row, record in agreeing if not export_cells.same_values(row, record, about, zone)}
        wrong |= self._wrongly_linked([row for row, _ in agreeing], about.object_type)
        if len(wrong) > len(agreeing) * TOLERATED:
            raise LaneLeft("it does not say what HubSpot says of the same records")
        note.checked, note.zone = True, zone if telling and zone else note.zone
        return {row.id for row, _ in pairs} - {row.id for row, _ in agreeing} | wrong

    def _wrongly_linked(self, rows: list[ExportedRow], object_type: str) -> set[int]:
        wrong = set[int]()
        for kind in rows[0].links if rows else ():
            there = self.crm.associations(object_type, kind, [row.id for row in rows])
            wrong |= {row.id for row in rows if set(row.links[kind]) != set(linked(there.get(row.id, [])))}
        return wrong


def _spread(rows: list[ExportedRow], most: int) -> list[ExportedRow]:
    """At most so many of the rows, evenly."""
    return rows[:: max(1, -(-len(rows) // most))][:most] if most > 0 else []


def _left(error: CrmError) -> Exception:
    """What can be tried again later stays what it is; a refusal ends the lane."""
    refused = 400 <= error.status < 500 and error.status not in (401, 408, 423, 425, 477)
    return LaneLeft(error.message.rstrip(".")) if refused else error
