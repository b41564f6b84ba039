"""Commands about webhooks: keep the app's subscriptions exactly those that the mapping has a use for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.errors import ConfigError, InputError

if TYPE_CHECKING:
    from plugin.settings import Settings

_DIR = click.Path(file_okay=False, path_type=Path)


@click.group(epilog="Example: lifecycle webhooks sync --check")
def webhooks() -> None:
    """What HubSpot tells us of: one subscription for each property that the mapping reads."""


@webhooks.command(epilog="Example: lifecycle webhooks sync --check")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 with the differences, if there are any.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would be done.")
@click.option("--legacy", is_flag=True, help="A legacy public app: set it in HubSpot, by its settings API.")
@click.option(
    "--project",
    type=_DIR,
    default=Path("hubspot-app"),
    show_default=True,
    help="The developer project's folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sync(check: bool, dry_run: bool, legacy: bool, project: Path, as_json: bool) -> None:
    """Make the app's webhooks those of the mapping in force, sent to PUBLIC_URL.

    Writes the developer project's files (webhooks, permitted addresses, the pages' address); upload it
    afterwards with `hs project upload`. Run it after every change of the mapping or of PUBLIC_URL: a changed
    file counts once it is in force (`lifecycle config apply`), or where nothing was installed yet.
    With --legacy nothing is written here: HubSpot's settings API is called for HUBSPOT_APP_ID.
    """
    write = not (check or dry_run)
    changes = _legacy(write=write, quiet=as_json) if legacy else _project(project, write=write)
    if as_json:
        click.echo(json.dumps({"changes": changes, "done": write}))
    else:
        click.echo("\n".join(changes) if changes else "Everything is as it should be.")
    if changes and check:
        raise click.exceptions.Exit(1)


def _project(folder: Path, *, write: bool) -> list[str]:
    from plugin import settings
    from plugin.cli.in_force import mappings_in_force
    from plugin.handlers.subscriptions import subscriptions
    from plugin.sync import project

    chosen = settings.load()
    present = _texts(folder)
    wanted = subscriptions(*mappings_in_force(chosen))
    made = project.wanted(present, wanted, chosen.public_url)
    if write:
        _write(folder, {name: text for name, text in made.items() if present.get(name) != text})
    return project.differences(present, made)


def _texts(folder: Path) -> dict[str, str]:
    """The project's files by name; raises InputError unless it is this product's."""
    from plugin.sync.project import FILES, WEBHOOKS

    found = {}
    for name in FILES:
        path = folder / name
        try:
            found[name] = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            if name != WEBHOOKS:
                raise InputError(
                    f"There is no {path}.", cure="Name the folder of the developer project with --project."
                ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read: {error}.", cure="Correct the file.") from error
    return found


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Each file is whole at every moment: written beside its place, then put there."""
    for name, text in texts.items():
        path = folder / name
        beside = path.with_name(f".{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8", newline="\n")
            beside.replace(path)
        except OSError as error:
            raise InputError(
                f"{path} cannot be written: {error.strerror}.", cure="Check its rights."
            ) from error


def _legacy(*, write: bool, quiet: bool) -> list[str]:
    from plugin import settings
    from plugin.cli import show
    from plugin.cli.in_force import mappings_in_force
    from plugin.clock import SystemClock
    from plugin.handlers.subscriptions import subscriptions
    from plugin.hubspot.client.app_webhooks import AppWebhooks
    from plugin.sync.app_webhooks import carry_out, plan
    from plugin.sync.project import RECEIVER

    chosen = settings.load()
    app = AppWebhooks(
        base_url=chosen.api_url,
        app_id=_needed("HUBSPOT_APP_ID", chosen.app_id),
        developer_key=_needed("HUBSPOT_DEVELOPER_KEY", chosen.developer_key),
        clock=SystemClock(chosen.clock_file),
    )
    target = f"{_public_address(chosen)}{RECEIVER}"
    wanted = subscriptions(*mappings_in_force(chosen))
    todo = plan(app.subscriptions(), app.target(), wanted, target)
    if write and todo.steps:
        with show.progress(hidden=quiet) as bar:
            carry_out(app, todo, lambda done: bar("webhooks", done, todo.steps))
    return todo.lines()


def _public_address(chosen: Settings) -> str:
    """PUBLIC_URL; only a stand-in on this machine is told an address that is not https."""
    from plugin.settings_reader import is_loopback
    from plugin.sync.project import check_address

    return chosen.public_url if is_loopback(chosen.api_url) else check_address(chosen.public_url)


def _needed(name: str, value: str) -> str:
    if not value:
        raise ConfigError(
            f"{name} is not set.",
            cure="A legacy app is set by its number and a developer's API key: set both.",
        )
    return value
