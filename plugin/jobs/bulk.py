"""The bulk lane: the first write of a whole base goes by import, where it is switched on and permitted.

`HUBSPOT_BULK`: off; on; auto, which means on for loads of more than 50,000 customers. Customers are evaluated
as ever; their changes are collected until they fill a file. On any failure the ordinary lane does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plugin.errors import CrmError
from plugin.jobs.context import Context
from plugin.jobs.drain import Report, waiting
from plugin.jobs.evaluate import Round
from plugin.jobs.sending import Load, Sending, Sent
from plugin.records.work import Claimed, RecordKey
from plugin.sync import importing, lanes
from plugin.sync.diff import Change
from plugin.sync.importing import ImportBack
from plugin.sync.writeback import WriteBack

FILE_ROWS = 20_000  # what is claimed and held by one process while a file is collected and worked off
_RENEW_MS = 30_000
Say = Callable[[str], None]


class BulkSending(Sending):
    """Collects changes until they fill a file."""

    writer = ImportBack
    renewed = 0
    trouble: CrmError | None = None

    def hold(self, rows: Sequence[Claimed]) -> None:
        """Claim these customers for longer; tens of thousands of them not every moment."""
        if self.context.now() - self.renewed >= _RENEW_MS:
            self.renewed = self.context.now()
            super().hold(rows)

    def ready(self, changes: Sequence[Change]) -> tuple[list[Change], set[RecordKey]]:
        """Everything once a file is full, and nothing before."""
        if len(changes) >= FILE_ROWS:
            return list(changes), set()
        return [], {change.key for change in changes}

    def send(self, load: Load, *, fill: bool) -> Sent:
        """As ever; remembers why the lane is to be left."""
        sent = super().send(load, fill=fill)
        self.trouble = self.trouble or sent.written.error
        return sent

    def written_by(self, back: WriteBack) -> None:
        """Note that a file had to be written in batches."""
        if isinstance(back, ImportBack):
            self.trouble = self.trouble or back.fell_back


def settle_open_import(context: Context, portal_id: int, say: Say) -> None:
    """Wait for an import that was left behind, so that what is read back is what it wrote."""
    crm = context.crm(portal_id, "backfill")
    try:
        if importing.settle_open(context.store, crm.imports, portal_id):
            say("An import that was not confirmed is over; its records are read back.")
    except CrmError as error:
        say(f"An import that was not confirmed cannot be looked at ({error.message.rstrip('.')}).")


def wanted(context: Context, customers: int) -> bool:
    """Whether a load of so many customers goes by the bulk lane."""
    return lanes.wanted(context.bulk, customers)


def write_by_import(context: Context, portal_id: int, customers: int, report: Report, say: Say) -> None:
    """Evaluate the customers of a load and write them by import; leaves the rest to the ordinary lane."""
    if not wanted(context, customers):
        return
    round_ = Round(context, portal_id, "bulk")
    sending = BulkSending(context, portal_id, "bulk", round_.holder)
    round_.sending = sending
    while sending.trouble is None and round_.evaluate(fill=True):
        left = waiting(context, portal_id)
        report("Customers computed", max(0, customers - left), customers)
    round_.write_rest()
    if sending.trouble is not None:
        cause = sending.trouble.message.rstrip(".")
        settle_open_import(context, portal_id, say)
        say(f"The bulk lane was left ({cause}); the rest is written in batches.")
