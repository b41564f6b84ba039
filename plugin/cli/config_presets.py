"""The text of a mapping file from a preset: fitted to the portal, or to CSV files, and what is said of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli import show
from plugin.errors import LifecycleError

if TYPE_CHECKING:
    from plugin.mapping.fitting import Fitted
    from plugin.mapping.starting_sources import Guess


def of_portal(name: str, *, must: bool) -> str:
    """The preset, fitted to the portal where one can be asked; `must`: it has to be."""
    from plugin.cli.alone import crm_alone, settings_without_file
    from plugin.jobs.config_first import for_preset
    from plugin.mapping import presets

    text = presets.text(name)
    try:
        chosen = settings_without_file()
        if not (must or chosen.access_token):
            return text
        with show.progress() as bar:
            found = for_preset(crm_alone(chosen), text, bar)
    except LifecycleError as error:
        if must:
            raise
        click.echo(
            f"The portal could not be looked at, so the preset is as it ships: {error.message}", err=True
        )
        return text
    if found.left_out:
        click.echo(
            show.wrapped(f"Commented out, as the portal has nothing there: {', '.join(found.left_out)}.")
        )
    return found.text


def of_files(name: str, files: dict[str, Path | None], asked: Callable[[Guess], Guess | None]) -> str:
    """The preset, fitted to CSV files and proven on them; says what it found, left out, could not read.

    `asked` gives of each guess what a person agrees with. InputError: the preset does not fit the files.
    """
    from plugin import settings
    from plugin.clock import SystemClock, local_day
    from plugin.jobs.config_first import from_files
    from plugin.jobs.config_preset import read_by, stage_guesses, undated
    from plugin.mapping import presets
    from plugin.mapping.first_account import account
    from plugin.mapping.load import read_mapping
    from plugin.mapping.preset_file import preset_file, preset_guesses

    text = presets.text(name)
    with quiet_progress() as bar:
        facts = from_files(**files, customer=read_mapping(text.encode())[0].customer, report=bar)
    agreed = map(asked, [*preset_guesses(text, facts), *stage_guesses(facts)])
    found = [guess for guess in agreed if guess is not None]
    made = preset_file(name, facts, found)
    today = local_day(SystemClock(settings.offline_clock()).now(), "UTC")
    with quiet_progress() as bar:
        read = read_by(name, made.text, files, today, bar, doubts=undated(found))
    for line in (*account(facts, found, made.text), *_left_out(made), *read):
        click.echo(show.wrapped(line))
    return made.text


def quiet_progress() -> AbstractContextManager[show.Bar]:
    """A bar for whoever sits there; a log need not know how files were read."""
    return show.progress(hidden=not sys.stderr.isatty())


def _left_out(made: Fitted) -> list[str]:
    """What was commented out, where anything was."""
    said = ", ".join(made.left_out)
    return [f"Commented out, as the CSV files have nothing there: {said}."] if said else []
