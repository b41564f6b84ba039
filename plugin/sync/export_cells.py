"""What the cells of an export mean on the CRM's wire, and which of them do not tell it exactly. Pure.

Moments stand as a local time to the minute, in the portal's zone or in UTC [?]; a cell that a spreadsheet
would take for a formula is escaped [?]. What cannot be told for certain is not guessed: its record is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from plugin.clock import milliseconds
from plugin.errors import InputError
from plugin.hubspot.client import Record
from plugin.hubspot.protocol.objects import modified_property
from plugin.mapping.model import Mapping as FieldMapping
from plugin.records.csv_exports import ExportedRow
from plugin.records.minutes import same_value

_FORM = "%Y-%m-%d %H:%M"
_MIDNIGHT = "T00:00Z"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONG = 32_000  # a spreadsheet's cell ends at 32,767 characters: longer text may have been cut


@dataclass(frozen=True)
class Columns:
    """What is asked for of an object type: properties with their types, and those read by calendar day."""

    object_type: str
    names: tuple[str, ...]
    moments: frozenset[str]  # of type datetime
    calendar: frozenset[str]  # moments at exactly midnight UTC mean that day in every time zone

    @property
    def exported(self) -> tuple[str, ...]:
        """The properties of the export: those asked for, and the stamp."""
        return tuple(dict.fromkeys((*self.names, modified_property(self.object_type))))


def columns(
    mapping: FieldMapping, object_type: str, names: Sequence[str], types: Mapping[str, str]
) -> Columns:
    """The columns for these properties, whose types the portal's definitions tell.

    One that the portal does not have is not asked for: pages tell nothing of it, an export would be refused.
    """
    names = [name for name in names if name in types]
    moments = frozenset(name for name in names if types.get(name) == "datetime")
    if object_type == "deal":
        return Columns(object_type, tuple(names), moments, frozenset())
    s = mapping.sources(object_type)
    by_time = {*s.engagement_dates, *s.outreach_dates} - {*s.markers, s.conversion, s.contract_until}
    return Columns(object_type, tuple(names), moments, moments - by_time - {"createdate"})


def as_record(row: ExportedRow, about: Columns, zone: str) -> tuple[Record, bool]:
    """The row as a record with moments to the minute (`modified_at`: its beginning), and whether all of it
    is certain. Raises InputError for a moment in another form.
    """
    stamp, certain = _minute(row.cells[modified_property(about.object_type)], zone)
    values: dict[str, str | None] = {}
    for name in about.names:
        cell = row.cells[name]
        if name in about.moments and cell:
            moment, sure = _minute(cell, zone)
            text = f"{moment:%Y-%m-%dT%H:%MZ}"
            sure = sure and not (name in about.calendar and text.endswith(_MIDNIGHT))
        else:
            text, sure = cell, len(cell) < _LONG and not _escaped(cell)
        values[name], certain = text or None, certain and sure
    return Record(row.id, values, modified_at=milliseconds(stamp)), certain


def _minute(cell: str, zone: str) -> tuple[datetime, bool]:
    """The moment of a local time, and whether the clocks showed that time once."""
    try:
        local = datetime.strptime(cell, _FORM).replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise InputError(f"{cell[:40]!r} is no moment.") from error
    moment = local.astimezone(UTC)
    once = local.utcoffset() == local.replace(fold=1).utcoffset()
    return moment, once


def _escaped(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == "'" and cell[1] in _FORMULA


def tells_zones_apart(row: ExportedRow, about: Columns, zones: Sequence[str]) -> bool:
    """Whether some moment of the row means something else in each of the zones."""
    if len(zones) < 2:
        return False
    names = (*about.moments, modified_property(about.object_type))
    cells = [row.cells[name] for name in names if row.cells[name]]
    return any(len({_minute(cell, zone)[0] for zone in zones}) > 1 for cell in cells)


def zone_of(
    pairs: Iterable[tuple[ExportedRow, Record]], about: Columns, zones: Sequence[str]
) -> tuple[str, list[tuple[ExportedRow, Record]]]:
    """The zone in which most rows say what their records say, and those rows; "" and all if none does.

    Between zones that say the same the first is taken.
    """
    listed, best, agreeing = list(pairs), "", list[tuple[ExportedRow, Record]]()
    for zone in zones:
        found = [pair for pair in listed if _same_moments(*pair, about, zone)]
        if len(found) > len(agreeing):
            best, agreeing = zone, found
    return best, agreeing


def _same_moments(row: ExportedRow, record: Record, about: Columns, zone: str) -> bool:
    """Whether the row is of the record as it was read: the same stamp, the same moments."""
    told, _ = as_record(row, about, zone)
    stamp = told.modified_at <= record.modified_at < told.modified_at + 60_000
    return stamp and all(same_value(told.properties[n], record.properties.get(n)) for n in about.moments)


def same_values(row: ExportedRow, record: Record, about: Columns, zone: str) -> bool:
    """Whether every cell says what the record says, as far as the row is certain."""
    told, certain = as_record(row, about, zone)
    return not certain or all(
        same_value(told.properties[name], record.properties.get(name)) for name in about.names
    )


def stamped(record: Record, at: int) -> Record:
    """The record with another stamp."""
    return replace(record, modified_at=at)
