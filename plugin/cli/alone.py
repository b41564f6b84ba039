"""A look at the portal for commands about a mapping file: they need no store, and begin none."""

from __future__ import annotations

from plugin import settings, wiring
from plugin.clock import SystemClock
from plugin.errors import ConfigError
from plugin.hubspot.client import Crm
from plugin.hubspot.own_budget import OwnBudget
from plugin.settings import Settings

ANY_PORTAL = 0  # before the account was read its id is not known


def settings_without_file() -> Settings:
    """The settings of a command about a mapping file of its own: LIFECYCLE_CONFIG is not looked at."""
    return settings.load(without=("LIFECYCLE_CONFIG",))


def crm_alone(chosen: Settings) -> Crm:
    """The CRM that the access token opens, without a store: none has to be begun to look at a portal."""
    chosen.require("HUBSPOT_ACCESS_TOKEN")
    if chosen.oauth:
        raise ConfigError("Which portal is meant is not known.", cure="Set the access token of one.")
    clock = SystemClock(chosen.clock_file)
    budget = OwnBudget(clock=clock, limit=chosen.burst_limit, share=chosen.share)
    crm = wiring.crm_maker(chosen, clock, None, lambda _: budget)
    return crm(ANY_PORTAL, "interactive")
