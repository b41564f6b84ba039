"""The check against the CRM: by hand with a report, and every ten minutes in slices that end in time.

A check marks records to be read again and changes nothing else; the workers do the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from plugin.errors import ConfigError, CrmError, PortalGone
from plugin.jobs.context import Context
from plugin.jobs.drain import Report, drain, waiting
from plugin.jobs.journal import read_journal
from plugin.jobs.live import refresh_list
from plugin.records import drift, inbox, portals
from plugin.records.portals import Portal
from plugin.sync import findings, importing, rolling
from plugin.sync.backfill import WATERMARK as BACKFILL
from plugin.sync.definitions import Definitions
from plugin.sync.findings import Findings
from plugin.sync.gone import Gone
from plugin.sync.reconcile import WATERMARK, Reconcile
from plugin.sync.rolling import Rolling

EVERY_MS = 600_000
REST_MS = 60_000  # the sweep leaves the last minute alone: its webhooks are still on their way
PASS_MS = 7 * 86_400_000  # everything is read once in this time
SLICE_MS = 20_000  # one sweep of a portal ends after this; the next goes on
CHECKED = "checked"  # the note of when the last check ended, and what it found
_WORDS = {
    findings.UNSEEN: "never seen",
    findings.CHANGED: "changed",
    findings.LINKS: "linked otherwise",
    findings.GONE: "gone",
}


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """What a check found, and how many customers were written to make it good."""

    findings: Findings
    written: int

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {**self.findings.as_dict(), "written": self.written}

    def as_text(self) -> str:
        """For people."""
        told = self.findings
        cost = f"{told.searches:,} searches and {told.reads:,} reads"
        lines = [f"Compared {told.compared:,} records ({cost})."]
        if told.journal:
            lines.append(f"{told.journal:,} records of which the journal told and no webhook did")
        if not told.total and not told.journal:
            return f"{lines[0]} Everything is as the CRM has it."
        for kind, faults in sorted(told.found.items()):
            lines.extend(f"{kind}: {count:,} {_WORDS[what]}" for what, count in sorted(faults.items()))
        if not told.total:
            return "\n".join([*lines, f"Read again; {self.written:,} customers written."])
        sample = ", ".join(f"{one['object']} {one['id']} ({_WORDS[one['what']]})" for one in told.samples[:5])
        return "\n".join(
            [*lines, f"For example {sample}.", f"Read again; {self.written:,} customers written."]
        )


def run_reconcile(
    context: Context, portal_id: int, *, full: bool = False, report: Report = lambda *_: None
) -> Checked:
    """Compare with the CRM, work off what differs; raises CrmError, and goes on from there when run again.

    `full` reads everything that is kept instead of counting it.
    """
    context = context.current(portal_id)
    check = _Check(context, _loaded(context, portal_id))
    check.open_import()
    check.journal(lambda: True)
    report("Changes compared", 0, 1)
    check.by_time(context.now(), lambda: True)
    report("Changes compared", 1, 1)
    if full:
        check.everything(report)
    else:
        check.by_count(lambda: True)
    check.note()
    before = _written(context, portal_id)
    drain(context, portal_id, "Read and computed", waiting(context, portal_id), report)
    return Checked(check.told, _written(context, portal_id) - before)


def sweep(context: Context, portal_id: int) -> Findings:
    """One slice of the scheduled check: what changed, what is gone, and a part of the full pass."""
    context = context.current(portal_id)
    check = _Check(context, _loaded(context, portal_id))
    deadline = context.now() + SLICE_MS
    in_time = _before(context, deadline)
    check.open_import()
    check.journal(in_time)
    if check.by_time(context.now() - REST_MS, in_time) and in_time():
        refresh_list(context, portal_id)
        check.by_count(in_time)
        check.a_part(in_time)
        check.definitions()
        check.note()
    return check.told


def due(context: Context) -> list[int]:
    """The portals whose last check is ten minutes old."""
    now = context.now()
    with context.store.read() as connection:
        found = []
        for portal in portals.served(connection):
            note = portals.watermark(connection, portal.portal_id, CHECKED) or {}
            if _is_loaded(connection, portal) and now - note.get("at", 0) >= EVERY_MS:
                found.append(portal.portal_id)
    return found


def ring_what_is_due(context: Context) -> None:
    """Ring for the check of every portal that is due."""
    for portal_id in due(context):
        context.bells.ring_check(portal_id)


def _before(context: Context, deadline: int) -> Callable[[], bool]:
    return lambda: context.now() < deadline


def _loaded(context: Context, portal_id: int) -> Portal:
    with context.store.read() as connection:
        portal = portals.get(connection, portal_id)
        if portal is not None and portal.mode == portals.GONE:
            raise PortalGone(f"The app was taken out of portal {portal_id}.")
        if portal is not None and _is_loaded(connection, portal):
            return portal
    raise ConfigError("This portal has not been read whole yet.", cure="Run `lifecycle backfill` first.")


def _is_loaded(connection: Connection, portal: Portal) -> bool:
    """Whether a whole load has ended, so that there is a moment to compare from."""
    load = portals.watermark(connection, portal.portal_id, BACKFILL) or {}
    compared = portals.watermark(connection, portal.portal_id, WATERMARK)
    return portal.parameters_version is not None and bool(load.get("finished") or compared)


def _written(context: Context, portal_id: int) -> int:
    with context.store.read() as connection:
        return inbox.counts(connection, portal_id).get("customers_written", 0)


class _Check:
    """The parts of one check, and what they found together."""

    def __init__(self, context: Context, portal: Portal) -> None:
        self.context = context
        self.portal_id = portal.portal_id
        self.crm = context.crm(self.portal_id, "repair")
        self.reconcile = Reconcile(context.store, self.crm, self.portal_id, context.mapping, context.now)
        self.told = self.reconcile.findings

    def open_import(self) -> None:
        """Whether an import that nobody waits for any more is over; only then its records are settled."""
        try:
            now = self.context.now()
            importing.settle_open(self.context.store, self.crm.imports, self.portal_id, now)
        except CrmError as error:
            log.warning("import not looked at", extra={"portal": self.portal_id, "error": str(error)})

    def journal(self, go_on: Callable[[], bool]) -> None:
        """What HubSpot's own record of events tells; its failure must not keep us from comparing."""
        if self.context.journal is None:
            return
        try:
            told = read_journal(self.context, self.portal_id, self.context.journal, go_on)
            self.told.journal += told.missed
        except PortalGone:
            raise
        except CrmError as error:
            log.warning("journal not read", extra={"portal": self.portal_id, "error": str(error)})

    def by_time(self, until: int, go_on: Callable[[], bool]) -> bool:
        return self.reconcile.run(until, go_on)

    def by_count(self, go_on: Callable[[], bool]) -> None:
        gone = Gone(self.context.store, self.crm, self.portal_id, self.told, self.context.now)
        for object_type in findings.types(self.context.mapping):
            gone.run(object_type, go_on)

    def _rolling(self) -> Rolling:
        context = self.context
        return Rolling(context.store, self.crm, self.portal_id, context.mapping, self.told, context.now)

    def everything(self, report: Report) -> None:
        total, label = self._kept(), "Records compared"

        def go_on(done: int) -> bool:
            report(label, min(done, total), total)
            return True

        self._ended(self._rolling().run(anew=True, go_on=go_on))

    def a_part(self, go_on: Callable[[], bool]) -> None:
        """As much of the full pass as fits into the week, or nothing while this week's is done."""
        with self.context.store.read() as connection:
            last = portals.watermark(connection, self.portal_id, rolling.WATERMARK)
        if last and last["finished_at"] and self.context.now() - last["started_at"] < PASS_MS:
            return
        share = -(-self._kept() * EVERY_MS // PASS_MS)
        anew = last is None or bool(last["finished_at"])
        self._ended(self._rolling().run(anew=anew, go_on=lambda done: done < share and go_on()))

    def _kept(self) -> int:
        with self.context.store.read() as connection:
            types = findings.types(self.context.mapping)
            return sum(drift.count(connection, self.portal_id, name) for name in types)

    def _ended(self, here: rolling.Position) -> None:
        if here.finished_at:
            with self.context.store.write() as connection:
                portals.change(connection, self.portal_id, last_full=here.finished_at)

    def definitions(self) -> None:
        """Read the definitions of our properties anew when they are old, so that a write need not."""
        context = self.context
        kept = Definitions(context.store, self.crm, self.portal_id, context.mapping, context.now)
        for object_type in context.mapping.customer_objects():
            kept.renew_when_old(object_type)

    def note(self) -> None:
        told = self.told.as_dict()
        told.pop("samples")  # they name records; a note outlives who is erased
        body = {**told, "at": self.context.now()}
        with self.context.store.write() as connection:
            portals.set_watermark(
                connection, self.context.store, self.portal_id, CHECKED, body, self.context.now()
            )
