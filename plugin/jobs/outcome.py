"""Outcomes of a set of customers from the mirror, and what they would change in the CRM; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from rq.timeouts import JobTimeoutException

from plugin.errors import StoreError
from plugin.jobs import portfolio
from plugin.jobs.context import Context
from plugin.jobs.fact_faults import Fault, faults_of
from plugin.jobs.meaning import evaluate
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.records import frames, held, refused
from plugin.records.outcomes import DIFFERS, EQUAL, Evaluated
from plugin.records.parked import EVALUATE, Parked
from plugin.records.portals import Portal
from plugin.records.work import RecordKey
from plugin.sync.diff import Change, difference

Standing = Mapping[RecordKey, Mapping[str, Mapping[str, str]]]


@dataclass(frozen=True)
class Computed:
    """Outcomes ready to be kept and written."""

    day: date
    evaluated: list[Evaluated]
    changes: list[Change]
    standing: Standing
    absent: set[RecordKey]  # customers that the mirror does not have
    unborn: dict[RecordKey, date]  # customers whose first record is dated later, with that day
    failed: dict[RecordKey, Parked]
    contributions: dict[RecordKey, str]  # what each adds to the portfolio
    faults: list[Fault] = field(default_factory=list)  # of derived facts


def compute(
    context: Context,
    portal: Portal,
    parameters: Parameters,
    customers: Sequence[RecordKey],
    look: Callable[[Outcomes], object] = lambda _: None,
) -> Computed:
    """Evaluate customers today; `look` is shown the outcomes of each customer once.

    Should the frame of many fail, each is tried alone, so that one record that no rule foresaw is
    parked and the others go on.
    """
    day = context.today(portal)
    try:
        computed, result = _compute(context, portal, parameters, customers, day)
    except (StoreError, JobTimeoutException):
        raise  # no record's fault: the whole round is tried again
    except Exception as error:
        if len(customers) == 1:
            return _failed(context, customers[0], day, error)
        middle = len(customers) // 2
        halves = (customers[:middle], customers[middle:])
        return _joined([compute(context, portal, parameters, half, look) for half in halves])
    look(result)
    return computed


def _compute(
    context: Context, portal: Portal, parameters: Parameters, customers: Sequence[RecordKey], day: date
) -> tuple[Computed, Outcomes]:
    with context.store.read() as connection:
        records = frames.load(connection, portal.portal_id, context.mapping, customers)
        standing = held.outputs(connection, portal.portal_id, customers)
        left_out = refused.names(connection, portal.portal_id, context.config_version)
    result = evaluate(records, context.mapping, context.models, parameters, day, customers=list(customers))
    with context.store.read() as connection:
        contributed = portfolio.made_of(context, connection, portal, result, customers)
    evaluated, changes = [], []
    for body, next_moment in _rows(result, day):
        key = (body["object"], int(body["id"]))
        if key not in standing:
            continue
        change = difference(
            key, body["written"], standing[key]["outputs"], standing[key]["ours"], context.mapping, left_out
        )
        evaluated.append(Evaluated(key, body, next_moment, DIFFERS if change else EQUAL))
        if change:
            changes.append(change)
    unborn = {(row[0], row[1]): row[2] for row in result.unseen.select("object", "id", "next_moment").rows()}
    absent = set(customers) - {one.key for one in evaluated} - set(unborn)
    mine = {one.key: contributed[one.key] for one in evaluated}
    computed = Computed(day, evaluated, changes, standing, absent, unborn, {}, mine, faults_of(result))
    return computed, result


def _rows(result: Outcomes, day: date) -> list[tuple[dict[str, Any], date | None]]:
    # a moment that is not in the future would be due again at once, for ever
    moments = [m if m is None or m > day else day + timedelta(1) for m in result.frame["next_moment"]]
    return list(zip(result.to_json(), moments, strict=True))


def _failed(context: Context, key: RecordKey, day: date, error: Exception) -> Computed:
    cure = "Look at this record's values; then `lifecycle parked retry`. If they are in order, report this."
    row = Parked(*key, EVALUATE, "evaluate_failed", f"{type(error).__name__}: {error}", cure, context.now())
    return Computed(day, [], [], {}, set(), {}, {key: row}, {})


def _joined(parts: Sequence[Computed]) -> Computed:
    return Computed(
        parts[0].day,
        [one for part in parts for one in part.evaluated],
        [one for part in parts for one in part.changes],
        {key: value for part in parts for key, value in part.standing.items()},
        {key for part in parts for key in part.absent},
        {key: day for part in parts for key, day in part.unborn.items()},
        {key: value for part in parts for key, value in part.failed.items()},
        {key: text for part in parts for key, text in part.contributions.items()},
        [fault for part in parts for fault in part.faults],
    )
