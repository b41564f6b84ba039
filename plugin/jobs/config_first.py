"""What is known for a first mapping file: from the portal itself, or from CSV exports of it."""

from __future__ import annotations

import re
from pathlib import Path

from plugin.hubspot.client import Crm
from plugin.jobs.config_portal import portal_facts
from plugin.jobs.drain import Report
from plugin.mapping.fitting import Fitted, fitted
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts, StageFacts
from plugin.records.csv_headers import resolve
from plugin.records.csv_text import Faults, Table, read_table

BOTH = Mapping(customer="both")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T].*)?")
_NUMBER = re.compile(r"-?\d+([.,]\d+)?")


def from_portal(crm: Crm, report: Report = lambda *_: None) -> PortalFacts:
    """The portal's pipelines and properties; contacts alone where companies may not be read."""
    from plugin.errors import CrmError

    try:
        return portal_facts(crm, BOTH, report, count=False)
    except CrmError as error:
        if error.status != 403:
            raise
        return portal_facts(crm, Mapping(), report, count=False)


def for_preset(crm: Crm, text: str, report: Report = lambda *_: None) -> Fitted:
    """A preset's file fitted to the portal. CrmError: it cannot be asked, or not what the preset reads."""
    mapping = read_mapping(text.encode())[0]
    return fitted(text, portal_facts(crm, mapping, report, sample=False))


def from_files(contacts: Path | None, deals: Path | None, companies: Path | None) -> PortalFacts:
    """The same from CSV files; a type is what every value can be read as. InputError names every fault."""
    faults = Faults()
    tables = {
        kind: table
        for kind, path in (("contact", contacts), ("deal", deals), ("company", companies))
        if path is not None and (table := read_table(path, faults)) is not None
    }
    columns = {kind: resolve(table, {}, faults) for kind, table in tables.items()}
    faults.refuse()
    return PortalFacts(
        pipelines=_pipelines(tables["deal"], columns["deal"]) if "deal" in tables else (),
        properties={
            kind: {name: _property(table, name, place) for name, place in columns[kind].items()}
            for kind, table in tables.items()
        },
        records={kind: len(table.rows) for kind, table in tables.items()},
        b2b="deal" in tables and _filled(tables["deal"], columns["deal"].get("company_ids")) > 0,
    )


def _values(table: Table, place: int | None) -> list[str]:
    return [row[place].strip() for row in table.rows if row[place].strip()] if place is not None else []


def _filled(table: Table, place: int | None) -> int:
    return len(_values(table, place))


def _property(table: Table, name: str, place: int) -> PropertyFacts:
    values = _values(table, place)
    if values and all(_DATE.fullmatch(value) for value in values):
        kind = "date"
    elif values and all(_NUMBER.fullmatch(value) for value in values):
        kind = "number"
    elif values and {value.lower() for value in values} <= {"true", "false", "yes", "no"}:
        kind = "bool"
    else:
        kind = "string"
    return PropertyFacts(name, table.headers[place], kind, filled=len(values))


def _pipelines(table: Table, columns: dict[str, int]) -> tuple[PipelineFacts, ...]:
    pipeline, stage, won = (columns.get(name) for name in ("pipeline", "dealstage", "hs_is_closed_won"))
    if pipeline is None:
        return ()
    found: dict[str, dict[str, int]] = {}
    for row in table.rows:
        stages = found.setdefault(row[pipeline].strip() or "default", {})
        name = row[stage].strip() if stage is not None else ""
        yes = row[won].strip().lower() in {"true", "yes", "1"} if won is not None else "won" in name.lower()
        stages[name] = stages.get(name, 0) + yes
    return tuple(
        PipelineFacts(
            name,
            name,
            tuple(StageFacts(one, one, bool(count)) for one, count in stages.items() if one),
            sum(stages.values()),
        )
        for name, stages in found.items()
    )
