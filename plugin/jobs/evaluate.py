"""The work of one portal: read what is marked, evaluate the customers touched, write what differs.

Two steps, each with its own claims: records (read from the CRM into the mirror) and customers (from the
mirror to an outcome to the CRM). A worker that dies leaves claims that run out; the next one does it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy.engine import Connection

from plugin.jobs import fact_faults, portfolio
from plugin.jobs.context import Context
from plugin.jobs.outcome import Computed, compute
from plugin.jobs.read import ReadTurn
from plugin.jobs.sending import Load, Sending, Sent
from plugin.jobs.turn import Done, Turn
from plugin.lifecycle.parameters import Parameters
from plugin.records import inbox, outcomes, parked, portals, work
from plugin.records.portals import Portal
from plugin.records.schema import dirty
from plugin.records.work import Claimed, RecordKey
from plugin.sync import ledger
from plugin.sync.noting import Written
from plugin.sync.tasks import Tasks

EVALUATE_AT_ONCE = 1_000


def work_portal(context: Context, portal_id: int, lane: str) -> Done:
    """Read and evaluate one round of a portal's waiting work; false when nothing could be done."""
    round_ = Round(context.current(portal_id), portal_id, lane)
    return round_.read() + round_.evaluate()


def work_through(
    context: Context, portal_id: int, lane: str, go_on: Callable[[], bool] = lambda: True
) -> Done:
    """Rounds until nothing is ready or `go_on` says no; half-full batches are filled by the next round's.

    All are of one configuration: when another comes into force, the rest is written and the work ends.
    """
    context = context.current(portal_id)
    round_ = Round(context, portal_id, lane)
    total = Done()
    while done := round_.read() + round_.evaluate(fill=True):
        total += done
        if not go_on() or context.superseded(portal_id):
            break
    return total + round_.write_rest()


class Round(Turn):
    """One worker's work on one portal, round after round."""

    def __init__(self, context: Context, portal_id: int, lane: str) -> None:
        super().__init__(context, portal_id, lane)
        self.sending = Sending(context, portal_id, lane, self.holder)

    def read(self) -> Done:
        """Read what is marked, and mark the customers touched."""
        return ReadTurn(self.context, self.portal_id, self.lane, self.holder).read()

    def evaluate(self, *, fill: bool = False) -> Done:
        """Claim customers, compute their outcomes, keep them, and write what differs.

        `fill`: while more customers wait, changes that do not fill a batch are left for the next round.
        """
        with self.store.read() as connection:
            portal = portals.get(connection, self.portal_id)
            parameters = portals.current_parameters(connection, portal) if portal else None
        if portal is None or parameters is None:
            return Done()  # before the first complete read there is nothing to compare a customer with
        claimed = self.claim(dirty, EVALUATE_AT_ONCE)
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
            fact_faults.note(self.context, connection, self.portal_id, computed.faults)
            gone = computed.absent | set(computed.unborn)
            portfolio.keep(self.store, connection, self.portal_id, computed.contributions, gone)
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
