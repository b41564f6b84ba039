"""What happens when the app leaves a portal: found by a refused refresh, told by the journal, or asked for.

Work stops at once, tokens are dropped, the data is kept for the days that the settings name, then purged
(`jobs.purge`). An installation before that brings the portal back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from plugin.clock import from_milliseconds
from plugin.errors import CrmAuthError, CrmError, PortalGone
from plugin.hubspot.client import Crm, PropertyDefinition
from plugin.jobs.context import Context
from plugin.mapping.model import Mapping
from plugin.records import accounts
from plugin.sync.made_lists import MadeList, MadeLists
from plugin.sync.properties import GROUP

DAY_MS = 86_400_000
ASKED, TOLD = "asked", "told"


@dataclass(frozen=True)
class Ours:
    """A property of ours in the CRM, and how many records have a value in it."""

    object_type: str
    name: str
    label: str
    filled: int


@dataclass(frozen=True)
class Removed:
    """What became of our properties: gone, and refused with HubSpot's words."""

    gone: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str, str], ...]


def note_uninstalled(context: Context, portal_id: int, at: int) -> bool:
    """HubSpot tells (in its journal) that the app was taken out at `at` (ms); false when that is old news.

    What is older than the present installation is of an earlier one, and says nothing.
    """
    with context.store.write() as connection:
        account = accounts.get(connection, portal_id)
        if account is not None and account.installed_at >= at:
            return False
        return accounts.leave(connection, context.store, portal_id, cause=TOLD, now=context.now())


def leave(context: Context, portal_id: int) -> bool:
    """Take the app out of the portal, here and, where it came by OAuth, in HubSpot; false if it was gone."""
    with context.store.read() as connection:
        account = accounts.get(connection, portal_id)
    if account is not None and account.state != accounts.GONE:
        try:
            context.crm(portal_id, "interactive").uninstall()
        except PortalGone:
            return False  # a person was quicker; the refused token has noted it
    with context.store.write() as connection:
        return accounts.leave(connection, context.store, portal_id, cause=ASKED, now=context.now())


def ours(context: Context, portal_id: int) -> list[Ours]:
    """The properties that we made in the portal, under this mapping or an earlier one: those in our group."""
    context = context.current(portal_id)
    crm = context.crm(portal_id, "interactive")
    found = []
    for kind in ("contact", "company"):
        for one in _readable(crm, kind, context.mapping):
            if one.group == GROUP:
                filter_ = {"propertyName": one.name, "operator": "HAS_PROPERTY"}
                found.append(Ours(kind, one.name, one.label, crm.search(kind, [filter_], limit=1).total))
    return found


def lists(context: Context, portal_id: int) -> list[MadeList]:
    """The lists that we made and that are in the portal, whatever mapping they were made under."""
    try:
        return list(_made(context, portal_id).present().values())
    except CrmAuthError as error:
        if error.status != 403:
            raise
        return []  # the app may not see lists, so that it made none


def remove_lists(context: Context, portal_id: int) -> int:
    """Delete the lists that we made: before their properties, which HubSpot keeps while they are used."""
    return _made(context, portal_id).remove()


def _made(context: Context, portal_id: int) -> MadeLists:
    return MadeLists(context.store, context.crm(portal_id, "interactive"), portal_id, context.now)


def _readable(crm: Crm, kind: str, mapping: Mapping) -> list[PropertyDefinition]:
    """The kind's properties; none where the app was never granted to see them, so that it made none."""
    try:
        return crm.properties(kind)
    except CrmAuthError as error:
        if error.status != 403 or kind in mapping.customer_objects():
            raise
        return []


def remove(context: Context, portal_id: int, properties: list[Ours]) -> Removed:
    """Delete these properties, then their group where it is empty; a refused one stops no other."""
    crm = context.crm(portal_id, "interactive")
    gone, refused = [], []
    for one in properties:
        try:
            crm.delete_property(one.object_type, one.name)
            gone.append((one.object_type, one.name))
        except CrmError as error:
            if not error.permanent or error.status in (401, 403):
                raise
            refused.append((one.object_type, one.name, error.message))
    for kind in dict.fromkeys(one.object_type for one in properties):
        _remove_group(crm, kind)
    return Removed(tuple(gone), tuple(refused))


def _remove_group(crm: Crm, kind: str) -> None:
    """Our group goes when nothing is left in it: HubSpot refuses to delete one that is used."""
    used = any(one.group == GROUP for one in crm.properties(kind))
    if not used and any(group.name == GROUP for group in crm.groups(kind)):
        crm.delete_group(kind, GROUP)


def purged_on(context: Context, left_at: int) -> date:
    """The day from which the data of a portal that left at that moment is gone."""
    return from_milliseconds(left_at + context.keep_days * DAY_MS).date() + timedelta(days=1)
