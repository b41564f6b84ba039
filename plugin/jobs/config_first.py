"""What is known for a first mapping file: from the portal itself, or from CSV exports of it."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from plugin.errors import CrmError
from plugin.hubspot.client import Crm
from plugin.jobs.config_portal import portal_facts
from plugin.jobs.config_samples import spelled_texts
from plugin.jobs.drain import Report
from plugin.mapping.fields import PROPERTY
from plugin.mapping.fitting import Fitted, fitted
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts, StageFacts
from plugin.mapping.spellings import spelling
from plugin.records.csv_columns import meant
from plugin.records.csv_headers import resolve, with_own_id
from plugin.records.csv_stages import outcome_said
from plugin.records.csv_text import Faults, Table, read_table

BOTH = Mapping(customer="both")


def from_portal(crm: Crm, report: Report = lambda *_: None) -> PortalFacts:
    """The portal's pipelines and properties; contacts alone where companies may not be read."""
    try:
        facts = portal_facts(crm, BOTH, report, count=False)
    except CrmError as error:
        if error.status != 403:
            raise
        facts = portal_facts(crm, Mapping(), report, count=False)
    spelled = {kind: spelled_texts(crm, kind, have, report) for kind, have in facts.properties.items()}
    kinds = tuple(kind for kind in ("contact", "company") if kind in facts.properties)
    return replace(facts, properties=spelled, deals=_newest_deals(crm, kinds))


def _newest_deals(crm: Crm, kinds: Iterable[str]) -> dict[str, int]:
    """Of the newest deals: how many there are, and how many of them name a record of each kind."""
    ids = [record.id for record in crm.search("deal", [], sorts=("-createdate",)).records]
    linked = {kind: crm.associations("deal", kind, ids) if ids else {} for kind in kinds}
    return {"deal": len(ids), **{kind: sum(map(bool, found.values())) for kind, found in linked.items()}}


def for_preset(crm: Crm, text: str, report: Report = lambda *_: None) -> Fitted:
    """A preset's file fitted to the portal. CrmError: it cannot be asked, or not what the preset reads."""
    mapping = read_mapping(text.encode())[0]
    return fitted(text, portal_facts(crm, mapping, report, sample=False))


def from_files(
    contacts: Path | None,
    deals: Path | None,
    companies: Path | None,
    customer: str = "",
    report: Report = lambda *_: None,
) -> PortalFacts:
    """The same from CSV files; what a column is, its values say. InputError names every fault.

    Where it is said who the `customer` is, ids, links and stages are also found under headers of other names.
    """
    faults = Faults()
    tables = {
        kind: table
        for kind, path in (("contact", contacts), ("deal", deals), ("company", companies))
        if path is not None and (table := read_table(path, faults)) is not None
    }
    own = meant(tables, customer) if customer else {}
    columns = {kind: with_own_id(kind, resolve(table, own, faults)) for kind, table in tables.items()}
    faults.refuse()
    names = internal_names(name for some in columns.values() for name in some)
    named = {
        kind: {names.get(name, name): place for name, place in some.items()} for kind, some in columns.items()
    }
    properties: dict[str, dict[str, PropertyFacts]] = {}
    for kind, table in tables.items():
        report("Files looked at", len(properties), len(tables))
        properties[kind] = {name: _property(table, name, named[kind][name]) for name in named[kind]}
    report("Files looked at", len(tables), len(tables))
    return PortalFacts(
        pipelines=_pipelines(tables["deal"], columns["deal"]) if "deal" in tables else (),
        properties=properties,
        records={kind: len(table.rows) for kind, table in tables.items()},
        headers={name: header for header, name in names.items()},
        columns=own,
        stages=_stages(tables["deal"], columns["deal"]) if "deal" in tables else (),
        deals=_deals(tables["deal"], columns["deal"]) if "deal" in tables else {},
        files=True,
    )


def internal_names(headers: Iterable[str]) -> dict[str, str]:
    """Header → an internal name for it, of those that are none; each its own, and none that is taken."""
    listed = list(dict.fromkeys(headers))
    taken = {header for header in listed if re.fullmatch(PROPERTY, header)}
    found = {}
    for header in (one for one in listed if one not in taken):
        plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode().lower()
        name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:80]
        name = name if re.fullmatch(PROPERTY, name) else f"column_{name}".rstrip("_")
        numbers = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        found[header] = next(one for one in numbers if one not in taken)
        taken.add(found[header])
    return found


def _deals(table: Table, columns: dict[str, int]) -> dict[str, int]:
    named = {kind: _filled(table, columns.get(f"{kind}_ids")) for kind in ("contact", "company")}
    return {"deal": len(table.rows), **named}


def _values(table: Table, place: int | None) -> list[str]:
    return [row[place].strip() for row in table.rows if row[place].strip()] if place is not None else []


def _stages(table: Table, columns: dict[str, int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_values(table, columns.get("dealstage"))))


def _filled(table: Table, place: int | None) -> int:
    return len(_values(table, place))


def _property(table: Table, name: str, place: int) -> PropertyFacts:
    values = _values(table, place)
    spelled = spelling(values)
    words = values and {value.lower() for value in values} <= {"true", "false", "yes", "no"}
    kind = spelled.kind if spelled else "bool" if words else "string"
    return PropertyFacts(name, table.headers[place], kind, filled=len(values), spelling=spelled)


def _yes(text: str) -> bool:
    return text.strip().lower() in {"true", "yes", "1"}


def _pipelines(table: Table, columns: dict[str, int]) -> tuple[PipelineFacts, ...]:
    pipeline, stage, won = (columns.get(name) for name in ("pipeline", "dealstage", "hs_is_closed_won"))
    if pipeline is None:
        return ()
    found: dict[str, dict[str, int]] = {}
    for row in table.rows:
        stages = found.setdefault(row[pipeline].strip() or "default", {})
        name = row[stage].strip() if stage is not None else ""
        yes = _yes(row[won]) if won is not None else outcome_said(name) == "won"
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
