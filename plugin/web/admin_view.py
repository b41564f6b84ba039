"""What the admin's pages show of a portal, as plain values: made from the same status as the API."""

from __future__ import annotations

from typing import Any

from plugin.clock import from_milliseconds
from plugin.jobs.context import Context
from plugin.jobs.status import text_of
from plugin.lifecycle.reading import account_lines, account_title
from plugin.records import parked, portals, refused
from plugin.sync import change_sets
from plugin.sync.options import RuleOptions

SHOWN = 50  # rows of what was given up

_NOUNS = {"contact": "Contacts", "company": "Companies", "deal": "Deals"}


def portal_page(context: Context, standing: dict[str, Any]) -> dict[str, Any]:
    """Everything that a portal's page shows, beside `standing`, the portal's part of the status."""
    portal_id = int(standing["portal_id"])
    context = context.current(portal_id)
    with context.store.read() as connection:
        rows = parked.listed(connection, portal_id)
        dead = refused.listed(connection, portal_id)
        sets = change_sets.listed(connection, portal_id, 5)
        portal = portals.get(connection, portal_id)
    given_up = [
        {"what": f"{row.object_type} {row.object_id}", "work": row.work, "cause": row.cause, "cure": row.cure}
        for row in rows[:SHOWN]
    ]
    properties = [
        {"what": f"{row.object_type} property", "work": "write", "cause": row.cause, "cure": row.cure}
        for row in dead
    ]
    return {
        "standing": standing,
        "stages": stages(context, standing["stages"]),
        "load": load(standing.get("backfill")),
        "read": read_lines(context, standing.get("account")),
        "given_up": properties + given_up,
        "more": max(0, len(rows) - SHOWN),
        "sets": [{**one, "until": text_of(from_milliseconds(one["until"]))} for one in sets],
        "time_zone": context.mapping.time_zone or (portal.time_zone if portal else "UTC"),
    }


def read_lines(context: Context, account: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was read and what was left out, in the mapping's language; None before the first load."""
    if account is None:
        return None
    language, formats = context.mapping.language, context.mapping.formats
    return {"title": account_title(language), "lines": account_lines(account, language, formats)}


def stages(context: Context, counts: dict[str, int]) -> list[dict[str, Any]]:
    """The stages of the primary model in its order: label, count, share of all, and of the largest."""
    named = RuleOptions(context.models).stages(context.mapping.models.primary, context.mapping.language)
    total, largest = sum(counts.values()), max(counts.values(), default=0)
    return [
        {
            "key": key,
            "label": label,
            "count": counts.get(key, 0),
            "share": counts.get(key, 0) / total if total else 0.0,
            "width": 100 * counts.get(key, 0) / largest if largest else 0.0,
        }
        for key, label in named
    ]


def load(state: dict[str, Any] | None) -> dict[str, Any] | None:
    """The last whole load: per object type how many of how many; None before the first."""
    if state is None:
        return None
    parts = [
        {
            "label": _NOUNS.get(name, name),
            "read": state["read"].get(name, 0),
            "total": max(state["total"].get(name, 0), state["read"].get(name, 0)),
        }
        for name in state["phases"]
    ]
    for part in parts:
        part["percent"] = 100 * part["read"] / part["total"] if part["total"] else 100.0
    return {**state, "parts": parts}
