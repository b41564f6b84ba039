"""Commands about a portal: install, go-live, pause, backfill, status, parked, export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli import show
from plugin.errors import ConfigError

if TYPE_CHECKING:  # what looks at a file alone needs no store and no wiring
    from plugin.records.portals import Portal
    from plugin.records.store import Store
    from plugin.wiring import Parts


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
#: An argument or option that names a file that is there.
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
portal_option = click.option(
    "--portal", type=int, help="The portal's id; needed only where several are served."
)
samples_option = click.option(
    "--samples",
    type=click.IntRange(0, 20),
    default=5,
    show_default=True,
    help="How many customers to show; JSON holds twenty.",
)
object_option = click.option(
    "--object", "object_type", type=click.Choice(["contact", "company"]), help="Default: as mapped."
)


@contextmanager
def opened(*, take_up: bool = False, instead: str = "", file: Path | None = None) -> Iterator[Parts]:
    """The parts of a process that does the work itself, on a migrated store.

    `take_up`: where no server runs that would, put a mapping file that was changed in force first; else say
    that such a file is not in force, and `instead` what the user may do about it here. `file`: the mapping
    file that the command is about; then the one that LIFECYCLE_CONFIG names is not looked at.
    """
    from plugin import settings, wiring
    from plugin.jobs import config_files, sweeps

    without = ("LIFECYCLE_CONFIG",) if file else ()
    chosen = settings.load(without=without, required=("HUBSPOT_ACCESS_TOKEN",))
    wiring.migrate_store(chosen)
    parts = wiring.open_parts(chosen, silent=True)
    name = chosen.config_path or "The shipped default"
    if take_up and not sweeps.server_runs(parts.context):
        version = config_files.take_up(parts.context, chosen.config_path, "by a command")
        if version is not None:
            click.echo(f"{name} was changed: version {version.number} is now in force.", err=True)
    elif file is None and (empty := config_files.empty_fault(parts.context.store, chosen.config_path)):
        click.echo(f"Warning: {empty.message} {empty.cure}", err=True)
    elif file is None and config_files.differs(parts.context, chosen.config_path):
        cure = instead or (
            "A running server takes it up within seconds; `lifecycle config apply` does so at once."
        )
        click.echo(f"Warning: {name} was changed and is not in force. {cure}", err=True)
    yield parts


def served_portal(parts: Parts, wanted: int | None) -> Portal:
    """The wanted portal of a command, or the only one."""
    return only_portal(parts.context.store, wanted)


def only_portal(store: Store, wanted: int | None) -> Portal:
    """The wanted portal, or the only one; raises ConfigError if that is not one."""
    from plugin.records import portals

    with store.read() as connection:
        served = [p for p in portals.served(connection) if wanted in (None, p.portal_id)]
    if len(served) == 1:
        return served[0]
    if not served:
        said = f"No portal is installed in the store {store.place}."
        cure = "Run `lifecycle install` first; if you did, check DATA_DIR: a relative one counts from here."
        raise ConfigError(said, cure=cure)
    ids = ", ".join(str(portal.portal_id) for portal in served)
    raise ConfigError("Several portals are served.", cure=f"Name one with --portal: {ids}.")


def _to_install(parts: Parts, portal: int | None) -> int:
    """The portal whose token is used: with one access token it says itself whose it is."""
    from plugin.jobs.install import ANY_PORTAL

    if not parts.settings.oauth:
        return ANY_PORTAL
    if portal is not None:
        return portal
    raise ConfigError(
        "With OAuth a portal's admin installs the app.",
        cure=f"Open {parts.settings.public_url}/oauth/install; to make properties again, give --portal.",
    )


@click.command(epilog="Example: lifecycle install --live")
@click.option("--live", is_flag=True, help="Start to write at once, too.")
@click.option("--lists", is_flag=True, help="Also make lists in the CRM: one a stage, one a risk flag.")
@portal_option
@as_json_option
def install(live: bool, lists: bool, portal: int | None, as_json: bool) -> None:
    """Make the property group and properties in the CRM, and note the portal.

    Where portals come by OAuth, their admins install at PUBLIC_URL/oauth/install; this repeats the making.

    Repeatable: says what it changed, and never touches a property that it did not make.
    """
    from plugin.jobs.install import install_portal

    with opened(take_up=True) as parts:
        portal_id = _to_install(parts, portal)
        report = install_portal(parts.context, live=live, lists=lists, portal_id=portal_id)
    click.echo(json.dumps(report.as_dict()) if as_json else report.as_text())


@click.command("go-live", epilog="Example: lifecycle go-live --percent 10")
@click.option(
    "--percent", type=click.IntRange(1, 100), default=100, show_default=True, help="Share of customers."
)
@click.option(
    "--list", "list_id", help="Only members of this list of the CRM; it is read again as it changes."
)
@portal_option
def go_live(percent: int, list_id: str | None, portal: int | None) -> None:
    """Open the writes: for all customers, for a share that stays the same, or for a list first."""
    from plugin.jobs import live

    with opened(take_up=True) as parts:
        served = served_portal(parts, portal)
        result = live.go_live(parts.context, served.portal_id, percent=percent, list_id=list_id)
    click.echo(result.as_text())


@click.command(epilog="Example: lifecycle pause")
@portal_option
def pause(portal: int | None) -> None:
    """Stop writing at once. Everything is still computed; `lifecycle go-live` opens the writes again."""
    from plugin.jobs import live

    with opened() as parts:
        served = served_portal(parts, portal)
        live.pause(parts.context, served.portal_id)
    click.echo(f"Portal {served.portal_id} is paused: nothing is written until `lifecycle go-live`.")


@click.command(epilog="Example: lifecycle backfill")
@portal_option
@as_json_option
def backfill(portal: int | None, as_json: bool) -> None:
    """Read every record, fit the parameters, compute every customer and write what differs.

    Ctrl-C leaves a state from which the next run goes on.
    """
    from plugin.jobs.backfill import run_backfill

    with opened(take_up=True) as parts:
        served = served_portal(parts, portal)
        with show.progress(hidden=as_json) as bar:
            try:
                say = (lambda _: None) if as_json else bar.say
                result = run_backfill(parts.context, served.portal_id, bar, say)
            except KeyboardInterrupt:
                click.echo("Stopped. `lifecycle backfill` goes on from here.", err=True)
                raise
    lines = [show.wrapped(line) for line in result.as_text().splitlines()]
    click.echo(json.dumps(result.as_dict()) if as_json else "\n".join(lines))
    if result.parked:
        raise ConfigError(
            f"{result.parked} records were given up: {result.causes}.",
            cure="`lifecycle parked list` shows each with its cure.",
        )


@click.command(epilog="Example: lifecycle status --json")
@as_json_option
def status(as_json: bool) -> None:
    """How everything stands: what waits, what was given up, how many customers are in each stage."""
    from plugin.jobs.status import status as standing

    with opened() as parts:
        result = standing(parts.context)
        labels = {one["portal_id"]: _labels(parts, one["portal_id"]) for one in result["portals"]}
    click.echo(json.dumps(result) if as_json else show.status_text(result, labels))


def _labels(parts: Parts, portal_id: int) -> dict[str, str]:
    """The primary model's stages in a portal's language, by their keys."""
    context = parts.context.current(portal_id)
    return {one.key: one.label(context.mapping.language) for one in context.models.primary.stages}


@click.group(epilog="Example: lifecycle parked list")
def parked() -> None:
    """What was given up, each with its cause and cure."""


@parked.command("list", epilog="Example: lifecycle parked list --json")
@portal_option
@as_json_option
def parked_list(portal: int | None, as_json: bool) -> None:
    """List what was given up."""
    from dataclasses import asdict

    from plugin.records import parked as parked_rows
    from plugin.records import refused

    with opened() as parts:
        served = served_portal(parts, portal)
        with parts.context.store.read() as connection:
            rows = parked_rows.listed(connection, served.portal_id)
            rows += refused.listed(connection, served.portal_id)
    click.echo(json.dumps([asdict(row) for row in rows]) if as_json else show.parked_text(rows))


@parked.command("retry", epilog="Example: lifecycle parked retry")
@portal_option
def parked_retry(portal: int | None) -> None:
    """Try everything that was given up once more."""
    from plugin.jobs.retry import retry_parked

    with opened() as parts:
        served = served_portal(parts, portal)
        count = retry_parked(parts.context, served.portal_id)
    click.echo(f"{count} will be tried again by the workers.")


@parked.command("drop", epilog="Example: lifecycle parked drop --yes")
@click.confirmation_option(prompt="Forget everything that was given up?")
@portal_option
def parked_drop(portal: int | None) -> None:
    """Forget what was given up, without trying again."""
    from plugin.jobs.retry import drop_parked

    with opened() as parts:
        served = served_portal(parts, portal)
        count = drop_parked(parts.context, served.portal_id)
    click.echo(f"{count} dropped.")
