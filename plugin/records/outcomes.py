"""The present outcome of every customer, and the rows of what changed when; changes are never rewritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.records.mirror import by_type
from plugin.records.schema import changes, outcomes
from plugin.records.store import Row, Store, chunks
from plugin.records.work import RecordKey

EQUAL, DIFFERS, PARKED = range(3)  # what the CRM holds, compared with the outcome
_PART = 400


@dataclass(frozen=True)
class Versions:
    """What an outcome was computed with."""

    parameters: int
    config: str


@dataclass(frozen=True)
class Evaluated:
    """One outcome to keep: `body` as `evaluate` prints it, `next_moment` the next day to look again."""

    key: RecordKey
    body: Mapping[str, Any]
    next_moment: date | None
    write_state: int


def bucket(portal_id: int, key: RecordKey) -> int:
    """A number from 0 to 99 fixed by the customer: with a share of N percent, those below N are written."""
    text = f"{portal_id}:{key[0]}:{key[1]}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) % 100


def save(
    store: Store,
    connection: Connection,
    portal_id: int,
    evaluated: Sequence[Evaluated],
    *,
    day: date,
    versions: Versions,
    now: int,
) -> list[Evaluated]:
    """Keep outcomes, and a change row for every model in which a customer's stage moved.

    Returns those who entered another stage of the primary model, first outcomes left aside.
    """
    before = _stages(connection, portal_id, [one.key for one in evaluated])
    rows = [_outcome_row(portal_id, one, day, versions, now) for one in evaluated]
    names = (
        [name for name in rows[0] if name not in {"portal_id", "object_type", "object_id"}] if rows else []
    )
    store.upsert(connection, outcomes, rows, lambda new: {name: new[name] for name in names})
    moved = [
        _change_row(portal_id, one, model, before.get(one.key, {}).get(model), versions, now)
        for one in evaluated
        for model, stage in one.body["stages"].items()
        if before.get(one.key, {}).get(model) != stage
    ]
    if moved:
        connection.execute(sa.insert(changes), moved)
    return [one for one in evaluated if _entered(one, before.get(one.key))]


def _entered(one: Evaluated, before: dict[str, str] | None) -> bool:
    model = next(iter(one.body["stages"]))
    return before is not None and before.get(model, one.body["stage"]) != one.body["stage"]


def _outcome_row(portal_id: int, one: Evaluated, day: date, versions: Versions, now: int) -> Row:
    body = one.body
    return {
        "portal_id": portal_id,
        "object_type": one.key[0],
        "object_id": one.key[1],
        "day": day,
        "stage": body["stage"],
        "since": _day(body.get("since")),
        "risk_level": body.get("risk_level"),
        "next_moment": one.next_moment,
        "body": orjson.dumps(body).decode(),
        "parameters_version": versions.parameters,
        "config_version": versions.config,
        "evaluated_at": now,
        "bucket": bucket(portal_id, one.key),
        "write_state": one.write_state,
    }


def _change_row(
    portal_id: int, one: Evaluated, model: str, before: str | None, versions: Versions, now: int
) -> Row:
    primary = next(iter(one.body["stages"])) == model
    return {
        "portal_id": portal_id,
        "object_type": one.key[0],
        "object_id": one.key[1],
        "model": model,
        "from_stage": before,
        "to_stage": one.body["stages"][model],
        "on_day": _day(one.body.get("since")) if primary else None,
        "reason": one.body.get("reason") or "" if primary else "",
        "recorded_at": now,
        "parameters_version": versions.parameters,
        "config_version": versions.config,
    }


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _stages(
    connection: Connection, portal_id: int, keys: Iterable[RecordKey]
) -> dict[RecordKey, dict[str, str]]:
    return {key: body["stages"] for key, body in bodies(connection, portal_id, keys).items()}


def bodies(
    connection: Connection, portal_id: int, keys: Iterable[RecordKey]
) -> dict[RecordKey, dict[str, Any]]:
    """The kept outcomes of these customers."""
    found = {}
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            query = sa.select(outcomes.c.object_id, outcomes.c.body).where(
                *_these(portal_id, object_type), outcomes.c.object_id.in_(part)
            )
            for id_, body in connection.execute(query):
                found[object_type, id_] = orjson.loads(body)
    return found


def _these(portal_id: int, object_type: str) -> list[Any]:
    return [outcomes.c.portal_id == portal_id, outcomes.c.object_type == object_type]


def ids(connection: Connection, portal_id: int, object_type: str) -> list[int]:
    """The ids of all customers of an object type that have an outcome, in order."""
    query = sa.select(outcomes.c.object_id).where(*_these(portal_id, object_type))
    return list(connection.execute(query.order_by(outcomes.c.object_id)).scalars())


def forget(connection: Connection, portal_id: int, keys: Iterable[RecordKey]) -> None:
    """Drop the outcomes of customers that are gone."""
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            here = [*_these(portal_id, object_type), outcomes.c.object_id.in_(part)]
            connection.execute(sa.delete(outcomes).where(*here))


def set_write_state(connection: Connection, portal_id: int, keys: Iterable[RecordKey], state: int) -> None:
    """Note how what stands in the CRM compares with the outcome."""
    for object_type, ids in by_type(keys).items():
        for part in chunks(ids, _PART):
            here = [*_these(portal_id, object_type), outcomes.c.object_id.in_(part)]
            connection.execute(sa.update(outcomes).where(*here).values(write_state=state))


def example(connection: Connection, portal_id: int, stage: str, before: date) -> dict[str, Any] | None:
    """The outcome of the customer who came into this stage last before a day."""
    o = outcomes.c
    query = (
        sa.select(o.body)
        .where(o.portal_id == portal_id, o.stage == stage, o.since < before)
        .order_by(o.since.desc(), o.object_id)
        .limit(1)
    )
    body = connection.execute(query).scalar()
    return orjson.loads(body) if body else None


def history_of(connection: Connection, portal_id: int, key: RecordKey) -> list[Row]:
    """The recorded changes of one customer, oldest first."""
    c = changes.c
    query = (
        sa.select(c.model, c.from_stage, c.to_stage, c.on_day, c.reason, c.recorded_at)
        .where(c.portal_id == portal_id, c.object_type == key[0], c.object_id == key[1])
        .order_by(c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
