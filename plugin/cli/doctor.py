"""The command that looks at everything and says the cure: `lifecycle doctor`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing

import click

from plugin import settings, wiring
from plugin.cli.checks import house, server, subscriptions
from plugin.cli.checks.check import FAIL, OK, SKIP, WARN, Check, run
from plugin.cli.checks.portal import portal_checks
from plugin.cli.in_force import mappings_in_force
from plugin.cli.lines import say
from plugin.clock import Clock, SystemClock
from plugin.errors import LifecycleError, StoreError
from plugin.hubspot.own_budget import OwnBudget
from plugin.jobs.config_files import empty_fault, stands_apart
from plugin.jobs.context import Context, Silence
from plugin.jobs.tokens import Tokens
from plugin.records import accounts, portals
from plugin.records.store import Store
from plugin.settings import Settings

_COLOURS = {OK: "green", WARN: "yellow", FAIL: "red", SKIP: "cyan"}


@click.command(epilog="Example: lifecycle doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--portal", type=int, help="Look at this portal only; default: at every one.")
def doctor(as_json: bool, portal: int | None) -> None:
    """Check settings, clock, store, queue, CRM, scopes, webhooks, properties, versions; say the cures.

    `fail` is broken; `warn` is not begun yet, or worth a look; `skip` could not be looked at from here. Exits
    with 0 if nothing is broken, else with 1. Nothing is changed.
    """
    found = []
    for check in examine(portal):
        found.append(check)
        if not as_json:
            _show(check)
    if as_json:
        states = [check.state for check in found]
        click.echo(
            json.dumps({"well": set(states) <= {OK, SKIP}, "checks": [check.as_dict() for check in found]})
        )
    else:
        say(_summary([check.state for check in found]))
    if any(check.state == FAIL for check in found):
        sys.exit(1)


def examine(portal: int | None = None) -> Iterator[Check]:
    """Every check, one after the other."""
    try:
        chosen = settings.load()
        chosen.require("HUBSPOT_ACCESS_TOKEN")
    except LifecycleError as error:
        yield from run("version", lambda: house.version_checks(SystemClock().now().date()))
        yield Check("settings", FAIL, error.message.strip(), error.cure)
        return
    today = SystemClock().now().date()
    yield from run("version", lambda: house.version_checks(today, chosen.api_version))
    clock = SystemClock(chosen.clock_file)
    yield from run("settings", lambda: house.settings_checks(chosen))
    yield from run("mapping", lambda: house.mapping_checks(chosen.config_path))
    yield from run("crm", lambda: house.crm_checks(chosen.api_url, clock, chosen.api_version))
    yield from run("store", lambda: house.store_checks(chosen.database_url))
    yield from run("server", lambda: server.server_checks(chosen, clock))
    yield from run("keys", lambda: house.key_checks(chosen))
    yield from run("subscriptions", lambda: _subscriptions(chosen))
    yield from run("portals", lambda: _portals(chosen, clock, portal))


def _subscriptions(chosen: Settings) -> Iterator[Check]:
    try:
        mappings = mappings_in_force(chosen)
    except StoreError:
        finding = "not looked at: the mapping in force is kept in the store, which does not answer"
        yield Check("subscriptions", SKIP, finding, "See what is said of the store.")
        return
    yield from subscriptions.subscription_checks(chosen, mappings)


def _portals(chosen: Settings, clock: Clock, wanted: int | None) -> Iterator[Check]:
    with closing(wiring.open_store(chosen)) as store:
        context = _context(chosen, store, clock)
        with store.read() as connection:
            known = {one.portal_id for one in portals.every(connection)}
            known |= {one.portal_id for one in accounts.every(connection)}
        listed = sorted(known if wanted is None else known & {wanted})
        if not listed:
            cure = f"Open {chosen.public_url}/oauth/install." if chosen.oauth else "Run `lifecycle install`."
            yield Check("portals", WARN, "the app is installed in none", cure)
        if (empty := empty_fault(store, chosen.config_path)) is not None:
            yield Check("mapping in force", WARN, empty.message, empty.cure)
        if (number := stands_apart(store, chosen.config_path)) is not None:
            yield house.another_text(chosen.config_path, number)
        for portal_id in listed:
            yield from portal_checks(context, portal_id)


def _context(chosen: Settings, store: Store, clock: Clock) -> Context:
    """What portals are looked at with; the queue server is not needed, nor the budget that lives there."""

    def budget(_: int) -> OwnBudget:
        return OwnBudget(clock=clock, limit=chosen.burst_limit, share=chosen.share)

    tokens = None
    if chosen.oauth:
        app, vault = wiring.open_app(chosen, clock)
        tokens = Tokens(store, clock, vault, app)
    crm = wiring.crm_maker(chosen, clock, tokens, budget)
    return wiring.build_context(
        store=store,
        clock=clock,
        crm=crm,
        bells=Silence(),
        config_path=chosen.config_path,
        keep_days=chosen.keep_days,
        bulk=chosen.bulk,
    )


def _summary(states: list[str]) -> str:
    """One sentence at the end, for whoever does not know what a warning is worth."""
    failed, warned = states.count(FAIL), states.count(WARN)
    looked = "1 warning is" if warned == 1 else f"{warned} warnings are"
    if failed:
        broken = "1 check failed" if failed == 1 else f"{failed} checks failed"
        return f"{broken}: each says its cure." + (f" {looked} beside." if warned else "")
    if warned:
        return f"Nothing is broken; {looked} of what is not begun yet, or worth a look."
    skipped = states.count(SKIP)
    return f"All is well; {skipped} could not be looked at from here." if skipped else "All is well."


def _show(check: Check) -> None:
    say(f"{click.style(check.state.ljust(4), fg=_COLOURS[check.state])}  {check.name}: {check.finding}")
    if check.cure and check.state != OK:
        say(f"      {check.cure}")
