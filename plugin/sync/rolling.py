"""A full pass over everything kept, in slices: each record and its links, as the CRM has them now.

The certain way to find what a search cannot show: links that changed without a change of count, values that
came back under the same stamp, deletions. A hundred records a call, links in thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from sqlalchemy.engine import Connection

from plugin.hubspot.client import Crm
from plugin.mapping.model import Mapping
from plugin.records import drift, portals, tombstones
from plugin.records.store import Store
from plugin.sync import findings
from plugin.sync.findings import GONE, LINKS, Findings, fault_of
from plugin.sync.importing import windows
from plugin.sync.reading import linked

WATERMARK = "rolling"
AT_ONCE = 1_000
#: The sides at which links are kept (the mirror keeps each once).
SIDES = {"deal": ("contact", "company"), "contact": ("company",), "company": ()}


@dataclass
class Position:
    """How far a pass has come; `object_type` is empty once it is through.

    `after` is the id of a record that is kept, or 0: never that of one who was erased.
    """

    started_at: int
    object_type: str
    after: int = 0
    finished_at: int = 0


class Rolling:
    """The pass of one portal, taken up where it was left."""

    def __init__(
        self,
        store: Store,
        crm: Crm,
        portal_id: int,
        mapping: Mapping,
        told: Findings,
        now: Callable[[], int],
    ) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.mapping = mapping
        self.findings = told
        self.now = now
        self.types = findings.types(mapping)

    def run(self, *, anew: bool, go_on: Callable[[int], bool] = lambda _: True) -> Position:
        """Go on, or begin `anew`; `go_on` is told how many records were compared and may end the slice."""
        here, done = self._position(anew), 0
        while here.object_type:
            done += self._step(here)
            if not go_on(done):
                break
        return here

    def _position(self, anew: bool) -> Position:
        with self.store.read() as connection:
            note = portals.watermark(connection, self.portal_id, WATERMARK)
        if note and not anew and note["object_type"] in self.types:
            return Position(**note)
        return Position(self.now(), self.types[0])

    def _step(self, here: Position) -> int:
        kind = here.object_type
        with self.store.read() as connection:
            ids = drift.ids_after(connection, self.portal_id, kind, here.after, AT_ONCE)
        faults = self._faults(kind, ids) if ids else {}
        here.after = ids[-1] if ids else 0
        if len(ids) < AT_ONCE:
            following = self.types[self.types.index(kind) + 1 :]
            here.object_type, here.after = (following[0] if following else ""), 0
            here.finished_at = 0 if following else self.now()
        with self.store.write() as connection:
            now = self.now()
            findings.mark(self.store, connection, self.portal_id, kind, faults, self.findings, now)
            step_off(self.store, connection, self.portal_id, here)
            portals.set_watermark(connection, self.store, self.portal_id, WATERMARK, asdict(here), now)
        return len(ids)

    def _faults(self, kind: str, ids: list[int]) -> dict[int, str]:
        result = self.crm.read(kind, ids, findings.properties(self.mapping, kind))
        self.findings.compared += len(ids)
        self.findings.reads += -(-len(ids) // 100)
        there = {record.id: record for record in result.records}
        with self.store.read() as connection:
            kept = drift.kept(connection, self.portal_id, kind, ids)
            spans = windows(connection, self.portal_id)
        faults = {i: GONE for i in ids if i not in there}
        for id_, record in there.items():
            if fault := fault_of(record, kept.get(id_), self.mapping, kind, spans):
                faults[id_] = fault
        for other in SIDES[kind]:
            if other == "contact" or self.mapping.companies:
                wrong = self._other_links(kind, other, [i for i in ids if i in there])
                faults = dict.fromkeys(wrong, LINKS) | faults
        return faults

    def _other_links(self, kind: str, other: str, ids: list[int]) -> set[int]:
        if not ids:
            return set()
        self.findings.reads += -(-len(ids) // 1_000)
        there = self.crm.associations(kind, other, ids)
        with self.store.read() as connection:
            kept = drift.links(connection, self.portal_id, kind, other, ids)
        return {i for i in ids if set(linked(there.get(i, []))) != kept.get(i, set())}


def step_off(store: Store, connection: Connection, portal_id: int, here: Position) -> bool:
    """Move a position that names somebody erased down to the next record that is kept; true if it did."""
    kind = here.object_type
    if not here.after or not tombstones.erased_ids(store, connection, portal_id, kind, [here.after]):
        return False
    here.after = drift.id_before(connection, portal_id, kind, here.after)
    return True


def forget_erased(store: Store, connection: Connection, portal_id: int, now: int) -> None:
    """The same for the position that is kept."""
    note = portals.watermark(connection, portal_id, WATERMARK)
    if note and step_off(store, connection, portal_id, here := Position(**note)):
        portals.set_watermark(connection, store, portal_id, WATERMARK, asdict(here), now)
