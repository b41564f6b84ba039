"""Where `lifecycle report` gets its figures: from the store of a served portal, or from CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plugin import settings, wiring
from plugin.cli import show
from plugin.cli.portal import only_portal
from plugin.clock import SystemClock
from plugin.errors import InputError
from plugin.jobs import figures, portfolio
from plugin.jobs.context import Context, Silence
from plugin.jobs.fit import Account, account_of
from plugin.mapping.model import Mapping
from plugin.portfolio.answers import Source
from plugin.portfolio.months import month_name
from plugin.portfolio.spend import Amounts, Spend, parse_spend
from plugin.records import portfolio as kept
from plugin.records.portals import Portal
from plugin.records.store import Store


def source_of(options: dict[str, Any], *, hidden: bool) -> tuple[Source, Account | None]:
    """The figures that the command's options ask for, and what was read and left out for them."""
    files = ("contacts", "deals", "companies")
    if any(options[name] for name in files):
        return _from_files(options)
    alone = [f"--{n}" for n in ("history", "parameters", "at", "config", "spend") if options[n]]
    if alone:
        raise InputError(
            f"{', '.join(alone)} goes with files only.",
            cure="Add --contacts and --deals; a portal's spend is taken by `lifecycle report spend import`.",
        )
    context = _context()
    portal = only_portal(context.store, options["portal"])
    if portal.parameters_version is None:
        raise InputError("Nothing was read completely yet.", cure="Run `lifecycle backfill` first.")
    if options["rebuild"]:
        with show.progress(hidden=hidden) as bar:
            wrong = portfolio.rebuild(context, portal, bar)
        click.echo(f"Added up from scratch: {wrong:,} cells were wrong.", err=True)
    with context.store.read() as connection:
        account = account_of(connection, portal.portal_id)
    return figures.of_portal(context, portal, options["object_type"]), account


def _context() -> Context:
    """A context that reads the store and calls no CRM."""
    chosen = settings.load()
    store = Store(chosen.database_url)
    store.migrate()

    def no_crm(portal_id: int, priority: str) -> Any:
        raise AssertionError("a report asks the CRM nothing")

    clock = SystemClock(chosen.clock_file)
    return wiring.build_context(
        store=store, clock=clock, crm=no_crm, bells=Silence(), config_path=chosen.config_path
    )


def _from_files(options: dict[str, Any]) -> tuple[Source, Account]:
    from plugin.cli.cases import from_files

    if options["rebuild"] or options["portal"]:
        raise InputError("--portal and --rebuild are for portals.", cure="Leave them out beside files.")
    case = from_files(options)
    outcomes = case.outcomes
    source = figures.of_outcomes(outcomes, Spend({}), options["object_type"])
    path = options["spend"] or (Path(case.mapping.spend) if case.mapping.spend else None)
    if path is None:
        return source, case.account
    amounts = _parsed(path, source, None)
    _warn_of_channels(amounts, source)
    return Source(**{**vars(source), "spend": Spend(amounts)}), case.account


def _warn_of_channels(amounts: Amounts, source: Source) -> None:
    known = {name.casefold() for name in source.channels} | {"lifecycle"}
    unknown = sorted({name for _, name in amounts if name.casefold() not in known})
    if unknown:
        click.echo(f"Warning: no customer came through {', '.join(unknown)}.", err=True)


def _parsed(path: Path, source: Source, channels: list[str] | None) -> Amounts:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8.", cure="Save it as CSV UTF-8.") from error
    except OSError as error:
        cure = "Check `spend` in the mapping file, or name a file."
        raise InputError(f"{path} cannot be read: {error.strerror}.", cure=cure) from error
    return parse_spend(text, str(path), today=source.today, currency=source.currency, channels=channels)


def import_spend(
    file: Path | None, portal_id: int | None, *, replace: bool, new_channels: bool
) -> tuple[int, Path]:
    """Take a spend table into the store; returns how many amounts, and from where."""
    context = _context()
    portal = only_portal(context.store, portal_id)
    path = file or _mapped(context.mapping)
    sources = [figures.of_portal(context, portal, kind) for kind in context.mapping.customer_objects()]
    known = sorted({name for source in sources for name in source.channels if name})
    amounts = _parsed(path, sources[0], None if new_channels else known)
    with context.store.write() as connection:
        kept.save_spend(context.store, connection, portal.portal_id, amounts, replace=replace)
    return len(amounts), path


def _mapped(mapping: Mapping) -> Path:
    if not mapping.spend:
        raise InputError("No file is named.", cure="Name one, or set `spend` in the mapping file.")
    return Path(mapping.spend)


def spend_rows(portal_id: int | None) -> list[dict[str, Any]]:
    """What the store holds of a portal's spend, oldest first."""
    store = Store(settings.load().database_url)
    store.migrate()
    portal: Portal = only_portal(store, portal_id)
    with store.read() as connection:
        amounts = kept.read_spend(connection, portal.portal_id)
    return [
        {"month": month_name(month), "channel": channel, "amount": cents / 100}
        for (month, channel), cents in sorted(amounts.items())
    ]
