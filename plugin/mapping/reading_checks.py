"""What is wrong between how properties are declared and the keys that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plugin.mapping.clash import Clash, named_properties
from plugin.mapping.model import Mapping as FieldMapping
from plugin.mapping.positions import Path
from plugin.mapping.readings import Kind, Reading
from plugin.mapping.sources import declared

#: What a key needs → the declarations that give it.
_GIVES: dict[Kind, str] = {
    "number": "type: number, or an enumeration whose values are numbers",
    "date": "type: date or datetime",
    "flag": "type: boolean, or an enumeration whose values are true and false",
    "text": "",
}
_READ_AS: dict[Kind, str] = {"number": "a number", "date": "a date", "flag": "a yes or no", "text": "a text"}
#: Names that outcomes have for themselves.
TAKEN = frozenset(
    (
        *("object", "id", "day", "stage", "stages", "since", "exited_from", "next_stage", "next_stage_on"),
        *("keep_until", "next_moment", "risk_level", "risk_flags", "segments", "tier", "rfm", "rfm_segment"),
        *("attitude", "play", "reason", "trend"),
    )
)
#: Section of the file → whose properties it names.
SECTIONS = {"purchase": "deal", "contact": "contact", "company": "company"}


def reading_clashes(mapping: FieldMapping) -> Iterator[Clash]:
    """Declarations that a key cannot use, and further properties that are two things at once."""
    for one in named_properties(mapping):
        reading = mapping.readings_of(one.object_type).get(one.name)
        if reading and one.kind not in ("text", reading.kind):
            key = one.path[1]
            wanted = f"{one.path[0]}.{key} is read as {_READ_AS[one.kind]}"
            said = f"{wanted}, and {one.name} is declared as {_is(reading)}."
            cure = f"Declare it with {_GIVES[one.kind]}; or name another property."
            yield Clash(((*one.path, "type"), one.path, one.path[:2]), "error", said, cure)
    yield from _taken(mapping)
    if mapping.customer == "both":
        yield from _two_things(mapping)


def _taken(mapping: FieldMapping) -> Iterator[Clash]:
    """Further properties whose names rules could not tell from an outcome's own parts."""
    for kind in mapping.customer_objects():
        for place, name in enumerate(mapping.sources(kind).extras):
            if name in TAKEN:
                said = f"{name} is the name of a part of every outcome: rules could not tell the two apart."
                cure = "Take it out, or copy the property in the CRM to one of another name."
                yield Clash(((kind, "extras", place), (kind, "extras")), "error", said, cure)


def _is(reading: Reading) -> str:
    return f"{reading.type} of {_READ_AS[reading.kind]}s" if reading.type == "enumeration" else reading.type


def _two_things(mapping: FieldMapping) -> Iterator[Clash]:
    """Rules are the same for contacts and companies: what they name must be of one type."""
    for place, name in enumerate(mapping.company.extras):
        kinds = {
            reading.kind if (reading := mapping.readings_of(kind).get(name)) else "text"
            for kind in ("contact", "company")
        }
        if name in mapping.contact.extras and len(kinds) > 1:
            both = " and ".join(sorted(_READ_AS[one] for one in kinds))
            said = f"{name} is {both}: rules see one fact of that name."
            yield Clash(
                (("company", "extras", place), ("company", "extras")),
                "error",
                said,
                "Declare it with the same type under contact.extras and company.extras.",
            )


def declared_twice(data: Mapping[str, Any]) -> Iterator[Clash]:
    """Properties that a file declares in two ways; `data` is what the file says, section by section."""
    for section in SECTIONS:
        first: dict[str, tuple[str, Reading]] = {}
        for key, place, source in declared(data.get(section, {})):
            other, reading = first.setdefault(str(source), (key, source.reading))
            if reading != source.reading:
                path: Path = (section, key) if place is None else (section, key, place)
                said = (
                    f"{source} is declared at {section}.{other} and {section}.{key}, in two different ways."
                )
                cure = "Keep one of the two, and name the property alone in the other place."
                yield Clash((path, path[:2]), "error", said, cure)
