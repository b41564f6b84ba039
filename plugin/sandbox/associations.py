"""Associations between records: link, unlink, page through, and the counts that depend on them.

Each association is two rows, one per direction. Rows of an archived record stay, but are not live.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from plugin.sandbox.history import CALCULATED
from plugin.sandbox.kinds import (
    COMPANY,
    CONTACT,
    DEAL,
    DEFAULT_TYPES,
    PRIMARY_TYPES,
    Kind,
    default_type,
    kind_of,
)
from plugin.sandbox.labels import inverse_type, labels
from plugin.sandbox.problems import Problem, invalid
from plugin.sandbox.records import Record
from plugin.sandbox.unit import Change, Unit

# record kind: (property that counts, kind that is counted)
COUNTS = {
    CONTACT: (("num_associated_deals", DEAL),),
    COMPANY: (("num_associated_contacts", CONTACT), ("num_associated_deals", DEAL)),
    DEAL: (("num_associated_contacts", CONTACT),),
}


def link(unit: Unit, source: Record, target: Record, type_ids: Sequence[int] = ()) -> list[int]:
    """Associate two records; the unlabelled type always comes with a label. Returns the types now there."""
    pair = (source.kind.name, target.kind.name)
    wanted = dict.fromkeys([default_type(source.kind, target.kind), *type_ids])
    if pair in PRIMARY_TYPES:
        holder, primary = (source, target) if target.kind is COMPANY else (target, source)
        number = PRIMARY_TYPES[holder.kind.name, COMPANY.name]
        standing = _targets(unit, holder, COMPANY, number)
        if PRIMARY_TYPES[pair] in wanted:
            for company_id in standing - {primary.id}:  # one record has one primary company
                _delete(unit, holder.kind, holder.id, COMPANY, company_id, [number])
        elif not standing:  # the first company becomes the primary one
            wanted[PRIMARY_TYPES[pair]] = None
    known = labels(unit.documents, unit.portal, source.kind, target.kind)
    for type_id in wanted:
        if type_id not in known:
            raise invalid(f"Association type {type_id} does not exist between {pair[0]} and {pair[1]}")
    if _insert(unit, source, target, list(wanted)):
        _announce(unit, source, target, removed=False, primary=PRIMARY_TYPES.get(pair) in wanted)
        recount(unit, source, target)
    return list(wanted)


def unlink(unit: Unit, source: Record, target: Record, type_ids: Sequence[int] = ()) -> bool:
    """Remove labels, or the whole association when no type is named."""
    if not _delete(unit, source.kind, source.id, target.kind, target.id, list(type_ids)):
        return False
    if not type_ids:
        _announce(unit, source, target, removed=True, primary=False)
    recount(unit, source, target)
    return True


def _insert(unit: Unit, source: Record, target: Record, type_ids: list[int]) -> bool:
    """Both directions of each type; False when everything was there."""
    before = unit.conn.total_changes
    rows: list[tuple[Any, ...]] = []
    for type_id in type_ids:
        back = inverse_type(unit.documents, unit.portal, source.kind, target.kind, type_id)
        rows.append((unit.portal.id, source.kind.name, source.id, target.kind.name, target.id, type_id))
        rows.append((unit.portal.id, target.kind.name, target.id, source.kind.name, source.id, back))
    unit.conn.executemany(
        "INSERT OR IGNORE INTO associations (portal, kind, id, to_kind, to_id, type_id) VALUES (?,?,?,?,?,?)",
        rows,
    )
    return unit.conn.total_changes > before


def _delete(unit: Unit, kind: Kind, record_id: int, to_kind: Kind, to_id: int, type_ids: list[int]) -> bool:
    here = (unit.portal.id, kind.name, record_id, to_kind.name, to_id)
    there = (unit.portal.id, to_kind.name, to_id, kind.name, record_id)
    where = "DELETE FROM associations WHERE portal=? AND kind=? AND id=? AND to_kind=? AND to_id=?"
    if not type_ids:
        unit.conn.execute(where, there)
        return unit.conn.execute(where, here).rowcount > 0
    gone = 0
    for type_id in type_ids:
        back = inverse_type(unit.documents, unit.portal, kind, to_kind, type_id)
        unit.conn.execute(f"{where} AND type_id=?", (*there, back))
        gone += unit.conn.execute(f"{where} AND type_id=?", (*here, type_id)).rowcount
    return gone > 0


def _targets(unit: Unit, record: Record, kind: Kind, type_id: int) -> set[int]:
    rows = unit.conn.execute(
        "SELECT to_id FROM associations "
        "WHERE portal=? AND kind=? AND id=? AND to_kind=? AND type_id=? AND live",
        (unit.portal.id, record.kind.name, record.id, kind.name, type_id),
    )
    return {row[0] for row in rows}


def _announce(unit: Unit, source: Record, target: Record, *, removed: bool, primary: bool) -> None:
    # An association change is announced once per direction, without an objectId.
    for one, other in ((source, target), (target, source)):
        details = {
            "associationType": f"{one.kind.name}_to_{other.kind.name}".upper(),
            "associationTypeId": DEFAULT_TYPES[one.kind.name, other.kind.name],
            "fromObjectId": one.id,
            "toObjectId": other.id,
            "fromObjectTypeId": one.kind.type_id,
            "toObjectTypeId": other.kind.type_id,
            "associationRemoved": removed,
            "isPrimaryAssociation": primary,
        }
        unit.changes.append(Change("associationChange", one.kind, one.id, unit.source, details))


def recount(unit: Unit, *affected: Record) -> None:
    """Set the properties that HubSpot computes from associations."""
    for record in affected:
        values = {name: str(_count(unit, record, kind)) for name, kind in COUNTS.get(record.kind, ())}
        for name, value in values.items():
            if value == "0" and not record.properties.get(name):
                values[name] = ""  # a record that never had one has no count
        if record.kind is CONTACT:
            primary = _targets(unit, record, COMPANY, PRIMARY_TYPES["contact", "company"])
            values["associatedcompanyid"] = str(min(primary)) if primary else ""
        unit.set(record, values, CALCULATED)


def _count(unit: Unit, record: Record, kind: Kind) -> int:
    row = unit.conn.execute(
        "SELECT count(DISTINCT to_id) FROM associations "
        "WHERE portal=? AND kind=? AND id=? AND to_kind=? AND live",
        (unit.portal.id, record.kind.name, record.id, kind.name),
    ).fetchone()
    return int(row[0])


def neighbours(unit: Unit, record: Record) -> list[Record]:
    """Every live record that is associated with this one."""
    rows = unit.conn.execute(
        "SELECT DISTINCT to_kind, to_id FROM associations WHERE portal=? AND kind=? AND id=? AND live",
        (unit.portal.id, record.kind.name, record.id),
    ).fetchall()
    ids: dict[str, list[int]] = {}
    for name, number in rows:
        ids.setdefault(name, []).append(number)
    return [found for name, numbers in ids.items() for found in unit.fetch(kind_of(name), numbers).values()]


def set_live(unit: Unit, record: Record, live: bool) -> list[Record]:
    """Hide a record's associations, or show those again whose other end is live."""
    rows = unit.conn.execute(
        "SELECT to_kind, to_id FROM associations WHERE portal=? AND kind=? AND id=?",
        (unit.portal.id, record.kind.name, record.id),
    ).fetchall()
    touched: list[Record] = []
    for name, number in dict.fromkeys(rows):
        other = unit.fetch(kind_of(name), [number]).get(number)
        if other is None or (live and not other.live):
            continue
        touched.append(other)
        for one, two in ((record, other), (other, record)):
            unit.conn.execute(
                "UPDATE associations SET live=? WHERE portal=? AND kind=? AND id=? AND to_kind=? AND to_id=?",
                (int(live), unit.portal.id, one.kind.name, one.id, two.kind.name, two.id),
            )
    return [other for other in touched if other.live]


def page(
    conn: sqlite3.Connection, portal: int, source: Kind, record_id: int, target: Kind, after: int, size: int
) -> tuple[list[tuple[int, list[int]]], int | None]:
    """Up to `size` associated ids above `after` with their type ids, and where the next page starts."""
    rows = conn.execute(
        "SELECT to_id, group_concat(type_id) FROM associations WHERE portal=? AND kind=? AND id=? "
        "AND to_kind=? AND to_id > ? AND live GROUP BY to_id ORDER BY to_id LIMIT ?",
        (portal, source.name, record_id, target.name, after, size + 1),
    ).fetchall()
    found = [(row[0], sorted(int(part) for part in str(row[1]).split(","))) for row in rows[:size]]
    return found, (found[-1][0] if len(rows) > size else None)


def number_of(text: Any) -> int:
    """A record id from a request; anything that is not a number is a 400."""
    try:
        return int(str(text))
    except ValueError:
        raise Problem(400, f"Invalid object id: {text}", "VALIDATION_ERROR") from None
