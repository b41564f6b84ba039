"""Commands about webhooks: keep the app's subscriptions exactly those that the mapping has a use for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from plugin.errors import InputError

_DIR = click.Path(file_okay=False, path_type=Path)


@click.group(epilog="Example: lifecycle webhooks sync --check")
def webhooks() -> None:
    """What HubSpot tells us of: one subscription for each property that the mapping reads."""


@webhooks.command(epilog="Example: lifecycle webhooks sync --check")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 with the differences, if there are any.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would be done.")
@click.option(
    "--project",
    type=_DIR,
    default=Path("hubspot-app"),
    show_default=True,
    help="The developer project's folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sync(check: bool, dry_run: bool, project: Path, as_json: bool) -> None:
    """Make the app's webhooks those of the mapping, sent to PUBLIC_URL.

    Writes the developer project's files (webhooks, permitted addresses, the pages' address); upload it
    afterwards with `hs project upload`. Run it after every change of the mapping or of PUBLIC_URL.
    """
    changes = _project(project, not (check or dry_run))
    if as_json:
        click.echo(json.dumps({"changes": changes, "done": not (check or dry_run)}))
    else:
        click.echo("\n".join(changes) if changes else "Everything is as it should be.")
    if changes and check:
        raise click.exceptions.Exit(1)


def _project(folder: Path, write: bool) -> list[str]:
    from plugin import settings, wiring
    from plugin.handlers.subscriptions import subscriptions
    from plugin.sync import project

    chosen = settings.load()
    present = _texts(folder)
    mapping, _ = wiring.rules(chosen.config_path)
    made = project.wanted(present, subscriptions(mapping), chosen.public_url)
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
