"""The work of one portal: read what is marked, evaluate the customers touched, write what differs.

Two steps, each with its own claims: records (read from the CRM into the mirror) and customers (from the
mirror to an outcome to the CRM). A worker that dies leaves claims that run out; the next one does it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.errors import CrmAuthError, CrmError
from plugin.jobs.context import Context
from plugin.jobs.outcome import Computed, compute
from plugin.jobs.sending import CLASSES, Load, Sending, Sent
from plugin.lifecycle.parameters import Parameters
from plugin.records import inbox, outcomes, parked, portals, work
from plugin.records.portals import Portal
from plugin.records.schema import dirty, marks
from plugin.records.work import Claimed, RecordKey
from plugin.sync import ledger
from plugin.sync.reading import Reading, Touched
from plugin.sync.tasks import Tasks
from plugin.sync.writeback import Written

READ_AT_ONCE = 500
EVALUATE_AT_ONCE = 1_000
MAX_TRIES = 8


@dataclass
class Done:
    """What one piece of work came to."""

    read: int = 0
    evaluated: int = 0
    written: int = 0
    refused: int = 0
    failed: int = 0

    def __add__(self, other: Done) -> Done:
        return Done(*(getattr(self, name) + getattr(other, name) for name in Done.__dataclass_fields__))

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in Done.__dataclass_fields__)


def work_portal(context: Context, portal_id: int, lane: str) -> Done:
    """Read and evaluate one round of a portal's waiting work; false when nothing could be done."""
    round_ = Round(context, portal_id, lane)
    return round_.read() + round_.evaluate()


def work_through(
    context: Context, portal_id: int, lane: str, go_on: Callable[[], bool] = lambda: True
) -> Done:
    """Rounds until nothing is ready or `go_on` says no; half-full batches are filled by the next round's."""
    round_ = Round(context, portal_id, lane)
    total = Done()
    while done := round_.read() + round_.evaluate(fill=True):
        total += done
        if not go_on():
            break
    return total + round_.write_rest()


