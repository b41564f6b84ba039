"""Derived facts that failed on records while a portal was computed: logged, and noted for the status.

Neither the log nor the note holds a value of a record, which the message of a function's error may.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from plugin.jobs.context import Context
from plugin.lifecycle.outcomes import Outcomes
from plugin.records import portals

NOTE = "derived_facts"  # what failed lately, by fact
Fault = dict[str, Any]  # fact, problem, count

log = logging.getLogger(__name__)


def faults_of(result: Outcomes) -> list[Fault]:
    """The findings of an evaluation that are about derived facts."""
    return [
        {"fact": one["property"], "problem": one["problem"].partition(":")[0], "count": one["count"]}
        for one in result.findings
        if one["property"] in result.models.derived
    ]


def note(context: Context, connection: Connection, portal_id: int, faults: Sequence[Fault]) -> None:
    """Keep the latest fault of each fact, with its time and the configuration it is about."""
    if not faults:
        return
    found = {fault["fact"]: {**fault, "at": context.now()} for fault in faults}
    for fault in faults:
        log.warning("derived fact failed", extra={"portal_id": portal_id, **fault})
    known = {fault["fact"]: fault for fault in standing(context, connection, portal_id)}
    body = {"config_version": context.config_version, "facts": {**known, **found}}
    portals.set_watermark(connection, context.store, portal_id, NOTE, body, context.now())


def standing(context: Context, connection: Connection, portal_id: int) -> list[Fault]:
    """What failed under the configuration in force."""
    kept = portals.watermark(connection, portal_id, NOTE)
    if kept is None or kept["config_version"] != context.config_version:
        return []
    return list(kept["facts"].values())
