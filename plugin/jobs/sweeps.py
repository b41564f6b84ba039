"""What the scheduler does: ring for waiting work, mark customers whose moment has come, keep the house clean.

Every sweep asks the store, never the queue; whatever the queue lost is rung for again.
"""

from __future__ import annotations

from plugin.jobs import config_turnover, fit
from plugin.jobs.context import Context
from plugin.jobs.purge import purge_what_is_due
from plugin.records import accounts, inbox, outstanding, portals, work
from plugin.records.outcomes import Versions
from plugin.records.portals import Portal
from plugin.sync import ledger

AT_ONCE = 5_000
UNSETTLED_MS = 120_000  # a write this old without an answer is read back


def ring(context: Context) -> None:
    """Ring for every body in the inbox and every portal with work that is ready."""
    with context.store.read() as connection:
        bodies, _, _ = inbox.waiting(connection)
        here = set(accounts.installed(connection))
        waiting = [one for one in work.portals_with_work(connection, context.now()) if one[0] in here]
        arriving = accounts.unfinished(connection, context.now())
    if bodies:
        context.bells.ring_apply()
    for portal_id, lane in waiting:
        context.bells.ring_work(portal_id, lane)
    for portal_id in arriving:
        context.bells.ring_install(portal_id, "bulk" if portal_id in here else "live")


def mark_what_is_due(context: Context) -> int:
    """Mark every customer that time, new parameters, a new configuration or opened writes touch."""
    with context.store.read() as connection:
        every = portals.served(connection)
    return sum(
        _mark_portal(context.current(portal.portal_id), portal)
        for portal in every
        if portal.parameters_version is not None
    )


def _mark_portal(context: Context, portal: Portal) -> int:
    portal_id, now = portal.portal_id, context.now()
    versions = Versions(portal.parameters_version or 0, context.config_version)
    with context.store.read() as connection:
        settled = config_turnover.is_done(connection, context, portal_id)
        outdated = outstanding.outdated(connection, portal_id, versions, AT_ONCE) if settled else []
        found = (
            (work.DUE, outstanding.due(connection, portal_id, context.today(portal), AT_ONCE)),
            (work.REPAIR, ledger.all_unsettled(connection, portal_id, now - UNSETTLED_MS, AT_ONCE)),
            (work.BACKFILL, outstanding.unwritten_customers(connection, portal, AT_ONCE)),
            (work.BACKFILL, outdated),
        )
    for priority, keys in found:
        if keys:
            with context.store.write() as connection:
                work.mark_customers(
                    context.store, connection, portal_id, keys, now=now, priority=priority, again=False
                )
    return sum(len(keys) for _, keys in found)


def fit_what_is_due(context: Context) -> list[int]:
    """Refit portals whose parameters are a week old; returns which."""
    with context.store.read() as connection:
        every = portals.served(connection)
    due = [one.portal_id for one in every if fit.is_due(context.current(one.portal_id), one)]
    for portal_id in due:
        fit.scheduled_fit(context.current(portal_id), portal_id)
    return due


def purge(context: Context) -> int:
    """Forget event keys that no delivery can repeat any more, and portals that left long ago."""
    purge_what_is_due(context)
    with context.store.write() as connection:
        return inbox.forget_old(connection, context.now())


HOUSE = 0  # notes that belong to no portal
SERVER = "server"
SERVER_MS = 30_000  # a note this old is of a server that no longer runs


def note_server(context: Context) -> None:
    """Leave word that a server runs."""
    with context.store.write() as connection:
        portals.set_watermark(connection, context.store, HOUSE, SERVER, {"at": context.now()}, context.now())


def server_runs(context: Context) -> bool:
    """Whether a server runs on this store."""
    with context.store.read() as connection:
        note = portals.watermark(connection, HOUSE, SERVER)
    return note is not None and abs(context.now() - note["at"]) < SERVER_MS


def take_lead(context: Context, holder: str, hold_ms: int = 10_000) -> bool:
    """Whether this scheduler leads: one at a time, across all machines, for as long as it renews."""
    now = context.now()
    with context.store.write() as connection:
        return portals.hold_lock(connection, context.store, "scheduler", holder, now, now + hold_ms)
