"""What an admin asks for about one person: erase everything that is held, or show it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from plugin.errors import InputError
from plugin.jobs.apply import apply_inbox
from plugin.jobs.context import Context
from plugin.jobs.erasing import erase_in
from plugin.records import erasure, tombstones
from plugin.records.work import RecordKey


@dataclass(frozen=True)
class Erased:
    """What an erasure came to: rows deleted by table, other records whose share is computed anew."""

    record: RecordKey
    records: list[RecordKey]  # it, and those merged into it
    rows: dict[str, int]
    looked_at_again: int
    cleared: bool

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def as_text(self) -> str:
        """For people."""
        kind, id_ = self.record
        rows = sum(self.rows.values())
        in_crm = "Our properties on it" if self.cleared else "What stands on the record"
        fate = "are emptied" if self.cleared else "is not touched"
        return f"{kind.capitalize()} {id_} is erased: {rows} rows deleted.\n{in_crm} in HubSpot {fate}."


def erase(context: Context, portal_id: int, record: RecordKey, *, clear: bool = False) -> Erased:
    """Erase one record; with `clear`, first empty our properties on it in the CRM.

    Raises InputError if nothing is known of it, CrmError if the CRM cannot be asked: then nothing is erased.
    """
    with context.store.read() as connection:
        theirs = erasure.with_merged(connection, portal_id, record)
        known = erasure.held(connection, portal_id, theirs)
        if not known and not tombstones.erased(context.store, connection, portal_id, [record]):
            raise InputError(
                f"Nothing is held about {record[0]} {record[1]}.",
                cure="Check the id and --object; `lifecycle export --person ID` shows what is held.",
            )
    if clear:
        _clear(context, portal_id, record)
    with context.store.write() as connection:
        rows, marked = erase_in(context, connection, portal_id, [record])
    while apply_inbox(context):  # what has arrived about them marks nothing any more, and is gone
        pass
    return Erased(record, theirs, rows, marked, clear)


def _clear(context: Context, portal_id: int, record: RecordKey) -> None:
    """Empty every property of ours on the record."""
    mapping = context.current(portal_id).mapping
    names = [output.name for _, output in mapping.written_outputs()]
    crm = context.crm(portal_id, "interactive")
    result = crm.update(record[0], [(record[1], dict.fromkeys(names, ""))])
    if any(one.property is None for one in result.failed):  # a property that was never made is empty
        raise InputError(
            f"HubSpot did not empty the record's properties: {result.failed[0].message}",
            cure="Erase it without --clear if the record is gone in HubSpot.",
        )


def held(context: Context, portal_id: int, record: RecordKey) -> dict[str, Any]:
    """Everything that is held about a record and those merged into it, by table.

    Raises InputError if that is nothing.
    """
    while apply_inbox(context):
        pass
    with context.store.read() as connection:
        theirs = erasure.with_merged(connection, portal_id, record)
        found = erasure.held(connection, portal_id, theirs)
    if not found:
        raise InputError(
            f"Nothing is held about {record[0]} {record[1]}.", cure="Check the id, --object and --portal."
        )
    return {"object": record[0], "id": record[1], "merged": [i for _, i in theirs if i != record[1]], **found}
