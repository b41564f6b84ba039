"""Works a portal's waiting rows off to the last, beside running workers or alone: how commands end."""

from __future__ import annotations

from collections.abc import Callable

from plugin.errors import CrmError
from plugin.jobs.context import Context
from plugin.jobs.evaluate import work_through
from plugin.records import portals, work

Report = Callable[[str, int, int], None]
PATIENCE = 60  # rounds in a row, a second apart, without any progress before it gives up waiting


def drain(context: Context, portal_id: int, label: str, total: int, report: Report) -> None:
    """Work until nothing of the portal waits any more; raises CrmError when nothing moves for a minute."""
    idle = 0
    while left := waiting(context, portal_id):
        report(label, max(0, total - left), total)
        for lane in work.LANES:
            work_through(context, portal_id, lane, _told(context, portal_id, label, total, report))
        idle = 0 if waiting(context, portal_id) < left else idle + 1
        if idle > PATIENCE:
            raise _stuck(context, portal_id, left)
        if idle:
            context.clock.sleep(1.0)  # others hold what is left, or the CRM asked for patience
    report(label, total, total)


def _told(context: Context, portal_id: int, label: str, total: int, report: Report) -> Callable[[], bool]:
    def told() -> bool:
        report(label, max(0, total - waiting(context, portal_id)), total)
        return True

    return told


def waiting(context: Context, portal_id: int) -> int:
    """How many records and customers of a portal wait or are claimed."""
    with context.store.read() as connection:
        records, customers, _ = work.waiting(connection, portal_id, context.now())
    return records + customers


def _stuck(context: Context, portal_id: int, left: int) -> CrmError:
    with context.store.read() as connection:
        note = portals.watermark(connection, portal_id, "crm_error") or {}
    cause = note.get("message") or "no worker made progress for a minute"
    return CrmError(
        f"{left} records and customers still wait: {cause}.",
        cure=note.get("cure") or "Nothing is lost: run the command again, or let `lifecycle up` go on.",
    )
