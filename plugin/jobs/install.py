"""Installs the product in a portal: reads the account, notes the portal, makes the properties."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from plugin.jobs.context import Context
from plugin.jobs.retry import take_up_properties
from plugin.records import portals
from plugin.sync.options import RuleOptions
from plugin.sync.properties import InstallReport, install_properties

ANY_PORTAL = 0  # before the account was read its id is not known


@dataclass(frozen=True)
class Installed:
    """What an installation did."""

    portal_id: int
    mode: str
    properties: InstallReport

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {"portal_id": self.portal_id, "mode": self.mode, **asdict(self.properties)}

    def as_text(self) -> str:
        """For people."""
        written = {
            portals.OBSERVE: "Nothing is written yet: `lifecycle go-live` opens the writes.",
            portals.LIVE: "Writes are open.",
            portals.PAUSED: "Writes are paused: `lifecycle go-live` opens them.",
        }
        changes = self.properties.lines() or ["Every property is as it should be."]
        return "\n".join([f"Portal {self.portal_id}", *changes, written[self.mode]])


def install_portal(context: Context, *, live: bool) -> Installed:
    """Install in the portal that the access token belongs to; repeatable."""
    account = context.crm(ANY_PORTAL, "interactive").account()
    crm = context.crm(account.portal_id, "interactive")
    report = install_properties(crm, context.mapping, RuleOptions(context.models), context.mapping.language)
    with context.store.write() as connection:
        portals.remember(
            connection,
            context.store,
            account.portal_id,
            account.time_zone,
            account.currency,
            account.ui_domain,
        )
        if live:
            portals.change(connection, account.portal_id, mode=portals.LIVE, share=100, list_id=None)
        portal = portals.get(connection, account.portal_id)
        take_up_properties(context, connection, account.portal_id)
    return Installed(account.portal_id, portal.mode if portal else portals.OBSERVE, report)
