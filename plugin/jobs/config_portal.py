"""Checks a mapping file against a portal: its pipelines, properties, limits and values. Reads only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from plugin.errors import LifecycleError
from plugin.hubspot.client import Crm
from plugin.jobs.config_check import Found, check_file
from plugin.jobs.drain import Report
from plugin.lifecycle.events import build_events
from plugin.lifecycle.records import Records
from plugin.mapping.bundle import read_bundle
from plugin.mapping.findings import Finding
from plugin.mapping.model import Mapping
from plugin.mapping.portal_checks import portal_clashes
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts, StageFacts, Unread
from plugin.mapping.readable import readable
from plugin.sync.property_definitions import type_of

SAMPLE_PAGES = 5  # of 100 records (50 with history) of each object type, for values that cannot be read
NAMED = "CRM properties that the mapping names"  # as the progress calls what is counted


def check_in_portal(crm: Callable[[], Crm], path: Path | None, report: Report = lambda *_: None) -> Found:
    """Every finding of the file by itself, and of all that could be read of it in the portal.

    A portal that cannot be asked is a finding beside the file's own faults; without those it is raised.
    """
    found = check_file(path)
    try:
        return _in_portal(crm, path, found, report)
    except LifecycleError as error:
        if not any(finding.severity == "error" for _, finding in found):
            raise
        why = re.sub(r"\s*\n[\s-]*", " ", error.message).strip(" .")
        said = f"The portal was not asked: {why}."
        return [*found, (read_bundle(path).name, Finding(0, 0, "error", said, error.cure))]


def _in_portal(crm: Callable[[], Crm], path: Path | None, found: Found, report: Report) -> Found:
    bundle = read_bundle(path)
    read = readable(bundle.body)
    if read is None:
        said = "The portal was not asked: what the file says cannot be read to its end."
        cure = "Correct the file, and check it again."
        return [*found, (bundle.name, Finding(0, 0, "note", said, cure))]
    facts = portal_facts(crm(), read.mapping, report)
    stated = read.document.places if path else ()
    told = read.told(portal_clashes(read.mapping, facts, stated))
    return sorted([*found, *((bundle.name, one) for one in told)])


def portal_facts(
    crm: Crm, mapping: Mapping, report: Report = lambda *_: None, *, count: bool = True, sample: bool = True
) -> PortalFacts:
    """What the portal says of everything that a mapping can name.

    `count`: also how many records fill the properties that this one names; `sample`: values that cannot be
    read, in a sample of the records.
    """
    account = crm.account()
    kinds = ("deal", *mapping.customer_objects())
    properties = {kind: _properties(crm, kind) for kind in kinds}
    records = {kind: crm.search(kind, [], limit=1).total for kind in kinds}
    if count:
        _count(crm, mapping, properties, report)
    zone, money = account.time_zone, account.currency
    left = {kind: crm.property_allowance(kind) for kind in mapping.customer_objects()}
    return PortalFacts(
        pipelines=_pipelines(crm, mapping),
        properties=properties,
        left={kind: one.left for kind, one in left.items() if one is not None},
        records=records,
        time_zone=account.time_zone,
        currency=account.currency,
        unread=tuple(_unread(crm, mapping, properties, zone, money, report)) if count and sample else (),
        outputs={
            kind: {output.name: type_of(standard) for standard, output in mapping.written_outputs()}
            for kind in mapping.customer_objects()
        },
    )


def _properties(crm: Crm, kind: str) -> dict[str, PropertyFacts]:
    return {
        one.name: PropertyFacts(
            one.name, one.label, one.type, tuple(o.value for o in one.options), one.group, one.read_only
        )
        for one in crm.properties(kind)
    }


def _count(
    crm: Crm, mapping: Mapping, properties: dict[str, dict[str, PropertyFacts]], report: Report
) -> None:
    named = [(kind, name) for kind in properties for name in mapping.read_properties(kind)]
    read = [(kind, name) for kind, name in named if name in properties[kind]]
    for done, (kind, name) in enumerate(read):
        report(NAMED, done, len(read))
        properties[kind][name] = replace(properties[kind][name], filled=_filled(crm, kind, name))
    report(NAMED, len(read), len(read))


def _filled(crm: Crm, kind: str, name: str) -> int:
    return crm.search(kind, [{"propertyName": name, "operator": "HAS_PROPERTY"}], limit=1).total


def _pipelines(crm: Crm, mapping: Mapping) -> tuple[PipelineFacts, ...]:
    won = list(mapping.purchase.won_stages)
    found = []
    for one in crm.pipelines("deal"):
        stages = tuple(StageFacts(s.id, s.label, s.closed and s.probability == 1) for s in one.stages)
        chosen = [s.id for s in stages if (s.id in won if won else s.won)]
        where = {"propertyName": "dealstage", "operator": "IN", "values": chosen}
        pipeline = {"propertyName": "pipeline", "operator": "EQ", "value": one.id}
        count = crm.search("deal", [pipeline, where], limit=1).total if chosen else 0
        found.append(PipelineFacts(one.id, one.label, stages, count))
    return tuple(found)


def _unread(
    crm: Crm,
    mapping: Mapping,
    properties: dict[str, dict[str, PropertyFacts]],
    zone: str,
    currency: str,
    report: Report,
) -> Iterable[Unread]:
    """Values that cannot be read, in a sample of the portal's records."""
    rows = {kind: _sample(crm, mapping, kind, properties.get(kind, {}), report) for kind in properties}
    records = Records.from_rows(rows.get("contact", []), rows.get("company", []), rows["deal"], [])
    seen: dict[tuple[str, str, str], Unread] = {}
    for kind in mapping.customer_objects():
        for row in build_events(
            records, mapping, kind, mapping.time_zone or zone, mapping.currency or currency
        ).findings:
            examples = tuple(row["examples"])
            one = Unread(row["object"], row["property"], row["problem"], row["count"], examples)
            seen[one.object_type, one.name, one.problem] = one
    return seen.values()


def _sample(
    crm: Crm, mapping: Mapping, kind: str, known: dict[str, PropertyFacts], report: Report
) -> list[dict[str, object]]:
    names = [name for name in mapping.read_properties(kind) if name in known]
    links = {"deal": ["contact", *(["company"] if mapping.companies else [])], "contact": [], "company": []}
    rows: list[dict[str, object]] = []
    after: str | None = None
    for page in range(SAMPLE_PAGES):
        report(f"Pages of {kind} records sampled", page, SAMPLE_PAGES)
        found = crm.page(kind, names, associations=links[kind], after=after)
        for record in found.records:
            ids = {f"{one}_ids": [a.to_id for a in record.associations.get(one, [])] for one in links[kind]}
            rows.append({"id": record.id, **{n: record.properties.get(n) for n in names}, **ids})
        after = found.after
        if after is None:
            break
    report(f"Pages of {kind} records sampled", SAMPLE_PAGES, SAMPLE_PAGES)
    return rows
