"""How everything stands, for the API, the command line and the tests that wait for quiet."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from plugin.clock import from_milliseconds
from plugin.jobs import config_files, config_turnover, fact_faults, lanes
from plugin.jobs.context import Context
from plugin.jobs.fit import UNREAD, account_of
from plugin.jobs.reconcile import CHECKED
from plugin.lifecycle.parameters import Parameters
from plugin.records import accounts, inbox, outstanding, parked, portals, refused, work
from plugin.records.outcomes import Versions
from plugin.records.portals import Portal
from plugin.sync.backfill import WATERMARK as BACKFILL
from plugin.sync.progress import as_status
from plugin.value import standing as predictions

SUMMED = ("pending", "inbox", "parked", "unwritten")


def status(context: Context) -> dict[str, Any]:
    """The sums over all portals, whether all is settled, and the same for each portal."""
    with context.store.read() as connection:
        each = [
            portal_status(context.current(portal.portal_id), connection, portal)
            for portal in portals.every(connection)
        ]
        _, events, oldest = inbox.waiting(connection)
    sums = {name: sum(portal[name] for portal in each) for name in SUMMED}
    sums["inbox"] = events  # bodies of several or unknown portals count once
    lags = [portal["lag_seconds"] for portal in each] + [_seconds_since(context, oldest)]
    settled = not (sums["pending"] or sums["inbox"] or sums["unwritten"])
    refused_file = config_files.refusal(context)
    return {
        **sums,
        "lag_seconds": max(lags),
        "settled": settled,
        "config_refused": refused_file,
        "portals": each,
    }


def portal_status(context: Context, connection: Connection, portal: Portal) -> dict[str, Any]:
    """How one portal stands."""
    records, customers, since = work.waiting(connection, portal.portal_id, context.now())
    bodies, events, arrived = inbox.waiting(connection, portal.portal_id)
    versions = Versions(portal.parameters_version or 0, context.config_version)
    standing = outstanding.standing(connection, portal, context.today(portal), versions)
    causes = Counter(parked.causes(connection, portal.portal_id))
    causes.update(row.code for row in refused.listed(connection, portal.portal_id))
    turnover = config_turnover.state(connection, context, portal)
    pending = records + customers + standing.due + max(standing.outdated, turnover.waiting)
    oldest = min((moment for moment in (since, arrived) if moment is not None), default=None)
    told = {
        "portal_id": portal.portal_id,
        "mode": portal.mode,
        "share": portal.share,
        "list_id": portal.list_id,
        "pending": pending,
        "inbox": events,
        "parked": sum(causes.values()),
        "unwritten": standing.unwritten,
        "lag_seconds": _seconds_since(context, oldest),
        "settled": not (pending or bodies or standing.unwritten),
        "last_incremental": _moment(portal.last_incremental),
        "last_full": _moment(portal.last_full),
        "causes": dict(causes),
        "stages": standing.stages,
        "parameters_version": portal.parameters_version,
        "config_version": context.config_version,
        "config": turnover.as_dict(),
        "account": account_of(connection, portal.portal_id),
        "unread": portals.watermark(connection, portal.portal_id, UNREAD) or {"values": [], "more": 0},
        "predictions": predictions_of(context, portals.current_parameters(connection, portal)),
        "crm_error": portals.watermark(connection, portal.portal_id, "crm_error"),
        "backfill": _backfill(connection, portal.portal_id),
        "lanes": lanes.as_dict(lanes.lanes_in(context, connection, portal.portal_id)),
        "facts_failed": fact_faults.standing(context, connection, portal.portal_id),
        "last_check": portals.watermark(connection, portal.portal_id, CHECKED),
    }
    return told | (_departed(connection, portal.portal_id) if portal.mode == portals.GONE else {})


def predictions_of(context: Context, parameters: Parameters | None) -> dict[str, Any]:
    """By object type: whether predictions are published, by which model, and if not, why."""
    sections = (parameters.value if parameters else None) or {}
    names = ("published", "reasons", "model", "waiting", "findings")
    known = {name: predictions.standing(sections.get(name)) for name in context.mapping.customer_objects()}
    return {object_type: {name: one[name] for name in names} for object_type, one in known.items()}


def _backfill(connection: Connection, portal_id: int) -> dict[str, Any] | None:
    """How far the portal's whole load has come; None before the first."""
    note = portals.watermark(connection, portal_id, BACKFILL)
    if note is None:
        return None
    shown = as_status(note, work.waiting_in_class(connection, portal_id, work.BACKFILL))
    return {**shown, **{name: _moment(shown[name]) for name in ("started_at", "resumes_at")}}


def _departed(connection: Connection, portal_id: int) -> dict[str, Any]:
    """What is so of a portal that the app was taken out of: nothing waits there."""
    left = accounts.departed(connection, portal_id)
    nothing = dict.fromkeys(SUMMED, 0) | {"lag_seconds": 0.0, "settled": True, "causes": {}}
    return nothing | {"crm_error": None, "left_at": _moment(left.at) if left else None}


def _seconds_since(context: Context, moment: int | None) -> float:
    return 0.0 if moment is None else max(0.0, round((context.now() - moment) / 1000, 3))


def _moment(value: int | None) -> str | None:
    return None if value is None else text_of(from_milliseconds(value))


def text_of(moment: datetime) -> str:
    """A moment as the API shows it: ISO 8601 in UTC, to the second."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
