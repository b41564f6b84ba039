"""Which sources of a mapping do not fit its portal: unknown names, wrong types, what stays empty."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from collections.abc import Mapping as MappingABC
from functools import cache

from plugin.mapping import presets
from plugin.mapping.clash import Clash, Named, named_properties
from plugin.mapping.findings import Severity, nearest
from plugin.mapping.load import read_mapping
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
    quiet: list[tuple[Named, str]] = []
    for one in named_properties(mapping):
        odd = _quiet(one, facts, stated)
        if odd:
            quiet.append((one, odd))
        if not odd or _is_stated(one.path, stated):
            yield from _property(one, mapping, facts, told=bool(odd))
    yield from _told_once(quiet)


def _quiet(one: Named, facts: PortalFacts, stated: Container[Path]) -> str | None:
    """What is odd about a property and not the user's fault: it came with the default or a preset."""
    found = facts.properties.get(one.object_type, {}).get(one.name)
    if found is None:
        return None if _is_stated(one.path, stated) else "not in the portal"
    shipped = not _is_stated(one.path, stated) or (one.path[:2], one.name) in _shipped()
    return "empty in every record" if shipped and _is_empty(one, found, facts) else None


def _is_empty(one: Named, found: PropertyFacts, facts: PortalFacts) -> bool:
    return found.filled == 0 and bool(facts.records.get(one.object_type))


def _is_stated(path: Path, stated: Container[Path]) -> bool:
    return path in stated or (isinstance(path[-1], int) and path[:-1] in stated)


@cache
def _shipped() -> frozenset[tuple[Path, str]]:
    """(section and key, property) of the customers' sources that the shipped default and the presets name.

    Of deals nothing is harmless: without a date or an amount there is no purchase, or no money.
    """
    texts = [presets.text(name) for name in presets.names()]
    mappings = [Mapping(customer="both"), *(read_mapping(text.encode())[0] for text in texts)]
    return frozenset(
        (one.path[:2], one.name) for m in mappings for one in named_properties(m) if one.object_type != "deal"
    )


def _told_once(quiet: list[tuple[Named, str]]) -> Iterator[Clash]:
    """One note for each oddity: nothing has to be done about any of them."""
    for odd in dict.fromkeys(odd for _, odd in quiet):
        keys: dict[str, list[str]] = {}
        for one in [one for one, said in quiet if said == odd]:
            keys.setdefault(".".join(map(str, one.path[:2])), []).append(one.name)
        count = sum(map(len, keys.values()))
        are = "1 source is" if count == 1 else f"{count} sources are"
        names = ", ".join(f"{key} ({', '.join(found)})" for key, found in keys.items())
        from_ = "as the shipped default or a preset names them"
        then = (
            "they count from the day the CRM fills them" if count > 1 else "it counts once the CRM fills it"
        )
        if odd == "not in the portal":
            then = "nothing rests on them" if count > 1 else "nothing rests on it"
        yield Clash((), "note", f"{are} {odd}, {from_}: {names}. Harmless: {then}.", "")


def _property(one: Named, mapping: Mapping, facts: PortalFacts, *, told: bool) -> Iterator[Clash]:
    """What is wrong with one; `told`: that it is empty is said elsewhere."""
    have = facts.properties.get(one.object_type, {})
    found, paths = have.get(one.name), (one.path, one.path[:-1])
    if found is None:
        said = f"The portal has no {one.object_type} property {one.name}."
        # what the shipped default names and a smaller edition of HubSpot lacks is no fault of the user's
        severity: Severity = "warning" if one.name in Mapping().read_properties(one.object_type) else "error"
        yield Clash(paths, severity, said, _right_property(one.name, have))
        return
    reading = mapping.readings_of(one.object_type).get(one.name)
    misread = _declared(one, reading, found) if reading else _by_key(one, found)
    yield from (clash._replace(rests_on=(one.path,)) for clash in misread)
    if not told and _is_empty(one, found, facts):
        said = f"{one.name} is empty in every {one.object_type}."
        yield Clash(paths, "warning", said, "Delete it here, or see that the CRM fills it.")


def _by_key(one: Named, found: PropertyFacts) -> Iterator[Clash]:
    """A property that is only named: its type must give what its key needs."""
    paths = (one.path, one.path[:-1])
    sure, doubtful = READABLE[one.kind]
    if one.kind == "number" and found.options and all(map(_is_number, found.options)):
        return
    if found.type in doubtful:
        said = f"{one.name} is of type {found.type}: values that are no {one.kind} are left out and counted."
        how = _HOW[one.kind].replace("NAME", one.name)
        yield Clash(paths, "warning", said, f"Declare how they are written, as in {how}.")
    elif found.type not in sure:
        said = f"{one.name} is of type {found.type} and cannot be read as a {one.kind}."
        yield Clash(paths, "error", said, f"Name a property of type {' or '.join(sure)}.")


def _is_number(option: str) -> bool:
    """Whether an option is read as a number without being declared, as HubSpot's 0 to 10 of NPS."""
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", option) is not None


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
