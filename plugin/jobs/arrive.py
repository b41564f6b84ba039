"""The app came into a portal by OAuth: makes the properties, then reads everything, a slice of time a job.

The store says how far it came; each slice goes on from there. The portal stays in observe mode.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from plugin.errors import CrmError, CrmProtocolError, LifecycleError
from plugin.jobs.context import Context
from plugin.jobs.fit import fit_portal
from plugin.jobs.install import install_portal
from plugin.records import accounts, portals
from plugin.records.accounts import FAILED, INSTALLED, INSTALLING, LOADING, Account
from plugin.sync.backfill import WATERMARK, Backfill
from plugin.sync.progress import Progress

LEASE_MS = 120_000
_MOST_TRIES = 60  # in a row without success, the last ones five minutes apart: about four hours
_LONGEST_WAIT_MS = 300_000
Act = Callable[[Context, Account], tuple[str, dict[str, Any]] | None]


def arrive(context: Context, portal_id: int, go_on: Callable[[], bool]) -> None:
    """Go on with the portal's installation or first load while `go_on` says so."""
    context = context.current(portal_id)
    name, holder = f"arrive:{portal_id}", uuid.uuid4().hex
    if not _lease(context, name, holder):
        return  # another worker is at it
    try:
        account = _account(context, portal_id)
        if account is not None and account.state == INSTALLING:
            _step(context, account, _provision)
            account = _account(context, portal_id)
        if account is not None and account.state == LOADING:
            _step(context, account, partial(_load, lambda: go_on() and _lease(context, name, holder)))
    finally:
        with context.store.write() as connection:
            portals.free_lock(connection, name, holder)


def _account(context: Context, portal_id: int) -> Account | None:
    with context.store.read() as connection:
        account = accounts.get(connection, portal_id)
    return account if account is not None and account.ready_at <= context.now() else None


def _lease(context: Context, name: str, holder: str) -> bool:
    now = context.now()
    with context.store.write() as connection:
        return portals.hold_lock(connection, context.store, name, holder, now, now + LEASE_MS)


def _step(context: Context, account: Account, act: Act) -> None:
    """One step; what fails for a while is tried again, what cannot go well ends with its cure."""
    try:
        done = act(context, account)
    except LifecycleError as error:
        _failed(context, account, error)
        return
    if done is not None:
        _note(context, account, done[0], {**account.report, **done[1], "fault": None})


def _failed(context: Context, account: Account, error: LifecycleError) -> None:
    tries = account.tries + 1
    over = error.permanent or tries >= _MOST_TRIES
    asked = error.retry_after if isinstance(error, CrmError) else None
    wait = max(int(1_000 * (asked or 0)), min(_LONGEST_WAIT_MS, 1_000 * 2**tries))
    fault = {"message": error.message, "cure": error.cure, "code": error.code}
    _note(
        context, account, FAILED if over else account.state, {**account.report, "fault": fault}, wait, tries
    )


def _note(
    context: Context, account: Account, state: str, report: dict[str, Any], wait: int = 0, tries: int = 0
) -> None:
    ready_at = context.now() + wait
    with context.store.write() as connection:
        accounts.note_installation(connection, account, state, report, ready_at=ready_at, tries=tries)


def _provision(context: Context, account: Account) -> tuple[str, dict[str, Any]]:
    """Make the group and properties, and note the portal; one that was away is read anew."""
    done = install_portal(context, live=False, portal_id=account.portal_id)
    if done.portal_id != account.portal_id:
        raise CrmProtocolError("The token opens another portal than the one it was given for.")
    with context.store.write() as connection:
        if account.report.get("returned"):  # what changed meanwhile was told to nobody
            portals.clear_watermark(connection, account.portal_id, WATERMARK)
        read = portals.watermark(connection, account.portal_id, WATERMARK) or {}
    state = INSTALLED if read.get("finished") else LOADING
    return state, {"mode": done.mode, "changes": done.properties.lines(), "kept": done.properties.unchanged}


class _LaterSlice(Exception):
    """The time of this slice is up."""


def _load(go_on: Callable[[], bool], context: Context, account: Account) -> tuple[str, dict[str, Any]] | None:
    """Read at least a page, more while there is time; after the last one, fit, and mark every customer."""
    told = 0

    def report(progress: Progress) -> None:
        nonlocal told
        told += 1  # the first call comes before the first page
        if told > 1 and progress.phase and not go_on():
            raise _LaterSlice

    portal_id = account.portal_id
    crm = context.crm(portal_id, "backfill")
    load = Backfill(context.store, crm, portal_id, context.mapping, context.clock)
    try:
        load.run(report)
    except _LaterSlice:
        return None
    fit_portal(context, portal_id)
    customers = load.finish()
    return INSTALLED, {"records": load.progress.records, "customers": customers}
