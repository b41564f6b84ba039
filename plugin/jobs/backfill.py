"""A whole load from start to end: read every page, fit, evaluate every customer, write what differs.

It works beside running workers, or alone: the rows in the store say what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from plugin.errors import ConfigError, CrmError
from plugin.jobs.context import Context
from plugin.jobs.evaluate import work_portal
from plugin.jobs.fit import fit_portal
from plugin.records import inbox, parked, portals, work
from plugin.sync.backfill import Backfill, Progress

Report = Callable[[str, int, int], None]
_NAMES = {"contact": "Contacts read", "company": "Companies read", "deal": "Deals read"}
_PATIENCE = 60  # rounds in a row, a second apart, without any progress before it gives up waiting


@dataclass(frozen=True)
class Loaded:
    """What a whole load came to."""

    records: int
    customers: int
    written: int
    parked: int
    causes: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def as_text(self) -> str:
        """For people."""
        return (
            f"Read {self.records:,} records, computed {self.customers:,} customers, wrote {self.written:,}."
        )


def run_backfill(context: Context, portal_id: int, report: Report = lambda *_: None) -> Loaded:
    """Load a portal whole; raises CrmError or ConfigError, and goes on from there when run again."""
    crm = context.crm(portal_id, "backfill")
    load = Backfill(context.store, crm, portal_id, context.mapping, context.clock)
    progress = load.run(lambda now: _report_pages(report, now))
    fit_portal(context, portal_id)
    customers = load.finish()
    before = _written(context, portal_id)
    _drain(context, portal_id, customers, report)
    with context.store.read() as connection:
        causes = parked.causes(connection, portal_id)
    written = _written(context, portal_id) - before  # by this process and by the workers beside it
    return Loaded(progress.records, customers, written, sum(causes.values()), causes)


def _written(context: Context, portal_id: int) -> int:
    with context.store.read() as connection:
        return inbox.counts(connection, portal_id).get("customers_written", 0)


def _report_pages(report: Report, progress: Progress) -> None:
    for phase in progress.phases:
        if phase in progress.read:
            report(_NAMES[phase], progress.read[phase], progress.total.get(phase, progress.read[phase]))


def _drain(context: Context, portal_id: int, customers: int, report: Report) -> None:
    """Work until nothing of the portal waits any more."""
    idle = 0
    while waiting := _waiting(context, portal_id):
        report("Customers computed", max(0, customers - waiting), customers)
        for lane in work.LANES:
            work_portal(context, portal_id, lane)
        idle = 0 if _waiting(context, portal_id) < waiting else idle + 1
        if idle > _PATIENCE:
            raise _stuck(context, portal_id, waiting)
        if idle:
            context.clock.sleep(1.0)  # others hold what is left, or the CRM asked for patience
    report("Customers computed", customers, customers)


def _waiting(context: Context, portal_id: int) -> int:
    with context.store.read() as connection:
        records, waiting, _ = work.waiting(connection, portal_id)
    return records + waiting


def _stuck(context: Context, portal_id: int, waiting: int) -> ConfigError | CrmError:
    with context.store.read() as connection:
        note = portals.watermark(connection, portal_id, "crm_error") or {}
    cause = note.get("message") or "no worker made progress for a minute"
    return CrmError(
        f"{waiting} records and customers still wait: {cause}.",
        cure=note.get("cure") or "Nothing is lost: run the command again, or let `lifecycle up` go on.",
    )
