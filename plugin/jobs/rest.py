"""How long a changed record rests before it is read: changes that come together cost one round of calls.

A round of live work costs some five calls, however few records it reads. While a load shares the allowance
with it, a trickle of changes read one by one would take all calls and the load would stand still; so the
changes of some seconds are then read in one round.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection

from plugin.records import portals, work
from plugin.sync import backfill

#: Between two rounds while a load goes on (ms): a change still reaches the record within seconds.
BESIDE_A_LOAD_MS = 2_000
#: And during a portal's first load: nothing is computed before it is complete.
FIRST_LOAD_MS = 10_000


def rest(connection: Connection, portal_id: int, now: int) -> int:
    """Milliseconds from `now` until a record that changed now may be read."""
    every = _between_rounds(connection, portal_id)
    return every - now % every if every else work.LINGER_MS


def _between_rounds(connection: Connection, portal_id: int) -> int:
    load = backfill.state(connection, portal_id)
    portal = portals.get(connection, portal_id)
    if load and not load["finished"]:
        return BESIDE_A_LOAD_MS if portal and portal.parameters_version is not None else FIRST_LOAD_MS
    return BESIDE_A_LOAD_MS if work.waits_in_class(connection, portal_id, work.BACKFILL) else 0
