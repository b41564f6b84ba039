"""Fits a portal's parameters on everything the mirror holds, and adopts them when they say something new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from plugin.jobs.context import Context
from plugin.jobs.meaning import fit
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.reading import what_was_read
from plugin.records import frames, portals
from plugin.value.drift import confirmed
from plugin.value.standing import standing

REFIT_DAYS = 7
UNREAD = "unread"  # the note of what was read and left out when everything was last looked at
UNREAD_SHOWN = 20

Account = dict[str, Any]


def account_of(connection: Connection, portal_id: int) -> Account | None:
    """What was read and left out when everything was last looked at (`what_was_read`); None: not yet."""
    note = portals.watermark(connection, portal_id, UNREAD)
    if note is None or "account" not in note:
        return None
    return {**note["account"], "unread": note["values"]}


def fit_portal(context: Context, portal_id: int) -> Parameters:
    """The parameters in force after the fit.

    A fit that differs from the present one in nothing but its date and number is not adopted, so that
    nothing is computed again for it. Where others were put in force meanwhile, it is fitted on those anew.
    """
    while (done := _fitted_once(context, portal_id)) is None:
        pass
    return done


def _fitted_once(context: Context, portal_id: int) -> Parameters | None:
    with context.store.read() as connection:
        portal = portals.get(connection, portal_id)
        if portal is None:
            raise LookupError(f"portal {portal_id} is not served")
        present = portals.current_parameters(connection, portal)
    new, account = fitted(context, portal, present)
    with context.store.write() as connection:
        unread = account["unread"]
        note = {"values": unread[:UNREAD_SHOWN], "more": max(0, len(unread) - UNREAD_SHOWN)}
        note["account"] = {name: said for name, said in account.items() if name != "unread"}
        portals.set_watermark(connection, context.store, portal_id, UNREAD, note, context.now())
    if present is not None and _same(present, new):
        return present
    with context.store.write() as connection:
        adopted = portals.adopt(connection, context.store, portal_id, new, context.now())
    return new if adopted else None


def fitted(
    context: Context, portal: portals.Portal, present: Parameters | None
) -> tuple[Parameters, Account]:
    """Parameters fitted on everything the mirror holds, with the next number; not adopted.

    Beside them what was read and what was left out (`what_was_read`).
    """
    with context.store.read() as connection:
        records = frames.load(connection, portal.portal_id, context.mapping, None)
    unread: dict[tuple[str, str, str], dict[str, Any]] = {}
    new = fit(
        records,
        context.mapping,
        context.today(portal),
        present=present,
        version=(present.version if present else 0) + 1,
        time_zone=context.mapping.time_zone or portal.time_zone,
        currency=context.mapping.currency or portal.currency,
        told=lambda row: unread.update({(row["object"], row["property"], row["problem"]): row}),
    )
    account = what_was_read(
        records,
        context.mapping,
        context.today(portal),
        time_zone=new.time_zone,
        currency=new.currency,
        unread=sorted(unread.values(), key=lambda row: -row["count"]),
    )
    return new, account


def adopt_waiting(context: Context, portal_id: int) -> Parameters | None:
    """Put the value models in force that wait for a yes, today; None where none waits."""
    with context.store.read() as connection:
        portal = portals.get(connection, portal_id)
        present = portals.current_parameters(connection, portal) if portal else None
    if portal is None or present is None:
        return None
    sections = present.value or {}
    if not any(section.get("waiting") for section in sections.values()):
        return None
    chosen = {name: confirmed(section) for name, section in sections.items()}
    adopted = replace(present, version=present.version + 1, adopted_on=context.today(portal), value=chosen)
    with context.store.write() as connection:
        done = portals.adopt(connection, context.store, portal_id, adopted, context.now())
    return adopted if done else adopt_waiting(context, portal_id)


def value_standing(context: Context, portal_id: int) -> dict[str, Any]:
    """What the portal's value models are and say, and why nothing is predicted where that is so."""
    with context.store.read() as connection:
        portal = portals.get(connection, portal_id)
        present = portals.current_parameters(connection, portal) if portal else None
    sections = (present.value if present else None) or {}
    return {
        "portal_id": portal_id,
        "version": present.version if present else None,
        "adopted_on": present.adopted_on.isoformat() if present else None,
        "objects": {name: standing(sections.get(name)) for name in context.mapping.customer_objects()},
    }


def _same(present: Parameters, fitted: Parameters) -> bool:
    return replace(fitted, version=present.version, adopted_on=present.adopted_on) == present


def is_due(context: Context, portal: portals.Portal) -> bool:
    """Whether the portal's parameters are a week old; before the first complete read no fit is due."""
    with context.store.read() as connection:
        present = portals.current_parameters(connection, portal)
        checked = portals.watermark(connection, portal.portal_id, "fit")
    if present is None:
        return False
    last = checked["day"] if checked else present.adopted_on.toordinal()
    return context.today(portal).toordinal() - last >= REFIT_DAYS


def scheduled_fit(context: Context, portal_id: int) -> None:
    """Fit, and note the day, so that the next is a week away even if nothing new was found."""
    fit_portal(context, portal_id)
    with context.store.write() as connection:
        portal = portals.get(connection, portal_id)
        if portal is not None:
            note = {"day": context.today(portal).toordinal()}
            portals.set_watermark(connection, context.store, portal_id, "fit", note, context.now())
