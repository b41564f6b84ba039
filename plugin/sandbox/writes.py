"""Create, update, archive, restore and erase records: checked as a whole, then written as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from plugin.sandbox import associations, records, rules
from plugin.sandbox.kinds import CONTACT, DEAL, Kind
from plugin.sandbox.problems import BadValue, Problem, invalid_values
from plugin.sandbox.records import Record
from plugin.sandbox.unit import Unit
from plugin.sandbox.values import checked, iso, moment_of


@dataclass
class Draft:
    """A record to be created: raw values, and associations as (kind, id, type ids)."""

    values: dict[str, Any]
    links: list[tuple[Kind, int, list[int]]] = field(default_factory=list)


@dataclass
class Edit:
    """Raw values to be written to a record."""

    record: Record
    values: dict[str, Any]


def check_all(unit: Unit, kind: Kind, edits: Sequence[Edit], version: str = "") -> list[dict[str, str]]:
    """The values of all edits as HubSpot stores them; one bad value refuses everything (400)."""
    faults: list[BadValue] = []
    clean: list[dict[str, str]] = []
    for edit in edits:
        values = _checked_values(unit, kind, edit, faults)
        faults += rules.check_stage(unit, edit.record, values)
        clean.append(values)
    if faults:
        raise invalid_values(faults, unit.portal.id)
    for edit, values in zip(edits, clean, strict=True):
        rules.check_required(unit, edit.record, values, version)
        _check_unique(unit, edit.record, values)
    return clean


def _checked_values(unit: Unit, kind: Kind, edit: Edit, faults: list[BadValue]) -> dict[str, str]:
    definitions = unit.properties(kind)
    values: dict[str, str] = {}
    for name, raw in edit.values.items():
        prop = definitions.get(name)
        try:
            if prop is None:
                raise BadValue("PROPERTY_DOESNT_EXIST", name, f'Property "{name}" does not exist')
            if prop.read_only:
                text = f'"{name}" is a read only property; its value cannot be set.'
                raise BadValue("READ_ONLY_VALUE", name, text)
            values[name] = checked(prop, raw, edit.record.properties.get(name) or "")
        except BadValue as fault:
            faults.append(fault)
    return values


def _check_unique(unit: Unit, record: Record, values: dict[str, str]) -> None:
    for name, value in values.items():
        if not value or not unit.properties(record.kind)[name].unique:
            continue
        holder = records.by_unique(unit.conn, unit.portal.id, record.kind, name, value)
        if holder is None or holder == record.id:
            continue
        if record.kind is CONTACT and name == "email":
            raise Problem(409, f"Contact already exists. Existing ID: {holder}", "CONFLICT")
        text = f"Cannot set {name}={value} on {record.id}. {holder} already has that value."
        raise Problem(400, text, "VALIDATION_ERROR")


def create(unit: Unit, kind: Kind, drafts: Sequence[Draft], version: str = "") -> list[Record]:
    """New records with their associations."""
    edits = [Edit(_blank(unit, kind), _with_defaults(unit, kind, draft.values)) for draft in drafts]
    clean = check_all(unit, kind, edits, version)
    made: list[Record] = []
    for draft, edit, values in zip(drafts, edits, clean, strict=True):
        _check_unique(unit, edit.record, values)  # again: two drafts of one batch may share an e-mail
        made.append(_create_one(unit, edit.record, values))
        for target_kind, target_id, type_ids in draft.links:
            _link_checked(unit, edit.record, target_kind, target_id, type_ids)
    return made


def _blank(unit: Unit, kind: Kind) -> Record:
    return Record(kind, 0, {}, unit.now, unit.now)


def _with_defaults(unit: Unit, kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    # A deal without pipeline or stage gets the first ones.
    if kind is not DEAL:
        return values
    pipelines = unit.pipelines.all(unit.portal, DEAL)
    pipeline = values.get("pipeline") or pipelines[0]["id"]
    stages: list[dict[str, Any]] = next((body["stages"] for body in pipelines if body["id"] == pipeline), [])
    first = {"dealstage": stages[0]["id"]} if stages else {}
    return {"pipeline": pipeline, **first, **{name: value for name, value in values.items() if value}}


def _create_one(unit: Unit, record: Record, values: dict[str, str]) -> Record:
    record.id = unit.next_id()
    unit.announce("creation", record)
    unit.add(record)
    written = {name: value for name, value in values.items() if value}
    record.created_at = moment_of(written.get(record.kind.created, "")) or unit.now
    record.properties["hs_object_id"] = str(record.id)
    if record.kind.created not in written:  # given by HubSpot, and not announced
        record.properties[record.kind.created] = iso(unit.now)
    rules.after_write(unit, record, unit.set(record, written))
    return record


def _link_checked(unit: Unit, record: Record, kind: Kind, target_id: int, type_ids: list[int]) -> None:
    target = records.survivor(unit.conn, unit.portal.id, kind, target_id)
    if target is None or not target.live:
        raise Problem(400, f"{kind.name.upper()} {target_id} does not exist", "VALIDATION_ERROR")
    link(unit, record, unit.get(kind, target.id), type_ids)


def link(unit: Unit, one: Record, other: Record, type_ids: Sequence[int] = ()) -> list[int]:
    """Associate two records; a deal moves its contacts and companies on. Returns the types now there."""
    types = associations.link(unit, one, other, type_ids)
    for record in (one, other):
        if record.kind is DEAL:
            rules.advance_neighbours(unit, record)
    return types


def update(unit: Unit, kind: Kind, edits: Sequence[Edit], version: str = "") -> list[dict[str, str]]:
    """Write edits; per edit the values that HubSpot took. A backward lifecyclestage is not among them."""
    clean = check_all(unit, kind, edits, version)
    for edit, values in zip(edits, clean, strict=True):
        allowed = rules.without_backward_stage(unit, edit.record, values)
        rules.after_write(unit, edit.record, unit.set(edit.record, allowed))
    return clean


def archive(unit: Unit, record: Record) -> None:
    """Put a record into the bin: hidden from lists, its associations hidden with it."""
    others = associations.set_live(unit, record, live=False)
    record.archived_at = unit.now
    unit.touch(record)
    _free_uniques(unit, record)
    unit.announce("deletion", record)
    associations.recount(unit, *others)


def restore(unit: Unit, record: Record) -> None:
    """Take an archived record out of the bin."""
    record.archived_at = None
    unit.touch(record)
    for name, prop in unit.properties(record.kind).items():
        value = record.properties.get(name)
        if prop.unique and value:
            row = (unit.portal.id, record.kind.name, name, value.lower(), record.id)
            unit.conn.execute("INSERT OR IGNORE INTO uniques VALUES (?, ?, ?, ?, ?)", row)
    unit.announce("restore", record)
    others = associations.set_live(unit, record, live=True)
    associations.recount(unit, record, *others)


def erase(unit: Unit, record: Record) -> None:
    """Delete a contact for good, with its history (GDPR). Both events fire, in either order."""
    others = associations.set_live(unit, record, live=False) if record.live else []
    unit.announce("privacyDeletion", record)
    if record.live:
        unit.announce("deletion", record)
    _free_uniques(unit, record)
    key = (unit.portal.id, record.kind.name, record.id)
    for table in ("records", "history", "associations"):
        unit.conn.execute(f"DELETE FROM {table} WHERE portal=? AND kind=? AND id=?", key)
    unit.conn.execute("DELETE FROM associations WHERE portal=? AND to_kind=? AND to_id=?", key)
    unit.forget(record)
    associations.recount(unit, *others)


def _free_uniques(unit: Unit, record: Record) -> None:
    unit.conn.execute(
        "DELETE FROM uniques WHERE portal=? AND kind=? AND id=?",
        (unit.portal.id, record.kind.name, record.id),
    )
