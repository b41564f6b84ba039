"""What a comparison with the CRM found to be missing here, and the marks that make it good.

Repairs go through marks only: nothing is written to the mirror here, the records are read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from plugin.hubspot.client import Record
from plugin.mapping.model import Mapping as FieldMapping
from plugin.records import drift, minutes, tombstones, work
from plugin.records.drift import Kept
from plugin.records.store import Store

#: What can be wrong with a record: never seen, changed since, other links, no longer in the CRM.
UNSEEN, CHANGED, LINKS, GONE = "unseen", "changed", "links", "gone"
SAMPLES = 20

#: HubSpot's own counts of a record's associations: property → object type at the other end.
COUNTS: dict[str, dict[str, str]] = {
    "contact": {"num_associated_deals": "deal"},
    "deal": {"num_associated_contacts": "contact"},
    "company": {"num_associated_deals": "deal", "num_associated_contacts": "contact"},
}


@dataclass
class Findings:
    """Counts by object type and kind of fault, and a few samples; JSON round trip by `as_dict`."""

    compared: int = 0  # records looked at
    searches: int = 0
    reads: int = 0
    journal: int = 0  # records of which only the webhooks journal told
    found: dict[str, dict[str, int]] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Records that were not as the CRM has them."""
        return sum(sum(kinds.values()) for kinds in self.found.values())

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {**asdict(self), "total": self.total}

    def note(self, object_type: str, faults: Mapping[int, str]) -> None:
        """Count these records."""
        kinds = self.found.setdefault(object_type, {}) if faults else {}
        for id_, what in faults.items():
            kinds[what] = kinds.get(what, 0) + 1
            if len(self.samples) < SAMPLES:
                self.samples.append({"object": object_type, "id": id_, "what": what})


def types(mapping: FieldMapping) -> list[str]:
    """The object types that are read."""
    return [*(["company"] if "company" in mapping.customer_objects() else []), "contact", "deal"]


def properties(mapping: FieldMapping, object_type: str) -> list[str]:
    """What a comparison asks for: the mapped values and the counts of associations."""
    read = (*mapping.read_properties(object_type), *_outputs(mapping, object_type))
    return list(dict.fromkeys((*read, *COUNTS[object_type])))


def _outputs(mapping: FieldMapping, object_type: str) -> list[str]:
    ours = mapping.crm_outputs() if object_type in mapping.customer_objects() else ()
    return [output.name for _, output in ours]


def fault_of(
    record: Record,
    kept: Kept | None,
    mapping: FieldMapping,
    object_type: str,
    imported: Sequence[tuple[int, int]] = (),
) -> str | None:
    """What is wrong with what we keep of a record that the CRM has.

    The stamp alone would not do: our own writes move it past a change that was never told to us, so the
    mapped values are compared, too. An answer older than the mirror (the index lags) says nothing. A stamp
    within the spans `imported` (ms) may be that of an import of ours, which tells none: there the values of
    our own properties decide as well.
    """
    if kept is None:
        return UNSEEN
    by_import = any(low <= record.modified_at <= high for low, high in imported)
    if record.modified_at > kept.modified_at and not (
        by_import and _as_written(record, kept, mapping, object_type)
    ):
        return CHANGED
    if record.modified_at < kept.modified_at and not minutes.same_stamp(kept.modified_at, record.modified_at):
        return None
    values = record.properties
    names = mapping.read_properties(object_type)
    if not all(minutes.same_value(kept.properties.get(name), values.get(name)) for name in names):
        return CHANGED
    counted = {other: values.get(name) for name, other in COUNTS[object_type].items()}
    wrong = any(_differs(text, kept.linked.get(other, 0)) for other, text in counted.items())
    return LINKS if wrong else None


def _as_written(record: Record, kept: Kept, mapping: FieldMapping, object_type: str) -> bool:
    """Whether our own properties hold what they held after our last write."""
    names = _outputs(mapping, object_type)
    return all((record.properties.get(name) or "") == (kept.outputs.get(name) or "") for name in names)


def _differs(text: str | None, kept: int) -> bool:
    """HubSpot leaves the count empty for a record that never had an association: that says nothing."""
    return text is not None and text.isdigit() and int(text) != kept


def mark(
    store: Store,
    connection: Connection,
    portal_id: int,
    object_type: str,
    faults: Mapping[int, str],
    findings: Findings,
    now: int,
) -> None:
    """Mark these records to be read again with their associations; those that wait already are no finding."""
    gone = tombstones.erased_ids(store, connection, portal_id, object_type, faults)
    faults = {id_: what for id_, what in faults.items() if id_ not in gone}  # erased: not to come back
    waiting = drift.waiting(connection, portal_id, object_type, faults)
    findings.note(object_type, {id_: what for id_, what in faults.items() if id_ not in waiting})
    keys = {(object_type, id_): True for id_ in faults}
    work.mark_records(store, connection, portal_id, keys, now=now, priority=work.REPAIR, linger=0)
