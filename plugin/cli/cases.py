"""What the offline commands work on: records and rules, from files or from the store of a served portal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from plugin import settings, wiring
from plugin.cli.lines import say
from plugin.cli.portal import only_portal
from plugin.clock import SystemClock, local_day
from plugin.errors import InputError
from plugin.jobs.config_files import stands_apart
from plugin.jobs.configs import Configurations
from plugin.jobs.meaning import evaluate as compute
from plugin.jobs.meaning import fit, no_predictions_because, predictions_rest_on
from plugin.jobs.meaning import history as rebuild
from plugin.lifecycle.models import load_models
from plugin.lifecycle.names import NAMES
from plugin.lifecycle.names import names as names_of
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.reading import what_was_read
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping
from plugin.records import frames, portals
from plugin.records.configs import EVERYONE
from plugin.records.csv_files import read_records
from plugin.records.store import Store
from plugin.records.work import RecordKey

FILES = ("contacts", "deals", "companies", "history")


@dataclass(frozen=True)
class Case:
    """Records, rules and a day: everything that outcomes are a function of."""

    records: Records
    mapping: Mapping
    models: Models
    parameters: Parameters
    day: date
    configs: Configurations | None = None  # keeps the rule files of a version while the case is used

    @cached_property
    def outcomes(self) -> Outcomes:
        """The outcomes of every customer."""
        return compute(self.records, self.mapping, self.models, self.parameters, self.day)

    @cached_property
    def account(self) -> dict[str, Any]:
        """What was read, and what of it was left out."""
        return what_was_read(
            self.records,
            self.mapping,
            self.day,
            time_zone=self.parameters.time_zone,
            currency=self.parameters.currency,
            unread=self.outcomes.findings,
        )

    def only(self, key: RecordKey) -> dict[str, Any]:
        """The outcome of one customer; raises InputError if there is no such record."""
        result = compute(self.records, self.mapping, self.models, self.parameters, self.day, customers=[key])
        rows = result.to_json()
        if not rows:
            raise InputError(f"There is no {key[0]} {key[1]} here.", cure="Check the id and --object.")
        return {
            **rows[0],
            "name": names_of(result, [key]).get(key),
            "first_record": result.first_records().get(key),
            "no_predictions_because": no_predictions_because(self.parameters, rows[0]),
            "predictions_rest_on": predictions_rest_on(self.parameters, rows[0]),
        }

    def path(self, key: RecordKey) -> list[dict[str, Any]]:
        """The stages of one customer since its first record."""
        steps = rebuild(self.records, self.mapping, self.models, self.parameters, self.day, key)
        return [{"on": day, "stage": stage, "reason": reason} for day, stage, reason in steps]


def from_files(files: dict[str, Any], models: Sequence[str] = (), *, named: bool = False) -> Case:
    """A case from CSV files; without a parameters file they are fitted on the records up to the day.

    `named`: names in the files are read, too, to be shown.
    """
    mapping, loaded = wiring.rules(files["config"] or settings.offline_config())
    chosen = (name.strip() for part in models for name in part.split(",") if name.strip())
    if names := list(dict.fromkeys(chosen)):
        mapping = replace(
            mapping, models=replace(mapping.models, primary=names[0], secondary=tuple(names[1:]))
        )
        loaded = load_models(mapping, mapping.rules)
    mapping = _with_names(mapping) if named else mapping
    records = read_records(mapping=mapping, **{name: files[name] for name in FILES})
    given = _parameters(files["parameters"])
    zone = mapping.time_zone or (given.time_zone if given else None) or "UTC"
    day = _day(files["at"], zone, settings.offline_clock())
    return Case(
        records, mapping, loaded, given or fit(records, mapping, day, currency=_currency(records)), day
    )


def _with_names(mapping: Mapping) -> Mapping:
    """The mapping with the properties that make a name among its extras."""

    def more(kind: str) -> tuple[str, ...]:
        made = (name for choice in NAMES[kind] for name in choice)
        return tuple(dict.fromkeys((*mapping.sources(kind).extras, *made)))

    contact, company = (replace(mapping.sources(kind), extras=more(kind)) for kind in ("contact", "company"))
    return replace(mapping, contact=contact, company=company)


def _currency(records: Records) -> str | None:
    """The currency of the deals, if all that name one name the same."""
    if "deal_currency_code" not in records.deals.columns:
        return None
    named = records.deals["deal_currency_code"].drop_nulls().unique().to_list()
    codes = [code for code in named if code]
    return str(codes[0]) if len(codes) == 1 else None


def _parameters(path: Path | None) -> Parameters | None:
    if path is None:
        return None
    try:
        return Parameters.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no parameters file: {error}.", cure="Export it anew.") from error


def _day(at: datetime | None, zone: str, clock_file: Path | None) -> date:
    return at.date() if at else local_day(SystemClock(clock_file).now(), zone)


def from_directory(directory: Path, at: datetime | None) -> Case:
    """A case from what `lifecycle export` wrote, by the mapping of the settings."""
    files: dict[str, Any] = {name: directory / f"{name}.csv" for name in FILES}
    files |= {"history": directory / "history.jsonl", "parameters": directory / "parameters.json"}
    found = {name: file if file.exists() else None for name, file in files.items()}
    if found["deals"] is None:
        raise InputError(
            f"{directory} has no deals.csv.", cure="Name a directory that `lifecycle export` wrote."
        )
    return from_files({**found, "config": settings.load().config_path, "at": at})


def from_portal(at: datetime | None, wanted: int | None = None) -> Case:
    """A case from the store: what the workers see, by the configuration in force."""
    chosen = settings.load()
    store = Store(chosen.database_url)
    store.migrate()
    portal = only_portal(store, wanted)
    mapping, models, configs = _in_force(store, portal.portal_id, chosen.config_path)
    with store.read() as connection:
        parameters = portals.current_parameters(connection, portal)
        records = frames.load(connection, portal.portal_id, mapping, None)
    if parameters is None:
        raise InputError("Nothing was read completely yet.", cure="Run `lifecycle backfill` first.")
    day = _day(at, mapping.time_zone or portal.time_zone, chosen.clock_file)
    return Case(records, mapping, models, parameters, day, configs)


def _in_force(
    store: Store, portal_id: int, path: Path | None
) -> tuple[Mapping, Models, Configurations | None]:
    """What a portal is computed with: a version kept in the store, whatever the file says by now."""
    configs = Configurations(store, wiring.config_version)
    found = configs.of(portal_id)
    if found is None:
        return *wiring.rules(path), None
    if (number := stands_apart(store, path)) is not None and found.head[0] == EVERYONE:
        said = f"By version {number} of the configuration, which is in force; {path} is another text."
        say(f"{said} `lifecycle config diff {path}` compares them.", err=True)
    return found.mapping, found.models, configs
