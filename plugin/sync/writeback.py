"""Writes differences to the CRM in full batches, each noted in the ledger before it is sent.

A refused row is parked with its cause; a batch whose answer never came stays intended in the ledger and
its records are read back before anything else is written to them. What is noted stands in noting.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from plugin.errors import CrmError
from plugin.hubspot.client import Crm, Failed, Updated
from plugin.mapping.model import LIFECYCLESTAGE
from plugin.records.outcomes import Versions
from plugin.records.refused import Refused
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey
from plugin.sync import native_stage
from plugin.sync.diff import Change
from plugin.sync.fitting import Fit, Fitting
from plugin.sync.guard import Guard
from plugin.sync.noting import Noting, Written
from plugin.sync.refusals import Refusals

BATCH = 100  # HubSpot's rule: at most 100 inputs in a batch update


class WriteBack(Noting):
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
        super().__init__(store, portal_id, versions, standing, now, kind)
        self.crm = crm
        self.refusals = refusals
        self.guard = guard

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
            self._leave_out(connection, again, fit.faulty.values())
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
        self._note_cleared(cleared, stamps)
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
        """Note what became of a batch; properties that the portal refuses are left out from now on."""
        faulty = self._faulty(object_type, updated, failed)
        self._note_answer(object_type, batch, updated, failed, faulty)

    def _faulty(
        self, object_type: str, updated: Sequence[Updated], failed: Sequence[Failed]
    ) -> dict[str, Refused]:
        """The properties that are to be left out from now on."""
        if not failed or self.refusals is None:
            return {}
        if any(one.property for one in failed):
            self.refusals.definitions.forget(object_type)  # they said that these values would do
        return self.refusals.of_properties(object_type, failed, {one.id for one in updated})


def full_batches(changes: Sequence[Change]) -> tuple[list[Change], set[RecordKey]]:
    """The changes that fill batches, and the records of those left over: they go with the next round's."""
    now: list[Change] = []
    for object_type in ("contact", "company"):
        found = [change for change in changes if change.key[0] == object_type]
        now += found[: len(found) // BATCH * BATCH]
    return now, {change.key for change in changes} - {change.key for change in now}
