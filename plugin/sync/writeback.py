"""Writes differences to the CRM in full batches, each noted in the ledger before it is sent.

A refused row is parked with its cause; a batch whose answer never came stays intended in the ledger and
its records are read back before anything else is written to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from plugin.errors import CrmError
from plugin.hubspot.client import Crm, Failed, Updated
from plugin.mapping.model import LIFECYCLESTAGE
from plugin.records import mirror, outcomes, parked, work
from plugin.records import refused as properties
from plugin.records.outcomes import Versions
from plugin.records.refused import Refused
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey
from plugin.sync import change_sets, ledger, native_stage
from plugin.sync.diff import Change
from plugin.sync.fitting import Fit, Fitting, without
from plugin.sync.guard import Guard
from plugin.sync.refusals import Refusals

BATCH = 100  # HubSpot's rule: at most 100 inputs in a batch update
#: Deleted or merged before the webhook came: a reading tells, and then there is nothing to give up.
_LOST = frozenset({"OBJECT_NOT_FOUND", "INVALID_OBJECT_ID"})

_CURES = {
    "PROPERTY_DOESNT_EXIST": "Run `lifecycle install` to make the property, then `lifecycle parked retry`.",
    "INVALID_OPTION": "Run `lifecycle install` to add the missing option, then `lifecycle parked retry`.",
    native_stage.IGNORED: "A person or HubSpot set it meanwhile; `lifecycle parked retry` tries again.",
    "READ_ONLY_VALUE": "Give the output another property name in the mapping, then run `lifecycle install`.",
}


@dataclass
class Written:
    """What became of a set of changes."""

    confirmed: set[RecordKey] = field(default_factory=set)
    refused: set[RecordKey] = field(default_factory=set)
    unknown: set[RecordKey] = field(default_factory=set)
    again: set[RecordKey] = field(default_factory=set)  # refused for a property that is left out from now on
    error: CrmError | None = None


class WriteBack:
    """Writes for one portal. `standing` says what the CRM holds and what we wrote last, by customer."""

    def __init__(
        self,
        store: Store,
        crm: Crm,
        portal_id: int,
        versions: Versions,
        standing: Mapping[RecordKey, Mapping[str, Mapping[str, str]]],
        now: Callable[[], int],
        kind: str = "live",
        refusals: Refusals | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.versions = versions
        self.standing = dict(standing)
        self.now = now
        self.kind = kind
        self.refusals = refusals
        self.guard = guard
        self.unfit: dict[RecordKey, list[Failed]] = {}  # values held back although the rest is sent
        self.change_set = ""
        self.result = Written()

    def write(self, changes: Sequence[Change], after_batch: Callable[[], None] = lambda: None) -> Written:
        """Write the changes, by object type in batches of 100.

        Stops at the first batch without an answer, and before a batch when the portal was paused meanwhile.
        `after_batch` is called between batches (to hold claims for longer).
        """
        return self._in_batches(self._fitting(changes), after_batch)

    def _in_batches(self, changes: Sequence[Change], after_batch: Callable[[], None]) -> Written:
        for object_type in ("contact", "company"):
            for batch in chunks((c for c in changes if c.key[0] == object_type), BATCH):
                checked = self._checked(object_type, batch)
                if self.result.error is not None or (checked and not self._begin(object_type, checked)):
                    return self.result
                if checked:
                    self._send(object_type, checked)
                after_batch()
        return self.result

    def _fitting(self, changes: Sequence[Change]) -> Sequence[Change]:
        """The changes without the values that the portal would refuse; those are reported."""
        if self.refusals is None:
            return changes
        fit = Fitting(self.refusals).fit(changes)
        if fit.faulty or fit.unfit:
            self._hold_back(fit)
        return fit.changes

    def _hold_back(self, fit: Fit) -> None:
        """Report values that were not sent; records of which something is left are settled with the rest."""
        own = {key: failed for key, failed in fit.unfit.items() if key in fit.emptied}
        self.unfit = {key: failed for key, failed in fit.unfit.items() if key not in fit.emptied}
        again = fit.emptied - own.keys()
        with self.store.write() as connection:
            self._note(connection, set(), own)
            outcomes.set_write_state(connection, self.portal_id, again, outcomes.DIFFERS)
            rows = list(fit.faulty.values())
            properties.refuse(self.store, connection, self.portal_id, rows, self.versions.config)
        self.result.refused |= set(own)
        self.result.again |= again

    def _checked(self, object_type: str, batch: list[Change]) -> list[Change]:
        """The batch without what a person has set meanwhile and may not be replaced."""
        if self.guard is None:
            return batch
        try:
            present = self.guard.present(object_type, batch)
        except CrmError as error:
            self.result.error = error
            return []
        checked: list[Change] = []
        for change in batch:
            stands = present.get(change.key[1], {})
            known = self.standing[change.key]
            self.standing[change.key] = {"outputs": {**known["outputs"], **stands}, "ours": known["ours"]}
            left = self.guard.narrowed(change, stands, known["ours"])
            checked += [left] if left else []
        self._nothing_left({change.key for change in batch} - {change.key for change in checked})
        return checked

    def _nothing_left(self, keys: set[RecordKey]) -> None:
        """What a person set stands: these records are as they should be."""
        with self.store.write() as connection:
            rows = [(key, self.standing[key]["outputs"], self.standing[key]["ours"], 0) for key in keys]
            mirror.confirm_outputs(connection, self.portal_id, rows)
            outcomes.set_write_state(connection, self.portal_id, keys, outcomes.EQUAL)

    def _joined(self, connection: Connection) -> str | None:
        """The change set that the next batch belongs to; None: it must not be written."""
        return change_sets.join(self.store, connection, self.portal_id, self.kind, self.versions, self.now())

    def _intend(self, batch: Sequence[Change], *, begun: bool = False) -> bool:
        """Note what is about to be written; false: the portal was paused. `begun`: a batch is finished."""
        with self.store.write() as connection:
            if not begun:
                self.change_set = self._joined(connection) or ""
            if self.change_set:
                ledger.intend(
                    self.store,
                    connection,
                    self.portal_id,
                    batch,
                    change_set=self.change_set,
                    versions=self.versions,
                    now=self.now(),
                )
        return bool(self.change_set)

    def _begin(self, object_type: str, batch: list[Change]) -> bool:
        """Note a batch; stages of HubSpot's own that must be cleared first are cleared, and noted apart."""
        cleared = self._to_clear(object_type, batch)
        if not cleared:
            return self._intend(batch)
        if not self._intend(cleared) or not self._clear(object_type, cleared):
            return False
        batch[:] = native_stage.after_clearing(batch, cleared)
        return self._intend(batch, begun=True)

    def _to_clear(self, object_type: str, batch: Sequence[Change]) -> list[Change]:
        moved = [one for one in batch if one.new.get(LIFECYCLESTAGE) and one.old.get(LIFECYCLESTAGE)]
        if not moved or self.refusals is None:
            return native_stage.clearing(moved, None)
        return native_stage.clearing(moved, self.refusals.definitions.of(object_type, LIFECYCLESTAGE))

    def _clear(self, object_type: str, cleared: Sequence[Change]) -> bool:
        try:
            answer = self.crm.update(object_type, [(one.key[1], one.new) for one in cleared])
        except CrmError as error:
            self._unanswered(error, cleared)
            return False
        stamps = {(object_type, one.id): one.modified_at_ms for one in answer.updated}
        with self.store.write() as connection:
            rows = [self._as_written(one, stamps[one.key]) for one in cleared if one.key in stamps]
            mirror.confirm_outputs(connection, self.portal_id, rows)
            refused = {one.key for one in cleared} - stamps.keys()
            for keys, state in ((set(stamps), ledger.CONFIRMED), (refused, ledger.REFUSED)):
                ledger.settle(connection, self.portal_id, self.change_set, keys, state, self.now())
        for key, outputs, ours, _ in rows:
            self.standing[key] = {"outputs": outputs, "ours": ours}
        return True

    def _send(self, object_type: str, batch: Sequence[Change]) -> None:
        try:
            answer = self.crm.update(object_type, [(change.key[1], change.new) for change in batch])
            landed = {one.id for one in answer.updated}
            ignored = native_stage.ignored(self.crm, object_type, [c for c in batch if c.key[1] in landed])
        except CrmError as error:
            self._unanswered(error, batch)
            return
        self._settle(object_type, batch, answer.updated, [*answer.failed, *ignored])

    def _unanswered(self, error: CrmError, batch: Sequence[Change]) -> None:
        self.result.error = error
        self.result.unknown |= {change.key for change in batch}

    def _settle(
        self, object_type: str, batch: Sequence[Change], updated: Sequence[Updated], failed: Sequence[Failed]
    ) -> None:
        """Note what landed and what did not; of a record of which single properties were refused, both."""
        stamps = {(object_type, one.id): one.modified_at_ms for one in updated}
        faulty = self._faulty(object_type, updated, failed)
        refused: dict[RecordKey, list[Failed]] = {}
        for one in failed:
            refused.setdefault((object_type, one.id), []).append(one)
        landed = [_landed(c, refused.get(c.key, ())) for c in batch if c.key in stamps]
        with self.store.write() as connection:
            as_written = [self._as_written(change, stamps[change.key]) for change in landed]
            mirror.confirm_outputs(connection, self.portal_id, as_written)
            self._note_in_ledger(connection, landed, refused)
            own = {key: found for key, found in refused.items() if not _only(found, faulty)}
            own |= {key: self.unfit[key] for key in stamps.keys() & self.unfit.keys() - own.keys()}
            again = refused.keys() - own.keys() - stamps.keys()
            whole = stamps.keys() - own.keys()
            self._note(connection, whole, own)
            outcomes.set_write_state(connection, self.portal_id, again, outcomes.DIFFERS)
            rows = list(faulty.values())
            properties.refuse(self.store, connection, self.portal_id, rows, self.versions.config)
        self.result.confirmed |= whole
        self.result.refused |= set(own)
        self.result.again |= again

    def _faulty(
        self, object_type: str, updated: Sequence[Updated], failed: Sequence[Failed]
    ) -> dict[str, Refused]:
        """The properties that are to be left out from now on."""
        if not failed or self.refusals is None:
            return {}
        if any(one.property for one in failed):
            self.refusals.definitions.forget(object_type)  # they said that these values would do
        return self.refusals.of_properties(object_type, failed, {one.id for one in updated})

    def _note(
        self, connection: Connection, whole: set[RecordKey], refused: Mapping[RecordKey, Sequence[Failed]]
    ) -> None:
        """Note with the customers how what stands in the CRM now compares with the outcome."""
        outcomes.set_write_state(connection, self.portal_id, whole, outcomes.EQUAL)
        outcomes.set_write_state(connection, self.portal_id, refused, outcomes.PARKED)
        self._look_for(connection, {key for key, found in refused.items() if found[0].code in _LOST})
        rows = [self._parked(key, found[0]) for key, found in refused.items()]
        parked.park(self.store, connection, self.portal_id, rows, self.versions.config)
        parked.unpark(connection, self.portal_id, whole, [parked.WRITE])

    def _look_for(self, connection: Connection, lost: set[RecordKey]) -> None:
        """Have these records read again, once: one that a reading finds after all stays parked."""
        news = lost - parked.held(connection, self.portal_id, lost, parked.WRITE)
        marked = dict.fromkeys(news, False)
        work.mark_records(self.store, connection, self.portal_id, marked, now=self.now(), linger=0)

    def _note_in_ledger(
        self, connection: Connection, landed: Sequence[Change], refused: Mapping[RecordKey, Sequence[Failed]]
    ) -> None:
        now = self.now()
        for change in landed:
            if change.key in refused:
                ledger.narrow(connection, self.portal_id, self.change_set, change)
        whole = {change.key for change in landed}
        ledger.settle(connection, self.portal_id, self.change_set, whole, ledger.CONFIRMED, now)
        ledger.settle(
            connection, self.portal_id, self.change_set, refused.keys() - whole, ledger.REFUSED, now
        )

    def _as_written(
        self, change: Change, stamp: int
    ) -> tuple[RecordKey, Mapping[str, str], Mapping[str, str], int]:
        before, ours = self.standing[change.key], self._ours(change)
        return change.key, {**before["outputs"], **change.new}, {**before["ours"], **ours}, stamp

    def _ours(self, change: Change) -> Mapping[str, str]:
        """The values that are ours from now on."""
        return change.new

    def _parked(self, key: RecordKey, failed: Failed) -> parked.Parked:
        where = f" (property {failed.property})" if failed.property else ""
        cure = _CURES.get(failed.code, "Correct what the CRM names, then run `lifecycle parked retry`.")
        return parked.Parked(
            *key, parked.WRITE, failed.code or "crm_refused", f"{failed.message}{where}", cure, self.now()
        )


def _only(failed: Sequence[Failed], faulty: Mapping[str, Refused]) -> bool:
    """Whether nothing of a record was refused but properties that are left out from now on."""
    return all(one.property in faulty for one in failed)


def full_batches(changes: Sequence[Change]) -> tuple[list[Change], set[RecordKey]]:
    """The changes that fill batches, and the records of those left over: they go with the next round's."""
    now: list[Change] = []
    for object_type in ("contact", "company"):
        found = [change for change in changes if change.key[0] == object_type]
        now += found[: len(found) // BATCH * BATCH]
    return now, {change.key for change in changes} - {change.key for change in now}


def _landed(change: Change, failed: Sequence[Failed]) -> Change:
    """The part of a change that was not refused."""
    return without(change, [one.property for one in failed if one.property])
