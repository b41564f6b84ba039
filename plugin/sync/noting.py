"""Notes in the store what is about to be written to the CRM, and what became of it.

The ledger has each row before it is sent; afterwards the mirror, the outcomes and the parked rows follow
what the CRM answered, in one transaction a batch. Nothing here speaks to the CRM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from plugin.errors import CrmError
from plugin.hubspot.client import Failed, Updated
from plugin.records import held, outcomes, parked, work
from plugin.records import refused as properties
from plugin.records.outcomes import Versions
from plugin.records.refused import Refused
from plugin.records.store import Store
from plugin.records.work import RecordKey
from plugin.sync import change_sets, ledger, native_stage
from plugin.sync.diff import Change
from plugin.sync.fitting import without

#: Deleted or merged before the webhook came: a reading tells, and then there is nothing to give up.
_LOST = frozenset({"OBJECT_NOT_FOUND", "INVALID_OBJECT_ID"})

CURES = {
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


class Noting:
    """One portal's notes. `standing` says what the CRM holds and what we wrote last, by customer."""

    def __init__(
        self,
        store: Store,
        portal_id: int,
        versions: Versions,
        standing: Mapping[RecordKey, Mapping[str, Mapping[str, str]]],
        now: Callable[[], int],
        kind: str,
    ) -> None:
        self.store = store
        self.portal_id = portal_id
        self.versions = versions
        self.standing = dict(standing)
        self.now = now
        self.kind = kind
        self.unfit: dict[RecordKey, list[Failed]] = {}  # values held back although the rest is sent
        self.change_set = ""
        self.result = Written()

    def _nothing_left(self, keys: set[RecordKey]) -> None:
        """What a person set stands: these records are as they should be."""
        with self.store.write() as connection:
            rows = [(key, self.standing[key]["outputs"], self.standing[key]["ours"], 0) for key in keys]
            held.confirm_outputs(connection, self.portal_id, rows)
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

    def _note_answer(
        self,
        object_type: str,
        batch: Sequence[Change],
        updated: Sequence[Updated],
        failed: Sequence[Failed],
        faulty: Mapping[str, Refused],
    ) -> None:
        """Note what landed and what did not; of a record of which single properties were refused, both."""
        stamps = {(object_type, one.id): one.modified_at_ms for one in updated}
        refused: dict[RecordKey, list[Failed]] = {}
        for one in failed:
            refused.setdefault((object_type, one.id), []).append(one)
        own = {key: found for key, found in refused.items() if not _only(found, faulty)}
        own |= {key: self.unfit[key] for key in stamps.keys() & self.unfit.keys() - own.keys()}
        again, whole = refused.keys() - own.keys() - stamps.keys(), stamps.keys() - own.keys()
        landed = [_landed(c, refused.get(c.key, ())) for c in batch if c.key in stamps]
        with self.store.write() as connection:
            as_written = [self._as_written(change, stamps[change.key]) for change in landed]
            held.confirm_outputs(connection, self.portal_id, as_written)
            self._note_in_ledger(connection, landed, refused)
            self._note(connection, whole, own)
            self._leave_out(connection, again, faulty.values())
        self.result.confirmed |= whole
        self.result.refused |= set(own)
        self.result.again |= again

    def _note_cleared(self, cleared: Sequence[Change], stamps: Mapping[RecordKey, int]) -> None:
        """Note which of HubSpot's own stages were cleared (those with a stamp) and which were refused."""
        with self.store.write() as connection:
            rows = [self._as_written(one, stamps[one.key]) for one in cleared if one.key in stamps]
            held.confirm_outputs(connection, self.portal_id, rows)
            refused = {one.key for one in cleared} - stamps.keys()
            for keys, state in ((set(stamps), ledger.CONFIRMED), (refused, ledger.REFUSED)):
                ledger.settle(connection, self.portal_id, self.change_set, keys, state, self.now())
        for key, outputs, ours, _ in rows:
            self.standing[key] = {"outputs": outputs, "ours": ours}

    def _leave_out(self, connection: Connection, again: set[RecordKey], faulty: Iterable[Refused]) -> None:
        """These properties are left out from now on, and the records refused for them alone come again."""
        outcomes.set_write_state(connection, self.portal_id, again, outcomes.DIFFERS)
        properties.refuse(self.store, connection, self.portal_id, list(faulty), self.versions.config)

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
        cure = CURES.get(failed.code, "Correct what the CRM names, then run `lifecycle parked retry`.")
        return parked.Parked(
            *key, parked.WRITE, failed.code or "crm_refused", f"{failed.message}{where}", cure, self.now()
        )


def _only(failed: Sequence[Failed], faulty: Mapping[str, Refused]) -> bool:
    """Whether nothing of a record was refused but properties that are left out from now on."""
    return all(one.property in faulty for one in failed)


def _landed(change: Change, failed: Sequence[Failed]) -> Change:
    """The part of a change that was not refused."""
    return without(change, [one.property for one in failed if one.property])
