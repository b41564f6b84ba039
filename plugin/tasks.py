"""What RQ calls by name: each answers a bell and works until nothing is ready or its time is up."""

from __future__ import annotations

import time

from plugin import wiring
from plugin.jobs.apply import apply_inbox as apply_round
from plugin.jobs.arrive import arrive
from plugin.jobs.bells import check_name, install_name
from plugin.jobs.config_turnover import turn_over
from plugin.jobs.evaluate import work_through
from plugin.jobs.reconcile import sweep

SECONDS = 20.0  # then the bell is left to the scheduler, so that other portals get their turn


def apply_inbox() -> None:
    """Apply what waits in the inbox."""
    context = wiring.process_context()
    wiring.bell_answered("apply", "all")
    until = time.monotonic() + SECONDS
    while apply_round(context) and time.monotonic() < until:
        pass


def work_portal(portal_id: int, lane: str) -> None:
    """Read, evaluate and write what waits for a portal."""
    context = wiring.process_context()
    wiring.bell_answered(lane, str(portal_id))
    until = time.monotonic() + SECONDS
    work_through(context, portal_id, lane, lambda: time.monotonic() < until)


def install_account(portal_id: int) -> None:
    """Provision a portal that the app came into, and read it."""
    context = wiring.process_context()
    until = time.monotonic() + SECONDS
    arrive(context, portal_id, lambda: time.monotonic() < until)
    wiring.bell_answered("live", install_name(portal_id))
    wiring.bell_answered("bulk", install_name(portal_id))


def check_portal(portal_id: int) -> None:
    """Take up a new configuration of a portal; where there is none, compare a slice of it with the CRM."""
    context = wiring.process_context()
    until = time.monotonic() + SECONDS
    if not turn_over(context, portal_id, lambda: time.monotonic() < until):
        sweep(context, portal_id)
    wiring.bell_answered("bulk", check_name(portal_id))
