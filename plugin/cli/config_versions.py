"""The versions of the configuration that the store keeps: apply one, go back, list them, print one."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli import show
from plugin.cli.portal import FILE, as_json_option, opened
from plugin.errors import ConfigError

if TYPE_CHECKING:
    from plugin.jobs.config_apply import Applied
    from plugin.wiring import Parts

_own_option = click.option(
    "--portal",
    type=int,
    default=0,
    help="Only this portal; default: every portal without a version of its own.",
)
_note_option = click.option("--note", default="", help="A word on why, kept with the version.")


@click.command("apply", epilog="Example: lifecycle config apply lifecycle.yaml --note 'new pipeline'")
@click.argument("file", type=FILE)
@_own_option
@_note_option
@as_json_option
def config_apply(file: Path, portal: int, note: str, as_json: bool) -> None:
    """Check a mapping file and put it in force, without a restart; a file with a fault changes nothing.

    Makes the properties that are new first. Running workers take the version up between two pieces of work.
    """
    from plugin import settings
    from plugin.jobs import config_files
    from plugin.jobs.config_apply import apply_bundle
    from plugin.jobs.config_check import refuse_file
    from plugin.mapping.bundle import read_bundle
    from plugin.records.configs import COMMAND, Origin

    refuse_file(file)
    with opened(file=file) as parts:
        context = parts.context
        bundle = read_bundle(file)
        done = apply_bundle(context, bundle, Origin(COMMAND, _who(), context.now(), note), portal)
        own = settings.config_file()
        if portal == 0 and own is not None and own.resolve() == file.resolve():
            config_files.note_seen(context, bundle)
        _applied(parts, done, as_json)
        _apart(parts, own, portal)


def _apart(parts: Parts, file: Path | None, portal: int) -> None:
    """Say that the watched file is another text than what is in force now; it then waits to be changed."""
    from plugin.jobs import config_files

    number = config_files.let_be(parts.context, file) if portal == 0 else None
    if number is not None:
        click.echo(
            f"{file}, which LIFECYCLE_CONFIG names, is another text: it counts again when it is changed or "
            f"applied. `lifecycle config show {number} --out {file}` makes it the one in force.",
            err=True,
        )


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return "a command"


def _applied(parts: Parts, done: Applied, as_json: bool) -> None:
    from plugin.jobs import sweeps

    if as_json:
        click.echo(json.dumps(done.as_dict()))
        return
    if done.version is None:
        click.echo("This is in force already: nothing changed.")
        return
    for line in done.made:
        click.echo(line)
    whose = f"portal {done.version.portal_id}" if done.version.portal_id else "every portal without its own"
    click.echo(f"Version {done.version.number} is in force for {whose}.")
    if sweeps.server_runs(parts.context):
        click.echo(
            "The running server computes every customer again; `lifecycle status` shows how far it is."
        )
    elif done.portals:
        click.echo("No server runs: `lifecycle up` or `lifecycle backfill` computes every customer again.")


@click.command("rollback", epilog="Example: lifecycle config rollback 3")
@click.argument("version", type=click.IntRange(0), required=False)
@_own_option
@_note_option
@as_json_option
def config_rollback(version: int | None, portal: int, note: str, as_json: bool) -> None:
    """Put an earlier version in force again, byte for byte. Without a number: the one before.

    With --portal, number 0 gives up the portal's own version: it goes with everyone again.
    """
    from plugin import settings
    from plugin.jobs.config_apply import rollback
    from plugin.records.configs import ROLLBACK, Origin

    with opened() as parts:
        origin = Origin(ROLLBACK, _who(), parts.context.now(), note)
        _applied(parts, rollback(parts.context, origin, version, portal), as_json)
        _apart(parts, settings.config_file(), portal)


@click.command("history", epilog="Example: lifecycle config history")
@_own_option
@as_json_option
def config_history(portal: int, as_json: bool) -> None:
    """List the versions with who and when, newest first; the first in the list is in force."""
    from plugin.jobs.config_apply import describe
    from plugin.records import configs

    with opened() as parts, parts.context.store.read() as connection:
        rows = [describe(one) for one in configs.history(connection, portal)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("This portal has no version of its own: it goes with everyone.")
        return
    names = ("version", "at (UTC)", "who", "file and note")
    cells = [[str(row["version"]), row["at"][:16].replace("T", " "), _by(row), _about(row)] for row in rows]
    click.echo(show.table("Versions of the configuration, the first is in force", names, cells))


def _by(row: dict[str, Any]) -> str:
    """Who brought a version: a person by a command, the watched file, or the program itself."""
    if row["source"] == "file":
        return "the watched file"
    return str(row["who"])


def _about(row: dict[str, Any]) -> str:
    """The file's name and the note; the whole path and the digest are in the JSON."""
    name = Path(row["file"]).name if row["file"] else "gone with everyone's"
    return f"{name}: {row['note']}" if row["note"] else name


@click.command("show", epilog="Example: lifecycle config show 3 --out lifecycle.yaml")
@click.argument("version", type=click.IntRange(1), required=False)
@_own_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, whole or not at all: a watched file is never found half written.",
)
def config_show(version: int | None, portal: int, out: Path | None) -> None:
    """Print a version of the mapping file byte for byte. Default: the one in force."""
    from plugin.cli.whole_file import write_whole
    from plugin.records import configs

    with opened() as parts, parts.context.store.read() as connection:
        if version is None:
            found = configs.current(connection, portal)
        else:
            found = configs.get(connection, portal, version)
    if found is None or found.bundle is None:
        raise ConfigError("There is no such version.", cure="`lifecycle config history` lists them.")
    if out is None:
        sys.stdout.buffer.write(found.bundle.body)
        sys.stdout.flush()
    else:
        write_whole(out, found.bundle.body)
        click.echo(f"Wrote version {found.number} to {out}.")
    for name, text in found.bundle.rules.items():
        kept = f"It names the rule file {name}, which is kept with it."
        click.echo(kept + _beside(out, name, text), err=True)


def _beside(out: Path | None, name: str, text: str) -> str:
    """Whether the rule file that now stands by the written mapping is the one of its version."""
    if out is None:
        return ""
    file = out.absolute().parent / name
    try:
        same = file.read_bytes() == text.encode()
    except OSError as error:
        return f" {file} cannot be read: {error.strerror}."
    return "" if same else f" {file} is another text by now."
