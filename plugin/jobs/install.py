"""Installs the product in a portal: reads the account, notes the portal, makes the properties."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.engine import Connection

from plugin.errors import CrmAuthError
from plugin.jobs.context import Context
from plugin.jobs.retry import mark_everyone, take_up_properties
from plugin.records import accounts, outputs, portals
from plugin.sync import definitions
from plugin.sync.call_lists import wanted
from plugin.sync.made_lists import ListReport, MadeLists
from plugin.sync.options import RuleOptions
from plugin.sync.properties import InstallReport, install_properties

ANY_PORTAL = 0  # before the account was read its id is not known


@dataclass(frozen=True)
class Installed:
    """What an installation did."""

    portal_id: int
    mode: str
    properties: InstallReport
    lists: ListReport | None = None  # None: they were not asked for

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        lists = {} if self.lists is None else {"lists": asdict(self.lists)}
        return {"portal_id": self.portal_id, "mode": self.mode, **self.properties.as_dict(), **lists}

    def as_text(self) -> str:
        """For people."""
        written = {
            portals.OBSERVE: "Nothing is written yet: `lifecycle go-live` opens the writes.",
            portals.LIVE: "Writes are open.",
            portals.PAUSED: "Writes are paused: `lifecycle go-live` opens them.",
            portals.GONE: "The app was taken out of this portal.",
        }
        changes = self.properties.lines() or ["Every property is as it should be."]
        if self.lists is not None:
            changes += self.lists.lines() or [f"All {self.lists.kept} lists are there."]
        return "\n".join([f"Portal {self.portal_id}", *changes, written[self.mode]])


def _begin_anew(context: Context, connection: Connection, portal_id: int, report: InstallReport) -> None:
    """What was made in a portal that is loaded already is empty there, whatever it held before."""
    emptied = _forget(connection, portal_id, report)
    if not take_up_properties(context, connection, portal_id) and emptied:
        mark_everyone(context, connection, portal_id)


def make_properties(context: Context, portal_id: int) -> InstallReport:
    """Make what properties are missing in a portal; those just made are known to be empty there."""
    crm = context.crm(portal_id, "interactive")
    report = install_properties(crm, context.mapping, RuleOptions(context.models), context.mapping.language)
    with context.store.write() as connection:
        _forget(connection, portal_id, report)
        definitions.forget(connection, portal_id)  # options may be new, too
    return report


def rename_lists(context: Context, portal_id: int) -> int:
    """Give the lists that we made the names of the mapping's language; returns how many were renamed.

    Where the app may not see lists any more they keep the names they have.
    """
    lists = MadeLists(context.store, context.crm(portal_id, "interactive"), portal_id, context.now)
    if not lists.known:
        return 0
    try:
        return len(
            lists.rename(wanted(context.mapping, RuleOptions(context.models), context.mapping.language))
        )
    except CrmAuthError as error:
        if error.status != 403:
            raise
        return 0


def _forget(connection: Connection, portal_id: int, report: InstallReport) -> int:
    made: dict[str, list[str]] = {}
    for kind, name in report.created:
        made.setdefault(kind, []).append(name)
    return sum(outputs.forget(connection, portal_id, kind, names) for kind, names in made.items())


def install_portal(
    context: Context, *, live: bool, lists: bool = False, portal_id: int = ANY_PORTAL
) -> Installed:
    """Install in the portal that the access token belongs to, or by OAuth in the named one; repeatable.

    `lists`: also make the CRM's lists of each stage and flag, after the properties that they ask for.
    """
    account = context.crm(portal_id, "interactive").account()
    context = context.current(account.portal_id)
    crm = context.crm(account.portal_id, "interactive")
    options, language = RuleOptions(context.models), context.mapping.language
    report = install_properties(crm, context.mapping, options, language)
    with context.store.write() as connection:
        portals.remember(
            connection,
            context.store,
            account.portal_id,
            account.time_zone,
            account.currency,
            account.ui_domain,
        )
        accounts.come_back(connection, account.portal_id)
        if live:
            portals.change(connection, account.portal_id, mode=portals.LIVE, share=100, list_id=None)
        portal = portals.get(connection, account.portal_id)
        for kind, found in report.definitions.items():
            names = definitions.names(context.mapping)
            definitions.note(context.store, connection, account.portal_id, kind, names, found, context.now())
        _begin_anew(context, connection, account.portal_id, report)
    made = None
    if lists:
        ours = MadeLists(context.store, crm, account.portal_id, context.now)
        made = ours.make(wanted(context.mapping, options, language))
    return Installed(account.portal_id, portal.mode if portal else portals.OBSERVE, report, made)
