"""Undo by hand: pauses the portal, reads each record again, and sets back what is still as we wrote it.

An undo leaves the portal paused: what it took back would else be written again at once. `go-live` opens the
writes when the configuration is as it should be. An undo that was interrupted goes on where it was.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from plugin.errors import InputError
from plugin.jobs.context import Context
from plugin.jobs.drain import Report
from plugin.records import held, mirror, portals, work
from plugin.records.outcomes import Versions
from plugin.records.portals import Portal
from plugin.records.store import chunks
from plugin.records.work import RecordKey
from plugin.sync import change_sets, ledger
from plugin.sync.change_sets import Scope
from plugin.sync.undo import Restore, Step, Undone, plan, standard_names, to_restore

NOTE = "undo"
AT_ONCE = 1_000
IN_FLIGHT_MS = 60_000  # a write that was under way when the portal was paused is waited for so long


def last_change_set(context: Context, portal_id: int) -> Scope:
    """The last change set; while an undo of it is unfinished, that of this undo."""
    with context.store.read() as connection:
        note = portals.watermark(connection, portal_id, NOTE)
        if note and note["last"]:
            return Scope(**note["scope"])
        _, newest = change_sets.newest(connection, portal_id)
    if newest is None:
        raise InputError("Nothing was ever written to this portal.", cure="There is nothing to undo.")
    return Scope(change_set=newest)


def run_undo(
    context: Context, portal: Portal, scope: Scope, *, last: bool = False, report: Report = lambda *_: None
) -> Undone:
    """Undo a scope; raises CrmError, and goes on from there when run again with the same scope.

    Raises InputError, and leaves the portal as it is, where nothing was written within the scope.
    """
    undo = _Undo(context, portal, scope)
    undo.refuse_nothing()
    undo.begin(last)
    undo.wait_for_writes()
    with context.store.read() as connection:
        keys = change_sets.records(connection, portal.portal_id, scope, undo.upto)
    for part in chunks(keys, AT_ONCE):
        report("Records restored", undo.result.records, len(keys))
        undo.restore(part)
    report("Records restored", len(keys), len(keys))
    undo.end()
    return undo.result


class _Undo:
    def __init__(self, context: Context, portal: Portal, scope: Scope) -> None:
        self.context = context = context.current(portal.portal_id)
        self.store = context.store
        self.portal = portal
        self.portal_id = portal.portal_id
        self.scope = scope
        self.crm = context.crm(portal.portal_id, "interactive")
        self.upto = 0
        self.result = Undone("")

    def refuse_nothing(self) -> None:
        """A mistaken number or day is no reason to pause a portal."""
        with self.store.read() as connection:
            if change_sets.holds_any(connection, self.portal_id, self.scope):
                return
        cure = "See what was written, and when, with `lifecycle undo --list`."
        raise InputError("Nothing was written there: there is nothing to undo.", cure=cure)

    def begin(self, last: bool) -> None:
        """Pause, and note what is being undone; the same scope goes on with the change set it has."""
        wanted = _as_note(self.scope)
        with self.store.write() as connection:
            note = portals.watermark(connection, self.portal_id, NOTE)
            if note is None or note["scope"] != wanted:
                upto, _ = change_sets.newest(connection, self.portal_id)
                note = {"scope": wanted, "last": last, "upto": upto, "id": f"undo-{uuid.uuid4().hex}"}
                portals.set_watermark(connection, self.store, self.portal_id, NOTE, note, self.context.now())
            if self.portal.mode == portals.LIVE:
                portals.change(connection, self.portal_id, mode=portals.PAUSED)
            change_sets.close(connection, self.portal_id)
        self.upto = note["upto"]
        self.result.change_set = note["id"]

    def end(self) -> None:
        with self.store.write() as connection:
            portals.clear_watermark(connection, self.portal_id, NOTE)

    def wait_for_writes(self) -> None:
        """Let calls that were under way when the portal was paused come to their end."""
        begun = self.context.now()
        while self.context.now() - begun < IN_FLIGHT_MS:
            with self.store.read() as connection:
                if not ledger.in_flight(connection, self.portal_id, begun - IN_FLIGHT_MS):
                    return
            self.context.clock.sleep(0.5)

    def restore(self, keys: Sequence[RecordKey]) -> None:
        """Read these records, and set back what is still as we wrote it."""
        with self.store.read() as connection:
            past = change_sets.entries(connection, self.portal_id, keys)
            scope = change_sets.ids(connection, self.portal_id, self.scope, self.upto, keys)
        steps = {key: plan(past[key], scope) for key in keys}
        present = self._read(steps)
        self.result.records += len(keys)
        self.result.gone += len(steps) - len(present)
        changes, names = [], standard_names(self.context.mapping)
        changed_since: set[RecordKey] = set()
        for key, stands in present.items():
            change, kept = to_restore(key, steps[key], stands, names)
            self.result.kept += kept
            changed_since |= {key} if kept else set()
            self.result.already += not change and not kept
            changes += [change] if change else []
        self._look_again(changed_since)
        self._write(changes, present, steps, changed_since)

    def _read(self, steps: dict[RecordKey, dict[str, Step]]) -> dict[RecordKey, dict[str, str | None]]:
        """What stands in the CRM now, also of writes whose answer never came."""
        read_at = self.context.now()
        found: dict[RecordKey, dict[str, str | None]] = {}
        for kind, ids in mirror.by_type(steps).items():
            names = sorted({name for key in steps if key[0] == kind for name in steps[key]})
            result = self.crm.read(kind, ids, names)
            wanted = set(ids)
            found |= {(kind, one.id): dict(one.properties) for one in result.records if one.id in wanted}
        with self.store.write() as connection:
            ledger.settle_by_reading(connection, self.portal_id, found, read_at)
        return found

    def _look_again(self, keys: set[RecordKey]) -> None:
        with self.store.write() as connection:
            marked = dict.fromkeys(keys, False)
            now = self.context.now()
            work.mark_records(
                self.store, connection, self.portal_id, marked, now=now, priority=work.REPAIR, linger=0
            )

    def _write(
        self,
        changes: list[Any],
        present: dict[RecordKey, dict[str, str | None]],
        steps: dict[RecordKey, dict[str, Step]],
        changed_since: set[RecordKey],
    ) -> None:
        if not changes:
            return
        with self.store.read() as connection:
            known = held.outputs(connection, self.portal_id, [change.key for change in changes])
        standing = {
            change.key: {
                "outputs": {
                    **known.get(change.key, {}).get("outputs", {}),
                    **{name: value or "" for name, value in present[change.key].items()},
                },
                "ours": known.get(change.key, {}).get("ours", {}),
            }
            for change in changes
        }
        versions = Versions(self.portal.parameters_version or 0, self.context.config_version)
        back = Restore(
            self.store,
            self.crm,
            self.portal_id,
            versions,
            standing,
            self.context.now,
            change_set=self.result.change_set,
            steps=steps,
        )
        written = back.write(changes)
        self.result.restored += len(written.confirmed - changed_since)
        self.result.refused += len(written.refused)
        if written.error is not None:
            raise written.error


def _as_note(scope: Scope) -> dict[str, Any]:
    body = asdict(scope)
    return {**body, "record": list(scope.record) if scope.record else None}
