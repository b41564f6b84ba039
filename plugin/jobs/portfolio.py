"""Keeps the portfolio's figures in step with outcomes, in one transaction; adds them up from scratch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime

import polars as pl
from sqlalchemy.engine import Connection

from plugin.clock import local_day
from plugin.jobs.context import Context
from plugin.jobs.meaning import evaluate
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.portfolio import cells
from plugin.portfolio.contributions import contributions
from plugin.records import frames, outcomes, portals
from plugin.records import portfolio as kept
from plugin.records.portals import Portal
from plugin.records.store import Store, chunks
from plugin.records.work import RecordKey

AT_ONCE = 5_000
Report = Callable[[str, int, int], None]


def made_of(
    context: Context, connection: Connection, portal: Portal, result: Outcomes, keys: Collection[RecordKey]
) -> dict[RecordKey, str]:
    """The contributions of evaluated customers, as texts."""
    zone = context.mapping.time_zone or portal.time_zone
    made = kept.tasks_made(connection, portal.portal_id, keys) if context.mapping.tasks else {}
    days = {key: [_day(at, zone) for at in moments] for key, moments in made.items()}
    return contributions(result, days)


def _day(at: int, zone: str) -> date:
    return local_day(datetime.fromtimestamp(at / 1000, UTC), zone)


def keep(
    store: Store,
    connection: Connection,
    portal_id: int,
    made: Mapping[RecordKey, str],
    gone: Collection[RecordKey] = (),
) -> None:
    """Put contributions in the place of those kept, forget those of who is gone, and move the cells."""
    before = kept.held(store, connection, portal_id, made, new=True)
    left = kept.held(store, connection, portal_id, set(gone) - set(made), new=False)
    changed = {key: text for key, text in made.items() if before[key] != text}
    for kind in sorted({key[0] for key in (*changed, *left)}):
        old = [before[key] for key in changed if key[0] == kind]
        old += [text for key, text in left.items() if key[0] == kind]
        new = [text for key, text in changed.items() if key[0] == kind]
        kept.add(store, connection, portal_id, kind, cells.moved(old, new).iter_rows())
    kept.put(store, connection, portal_id, changed)
    kept.drop(connection, portal_id, left)


def rebuild(context: Context, portal: Portal, report: Report = lambda *_: None) -> int:
    """Make every contribution anew and add the cells up from scratch; returns how many cells were wrong.

    Workers may go on meanwhile, up to the last step, which holds the store while it adds up.
    """
    context = context.current(portal.portal_id)
    with context.store.read() as connection:
        parameters = portals.current_parameters(connection, portal)
    if parameters is None:
        return 0
    for kind in context.mapping.customer_objects():
        _renew(context, portal, parameters, kind, report)
    with context.store.write() as connection:
        return sum(_add_up(context.store, connection, portal, k) for k in context.mapping.customer_objects())


def _renew(context: Context, portal: Portal, parameters: Parameters, kind: str, report: Report) -> None:
    portal_id = portal.portal_id
    with context.store.read() as connection:
        alive = outcomes.ids(connection, portal_id, kind)
        orphans = kept.contributors(connection, portal_id, kind) - set(alive)
    done = 0
    for part in chunks(sorted({*alive, *orphans}), AT_ONCE):
        keys = [(kind, id_) for id_ in part]
        with context.store.write() as connection:
            made = _contributed(context, connection, portal, parameters, keys)
            keep(context.store, connection, portal_id, made, gone=keys)
        done += len(part)
        report("Customers added up", done, len(alive) + len(orphans))


def _contributed(
    context: Context,
    connection: Connection,
    portal: Portal,
    parameters: Parameters,
    keys: Sequence[RecordKey],
) -> dict[RecordKey, str]:
    records = frames.load(connection, portal.portal_id, context.mapping, keys)
    day = context.today(portal)
    result = evaluate(records, context.mapping, context.models, parameters, day, customers=keys, dates=False)
    return made_of(context, connection, portal, result, keys)


def _add_up(store: Store, connection: Connection, portal: Portal, kind: str) -> int:
    portal_id = portal.portal_id
    fresh = cells.added_up(kept.all_contributions(connection, portal_id, kind))
    there = kept.read_cells(connection, portal_id, kind)
    found = pl.DataFrame(there, fresh.schema, orient="row")
    wrong = [a.join(b, on=fresh.columns, how="anti") for a, b in ((fresh, found), (found, fresh))]
    differing = pl.concat(wrong).select(*cells.CELL).n_unique()
    if differing:
        kept.replace_cells(store, connection, portal_id, kind, fresh.iter_rows())
    return differing
