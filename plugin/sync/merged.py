"""What a merge leaves goes on where the merged records were: recorded history, and which values are ours.

HubSpot's rule: a merge makes a record with a new id, which lists the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records import erasure, held
from plugin.records.schema import changes
from plugin.records.schema import mirror as mirror_table
from plugin.records.store import Store, chunks
from plugin.sync import change_sets


def take_over(
    store: Store, connection: Connection, portal_id: int, object_type: str, absorbed: Mapping[int, set[int]]
) -> None:
    """Move the history of merged customers to the records they became, and remember what we wrote to them."""
    erasure.remember_merged(store, connection, portal_id, object_type, absorbed)
    for part in chunks(sorted(absorbed), 400):
        _move_history(connection, portal_id, object_type, {new: absorbed[new] for new in part})
        _take_ours(connection, portal_id, object_type, {new: absorbed[new] for new in part})


def _move_history(
    connection: Connection, portal_id: int, object_type: str, absorbed: Mapping[int, set[int]]
) -> None:
    c = changes.c
    here = (c.portal_id == portal_id, c.object_type == object_type)
    for new, old in absorbed.items():
        for part in chunks(sorted(old), 400):
            statement = sa.update(changes).where(*here, c.object_id.in_(part))
            connection.execute(statement.values(object_id=new))


def _take_ours(
    connection: Connection, portal_id: int, object_type: str, absorbed: Mapping[int, set[int]]
) -> None:
    """Only for records that we have written nothing to ourselves yet; the ledger knows the rest."""
    known = held.outputs(connection, portal_id, [(object_type, new) for new in absorbed])
    fresh = {new: absorbed[new] for _, new in known if not known[object_type, new]["ours"]}
    old_keys = [(object_type, old) for olds in fresh.values() for old in olds]
    past = change_sets.entries(connection, portal_id, old_keys)
    c = mirror_table.c
    for new, olds in fresh.items():
        entries = sorted((e for old in olds for e in past.get((object_type, old), [])), key=lambda e: e.id)
        stands = known[object_type, new]["outputs"]
        wrote = {(name, value) for e in entries for name, value in orjson.loads(e.new).items()}
        ours = {name: value for name, value in stands.items() if (name, value) in wrote}
        if ours:
            statement = sa.update(mirror_table).where(
                c.portal_id == portal_id, c.object_type == object_type, c.object_id == new
            )
            connection.execute(statement.values(ours=orjson.dumps(ours).decode()))
