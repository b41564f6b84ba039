"""Which sources of a mapping do not fit its portal: unknown names, wrong types, what stays empty."""

from __future__ import annotations

from collections.abc import Container, Iterator
from collections.abc import Mapping as MappingABC

from plugin.mapping.clash import Clash, Named, named_properties
from plugin.mapping.findings import Severity, nearest
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PortalFacts, PropertyFacts
from plugin.mapping.positions import Path
from plugin.mapping.readings import Kind, Reading

DATES = ("date", "datetime")
#: What a key needs → the property types it is read from without doubt, and those that may hold it as text.
READABLE: dict[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "date": (DATES, ("string", "number")),
    "number": (("number",), ("string", "enumeration")),
    "flag": (("bool",), ("string", "enumeration")),
    "text": (("string", "enumeration", "bool", "number", "phone_number", *DATES), ()),
}
#: Declared type → the property types that can hold it.
HOLDS: dict[str, tuple[str, ...]] = {
    "number": ("number", "string", "enumeration"),
    "date": (*DATES, "string", "enumeration"),
    "datetime": (*DATES, "string", "enumeration"),
    "boolean": ("bool", "enumeration", "string", "number"),
    "enumeration": ("enumeration", "bool", "string", "number"),
    "text": READABLE["text"][0],
}
#: What a key needs → how a text that holds it may be declared.
_HOW: dict[Kind, str] = {
    "date": "{property: NAME, type: date, format: DD.MM.YYYY}",
    "number": "{property: NAME, type: number, decimal: ','}",
    "flag": "{property: NAME, type: boolean, values: {ja: true, nein: false}}",
    "text": "{property: NAME, type: text}",
}


def source_clashes(mapping: Mapping, facts: PortalFacts, stated: Container[Path]) -> Iterator[Clash]:
    """Every fault and oddity of a source; `stated` holds the paths that the file itself has."""
    quiet: dict[Path, tuple[str, str]] = {}  # of the shipped default: its name, and what is odd about it
    for one in named_properties(mapping):
        written = one.path in stated or (isinstance(one.path[-1], int) and one.path[:-1] in stated)
        odd = None if written else _quiet(one.object_type, one.name, facts)
        if odd:
            quiet[one.path] = (one.name, odd)
        else:
            yield from _property(one, mapping, facts)
    yield from _of_default(mapping, quiet)


def _quiet(kind: str, name: str, facts: PortalFacts) -> str | None:
    """What is odd about a property that is no fault of the file, if anything."""
    found = facts.properties.get(kind, {}).get(name)
    if found is None:
        return "are not in the portal"
    return "are empty in every record" if found.filled == 0 and facts.records.get(kind) else None


def _of_default(mapping: Mapping, quiet: dict[Path, tuple[str, str]]) -> Iterator[Clash]:
    """One warning for all sources that the file does not state: it has no line to point at, or to delete."""
    for odd in dict.fromkeys(odd for _, odd in quiet.values()):
        names = [f"{path[0]}.{path[1]} ({name})" for path, (name, said) in quiet.items() if said == odd]
        said = f"These sources of the shipped default {odd}: {', '.join(names)}."
        first = mapping.customer_objects()[0]
        cure = f"Nothing need be done; write e.g. `channel: null` under `{first}` to switch one off."
        yield Clash(((),), "warning", said, cure)


def _property(one: Named, mapping: Mapping, facts: PortalFacts) -> Iterator[Clash]:
    have = facts.properties.get(one.object_type, {})
    found, paths = have.get(one.name), (one.path, one.path[:-1])
    if found is None:
        said = f"The portal has no {one.object_type} property {one.name}."
        # what the shipped default names and a smaller edition of HubSpot lacks is no fault of the user's
        severity: Severity = "warning" if one.name in Mapping().read_properties(one.object_type) else "error"
        yield Clash(paths, severity, said, _right_property(one.name, have))
        return
    reading = mapping.readings_of(one.object_type).get(one.name)
    yield from _declared(one, reading, found) if reading else _by_key(one, found)
    if found.filled == 0 and facts.records.get(one.object_type):
        said = f"{one.name} is empty in every {one.object_type}."
        yield Clash(paths, "warning", said, "Delete it here, or see that the CRM fills it.")


def _by_key(one: Named, found: PropertyFacts) -> Iterator[Clash]:
    """A property that is only named: its type must give what its key needs."""
    paths = (one.path, one.path[:-1])
    sure, doubtful = READABLE[one.kind]
    if found.type in doubtful:
        said = f"{one.name} is of type {found.type}: values that are no {one.kind} are left out and counted."
        how = _HOW[one.kind].replace("NAME", one.name)
        yield Clash(paths, "warning", said, f"Declare how they are written, as in {how}.")
    elif found.type not in sure:
        said = f"{one.name} is of type {found.type} and cannot be read as a {one.kind}."
        yield Clash(paths, "error", said, f"Name a property of type {' or '.join(sure)}.")


def _declared(one: Named, reading: Reading, found: PropertyFacts) -> Iterator[Clash]:
    """A property that is declared: the portal's type must be able to hold that."""
    paths = ((*one.path, "type"), one.path, one.path[:-1])
    said = f"{one.name} is declared as {reading.type}, and is of type {found.type} in the portal"
    if found.type not in HOLDS[reading.type]:
        yield Clash(paths, "error", f"{said}.", f"Declare it as what it is: type: {_type_of(found)}.")
    elif reading.format and found.type in DATES:
        text = f"{said}: HubSpot writes that as 2026-01-31, never as {reading.format}."
        yield Clash(((*one.path, "format"), *paths), "error", text, "Take `format` out.")
    elif found.type == "number" and (reading.decimal != "." or reading.thousands):
        cure = "Take `decimal` and `thousands` out."
        yield Clash(paths, "error", f"{said}: HubSpot writes that as 1234.5.", cure)
    elif found.options and reading.closed:
        yield from _options(one, reading, found)


def _type_of(found: PropertyFacts) -> str:
    return {"bool": "boolean", "string": "text"}.get(found.type, found.type)


def _options(one: Named, reading: Reading, found: PropertyFacts) -> Iterator[Clash]:
    """Values of which the portal knows nothing, and options that no value stands for."""
    options = {option.lower(): option for option in found.options}
    for text in reading.values:
        if text not in options:
            close = nearest(text, found.options)
            cure = f"Did you mean {close[0]!r}?" if close else f"The options are: {', '.join(found.options)}."
            path = (*one.path, "values")
            yield Clash(
                ((*path, text), path, one.path), "warning", f"{one.name} has no option {text!r}.", cure
            )
    if left := [option for key, option in options.items() if key not in reading.values]:
        said = f"No value is declared for these options of {one.name}: {', '.join(left)}."
        cure = (
            "They are left out and counted; write what they stand for, or leave them empty: {"
            + left[0]
            + ": }."
        )
        yield Clash(((*one.path, "values"), one.path), "warning", said, cure)


def _right_property(name: str, have: MappingABC[str, PropertyFacts]) -> str:
    labels = {one.label: one.name for one in have.values()}
    if close := nearest(name, have):
        return f"Did you mean {close[0]}?"
    if close := nearest(name.replace("_", " "), labels):
        return f"Did you mean {labels[close[0]]} ({close[0]})?"
    return "Take its internal name from HubSpot's settings, Properties, </>; or delete the line."