class Round:
    """One worker's work on one portal, round after round."""

    def __init__(self, context: Context, portal_id: int, lane: str) -> None:
        self.context = context
        self.store = context.store
        self.portal_id = portal_id
        self.lane = lane
        self.holder = uuid.uuid4().hex
        self.sending = Sending(context, portal_id, lane, self.holder)

    def read(self) -> Done:
        """Claim marked records, read them, keep them, and mark the customers touched."""
        claimed = self._claim(marks, READ_AT_ONCE)
        if not claimed:
            return Done()
        crm = self.context.crm(self.portal_id, CLASSES[min(row.priority for row in claimed)])
        reading = Reading(self.store, crm, self.portal_id, self.context.mapping, self.context.now())
        try:
            reading.fetch({row.key: row.associations for row in claimed})
        except CrmError as error:
            return self._put_off(claimed, error)
        with self.store.write() as connection:
            self._pass_on(connection, claimed, reading.keep(connection))
        return Done(read=len(claimed))

    def _claim(self, table: sa.Table, limit: int) -> list[Claimed]:
        with self.store.write() as connection:
            return work.claim(
                connection,
                table,
                self.portal_id,
                self.lane,
                limit,
                now=self.context.now(),
                holder=self.holder,
            )

    def _pass_on(self, connection: Connection, claimed: Sequence[Claimed], touched: Touched) -> None:
        now, priority = self.context.now(), min(row.priority for row in claimed)
        outcomes.forget(connection, self.portal_id, touched.gone)
        work.mark_customers(
            self.store, connection, self.portal_id, touched.customers, now=now, priority=priority
        )
        unknown = dict.fromkeys(touched.unknown, True)
        work.mark_records(
            self.store, connection, self.portal_id, unknown, now=now, priority=priority, linger=0
        )
        parked.unpark(connection, self.portal_id, [row.key for row in claimed], [parked.READ])
        portals.clear_watermark(connection, self.portal_id, "crm_error")
        work.finish(connection, marks, self.portal_id, claimed, now=now, holder=self.holder)
        inbox.count(self.store, connection, self.portal_id, {"records_read": len(claimed)})

    def _put_off(self, claimed: Sequence[Claimed], error: CrmError) -> Done:
        """The CRM did not answer: try again later, each time later; what failed too often is parked.

        A refused token is nobody's record's fault: that is never parked.
        """
        spent = [row for row in claimed if row.tries + 1 >= MAX_TRIES and not isinstance(error, CrmAuthError)]
        tries = max(row.tries for row in claimed)
        delay = int(min(60_000, 1_000 * 2**tries)) if not error.retry_after else int(error.retry_after * 1000)
        with self.store.write() as connection:
            now = self.context.now()
            rows = [
                parked.Parked(*row.key, parked.READ, error.code, error.message, error.cure, now)
                for row in spent
            ]
            parked.park(self.store, connection, self.portal_id, rows, self.context.config_version)
            work.finish(connection, marks, self.portal_id, spent, now=now, holder=self.holder)
            rest = [row for row in claimed if row not in spent]
            work.release(
                connection,
                marks,
                self.portal_id,
                rest,
                now=now,
                holder=self.holder,
                delay=delay,
                failed=not isinstance(error, CrmAuthError),
            )
            note = {"code": error.code, "message": error.message, "cure": error.cure}
            portals.set_watermark(connection, self.store, self.portal_id, "crm_error", note, now)
        return Done(failed=len(claimed))

    def evaluate(self, *, fill: bool = False) -> Done:
        """Claim customers, compute their outcomes, keep them, and write what differs.

        `fill`: while more customers wait, changes that do not fill a batch are left for the next round.
        """
        with self.store.read() as connection:
            portal = portals.get(connection, self.portal_id)
            parameters = portals.current_parameters(connection, portal) if portal else None
        if portal is None or parameters is None:
            return Done()  # before the first complete read there is nothing to compare a customer with
        claimed = self._claim(dirty, EVALUATE_AT_ONCE)
        if not claimed:
            return Done()
        self.sending.hold(self.sending.rest.rows)
        ready, waiting = self._with_settled_writes(claimed)
        computed = compute(self.context, portal, parameters, [row.key for row in ready])
        entered = self._keep(portal, parameters, ready, computed)
        self.sending.versions = self._versions(parameters)
        load = Load(ready, self.sending.permitted(portal, computed.changes), computed.standing)
        sent = self.sending.send(load, fill=fill and len(claimed) == EVALUATE_AT_ONCE)
        self._finish(sent, waiting, computed.unborn, computed.day)
        self._make_tasks(portal, ready, entered)
        return _done(sent.written) + Done(evaluated=len(ready), failed=len(computed.failed))

    def write_rest(self) -> Done:
        """Write what was left for a next round that does not come."""
        if not self.sending.rest.rows:
            return Done()
        sent = self.sending.send(Load(), fill=False)
        self._finish(sent, [], {}, date.min)
        return _done(sent.written)

    def _with_settled_writes(self, claimed: Sequence[Claimed]) -> tuple[list[Claimed], list[Claimed]]:
        """Customers with a write of unknown fate are read back first; they wait for that."""
        with self.store.write() as connection:
            open_ = ledger.unsettled(connection, self.portal_id, [row.key for row in claimed])
            work.mark_records(
                self.store,
                connection,
                self.portal_id,
                dict.fromkeys(open_, False),
                now=self.context.now(),
                linger=0,
            )
        return [row for row in claimed if row.key not in open_], [row for row in claimed if row.key in open_]

    def _keep(
        self, portal: Portal, parameters: Parameters, ready: Sequence[Claimed], computed: Computed
    ) -> list[outcomes.Evaluated]:
        """Keep the outcomes; returns those who entered another stage."""
        now = self.context.now()
        with self.store.write() as connection:
            entered = outcomes.save(
                self.store,
                connection,
                self.portal_id,
                computed.evaluated,
                day=computed.day,
                versions=self._versions(parameters),
                now=now,
            )
            outcomes.forget(connection, self.portal_id, computed.absent)
            parked.park(
                self.store,
                connection,
                self.portal_id,
                list(computed.failed.values()),
                self.context.config_version,
            )
            equal = [one.key for one in computed.evaluated if one.write_state == outcomes.EQUAL]
            parked.unpark(connection, self.portal_id, equal, [parked.WRITE])
            parked.unpark(
                connection, self.portal_id, [one.key for one in computed.evaluated], [parked.EVALUATE]
            )
            inbox.count(self.store, connection, self.portal_id, {"customers_evaluated": len(ready)})
            work.renew(connection, dirty, self.portal_id, ready, now=now, holder=self.holder)
        return entered

    def _make_tasks(
        self, portal: Portal, ready: Sequence[Claimed], entered: Sequence[outcomes.Evaluated]
    ) -> None:
        """Tasks for those who just entered a stage, where the mapping wants them; none for a whole load."""
        mapping = self.context.mapping
        news = {row.key for row in ready if row.priority < work.BACKFILL}
        wanted = [
            one
            for one in entered
            if one.key in news and portal.may_write(outcomes.bucket(self.portal_id, one.key))
        ]
        if mapping.tasks and wanted:
            crm = self.context.crm(self.portal_id, "due")
            maker = Tasks(self.store, crm, self.portal_id, self.context.models, mapping.language)
            maker.make(wanted, self.context.now())

    def _versions(self, parameters: Parameters) -> outcomes.Versions:
        return outcomes.Versions(parameters.version, self.context.config_version)

    def _finish(
        self, sent: Sent, waiting: Sequence[Claimed], unborn: Mapping[RecordKey, date], day: date
    ) -> None:
        written = sent.written
        with self.store.write() as connection:
            now = self.context.now()
            done = [row for row in sent.rows if row.key not in sent.later and row.key not in unborn]
            work.finish(connection, dirty, self.portal_id, done, now=now, holder=self.holder)
            counted = {"customers_written": len(written.confirmed), "customers_refused": len(written.refused)}
            inbox.count(self.store, connection, self.portal_id, counted)
            held = [row for row in sent.rows if row.key in sent.later]
            self._release(connection, [*waiting, *held], now, written)
            for row in sent.rows:
                if row.key in unborn:
                    self._postpone(connection, row, unborn[row.key] - day, now)
            unknown = dict.fromkeys(written.unknown, False)
            work.mark_records(self.store, connection, self.portal_id, unknown, now=now, linger=1_000)

    def _postpone(self, connection: Connection, row: Claimed, time_left: timedelta, now: int) -> None:
        """A customer whose first record is dated later waits for that day."""
        delay = max(1, time_left.days) * 86_400_000
        work.release(connection, dirty, self.portal_id, [row], now=now, holder=self.holder, delay=delay)

    def _release(self, connection: Connection, rows: Sequence[Claimed], now: int, written: Written) -> None:
        delay = int(1000 * (written.error.retry_after or 2)) if written.error else 1_000
        work.release(connection, dirty, self.portal_id, rows, now=now, holder=self.holder, delay=delay)


def _done(written: Written) -> Done:
    return Done(written=len(written.confirmed), refused=len(written.refused), failed=len(written.unknown))
