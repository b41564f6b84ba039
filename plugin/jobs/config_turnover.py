"""Brings a portal over to the configuration in force: properties, records not read so far, parameters.

Only then are its customers marked to be computed again, at the lowest priority. Until then they count as
pending, and live changes are computed with the new configuration and the present parameters. Every step can
be done again: a worker that dies, or a version that comes meanwhile, costs time and nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.errors import LifecycleError
from plugin.jobs.context import Context
from plugin.jobs.fit import fit_portal
from plugin.jobs.install import make_properties, rename_lists
from plugin.mapping.bases import fit_basis, more_to_read, reads
from plugin.records import portals, refused
from plugin.records.portals import Portal
from plugin.records.schema import outcomes
from plugin.sync.backfill import Backfill
from plugin.sync.progress import Progress

WATERMARK = "config"  # {version, reads, fit, made, error}: what the portal was brought over to
RETRY_MS = 60_000
HELD_MS = 600_000


@dataclass(frozen=True)
class Turnover:
    """How far a portal is with the configuration in force; `waiting` customers await it."""

    done: bool
    waiting: int
    error: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """For the status."""
        return {"in_force": self.done, "customers_waiting": self.waiting, "error": self.error}


def is_done(connection: Connection, context: Context, portal_id: int) -> bool:
    """Whether the portal's parameters and mirror are those of the configuration in force."""
    note = portals.watermark(connection, portal_id, WATERMARK)
    return note is None or note["version"] == context.config_version


def state(connection: Connection, context: Context, portal: Portal) -> Turnover:
    """The same with the number of customers who wait, and what went wrong last."""
    note = portals.watermark(connection, portal.portal_id, WATERMARK) or {}
    if portal.parameters_version is None or is_done(connection, context, portal.portal_id):
        return Turnover(True, 0, None)
    query = sa.select(sa.func.count()).where(outcomes.c.portal_id == portal.portal_id)
    return Turnover(False, connection.execute(query).scalar_one(), note.get("error"))


def note_done(context: Context, portal_id: int) -> None:
    """Note that everything of the portal was read and fitted with this configuration."""
    mapping = context.mapping
    note = {"version": context.config_version, "reads": reads(mapping), "fit": fit_basis(mapping)}
    with context.store.write() as connection:
        portals.set_watermark(connection, context.store, portal_id, WATERMARK, note, context.now())
        portals.change(connection, portal_id, config_version=context.config_version)


def loosen(connection: Connection, context: Context, portal_id: int, made: Iterator[tuple[str, str]]) -> None:
    """Another configuration, `context`'s, comes into force: what it does not read goes stale from now on.

    `made` are the (object type, property) that were just made for it: those are known to be empty.
    """
    note = portals.watermark(connection, portal_id, WATERMARK)
    if note is None or note["version"] == context.config_version:
        return
    wanted = reads(context.mapping)
    kept = {kind: [n for n in names if n in wanted.get(kind, ())] for kind, names in note["reads"].items()}
    for kind, name in made:
        kept.setdefault(kind, []).append(f"output:{name}")
    body = {"version": "", "reads": kept, "fit": note["fit"]}
    portals.set_watermark(connection, context.store, portal_id, WATERMARK, body, context.now())


def ring_what_changed(context: Context) -> None:
    """Ring for every portal that is still to be brought over; a portal of before there were versions is."""
    with context.store.read() as connection:
        every = [portal for portal in portals.every(connection) if portal.parameters_version is not None]
    for portal in every:
        here = context.current(portal.portal_id)
        with context.store.read() as connection:
            note = portals.watermark(connection, portal.portal_id, WATERMARK)
        if note is None:
            note_done(here, portal.portal_id)
        elif note["version"] != here.config_version and _rested(note, here.now()):
            context.bells.ring_check(portal.portal_id)


def _rested(note: dict[str, Any], now: int) -> bool:
    error = note.get("error")
    return error is None or now - error["at"] >= RETRY_MS


def turn_over(context: Context, portal_id: int, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Bring a portal over, or as far as `go_on` lets it; false when nothing was to be done."""
    context = context.current(portal_id)
    with context.store.read() as connection:
        portal = portals.get(connection, portal_id)
        note = portals.watermark(connection, portal_id, WATERMARK)
        if portal is None or portal.parameters_version is None or is_done(connection, context, portal_id):
            return False
    with _held(context, portal_id) as free:
        if free and note is not None:
            _try(context, portal_id, note, go_on)
    return True


def _try(context: Context, portal_id: int, note: dict[str, Any], go_on: Callable[[], bool]) -> None:
    try:
        _turn(context, portal_id, note, go_on)
    except LifecycleError as error:
        told = {"message": error.message, "cure": error.cure, "at": context.now()}
        with context.store.write() as connection:
            present = portals.watermark(connection, portal_id, WATERMARK)
            if present is not None and present["version"] == note["version"]:
                body = {**present, "error": told}
                portals.set_watermark(connection, context.store, portal_id, WATERMARK, body, context.now())


def _turn(context: Context, portal_id: int, note: dict[str, Any], go_on: Callable[[], bool]) -> None:
    if note.get("made") != context.config_version:
        note = _make(context, portal_id, note)
    wanted = reads(context.mapping)
    if more_to_read(wanted, note["reads"]):
        if not _read_whole(context, portal_id, go_on):
            return
    elif note["fit"] != fit_basis(context.mapping):
        fit_portal(context, portal_id)
    if not context.superseded(portal_id):
        note_done(context, portal_id)


def _make(context: Context, portal_id: int, note: dict[str, Any]) -> dict[str, Any]:
    """Make what properties are missing, and try again those that the CRM refused before."""
    report = make_properties(context, portal_id)
    rename_lists(context, portal_id)
    known = {kind: list(names) for kind, names in note["reads"].items()}
    for kind, name in report.created:
        known.setdefault(kind, []).append(f"output:{name}")
    body = {**note, "reads": known, "made": context.config_version}
    body.pop("error", None)
    with context.store.write() as connection:
        refused.clear(connection, portal_id)
        if (portals.watermark(connection, portal_id, WATERMARK) or {}).get("version") == note["version"]:
            portals.set_watermark(connection, context.store, portal_id, WATERMARK, body, context.now())
    return body


class _Pause(Exception):
    """The time of a slice is up."""


def _read_whole(context: Context, portal_id: int, go_on: Callable[[], bool]) -> bool:
    """Read every record with what the configuration asks for, and fit; false when the time was up before."""

    def told(_: Progress) -> None:
        if not go_on() or context.superseded(portal_id):
            raise _Pause

    crm = context.crm(portal_id, "backfill")
    load = Backfill(context.store, crm, portal_id, context.mapping, context.clock)
    try:
        load.run(told)
    except _Pause:
        return False
    fit_portal(context, portal_id)
    load.finish()
    return True


@contextmanager
def _held(context: Context, portal_id: int) -> Iterator[bool]:
    """Whether no other worker brings this portal over meanwhile."""
    name, holder = f"config:{portal_id}", uuid.uuid4().hex

    def hold(until: int) -> bool:
        with context.store.write() as connection:
            return portals.hold_lock(connection, context.store, name, holder, context.now(), until)

    free = hold(context.now() + HELD_MS)
    try:
        yield free
    finally:
        if free:
            hold(0)
