"""A whole load from start to end: read every page, fit, evaluate every customer, write what differs.

It works beside running workers, or alone: the rows in the store say what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from plugin.clock import from_milliseconds
from plugin.errors import CrmError
from plugin.jobs import config_turnover
from plugin.jobs.bulk import settle_open_import, write_by_import
from plugin.jobs.context import Context
from plugin.jobs.drain import Report, drain
from plugin.jobs.fit import account_of, fit_portal
from plugin.lifecycle.reading import account_lines
from plugin.records import inbox, parked
from plugin.sync.backfill import Backfill, state
from plugin.sync.progress import Progress

Say = Callable[[str], None]

OUTAGE = 3600.0  # seconds without one page read after which a load gives up
_LONGEST_WAIT = 60.0  # seconds between two looks whether the CRM is back
_NAMES = {"contact": "Contacts read", "company": "Companies read", "deal": "Deals read"}


@dataclass(frozen=True)
class Loaded:
    """What a whole load came to."""

    records: int
    customers: int
    written: int
    parked: int
    causes: dict[str, int]
    account: dict[str, Any] | None = None  # what was read, and what of it was left out

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def as_text(self) -> str:
        """For people."""
        said = (
            f"Read {self.records:,} records, computed {self.customers:,} customers, wrote {self.written:,}."
        )
        return "\n".join([said, *(account_lines(self.account) if self.account else ())])


def run_backfill(
    context: Context, portal_id: int, report: Report = lambda *_: None, say: Say = lambda _: None
) -> Loaded:
    """Load a portal whole; raises CrmError or ConfigError, and goes on from there when run again.

    `report` is told counts, `say` sentences: where an earlier load is taken up, when a wait ends.
    """
    context = context.current(portal_id)
    settle_open_import(context, portal_id, say)
    load = _read_pages(context, portal_id, report, say)
    fit_portal(context, portal_id)
    customers = load.finish()
    config_turnover.note_done(context, portal_id)
    before = _written(context, portal_id)
    write_by_import(context, portal_id, customers, report, say)
    drain(context, portal_id, "Customers computed", customers, report)
    with context.store.read() as connection:
        causes = parked.causes(connection, portal_id)
        account = account_of(connection, portal_id)
    written = _written(context, portal_id) - before  # by this process and by the workers beside it
    return Loaded(load.progress.records, customers, written, sum(causes.values()), causes, account)


def _read_pages(context: Context, portal_id: int, report: Report, say: Say) -> Backfill:
    """Every page, waiting out a CRM that is away: a load of hours must not end for an outage of minutes."""
    crm = context.crm(portal_id, "backfill")
    load: Backfill | None = None
    tell = _telling("", report, say)
    read, waited = -1, 0.0
    while True:
        try:
            if load is None:
                load = Backfill(context.store, crm, portal_id, context.mapping, context.clock, context.bulk)
                if load.resumed:
                    say(f"Goes on where an earlier load stopped: {load.progress.where()}.")
                tell = _telling(load.progress.lane, report, say)
            load.run(tell)
            return load
        except CrmError as error:
            now = _records_read(context, portal_id)
            waited = 0.0 if now > read else waited
            wait = error.retry_after or _LONGEST_WAIT
            if error.permanent or waited + wait > OUTAGE:
                raise
            pause = min(wait, _LONGEST_WAIT)
            _tell_of_wait(context, load, error, pause, say)
        context.clock.sleep(pause)
        read, waited = now, waited + pause


def _tell_of_wait(context: Context, load: Backfill | None, error: CrmError, pause: float, say: Say) -> None:
    until = context.now() + int(pause * 1000)
    if load is not None:
        load.wait_until(until)
    stands = f" at {load.progress.where()}" if load is not None else ""
    moment = from_milliseconds(until).isoformat(timespec="seconds")
    say(f"HubSpot does not answer ({error.message.rstrip('.')}); resumes at {moment}{stands}.")


def _records_read(context: Context, portal_id: int) -> int:
    with context.store.read() as connection:
        note = state(connection, portal_id)
    return sum(note["read"].values()) if note else 0


def _written(context: Context, portal_id: int) -> int:
    with context.store.read() as connection:
        return inbox.counts(connection, portal_id).get("customers_written", 0)


def _telling(lane: str, report: Report, say: Say) -> Callable[[Progress], None]:
    """Counts after each step, and a sentence when the lane is left in which the load began."""
    told = [lane]

    def tell(now: Progress) -> None:
        if now.lane != told[-1]:
            told.append(now.lane)
            say(f"The load does not read by export ({now.lane_because}); the rest is read by pages.")
        _report_pages(report, now)

    return tell


def _report_pages(report: Report, progress: Progress) -> None:
    for phase in progress.phases:
        if phase in progress.read:
            report(_NAMES[phase], progress.read[phase], progress.total.get(phase, progress.read[phase]))
