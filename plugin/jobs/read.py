"""The first step of a portal's work: read the marked records into the mirror, mark the customers touched."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from plugin.errors import CrmAuthError, CrmError
from plugin.jobs import portfolio
from plugin.jobs.sending import CLASSES
from plugin.jobs.turn import Done, Turn
from plugin.records import inbox, outcomes, parked, portals, work
from plugin.records.schema import marks
from plugin.records.work import Claimed
from plugin.sync.reading import Reading, Touched

READ_AT_ONCE = 500
MAX_TRIES = 8


class ReadTurn(Turn):
    """Reads what is marked; a CRM that does not answer puts it off, each time for longer."""

    def read(self) -> Done:
        """Claim marked records, read them, keep them, and mark the customers touched."""
        claimed = self.claim(marks, READ_AT_ONCE)
        if not claimed:
            return Done()
        crm = self.context.crm(self.portal_id, CLASSES[min(row.priority for row in claimed)])
        reading = Reading(self.store, crm, self.portal_id, self.context.mapping, self.context.now())
        try:
            reading.fetch({row.key: row.associations for row in claimed})
        except CrmError as error:
            return self._put_off(claimed, error)
        with self.store.write() as connection:
            if self.context.superseded(self.portal_id):  # what was read is not what is asked for now
                now = self.context.now()
                work.release(connection, marks, self.portal_id, claimed, now=now, holder=self.holder, delay=0)
                return Done()
            self._pass_on(connection, claimed, reading.keep(connection))
        return Done(read=len(claimed))

    def _pass_on(self, connection: Connection, claimed: Sequence[Claimed], touched: Touched) -> None:
        now, priority = self.context.now(), min(row.priority for row in claimed)
        outcomes.forget(connection, self.portal_id, touched.gone)
        parked.unpark(connection, self.portal_id, touched.gone, parked.WORKS)
        portfolio.keep(self.store, connection, self.portal_id, {}, touched.gone)
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
