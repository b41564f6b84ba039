"""Commands about the mapping file: write a first one, check it, see what it would change, apply, go back."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli import show
from plugin.cli.portal import as_json_option, only_portal, opened
from plugin.errors import ConfigError, InputError

if TYPE_CHECKING:
    from plugin.jobs.config_apply import Applied
    from plugin.mapping.findings import Finding
    from plugin.mapping.portal_facts import PortalFacts
    from plugin.mapping.starting import Guess
    from plugin.wiring import Parts

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_own_option = click.option(
    "--portal",
    type=int,
    default=0,
    help="Only this portal; default: every portal without a version of its own.",
)
_note_option = click.option("--note", default="", help="A word on why, kept with the version.")


@click.group(epilog="Example: lifecycle config check lifecycle.yaml")
def config() -> None:
    """The mapping file: what the CRM's fields mean."""


@config.command("check", epilog="Example: lifecycle config check lifecycle.yaml --portal")
@click.argument("file", type=_FILE, required=False)
@click.option(
    "--portal", "live", is_flag=True, help="Also against the portal's pipelines, properties, limits."
)
@as_json_option
def config_check(file: Path | None, live: bool, as_json: bool) -> None:
    """Name every fault of a mapping file and its rule files with line, column and cure.

    Default: the file that LIFECYCLE_CONFIG names. With --portal the CRM is asked; nothing is changed there.
    """
    from plugin import settings
    from plugin.cli import checking
    from plugin.jobs.config_check import check_file

    path = file or settings.load().config_path
    if live:
        from plugin.jobs.config_portal import check_in_portal

        with opened() as parts, show.progress(hidden=as_json) as bar:
            found = check_in_portal(parts.context, path, bar)
    else:
        found = check_file(path)
        if not any(finding.severity == "error" for _, finding in found):
            found += checking.rule_findings(path)
    _tell(found, as_json)
    if not as_json:
        click.echo(f"{path or 'The shipped default'} is in order.")


def _tell(found: list[tuple[str, Finding]], as_json: bool) -> None:
    """Print findings; exit status 2 where there is an error among them."""
    from dataclasses import asdict

    if as_json:
        click.echo(json.dumps([{"file": name, **asdict(finding)} for name, finding in found]))
    for name, finding in () if as_json else found:
        click.echo(finding.at(name), err=True)
    if any(finding.severity == "error" for _, finding in found):
        sys.exit(2)


@config.command("preset", epilog="Example: lifecycle config preset subscriptions --rules")
@click.argument("name", required=False)
@click.option("--rules", is_flag=True, help="Print the rules that the preset brings, not its mapping.")
def config_preset(name: str | None, rules: bool) -> None:
    """List the presets for common businesses, or print one."""
    from plugin.mapping import presets

    if name is None:
        click.echo(show.table("Presets", ["name", "for"], [list(row) for row in presets.SUMMARIES.items()]))
        return
    text = presets.text(name)
    click.echo(presets.rules_text(name) if rules else text, nl=False)


@config.command("schema", epilog="Example: lifecycle config schema > mapping.schema.json")
def config_schema() -> None:
    """Print the JSON Schema of mapping files, so that an editor completes and marks while one types."""
    from plugin.mapping.jsonschema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@config.command("init", epilog="Example: lifecycle config init lifecycle.yaml --from-portal")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="lifecycle.yaml")
