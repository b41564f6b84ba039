"""Opens the writes of a portal, for all its customers, a share, or the members of a list; and stops them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugin.errors import PortalGone
from plugin.jobs.context import Context
from plugin.jobs.undo import NOTE
from plugin.records import accounts, portals
from plugin.sync import change_sets, lists


@dataclass(frozen=True)
class Opened:
    """For whom a portal writes now; `members` is None without a list."""

    portal_id: int
    percent: int
    list_id: str | None
    members: int | None

    def as_text(self) -> str:
        """For people."""
        whom = f"{self.percent} % of its customers"
        if self.list_id is not None:
            whom += f" among the {self.members:,} on list {self.list_id}"
        return f"Portal {self.portal_id} is live for {whom}."


def go_live(context: Context, portal_id: int, *, percent: int = 100, list_id: str | None = None) -> Opened:
    """Open the writes; without a list, for everyone within the share."""
    members = None
    if list_id is not None:
        crm = context.crm(portal_id, "interactive")
        mapping = context.current(portal_id).mapping
        members = lists.keep(context.store, crm, portal_id, list_id, mapping)
    _change(context, portal_id, mode=portals.LIVE, share=percent, list_id=list_id)
    return Opened(portal_id, percent, list_id, members)


def pause(context: Context, portal_id: int) -> None:
    """Stop writing at once."""
    _change(context, portal_id, mode=portals.PAUSED)


def _change(context: Context, portal_id: int, **values: Any) -> None:
    with context.store.write() as connection:
        if not accounts.is_installed(connection, portal_id):
            raise PortalGone(f"The app was taken out of portal {portal_id}.")
        portals.change(connection, portal_id, **values)
        change_sets.close(connection, portal_id)  # what is written from now on can be undone by itself
        portals.clear_watermark(connection, portal_id, NOTE)


def refresh_list(context: Context, portal_id: int) -> None:
    """Read the portal's list again, if it writes to one."""
    with context.store.read() as connection:
        portal = portals.get(connection, portal_id)
    if portal is not None and portal.mode == portals.LIVE and portal.list_id is not None:
        crm = context.crm(portal_id, "repair")
        lists.keep(context.store, crm, portal_id, portal.list_id, context.mapping)
