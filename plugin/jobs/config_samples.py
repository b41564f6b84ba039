"""How the text properties of a portal are written, told from samples of their values.

A few searches show the newest records with their texts; a property that a key may be read from, and that few
of these hold, is asked for by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from plugin.hubspot.client import Crm
from plugin.jobs.drain import Report
from plugin.mapping.portal_facts import PropertyFacts
from plugin.mapping.readings import Reading
from plugin.mapping.spellings import Spelling, Way, spelling
from plugin.mapping.starting import looked_for

#: HubSpot takes search requests of at most 3,000 characters; the names are most of one.
_NAMES = 2_000
#: At most so many searches for all texts of an object type.
_SEARCHES = 5
#: A property that a key may be read from is asked for by itself where fewer values than this were seen.
_FEW = 20

Values = dict[str, list[str]]


def spelled_texts(
    crm: Crm, kind: str, have: Mapping[str, PropertyFacts], report: Report = lambda *_: None
) -> dict[str, PropertyFacts]:
    """The properties, those of type text that hold dates or numbers with how these are written."""
    texts = [
        one for one in have.values() if one.type == "string" and not one.name.startswith(("clm_", "hs_"))
    ]
    likely = [one.name for one in texts if looked_for(one)]
    parts = _parts([*likely, *(one.name for one in texts if one.name not in likely)])[:_SEARCHES]
    values: Values = defaultdict(list)
    for done, names in enumerate(parts, start=1):
        _take(values, crm, kind, names)
        report(f"Texts of {kind} records", done, len(parts))
    for name in (name for name in likely if len(values[name]) < _FEW):
        values[name].clear()
        _take(values, crm, kind, [name], [{"propertyName": name, "operator": "HAS_PROPERTY"}])
    return {name: replace(one, spelling=_told(one, values, likely)) for name, one in have.items()}


def _parts(names: Sequence[str]) -> list[list[str]]:
    """The names in groups that fit into one search."""
    found: list[list[str]] = []
    left = 0
    for name in names:
        if left < len(name) + 3:
            found.append([])
            left = _NAMES
        found[-1].append(name)
        left -= len(name) + 3
    return found


def _take(
    values: Values, crm: Crm, kind: str, names: list[str], where: Sequence[Mapping[str, str]] = ()
) -> None:
    """Keep what the newest records hold of these properties."""
    for record in crm.search(kind, where, names, sorts=("-createdate",)).records:
        for name in names:
            if text := (record.properties.get(name) or "").strip():
                values[name].append(text)


def _told(one: PropertyFacts, values: Values, likely: Sequence[str]) -> Spelling | None:
    """How it is written; of a text HubSpot's own way is declared, too."""
    found = spelling(values[one.name]) if one.name in values else None
    if found is None or (found.kind == "number" and one.name not in likely):
        return None  # postcodes and telephone numbers are texts
    ways = [Way(way.reading or Reading(found.kind), way.read) for way in found.ways]
    return replace(found, ways=tuple(ways))
