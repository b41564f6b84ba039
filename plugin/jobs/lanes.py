"""Which way the next whole load of a portal would read and write, and why not the other."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from plugin.jobs.context import Context
from plugin.records import drift
from plugin.sync import lanes
from plugin.sync.lanes import Lane


def lanes_of(context: Context, portal_id: int) -> tuple[Lane, Lane]:
    """How it reads, how it writes; by the customers kept so far, and the scopes where they are known."""
    with context.store.read() as connection:
        return lanes_in(context.current(portal_id), connection, portal_id)


def lanes_in(
    context: Context, connection: Connection, portal_id: int, customers: int | None = None
) -> tuple[Lane, Lane]:
    """The same in a transaction, by the configuration of `context`; `customers` where they were counted."""
    names = context.mapping.customer_objects()
    known = customers or sum(drift.count(connection, portal_id, name) for name in names) or None
    granted = lanes.granted(connection, portal_id)
    reads = lanes.reading(context.bulk, context.mapping, known, granted)
    return reads, lanes.writing(context.bulk, known, granted)


def as_dict(found: tuple[Lane, Lane]) -> dict[str, Any]:
    """For machines."""
    names = ("read", "write")
    return {name: {"lane": one.name, "because": one.because} for name, one in zip(names, found, strict=True)}
