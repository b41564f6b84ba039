"""Reads marked records from the CRM into the mirror, and says which customers that touches.

Only what is marked is read, in full batches: for 100 new contacts with D deals that is two calls for the
contacts (50 a call, with history), one for their deals' ids, D/50 for the deals and one for those' contacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from plugin.hubspot.client import Association, Crm, Record
from plugin.hubspot.protocol.objects import PRIMARY_COMPANY
from plugin.mapping.model import Mapping as FieldMapping
from plugin.records import associations, mirror
from plugin.records.store import Store
from plugin.records.work import RecordKey
from plugin.sync import ledger, merged

TYPES = ("contact", "company", "deal")


@dataclass
class Found:
    """What one round of reading brought, before it is kept."""

    read_at: int
    records: dict[str, list[Record]] = field(default_factory=lambda: {name: [] for name in TYPES})
    missing: dict[str, set[int]] = field(default_factory=lambda: {name: set() for name in TYPES})
    # (from type, to type) -> {from id: [(to id, is primary)]}
    links: dict[tuple[str, str], dict[int, list[tuple[int, bool]]]] = field(default_factory=dict)
    successors: set[RecordKey] = field(default_factory=set)  # records that merged ones became
    absorbed: dict[str, dict[int, set[int]]] = field(default_factory=dict)  # {type: {id: ids merged into it}}


@dataclass(frozen=True)
class Touched:
    """What follows from a round of reading."""

    customers: set[RecordKey]  # to be evaluated
    gone: set[RecordKey]  # customers that the CRM no longer has
    unknown: set[RecordKey]  # records met on the way that were never read: to be marked


class Reading:
    """One round of reading for one portal."""

    def __init__(self, store: Store, crm: Crm, portal_id: int, mapping: FieldMapping, read_at: int) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.mapping = mapping
        self.found = Found(read_at)
        self.companies = mapping.companies
        self.output_names = [output.name for _, output in mapping.crm_outputs()]

    def fetch(self, marked: Mapping[RecordKey, bool]) -> None:
        """Read the marked records, and the associations of those marked so or never read before.

        Nothing is kept yet; raises CrmError when the CRM does not answer.
        """
        ids = mirror.by_type(marked)
        with self.store.read() as connection:
            known = {
                name: mirror.known(connection, self.portal_id, name, ids.get(name, ())) for name in TYPES
            }
        whole = {
            name: {i for i in ids.get(name, ()) if marked[name, i] or i not in known[name]} for name in TYPES
        }
        for name in ("company", "contact"):
            self._read(name, ids.get(name, []))
        deals = set(ids.get("deal", ())) | self._deals_behind("contact", whole["contact"], whole["deal"])
        if self.companies:
            deals |= self._deals_behind("company", whole["company"], whole["deal"])
            self._link("contact", "company", whole["contact"])
        self._read("deal", sorted(deals))
        self._link("deal", "contact", whole["deal"])
        if self.companies:
            self._link("deal", "company", whole["deal"])

    def _read(self, object_type: str, ids: Sequence[int]) -> None:
        if not ids:
            return
        result = self.crm.read(
            object_type, ids, self.properties(object_type), self.mapping.history_properties(object_type)
        )
        self.found.records[object_type] = result.records
        present = {record.id for record in result.records}
        self.found.missing[object_type] = set(ids) - present
        self.found.absorbed[object_type] = result.absorbed
        self.found.successors |= {(object_type, record) for record in present - set(ids)}

    def properties(self, object_type: str) -> list[str]:
        """The properties to ask for: the mapped ones, and on customers our own as they stand."""
        outputs = self.output_names if object_type in self.mapping.customer_objects() else []
        return list(dict.fromkeys((*self.mapping.read_properties(object_type), *outputs)))

    def _deals_behind(self, object_type: str, ids: set[int], whole_deals: set[int]) -> set[int]:
        """The deals to read because of these contacts or companies: those the mirror does not link alike.

        Their own associations have to be read, too: they are added to `whole_deals`.
        """
        alive = sorted(ids - self.found.missing[object_type])
        if not alive:
            return set()
        there = self.crm.associations(object_type, "deal", alive)
        listed = {association.to_id for found in there.values() for association in found}
        with self.store.read() as connection:
            kept = associations.neighbours(
                connection, self.portal_id, "deal", object_type, of="to", ids=alive
            )
            known = mirror.known(connection, self.portal_id, "deal", listed)
        whole_deals |= (listed - known) | (listed ^ kept)
        return listed - known

    def _link(self, from_type: str, to_type: str, ids: set[int]) -> None:
        alive = sorted(ids - self.found.missing[from_type])
        if alive:
            there = self.crm.associations(from_type, to_type, alive)
            self.found.links[from_type, to_type] = {i: linked(there.get(i, [])) for i in alive}

    def keep(self, connection: Connection) -> Touched:
        """Keep what was found, in the caller's transaction; returns what follows from it."""
        changed = {
            name: {record.id for record in self.found.records[name]} | self.found.missing[name]
            for name in TYPES
        }
        for (from_type, _), links in self.found.links.items():
            changed[from_type] |= set(links)
        changed["deal"] |= self._left_behind(connection)
        before = self._customers_of(connection, changed)
        for name in TYPES:
            self._keep_records(connection, name, self.found.records[name])
            mirror.forget(connection, self.portal_id, name, self.found.missing[name], self.found.read_at)
            mirror.note_gone(
                self.store, connection, self.portal_id, name, self.found.missing[name], self.found.read_at
            )
        for (from_type, to_type), links in self.found.links.items():
            self._keep_links(connection, from_type, to_type, links)
        self._stamp(connection)
        for name in self.mapping.customer_objects():
            merged.take_over(self.store, connection, self.portal_id, name, self.found.absorbed.get(name, {}))
        after = self._customers_of(connection, changed)
        gone = {(name, i) for name in self.mapping.customer_objects() for i in self.found.missing[name]}
        unknown = self._unknown(connection) | self.found.successors
        return Touched((before | after) - gone, gone, unknown)

    def _left_behind(self, connection: Connection) -> set[int]:
        """The deals of customers that are gone: whoever shares such a deal has a larger part of it now."""
        return {
            deal
            for name in self.mapping.customer_objects()
            for deal in associations.neighbours(
                connection, self.portal_id, "deal", name, of="to", ids=self.found.missing[name]
            )
        }

    def _keep_records(self, connection: Connection, object_type: str, records: Sequence[Record]) -> None:
        outputs = set(self.output_names)
        seen = [as_seen(object_type, record, outputs) for record in records]
        mirror.save(self.store, connection, self.portal_id, seen, self.found.read_at)
        if object_type in self.mapping.customer_objects():
            standing = {(object_type, one.id): one.outputs for one in seen}
            ledger.settle_by_reading(connection, self.portal_id, standing, self.found.read_at)

    def _keep_links(
        self,
        connection: Connection,
        from_type: str,
        to_type: str,
        links: Mapping[int, list[tuple[int, bool]]],
    ) -> None:
        at = self.found.read_at
        associations.save(self.store, connection, self.portal_id, from_type, to_type, links, at)

    def _stamp(self, connection: Connection) -> None:
        """From now on the associations of these records are known.

        A contact's deals are kept with the deals, so a contact counts once its deals' ids were asked for.
        """
        for name in TYPES:
            ids = {record.id for record in self.found.records[name]}
            linked_ids = {i for (kind, _), links in self.found.links.items() if kind == name for i in links}
            associations.stamp(connection, self.portal_id, name, ids | linked_ids, self.found.read_at)

    def _customers_of(self, connection: Connection, changed: Mapping[str, set[int]]) -> set[RecordKey]:
        """The customers whose outcome depends on these records, as the mirror links them now."""
        result: set[RecordKey] = set()
        for name in self.mapping.customer_objects():
            ids = changed[name] | self._near(connection, "deal", name, changed["deal"])
            if name == "company":
                ids |= self._near(connection, "contact", "company", changed["contact"])
            elif self.companies:
                ids |= self._colleagues(connection, changed["deal"])
            result |= {(name, i) for i in ids}
        return result

    def _colleagues(self, connection: Connection, deals: set[int]) -> set[int]:
        """The contacts of the companies that these deals belong to: whether their company buys may change."""
        companies = self._near(connection, "deal", "company", deals)
        return associations.neighbours(
            connection, self.portal_id, "contact", "company", of="to", ids=companies
        )

    def _near(self, connection: Connection, from_type: str, to_type: str, ids: Iterable[int]) -> set[int]:
        return associations.neighbours(connection, self.portal_id, from_type, to_type, of="from", ids=ids)

    def _unknown(self, connection: Connection) -> set[RecordKey]:
        """Records at the far end of new links that were never read themselves."""
        result: set[RecordKey] = set()
        for (_, to_type), links in self.found.links.items():
            if to_type == "company" and "company" not in self.mapping.customer_objects():
                continue  # only who belongs to it matters
            ids = {to_id for found in links.values() for to_id, _ in found}
            known = mirror.known(connection, self.portal_id, to_type, ids)
            result |= {(to_type, i) for i in ids - known - self.found.missing[to_type]}
        return result


def linked(found: Sequence[Association]) -> list[tuple[int, bool]]:
    """(id, is primary) of associations: HubSpot's own label is «Primary», pages tell only its type."""
    return [
        (
            a.to_id,
            bool(PRIMARY_COMPANY & set(a.type_ids)) or any(one.lower() == "primary" for one in a.labels),
        )
        for a in found
    ]


def as_seen(object_type: str, record: Record, output_names: set[str]) -> mirror.Seen:
    """A record as the mirror keeps it: source values and our outputs apart."""
    values = record.properties
    return mirror.Seen(
        object_type=object_type,
        id=record.id,
        properties={name: value for name, value in values.items() if name not in output_names},
        outputs={name: value for name, value in values.items() if name in output_names},
        history=[(name, at, value) for name, past in record.history.items() for at, value in past],
        modified_at=record.modified_at,
    )
