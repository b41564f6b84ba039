"""What a job needs to work: the store, the clock, the CRM and the rules, put together by `wiring`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Protocol

from plugin.clock import Clock, local_day, milliseconds
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping
from plugin.records.portals import Portal
from plugin.records.store import Store

if TYPE_CHECKING:
    from plugin.hubspot.client import Crm
    from plugin.hubspot.client.journal import Journal
    from plugin.jobs.configs import Configurations


class Bells(Protocol):
    """Tells workers that there is work; carries no facts, and may fail without loss."""

    def ring_apply(self) -> None:
        """The inbox has something."""

    def ring_work(self, portal_id: int, lane: str) -> None:
        """A portal has marked records or customers."""

    def ring_check(self, portal_id: int) -> None:
        """A portal is to be compared with the CRM."""

    def ring_install(self, portal_id: int, queue: str = "live") -> None:
        """The app came into a portal."""


class Silence:
    """Bells that nobody hears: for commands that do the work themselves, and for tests."""

    def ring_apply(self) -> None:
        """Do nothing."""

    def ring_work(self, portal_id: int, lane: str) -> None:
        """Do nothing."""

    def ring_check(self, portal_id: int) -> None:
        """Do nothing."""

    def ring_install(self, portal_id: int, queue: str = "live") -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Context:
    """Everything a job needs; one a process."""

    store: Store
    clock: Clock
    mapping: Mapping
    models: Models
    config_version: str
    crm: Callable[[int, str], Crm]  # (portal id, priority class) -> the portal's CRM
    bells: Bells
    keep_days: int = 30  # how long the data of a portal that left is kept
    journal: Journal | None = None  # HubSpot's own record of events, where it is read
    bulk: str = "off"  # whether a whole base is written by import: off, on, auto (very large ones)
    configs: Configurations | None = None  # where newer versions come from; None: this one for ever

    def current(self, portal_id: int) -> Context:
        """The same with the configuration in force for a portal: ask once where a piece of work begins."""
        found = self.configs.of(portal_id) if self.configs else None
        if found is None or found.config_version == self.config_version:
            return self
        return replace(self, mapping=found.mapping, models=found.models, config_version=found.config_version)

    def superseded(self, portal_id: int) -> bool:
        """Whether another configuration came into force for the portal since this one was asked for."""
        found = self.configs.of(portal_id) if self.configs else None
        return found is not None and found.config_version != self.config_version

    def now(self) -> int:
        """The present moment in milliseconds."""
        return milliseconds(self.clock.now())

    def today(self, portal: Portal) -> date:
        """The calendar day in the portal's time zone; the mapping's, where it names one, wins."""
        return local_day(self.clock.now(), self.mapping.time_zone or portal.time_zone)
