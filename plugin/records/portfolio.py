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
    """The cells of some scopes and measures (none named: of all), those of nothing left out.

    `channel:*` names all scopes of a dimension.
    """
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


def read_timings(
    connection: Connection,
    portal_id: int,
    object_type: str,
    scopes: Collection[str],
    measures: Collection[str],
    months: Collection[int],
) -> list[tuple[str, str, str, int | None, int | None, int, int]]:
    """(scope, measure, detail, lower and upper median bin, of how many, of how many in all) of counts.

    Bins below 0 count in all alone. The counts themselves, thousands of them, stay where they are.
    """
    c = cells.c
    whose = [c.dimension, c.member, c.measure, c.detail]
    here = [*_cells_of(portal_id, object_type), c.measure.in_(sorted(measures)), c.month.in_(sorted(months))]
    if len(months) == 1:  # then each bin is one row already
        base = sa.select(*whose, c.bin, c.value.label("v")).where(*here, c.value > 0)
    else:
        counted = sa.func.sum(c.value)
        base = sa.select(*whose, c.bin, counted.label("v")).where(*here)
        base = base.group_by(*whose, c.bin).having(counted > 0)
    found = []
    for scope in scopes:
        rows = connection.execute(_medians(base.where(*_of_scope(scope)))).all()
        found += [(_scope(r[0], r[1]), r[2], r[3], r[4], r[5], int(r[6]), int(r[7])) for r in rows]
    return found


def _medians(base: Any) -> Any:
    """Of sorted counts, the bins in which the two middle ones lie."""
    b = base.subquery()
    whose = [b.c.dimension, b.c.member, b.c.measure, b.c.detail]
    known = sa.case((b.c.bin >= 0, b.c.v), else_=0)
    ranked = sa.select(
        *whose,
        b.c.bin,
        sa.func.sum(known).over(partition_by=whose, order_by=b.c.bin).label("run"),
        sa.func.sum(known).over(partition_by=whose).label("n"),
        sa.func.sum(b.c.v).over(partition_by=whose).label("total"),
    ).subquery()
    r = ranked.c
    names = [r.dimension, r.member, r.measure, r.detail]
    low = sa.func.min(sa.case((sa.and_(r.bin >= 0, 2 * r.run >= r.n), r.bin)))
    high = sa.func.min(sa.case((sa.and_(r.bin >= 0, 2 * r.run > r.n), r.bin)))
    return sa.select(*names, low, high, sa.func.max(r.n), sa.func.max(r.total)).group_by(*names)


def _scope(dimension: str, member: str) -> str:
    return dimension if dimension == "all" else f"{dimension}:{member}"


def _of_scope(scope: str) -> list[Any]:
    dimension, _, member = scope.partition(":")
    whole = member == "*"
    return [cells.c.dimension == dimension, *([] if whole else [cells.c.member == member])]


def all_contributions(connection: Connection, portal_id: int, object_type: str) -> Iterator[str]:
    """Every kept contribution of an object type, one after the other."""
    query = sa.select(contributions.c.body).where(*_these(portal_id, object_type))
    yield from connection.execute(query.execution_options(yield_per=5_000)).scalars()


def contributors(connection: Connection, portal_id: int, object_type: str) -> set[int]:
    """The ids of all customers with a contribution."""
    query = sa.select(contributions.c.object_id).where(*_these(portal_id, object_type))
    return set(connection.execute(query).scalars())


def channels(connection: Connection, portal_id: int, object_type: str) -> list[str]:
    """The channels that customers came through, in order; "" is the unknown one."""
    c = cells.c
    mine = (c.dimension == "channel", c.measure == "begun", c.value != 0)
    query = sa.select(c.member).where(*_cells_of(portal_id, object_type), *mine)
    return sorted(connection.execute(query.distinct()).scalars())


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
