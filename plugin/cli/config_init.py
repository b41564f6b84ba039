"""`lifecycle config init`: a first mapping file, from a preset, the portal, CSV exports or the default."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli import show
from plugin.cli.config_presets import of_files, of_portal, quiet_progress
from plugin.cli.portal import FILE
from plugin.errors import InputError
from plugin.mapping.flow import flow, quoted
from plugin.mapping.starting_sources import SAID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plugin.mapping.portal_facts import PortalFacts
    from plugin.mapping.starting_sources import Doubt, Guess


@click.command("init", epilog="Example: lifecycle config init lifecycle.yaml --from-portal")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="lifecycle.yaml")
@click.option("--from-portal", is_flag=True, help="Look at the portal's pipelines and properties.")
@click.option("--preset", help="For a kind of business: b2b, subscriptions, shop or services.")
@click.option("--contacts", type=FILE, help="Look at this CSV export of contacts instead.")
@click.option("--deals", type=FILE, help="And at this one of deals.")
@click.option("--companies", type=FILE, help="And at this one of companies.")
@click.option("--customer", type=click.Choice(["contact", "company", "both"]), help="Whose lifecycle it is.")
@click.option("--language", type=click.Choice(["en", "ru", "pl"]), help="Of labels and reasons.")
@click.option("--date-format", help="How dates in doubt are written: DD/MM/YYYY, MM/DD/YYYY ...")
@click.option("--yes", is_flag=True, help="Take every guess and ask nothing.")
def config_init(
    file: Path,
    from_portal: bool,
    preset: str | None,
    contacts: Path | None,
    deals: Path | None,
    companies: Path | None,
    customer: str | None,
    language: str | None,
    date_format: str | None,
    yes: bool,
) -> None:
    """Write a first mapping file: the shipped default with its comments, and what was found filled in.

    Without a source it is the default. On a terminal it asks a few questions, each with a good guess.
    A preset is fitted to the CSV files that are given, else to the portal that HUBSPOT_ACCESS_TOKEN opens, if
    one is set: what is missing or empty there is commented out.
    """
    from plugin.mapping.first_account import account
    from plugin.mapping.first_file import first_file
    from plugin.mapping.load import default_text
    from plugin.mapping.portal_facts import PortalFacts

    files = {"--contacts": contacts, "--deals": deals, "--companies": companies}
    _refuse_mixed(
        preset, from_portal, _given(files), _given({"--customer": customer, "--language": language})
    )
    _refuse_format(date_format)
    _refuse_existing(file)
    ask = not yes and _at_terminal()
    facts: PortalFacts | None = None
    if preset:
        paths = {name.removeprefix("--"): path for name, path in files.items()}
        asked = partial(_asked, ask=ask, date_format=date_format)
        text = of_files(preset, paths, asked) if _given(files) else of_portal(preset, must=from_portal)
        _write_new(file, text)
        _tell(file)
        return
    if from_portal:
        facts = _portal_facts()
    elif contacts or deals or companies:
        from plugin.jobs.config_first import from_files

        with quiet_progress() as bar:
            facts = from_files(contacts, deals, companies, report=bar)
    if not (facts or customer or language):
        _write_new(file, default_text())
    else:
        found = _guesses(facts, customer, language, ask, date_format)
        text = first_file(facts or PortalFacts(), found)
        _write_new(file, text)
        for line in account(facts, found, text) if facts else ():
            click.echo(show.wrapped(line))
    _tell(file)


def _given(options: Mapping[str, object]) -> list[str]:
    return [name for name, value in options.items() if value]


def _refuse_mixed(preset: str | None, from_portal: bool, files: list[str], said: list[str]) -> None:
    """UsageError: options that do not go together, and what to do instead."""
    clash, others, cure = "", files, ""
    if files and from_portal:
        clash, cure = "--from-portal", "look at the portal, or at files of it."
    elif files and preset and "--deals" not in files:
        clash, cure = "--preset", "what a purchase is stands in the deals. Add --deals FILE."
    elif said and preset:
        changed = " and ".join(name.removeprefix("--") for name in said)
        clash, others, cure = (
            "--preset",
            said,
            f"it says that itself. Change {changed} in the file afterwards.",
        )
    if clash:
        raise click.UsageError(f"{clash} does not go with {', '.join(others)}: {cure}")


def _refuse_format(pattern: str | None) -> None:
    """UsageError: no order of day, month and year."""
    if pattern and not re.fullmatch(r"(?=.*D)(?=.*M)(?=.*Y)[DMY./ -]{5,14}", pattern):
        raise click.UsageError(f"--date-format {pattern!r} is no date: write it as DD/MM/YYYY or M/D/YYYY.")


def _tell(file: Path) -> None:
    click.echo(
        f"Wrote {file}. Edit it, check it with `lifecycle config check {file}`, and set LIFECYCLE_CONFIG."
    )


def _portal_facts() -> PortalFacts:
    from plugin.cli.alone import crm_alone, settings_without_file
    from plugin.jobs.config_first import from_portal

    with show.progress() as bar:
        return from_portal(crm_alone(settings_without_file()), bar)


def _guesses(
    facts: PortalFacts | None, customer: str | None, language: str | None, ask: bool, date_format: str | None
) -> list[Guess]:
    from plugin.mapping.portal_facts import PortalFacts
    from plugin.mapping.starting import guesses, likely_customer, named_by_deals
    from plugin.mapping.starting_sources import Guess

    known = facts or PortalFacts()
    likely = customer or likely_customer(known)
    if ask and customer is None:
        seen = named_by_deals(known)
        question = f"Whose lifecycle is tracked ({seen})?" if seen else "Whose lifecycle is tracked?"
        likely = click.prompt(question, type=click.Choice(["contact", "company", "both"]), default=likely)
    if ask and language is None:
        language = click.prompt(
            "Language of labels and reasons?", type=click.Choice(["en", "ru", "pl"]), default="en"
        )
    found = [_asked(guess, ask, date_format) for guess in guesses(known, likely)]
    if language:
        found.append(Guess(("language",), language, ""))
    return [guess for guess in found if guess is not None]


def _asked(guess: Guess, ask: bool, date_format: str | None = None) -> Guess | None:
    """A guess that the person agrees with; what merely leaves out what the portal lacks is not asked.

    How a property is written that its values do not tell is asked too, but for dates where `date_format` says
    it; without an answer it is left out.
    """
    for doubt in guess.doubts:
        said = doubt.dated(date_format) if date_format else None
        if source := said or (_settled(guess, doubt) if ask else None):
            guess = guess.settled(doubt, source)
    plain = guess.value in (None, []) or guess.path in (("customer",), ("purchase", "amount"))
    if not ask or plain or guess.why in ("", SAID):
        return guess
    value = ", ".join(map(flow, guess.value)) if isinstance(guess.value, list) else flow(guess.value)
    question = f"{'.'.join(map(str, guess.path))}: {value} ({guess.why})?"
    return guess if click.confirm(question, default=True) else None


def _settled(guess: Guess, doubt: Doubt) -> str | None:
    """The way of writing that a person names for a property in doubt; None: not known."""
    key = ".".join(map(str, guess.path))
    click.echo(f"{key}: how is {quoted(doubt.spelling.example)} in {doubt.name} written?")
    sources = doubt.sources()
    for number, source in enumerate(sources, start=1):
        click.echo(f"  {number}  {flow(source)}")
    numbers = [str(number) for number in range(len(sources) + 1)]
    answer = click.prompt("Number (0: leave it out)", type=click.Choice(numbers), default="0")
    return sources[int(answer) - 1] if answer != "0" else None


def _at_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise InputError(f"{file} exists already.", cure="Name another file, or delete that one.")


def _write_new(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError as error:
        raise InputError(f"{file} exists already.", cure="Name another file, or delete that one.") from error
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.", cure="Name another.") from error
