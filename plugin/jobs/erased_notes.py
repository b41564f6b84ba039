"""Takes people out of a portal's notes: how far work has come, what could not be read, what went wrong last.

Notes are texts and no rows of a record, so that no key finds what is theirs. Examples of values that could
not be read name nobody: an erasure takes all of them. A position that names a person moves to a neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.jobs.context import Context
from plugin.jobs.fit import UNREAD
from plugin.jobs.undo import NOTE as UNDOING
from plugin.records import accounts, portals
from plugin.records.schema import watermarks
from plugin.records.work import RecordKey
from plugin.sync import backfill, rolling

#: in what a note tells of a fault, these hold HubSpot's or our own words, which may name a record
_WORDS = ("message", "cure", "cause")


def clear(context: Context, connection: Connection, portal_id: int, theirs: Sequence[RecordKey]) -> None:
    """Leave nothing of these records, whose tombstones stand, in any note of the portal."""
    store, now = context.store, context.now()
    rolling.forget_erased(store, connection, portal_id, now)
    backfill.forget_erased(store, connection, portal_id, now)
    _clear_examples(context, connection, portal_id)
    undoing = portals.watermark(connection, portal_id, UNDOING)
    if undoing and undoing["scope"]["record"] in [list(key) for key in theirs]:
        portals.clear_watermark(connection, portal_id, UNDOING)
    _clear_words(context, connection, portal_id, [id_ for _, id_ in theirs])


def _clear_examples(context: Context, connection: Connection, portal_id: int) -> None:
    unread = portals.watermark(connection, portal_id, UNREAD)
    if unread and any(row["examples"] for row in unread["values"]):
        note = {**unread, "values": [{**row, "examples": []} for row in unread["values"]]}
        portals.set_watermark(connection, context.store, portal_id, UNREAD, note, context.now())


def _clear_words(context: Context, connection: Connection, portal_id: int, ids: Sequence[int]) -> None:
    """Faults told in words that name one of these ids keep their code, not their words."""
    names = re.compile(rf"(?<![0-9])({'|'.join(map(str, ids))})(?![0-9])")
    query = sa.select(watermarks.c.name, watermarks.c.body).where(watermarks.c.portal_id == portal_id)
    for name, text in connection.execute(query).all():
        body = orjson.loads(text)
        if (told := _without(body, names)) != body:
            portals.set_watermark(connection, context.store, portal_id, name, told, context.now())
    account = accounts.get(connection, portal_id)
    if account is not None and (told := _without(account.report, names)) != account.report:
        accounts.tell(connection, portal_id, told)


def _without(body: Any, names: re.Pattern[str]) -> Any:
    """The body, words that name somebody replaced."""
    if isinstance(body, list):
        return [_without(one, names) for one in body]
    if not isinstance(body, dict):
        return body
    return {
        key: "It named a person who was erased since."
        if key in _WORDS and isinstance(value, str) and names.search(value)
        else _without(value, names)
        for key, value in body.items()
    }
