"""Finds records that the CRM no longer has, by counting: ranges of ids whose counts differ are looked into.

One search for each object type when nothing is gone; for a deleted record about as many as there are halvings
from all ids down to 200; never more than one for 100 records, however many are gone.
"""

from __future__ import annotations

from collections.abc import Callable

from plugin.hubspot.client import Crm
from plugin.records import drift
from plugin.records.store import Store
from plugin.sync import findings
from plugin.sync.findings import GONE, UNSEEN, Findings
from plugin.sync.reconcile import PAGE, Filter, pages

LARGEST_ID = 2**53  # HubSpot's ids exceed 32 bits; a search takes numbers that JSON can carry


class Gone:
    """Compares the ids kept of one portal with those that the CRM counts."""

    def __init__(
        self, store: Store, crm: Crm, portal_id: int, told: Findings, now: Callable[[], int]
    ) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.findings = told
        self.now = now

    def run(self, object_type: str, go_on: Callable[[], bool] = lambda: True) -> None:
        """Mark what is gone, and what is there and was never seen."""
        ranges = [(1, LARGEST_ID)]
        while ranges and go_on():
            low, high = ranges.pop()
            with self.store.read() as connection:
                expected = drift.expected(connection, self.portal_id, object_type, low, high)
                middle = drift.middle(connection, self.portal_id, object_type, low, high)
            if expected <= PAGE or low >= high:
                self._compare(object_type, low, high)
            elif self._count(object_type, low, high) != expected:
                ranges += [(middle + 1, high), (low, middle)]

    def _count(self, object_type: str, low: int, high: int) -> int:
        self.findings.searches += 1
        return self.crm.search(object_type, [_between(low, high)], limit=1).total

    def _compare(self, object_type: str, low: int, high: int) -> None:
        there: set[int] = set()
        for page in pages(self.crm, object_type, [_between(low, high)], []):
            self.findings.searches += 1
            there |= {record.id for record in page.records}
        with self.store.write() as connection:
            kept = drift.ids_between(connection, self.portal_id, object_type, low, high)
            faults = dict.fromkeys(kept - there, GONE) | dict.fromkeys(there - kept, UNSEEN)
            findings.mark(
                self.store, connection, self.portal_id, object_type, faults, self.findings, self.now()
            )


def _between(low: int, high: int) -> Filter:
    return {"propertyName": "hs_object_id", "operator": "BETWEEN", "value": str(low), "highValue": str(high)}
