"""Merging two records: since January 2025 the outcome is a new record with a new id."""

from __future__ import annotations

from plugin.sandbox import associations, history, rules
from plugin.sandbox.history import Entry, Source
from plugin.sandbox.kinds import COMPANY, CONTACT, Kind, kind_of
from plugin.sandbox.problems import invalid
from plugin.sandbox.records import Record
from plugin.sandbox.unit import Unit
from plugin.sandbox.values import iso

_OWN = frozenset(
    {"hs_object_id", "hs_merged_object_ids", "hs_calculated_merged_vids", "num_associated_deals"}
)


def merge(unit: Unit, kind: Kind, primary_id: int, other_id: int) -> Record:
    """Merge `other_id` into `primary_id`; both ids become aliases of the new record.

    The primary's values win where it has any. There is one merge event, a deletion for each record
    that went away, and no propertyChange for the values that the merge changed.
    """
    if primary_id == other_id:
        raise invalid("Cannot merge a record with itself")
    primary, other = unit.get(kind, primary_id), unit.get(kind, other_id)
    survivor = Record(kind, unit.next_id(), _values(unit, primary, other), 0, unit.now)
    survivor.created_at = min(primary.created_at, other.created_at)
    survivor.properties |= _identity(kind, survivor, primary, other, unit.now)
    unit.flush()
    _carry_history(unit, survivor, primary, other)
    links = _links(unit, primary, other)
    for gone in (primary, other):
        _retire(unit, gone, survivor)
    unit.add(survivor)
    _carry_uniques(unit, survivor)
    quiet = len(unit.changes)
    for target, type_ids in links:
        associations.link(unit, survivor, target, type_ids)
    associations.recount(unit, survivor)
    del unit.changes[quiet:]
    _announce(unit, survivor, primary, other)
    return survivor


def _values(unit: Unit, primary: Record, other: Record) -> dict[str, str]:
    values = {name: value for name, value in other.properties.items() if value and name not in _OWN}
    values |= {name: value for name, value in primary.properties.items() if value and name not in _OWN}
    if primary.kind in (CONTACT, COMPANY):
        stages = [record.properties.get(rules.STAGE) or "" for record in (primary, other)]
        furthest = max(stages, key=lambda stage: rules.stage_rank(unit, primary.kind, stage))
        values |= {rules.STAGE: furthest} if furthest else {}
    return values


def _identity(kind: Kind, survivor: Record, primary: Record, other: Record, now: int) -> dict[str, str]:
    earlier = ";".join(record.properties.get("hs_merged_object_ids") or "" for record in (primary, other))
    merged = [item for item in earlier.split(";") if item]
    values = {
        "hs_object_id": str(survivor.id),
        "hs_merged_object_ids": ";".join(dict.fromkeys([*merged, str(primary.id), str(other.id)])),
        kind.created: iso(survivor.created_at),
    }
    if kind is CONTACT:
        listed = [record.properties.get("hs_calculated_merged_vids") or "" for record in (primary, other)]
        fresh = [f"{record.id}:{now}" for record in (primary, other)]
        values["hs_calculated_merged_vids"] = ";".join([item for item in listed if item] + fresh)
        spare = other.properties.get("email") or ""
        if spare and primary.properties.get("email"):
            values["hs_additional_emails"] = spare
    return values


def _carry_history(unit: Unit, survivor: Record, primary: Record, other: Record) -> None:
    """The winning value's history becomes the survivor's; a value new to the primary is dated now."""
    rows: list[history.Row] = []
    for name, value in survivor.properties.items():
        winner = primary if primary.properties.get(name) == value else other
        kept = unit.conn.execute(
            "SELECT value, at, source_type, source_id FROM history "
            "WHERE portal=? AND kind=? AND id=? AND property=? ORDER BY number",
            (unit.portal.id, winner.kind.name, winner.id, name),
        ).fetchall()
        if not kept and winner.properties.get(name) == value:
            kept = [(value, winner.created_at, "IMPORT", "import:1")]
        rows += [(unit.portal.id, survivor.kind.name, survivor.id, name, *row) for row in kept]
    history.add_rows(unit.conn, rows)
    source = Source("MERGE_OBJECTS", f"mergeId:{other.id}")
    taken = [
        name
        for name, value in survivor.properties.items()
        if value == other.properties.get(name) and value != primary.properties.get(name)
    ]
    entries = [Entry(survivor, name, survivor.properties[name], "", unit.now, source) for name in taken]
    history.write(unit.conn, unit.portal.id, entries)


def _links(unit: Unit, primary: Record, other: Record) -> list[tuple[Record, list[int]]]:
    rows = unit.conn.execute(
        "SELECT to_kind, to_id, type_id, id = ? FROM associations "
        "WHERE portal=? AND kind=? AND id IN (?, ?) AND live ORDER BY id = ? DESC",
        (primary.id, unit.portal.id, primary.kind.name, primary.id, other.id, primary.id),
    ).fetchall()
    found: dict[tuple[str, int], list[int]] = {}
    for name, number, type_id, is_primary in rows:
        primary_label = type_id in (1, 2, 5, 6)
        listed = found.setdefault((name, number), [])
        if type_id not in listed and (is_primary or not primary_label):
            listed.append(type_id)
    pairs = (
        (unit.fetch(kind_of(name), [number]).get(number), types) for (name, number), types in found.items()
    )
    return [(record, types) for record, types in pairs if record is not None and record.live]


def _retire(unit: Unit, record: Record, survivor: Record) -> None:
    key = (unit.portal.id, record.kind.name, record.id)
    unit.conn.execute("DELETE FROM associations WHERE portal=? AND kind=? AND id=?", key)
    unit.conn.execute("DELETE FROM associations WHERE portal=? AND to_kind=? AND to_id=?", key)
    unit.conn.execute("DELETE FROM uniques WHERE portal=? AND kind=? AND id=?", key)
    record.merged_into = survivor.id
    unit.touch(record)


def _carry_uniques(unit: Unit, survivor: Record) -> None:
    for name, prop in unit.properties(survivor.kind).items():
        value = survivor.properties.get(name)
        if prop.unique and value:
            row = (unit.portal.id, survivor.kind.name, name, value.lower(), survivor.id)
            unit.conn.execute("INSERT OR REPLACE INTO uniques VALUES (?, ?, ?, ?, ?)", row)


def _announce(unit: Unit, survivor: Record, primary: Record, other: Record) -> None:
    unit.announce(
        "merge",
        primary,
        primaryObjectId=primary.id,
        mergedObjectIds=[other.id],
        newObjectId=survivor.id,
        numberOfPropertiesMoved=sum(1 for value in other.properties.values() if value),
    )
    for gone in (primary, other):
        unit.announce("deletion", gone)