@click.option("--from-portal", is_flag=True, help="Look at the portal's pipelines and properties.")
@click.option("--preset", help="For a kind of business: b2b, subscriptions, shop or services.")
@click.option("--contacts", type=_FILE, help="Look at this CSV export of contacts instead.")
@click.option("--deals", type=_FILE, help="And at this one of deals.")
@click.option("--companies", type=_FILE, help="And at this one of companies.")
@click.option("--customer", type=click.Choice(["contact", "company", "both"]), help="Whose lifecycle it is.")
@click.option("--language", type=click.Choice(["en", "ru", "pl"]), help="Of labels and reasons.")
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
    yes: bool,
) -> None:
    """Write a first mapping file: the shipped default with its comments, and what was found filled in.

    Without a source it is the default. On a terminal it asks a few questions, each with a good guess.
    """
    from plugin.mapping import presets
    from plugin.mapping.load import default_text

    if preset and (from_portal or contacts or deals or companies or customer or language):
        raise click.UsageError("A preset is written as it is: give --preset alone.")
    _refuse_existing(file)
    ask = not yes and sys.stdin.isatty()
    facts: PortalFacts | None = None
    if from_portal:
        facts = _portal_facts()
    elif contacts or deals or companies:
        from plugin.jobs.config_first import from_files

        facts = from_files(contacts, deals, companies)
    text = _first_text(facts, customer, language, ask) if facts or customer or language else default_text()
    text = presets.text(preset) if preset else text
    _write_new(file, text)
    click.echo(
        f"Wrote {file}. Edit it, check it with `lifecycle config check {file}`, and set LIFECYCLE_CONFIG."
    )


def _portal_facts() -> PortalFacts:
    from plugin import settings, wiring
    from plugin.jobs.config_first import from_portal

    chosen = settings.load()
    chosen.require("HUBSPOT_ACCESS_TOKEN")
    wiring.migrate_store(chosen)
    with show.progress() as bar:
        return from_portal(wiring.open_parts(chosen, silent=True).context.crm(0, "interactive"), bar)


def _first_text(facts: PortalFacts | None, customer: str | None, language: str | None, ask: bool) -> str:
    from plugin.mapping.portal_facts import PortalFacts
    from plugin.mapping.starting import Guess, first_file, guesses, likely_customer

    known = facts or PortalFacts()
    likely = customer or likely_customer(known)
    if ask and customer is None:
        likely = click.prompt(
            "Whose lifecycle is tracked?", type=click.Choice(["contact", "company", "both"]), default=likely
        )
    if ask and language is None:
        language = click.prompt(
            "Language of labels and reasons?", type=click.Choice(["en", "ru", "pl"]), default="en"
        )
    found = [_asked(guess, ask) for guess in guesses(known, likely)]
    if language:
        found.append(Guess(("language",), language, ""))
    return first_file(known, [guess for guess in found if guess is not None])


def _asked(guess: Guess, ask: bool) -> Guess | None:
    """A guess that the person agrees with; what merely leaves out what the portal lacks is not asked."""
    if not ask or not guess.why or guess.value in (None, []) or guess.path == ("purchase", "amount"):
        return guess
    value = ", ".join(guess.value) if isinstance(guess.value, list) else guess.value
    return (
        guess
        if click.confirm(f"{'.'.join(map(str, guess.path))}: {value} ({guess.why})?", default=True)
        else None
    )


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


@config.command("apply", epilog="Example: lifecycle config apply lifecycle.yaml --note 'new pipeline'")
@click.argument("file", type=_FILE)
@_own_option
@_note_option
@as_json_option
def config_apply(file: Path, portal: int, note: str, as_json: bool) -> None:
    """Check a mapping file and put it in force, without a restart; a file with a fault changes nothing.

    Makes the properties that are new first. Running workers take the version up between two pieces of work.
    """
    from plugin.jobs import config_files
    from plugin.jobs.config_apply import apply_bundle
    from plugin.jobs.config_check import refuse_file
    from plugin.mapping.bundle import read_bundle
    from plugin.records.configs import COMMAND, Origin

    refuse_file(file)
    with opened() as parts:
        context = parts.context
        bundle = read_bundle(file)
        done = apply_bundle(context, bundle, Origin(COMMAND, _who(), context.now(), note), portal)
        own = parts.settings.config_path
        if portal == 0 and own is not None and own.resolve() == file.resolve():
            config_files.note_seen(context, bundle)
        _applied(parts, done, as_json)


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


