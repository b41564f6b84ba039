"""Commands about portals coming and going: accounts, uninstall."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from plugin.cli.portal import as_json_option, opened, portal_option
from plugin.errors import ConfigError, CrmAuthError

if TYPE_CHECKING:
    from plugin.jobs.context import Context
    from plugin.jobs.uninstall import Ours
    from plugin.sync.made_lists import MadeList


@click.command(epilog="Example: lifecycle accounts --json")
@as_json_option
def accounts(as_json: bool) -> None:
    """The portals that installed the app, and those that removed it: state, scopes, when data is deleted."""
    with opened() as parts:
        rows = _rows(parts.context)
    if as_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo("No portal has installed the app yet.")
    for row in [] if as_json else rows:
        left = f", removed on {row['left_on']}, data deleted on {row['purged_on']}" if row["left_on"] else ""
        fault = f"\n  {row['fault']}" if row["fault"] else ""
        click.echo(f"{row['portal_id']}  {row['state']}, {row['mode'] or 'not served'}{left}{fault}")


def _rows(context: Context) -> list[dict[str, Any]]:
    from plugin.clock import from_milliseconds
    from plugin.jobs.uninstall import purged_on
    from plugin.records import accounts as account_rows
    from plugin.records import portals

    with context.store.read() as connection:
        by_oauth = {one.portal_id: one for one in account_rows.every(connection)}
        served = {one.portal_id: one for one in portals.every(connection)}
        rows = []
        for portal_id in sorted({*by_oauth, *served}):
            account, portal = by_oauth.get(portal_id), served.get(portal_id)
            left = account_rows.departed(connection, portal_id)
            fault = (account.report.get("fault") or {}) if account else {}
            rows.append(
                {
                    "portal_id": portal_id,
                    "state": account.state if account else ("gone" if left else "installed"),
                    "mode": portal.mode if portal else None,
                    "scopes": list(account.scopes) if account else None,
                    "fault": " ".join(fault.get(name) or "" for name in ("message", "cure")).strip() or None,
                    "cause": left.cause if left else None,
                    "left_on": from_milliseconds(left.at).date().isoformat() if left else None,
                    "purged_on": purged_on(context, left.at).isoformat() if left else None,
                }
            )
    return rows


@click.command(epilog="Example: lifecycle uninstall --portal 4242 --remove-properties")
@portal_option
@click.option("--remove-properties", is_flag=True, help="Delete our properties and lists in the CRM, too.")
@click.option("--purge", is_flag=True, help="Delete the portal's data here now, instead of after KEEP_DAYS.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def uninstall(portal: int | None, remove_properties: bool, purge: bool, yes: bool) -> None:
    """Take the app out of a portal, after showing what goes. Work stops at once.

    The data here is kept for KEEP_DAYS, so that an installation before that goes on from it.
    """
    from plugin.jobs import uninstall as jobs
    from plugin.jobs.purge import purge_portal

    with opened() as parts:
        context, portal_id = parts.context, _which(parts.context, portal)
        properties = jobs.ours(context, portal_id) if remove_properties else []
        lists = jobs.lists(context, portal_id) if remove_properties else []
        _show(context, portal_id, properties, remove_properties, purge)
        _show_lists(lists)
        if not yes:
            click.confirm("Go on?", abort=True)
        if properties or lists:
            _remove(context, portal_id, properties, lists)
        jobs.leave(context, portal_id)
        click.echo(f"The app is out of portal {portal_id}: nothing more is read or written.")
        if purge:
            click.echo(f"{purge_portal(context, portal_id):,} rows were deleted here.")
        if not parts.settings.oauth:
            click.echo("Delete the app's access token in HubSpot's settings, too.")


def _which(context: Context, wanted: int | None) -> int:
    """The portal, served or still being installed."""
    from plugin.cli.portal import only_portal
    from plugin.records import accounts as account_rows

    with context.store.read() as connection:
        account = account_rows.get(connection, wanted) if wanted is not None else None
    if account is not None and account.state != account_rows.GONE:
        return account.portal_id
    return only_portal(context.store, wanted).portal_id


def _show(context: Context, portal_id: int, properties: list[Ours], asked: bool, purge: bool) -> None:
    click.echo(f"The app will be taken out of portal {portal_id}; it stops at once.")
    when = "now" if purge else f"after {context.keep_days} days"
    click.echo(f"What is kept here of the portal is deleted {when}.")
    if not asked:
        click.echo("Our properties stay in the CRM with their values; --remove-properties deletes them.")
    for one in properties:
        click.echo(
            f"  {one.object_type}: {one.name} ({one.label}), filled on {one.filled:,} records: deleted"
        )


def _show_lists(lists: list[MadeList]) -> None:
    for one in lists:
        click.echo(f"  {one.object_type}: list “{one.name}”: deleted")


def _remove(context: Context, portal_id: int, properties: list[Ours], lists: list[MadeList]) -> None:
    from plugin.jobs.uninstall import remove, remove_lists

    try:
        if lists:
            remove_lists(context, portal_id)
        done = remove(context, portal_id, properties)
    except CrmAuthError as error:
        raise ConfigError(
            f"Our properties and lists could not be deleted: {error.message}",
            cure="Leave --remove-properties out, and delete them by hand in HubSpot.",
        ) from error
    if lists:
        click.echo(f"{len(lists)} lists were deleted.")
    click.echo(
        f"{len(done.gone)} properties were deleted; HubSpot keeps them among the archived for a while."
    )
    for kind, name, why in done.refused:
        click.echo(f"  {kind}: {name} stays: {why}", err=True)
