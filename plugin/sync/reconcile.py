"""Finds what no webhook told us, by modification time, and marks it: searches in windows since the last time.

Costs one search for 200 records that changed, and a few windows. Records that are gone leave no trace in a
search by time: `gone.py` finds them by counting, `rolling.py` by reading everything once a week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from plugin.errors import CrmProtocolError
from plugin.hubspot.client import Crm, Record, SearchPage
from plugin.hubspot.protocol.objects import modified_property
from plugin.mapping.model import Mapping
from plugin.records import drift, portals
from plugin.records.store import Store
from plugin.sync import findings
from plugin.sync.backfill import WATERMARK as BACKFILL
from plugin.sync.findings import Findings, fault_of
from plugin.sync.importing import windows

WATERMARK = "reconcile"
OVERLAP_MS = 600_000  # HubSpot's search index lags by «a few moments»
PAGE = 200
REACH = 10_000  # HubSpot's rule: no search gives out more
NARROWEST_MS = 1_000

Filter = dict[str, Any]


class Reconcile:
    """A look at everything that changed in one portal since the last look."""

    def __init__(
        self, store: Store, crm: Crm, portal_id: int, mapping: Mapping, now: Callable[[], int]
    ) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.mapping = mapping
        self.now = now
        self.findings = Findings()

    def run(self, until: int, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Compare everything modified up to `until` (ms); false if `go_on` ended it before.

        How far it came is kept after every window: the next run goes on from there.
        """
        since = self._since()
        for object_type in findings.types(self.mapping):
            for high in self._windows(object_type, since[object_type] - OVERLAP_MS, until):
                since[object_type] = high
                self._note(since)
                if not go_on():
                    return False
        return True

    def _since(self) -> dict[str, int]:
        """Up to when each object type was compared; a whole load counts from its start."""
        with self.store.read() as connection:
            note = portals.watermark(connection, self.portal_id, WATERMARK) or {}
            load = portals.watermark(connection, self.portal_id, BACKFILL) or {}
        begun = int(load.get("started_at", 0)) if load.get("finished") else 0
        return {name: max(begun, int(note.get(name, 0))) for name in findings.types(self.mapping)}

    def _note(self, since: dict[str, int]) -> None:
        with self.store.write() as connection:
            portals.set_watermark(connection, self.store, self.portal_id, WATERMARK, since, self.now())

    def _windows(self, object_type: str, low: int, high: int) -> Iterator[int]:
        """Compare in windows of at most 10,000 records, oldest first, each halved while it holds more.

        Gives the end of each window that was compared.
        """
        asked = findings.properties(self.mapping, object_type)
        waiting = [(low, high)]
        while waiting:
            low, high = waiting.pop()
            found = pages(self.crm, object_type, [_between(object_type, low, high)], asked)
            first = next(found)
            if first.total > REACH and high - low > NARROWEST_MS:
                self.findings.searches += 1
                middle = (low + high) // 2
                waiting += [(middle + 1, high), (low, middle)]
                continue
            for page in chain([first], found):
                self.findings.searches += 1
                self._mark(object_type, page.records)
            yield high

    def _mark(self, object_type: str, page: list[Record]) -> None:
        self.findings.compared += len(page)
        with self.store.write() as connection:
            kept = drift.kept(connection, self.portal_id, object_type, [record.id for record in page])
            spans, rules = windows(connection, self.portal_id), self.mapping
            faults = {
                record.id: fault
                for record in page
                if (fault := fault_of(record, kept.get(record.id), rules, object_type, spans))
            }
            findings.mark(
                self.store, connection, self.portal_id, object_type, faults, self.findings, self.now()
            )


def _between(object_type: str, low: int, high: int) -> Filter:
    name = modified_property(object_type)
    return {"propertyName": name, "operator": "BETWEEN", "value": str(max(0, low)), "highValue": str(high)}


def pages(crm: Crm, object_type: str, filters: list[Filter], properties: list[str]) -> Iterator[SearchPage]:
    """What a search finds, by id, 200 at a time; at least one page.

    Each begins above the last id, not at an offset: a record that changes meanwhile leaves the search, and
    an offset would then step over another.
    """
    last = 0
    while True:
        beyond = [{"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}] if last else []
        found = crm.search(object_type, [*filters, *beyond], properties, ["hs_object_id"], limit=PAGE)
        ids = [record.id for record in found.records]
        if ids != sorted(ids) or (ids and ids[0] <= last):
            raise CrmProtocolError("HubSpot's search is not in the order of ids that was asked for.")
        yield found
        if found.after is None or not ids:
            return
        last = ids[-1]