@config.command("rollback", epilog="Example: lifecycle config rollback 3")
@click.argument("version", type=click.IntRange(0), required=False)
@_own_option
@_note_option
@as_json_option
def config_rollback(version: int | None, portal: int, note: str, as_json: bool) -> None:
    """Put an earlier version in force again, byte for byte. Without a number: the one before.

    With --portal, number 0 gives up the portal's own version: it goes with everyone again.
    """
    from plugin.jobs.config_apply import rollback
    from plugin.records.configs import ROLLBACK, Origin

    with opened() as parts:
        origin = Origin(ROLLBACK, _who(), parts.context.now(), note)
        _applied(parts, rollback(parts.context, origin, version, portal), as_json)


@config.command("history", epilog="Example: lifecycle config history")
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
    names = ("version", "at", "who", "source", "file", "note", "digest")
    cells = [[str(row[name] if row[name] is not None else "-") for name in names] for row in rows]
    click.echo(show.table("Versions of the configuration", names, cells))


@config.command("show", epilog="Example: lifecycle config show 3 > lifecycle.yaml")
@click.argument("version", type=click.IntRange(1), required=False)
@_own_option
def config_show(version: int | None, portal: int) -> None:
    """Print a version of the mapping file byte for byte. Default: the one in force."""
    from plugin.records import configs

    with opened() as parts, parts.context.store.read() as connection:
        if version is None:
            found = configs.current(connection, portal)
        else:
            found = configs.get(connection, portal, version)
    if found is None or found.bundle is None:
        raise ConfigError("There is no such version.", cure="`lifecycle config history` lists them.")
    sys.stdout.buffer.write(found.bundle.body)
    sys.stdout.flush()
    for name in found.bundle.rules:
        click.echo(f"It names the rule file {name}, which is kept with it.", err=True)


@config.command("diff", epilog="Example: lifecycle config diff new.yaml")
@click.argument("file", type=_FILE)
@click.option("--portal", type=int, help="The portal's id; needed only where several are served.")
@click.option("--fields", "only_fields", is_flag=True, help="Only what the files say; compute no customer.")
@as_json_option
def config_diff(file: Path, portal: int | None, only_fields: bool, as_json: bool) -> None:
    """What a mapping file would change: fields, properties, stages, and who would move where.

    Nothing is written, neither to the CRM nor to what is kept here.
    """
    from plugin.jobs.config_check import refuse_file
    from plugin.jobs.config_diff import compare

    refuse_file(file)
    with opened() as parts:
        served = only_portal(parts.context.store, portal)
        with show.progress(hidden=as_json) as bar:
            result = compare(parts.context, served.portal_id, file, bar, customers=not only_fields)
    click.echo(json.dumps(result) if as_json else _diff_text(result))


def _diff_text(result: dict[str, Any]) -> str:
    from plugin.cli.sync import preview_text

    if not result["fields"] and not result["rules"]:
        return "The file says what is in force: nothing would change."
    rows = [[one["field"], _brief(one["from"]), _brief(one["to"])] for one in result["fields"]]
    parts = [show.table("Fields", ["field", "in force", "new"], rows)] if rows else []
    parts += [f"Rule file {name}: {what}" for name, what in result["rules"].items()]
    for title, names in (
        ("To be made", result["properties"]["make"]),
        ("Changed", result["properties"]["change"]),
    ):
        parts += [f"{title} in the CRM: {', '.join(names)}"] if names else []
    for model, stages in result["stages"].items():
        changes = ", ".join(
            [*(f"+{one}" for one in stages["added"]), *(f"-{one}" for one in stages["removed"])]
        )
        parts.append(f"Stages of {model}: {changes}")
    if result["read_again"]:
        parts.append(f"Everything would be read again: {_many(result['read_again'])} lack what is named.")
    if result["fit_again"]:
        parts.append("The parameters would be fitted again.")
    if result["preview"]:
        parts.append(preview_text(result["preview"], before="now"))
    return "\n".join(parts)


def _many(types: list[str]) -> str:
    """Object types as many records: "contacts, companies"."""
    return ", ".join(f"{name[:-1]}ies" if name.endswith("y") else f"{name}s" for name in types)


def _brief(value: Any) -> str:
    text = (
        "-"
        if value in (None, [], "")
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
    )
    return text if len(text) <= 60 else text[:57] + "..."
