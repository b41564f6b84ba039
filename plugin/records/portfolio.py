"""The portfolio in the store: each customer's contribution, the cells they add up to, and the spend table.

A contribution and the cells it moves change in one transaction, and a customer's row is held while they do:
so two workers with the same customer cannot subtract its old contribution twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.mirror import by_type
from plugin.records.schema import cells, contributions, spend, tasks
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey

_PART = 400
_SPANS = 100  # spans of days asked for at once
EMPTY = ""

CellRow = tuple[str, str, str, int, int, int]  # scope, measure, detail, month, bin, value


def held(
    store: Store, connection: Connection, portal_id: int, keys: Iterable[RecordKey], *, new: bool
) -> dict[RecordKey, str]:
    """The kept contributions of these customers, their rows held until the transaction ends.

    `new`: customers without one get an empty one first, so that there is a row to hold.
    """
    named = {object_type: list(ids) for object_type, ids in by_type(keys).items()}
    if new:
        rows = [_row(portal_id, kind, id_, EMPTY) for kind, ids in named.items() for id_ in ids]
        store.upsert(connection, contributions, rows)
    found: dict[RecordKey, str] = {}
    c = contributions.c
    for kind, ids in named.items():
        for part in chunks(ids, _PART):
            query = sa.select(c.object_id, c.body).where(*_these(portal_id, kind), c.object_id.in_(part))
            for id_, body in connection.execute(query.order_by(c.object_id).with_for_update()):
                found[kind, id_] = body
    return found


def _row(portal_id: int, object_type: str, object_id: int, body: str) -> dict[str, Any]:
    return {"portal_id": portal_id, "object_type": object_type, "object_id": object_id, "body": body}


def _these(portal_id: int, object_type: str) -> list[Any]:
    c = contributions.c
    return [c.portal_id == portal_id, c.object_type == object_type]


def put(store: Store, connection: Connection, portal_id: int, bodies: Mapping[RecordKey, str]) -> None:
    """Keep contributions."""
    rows = [_row(portal_id, *key, body) for key, body in bodies.items()]
    store.upsert(connection, contributions, rows, lambda new: {"body": new.body})


def drop(connection: Connection, portal_id: int, keys: Iterable[RecordKey]) -> None:
    """Forget contributions; the caller has taken them out of the cells, or wants them to stay in there."""
    for kind, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            connection.execute(
                sa.delete(contributions).where(*_these(portal_id, kind), contributions.c.object_id.in_(part))
            )


def add(
    store: Store, connection: Connection, portal_id: int, object_type: str, rows: Iterable[CellRow]
) -> None:
    """Move cells by these values."""
    moved = []
    for scope, measure, detail, month, bin_, value in rows:
        dimension, _, member = scope.partition(":")
        moved.append(
            {
                "portal_id": portal_id,
                "object_type": object_type,
                "dimension": dimension,
                "member": member,
                "measure": measure,
                "month": month,
                "detail": detail,
                "bin": bin_,
                "value": value,
            }
        )
    store.upsert(connection, cells, moved, lambda new: {"value": cells.c.value + new.value})


def drop_empty(connection: Connection, portal_id: int) -> None:
    """Delete the cells that hold nothing any more: their names alone would stay."""
    connection.execute(sa.delete(cells).where(cells.c.portal_id == portal_id, cells.c.value == 0))


def replace_cells(
    store: Store, connection: Connection, portal_id: int, object_type: str, rows: Iterable[CellRow]
) -> None:
    """Put these cells in the place of all that are kept."""
    connection.execute(sa.delete(cells).where(*_cells_of(portal_id, object_type)))
    for part in chunks(rows, 50_000):
        add(store, connection, portal_id, object_type, part)


def _cells_of(portal_id: int, object_type: str) -> list[Any]:
    return [cells.c.portal_id == portal_id, cells.c.object_type == object_type]


def read_cells(
    connection: Connection,
    portal_id: int,
    object_type: str,
    scopes: Collection[str] = (),
    measures: Collection[str] = (),
) -> list[CellRow]:
    """The cells of some scopes and measures (none named: of all), those of nothing left out."""
    c = cells.c
    query = sa.select(c.dimension, c.member, c.measure, c.detail, c.month, c.bin, c.value).where(
        *_cells_of(portal_id, object_type), c.value != 0
    )
    if measures:
        query = query.where(c.measure.in_(sorted(measures)))
    found: list[CellRow] = []
    for mine in [_of_scope(scope) for scope in scopes] or [[]]:
        rows = connection.execute(query.where(*mine)).all()
        found += [(_scope(row[0], row[1]), *row[2:]) for row in rows]
    return found


def steady(connection: Connection) -> None:
    """Let everything read in this transaction be of one moment; to be called first."""
    if connection.dialect.name == "postgresql":  # SQLite reads so anyway
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


Count = tuple[str, str, str, int, int]  # scope, measure, detail, bin, count


def read_counts(
    connection: Connection,
    portal_id: int,
    object_type: str,
    scope: str,
    measures: Collection[str],
    months: Collection[int],
) -> list[Count]:
    """Counts by bin, summed over months."""
    mine = [*_of_scope(scope), cells.c.measure.in_(sorted(measures))]
    return _counted(connection, portal_id, object_type, months, mine)


def read_days(
    connection: Connection,
    portal_id: int,
    object_type: str,
    wanted: Collection[tuple[str, str, str, tuple[int, int]]],
    months: Collection[int],
) -> list[Count]:
    """Counts of the days within some spans, each of one scope, measure and detail; both ends included.

    Asked one by one: then each is a short walk along the key, whatever the planner thinks of many at once.
    """
    c, found = cells.c, []
    for scope, measure, detail, days in wanted:
        span = (c.measure == measure, c.detail == detail, c.bin.between(*days))
        found += _counted(connection, portal_id, object_type, months, [*_of_scope(scope), *span])
    return found


def _counted(
    connection: Connection, portal_id: int, object_type: str, months: Collection[int], where: list[Any]
) -> list[Count]:
    c = cells.c
    whose, counted = [c.dimension, c.member, c.measure, c.detail, c.bin], sa.func.sum(c.value)
    here = [*_cells_of(portal_id, object_type), c.month.in_(sorted(months)), *where]
    query = sa.select(*whose, counted).where(*here).group_by(*whose).having(counted > 0)
    return [(_scope(r[0], r[1]), r[2], r[3], r[4], int(r[5])) for r in connection.execute(query)]


def _scope(dimension: str, member: str) -> str:
    return dimension if dimension == "all" else f"{dimension}:{member}"


def _of_scope(scope: str) -> list[Any]:
    dimension, _, member = scope.partition(":")
    return [cells.c.dimension == dimension, cells.c.member == member]


def all_contributions(connection: Connection, portal_id: int, object_type: str) -> Iterator[str]:
    """Every kept contribution of an object type, one after the other."""
    query = sa.select(contributions.c.body).where(*_these(portal_id, object_type))
    yield from connection.execute(query.execution_options(yield_per=5_000)).scalars()


def contributors(connection: Connection, portal_id: int, object_type: str) -> set[int]:
    """The ids of all customers with a contribution."""
    query = sa.select(contributions.c.object_id).where(*_these(portal_id, object_type))
    return set(connection.execute(query).scalars())


def channels(connection: Connection, portal_id: int, object_type: str) -> list[str]:
    """The channels that customers came through, in order; "" is the unknown one.

    From one name to the next along the key, because all cells of channels are a thousand times as many.
    """
    c = cells.c
    here = [*_cells_of(portal_id, object_type), c.dimension == "channel"]
    found, name = [], connection.execute(sa.select(sa.func.min(c.member)).where(*here)).scalar()
    while name is not None:
        mine = (*here, c.member == name, c.measure == "begun", c.value != 0)
        if connection.execute(sa.select(c.value).where(*mine).limit(1)).first() is not None:
            found.append(name)
        name = connection.execute(sa.select(sa.func.min(c.member)).where(*here, c.member > name)).scalar()
    return found


def tasks_made(
    connection: Connection, portal_id: int, keys: Iterable[RecordKey]
) -> dict[RecordKey, list[int]]:
    """The moments (ms) at which CRM tasks were made for these customers."""
    found: dict[RecordKey, list[int]] = {}
    t = tasks.c
    for kind, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            here = (t.portal_id == portal_id, t.object_type == kind, t.object_id.in_(part))
            query = sa.select(t.object_id, t.made_at).where(*here, t.state == "made")
            for id_, at in connection.execute(query):
                found.setdefault((kind, id_), []).append(at)
    return found


def read_spend(connection: Connection, portal_id: int) -> dict[tuple[int, str], int]:
    """{(month, channel): cents}."""
    query = sa.select(spend.c.month, spend.c.channel, spend.c.cents).where(spend.c.portal_id == portal_id)
    return {(month, channel): cents for month, channel, cents in connection.execute(query)}


def save_spend(
    store: Store,
    connection: Connection,
    portal_id: int,
    amounts: Mapping[tuple[int, str], int],
    *,
    replace: bool = False,
) -> None:
    """Keep what was spent; `replace`: forget everything kept before."""
    if replace:
        connection.execute(sa.delete(spend).where(spend.c.portal_id == portal_id))
    rows = [
        {"portal_id": portal_id, "month": month, "channel": channel, "cents": cents}
        for (month, channel), cents in amounts.items()
    ]
    store.upsert(connection, spend, rows, lambda new: {"cents": new.cents})
