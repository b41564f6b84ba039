"""What is wrong with a declared source beyond single values: keys and parts that do not fit together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Any

from plugin.mapping.fields import Said
from plugin.mapping.findings import did_you_mean
from plugin.mapping.readings import SOURCE_TYPES, Value, format_parts, kind_of_values

#: Key → the types that it is of.
OF_TYPES: dict[str, tuple[str, ...]] = {
    "format": ("date", "datetime"),
    "decimal": ("number",),
    "thousands": ("number",),
    "scale": ("number",),
    "values": SOURCE_TYPES,
}
NEEDED = ("property", "type")
#: Part of a format → what it says; two that say the same cannot stand in one format.
PIECES = {"YYYY": "year", "YY": "year", "MM": "month", "M": "month", "DD": "day", "D": "day"}
PIECES |= {"HH": "hour", "H": "hour", "mm": "minute", "ss": "second"}


def faults(given: Mapping[str, Any], known: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Keys that a source does not have, that its type does not have, and those that it lacks."""
    for key in given:
        if key not in known:
            cure = did_you_mean(key, known, "keys")
            yield key, {"<key>": [Said(f"There is no key `{key}` in a source.", cure)]}
        elif key in OF_TYPES and given.get("type") in SOURCE_TYPES and given["type"] not in OF_TYPES[key]:
            said = f"`{key}` says nothing about a source of type {given['type']}."
            cure = f"Take it out; it is of the type {' or '.join(OF_TYPES[key])}."
            yield key, {"<key>": [Said(said, cure)]}
    if missing := [key for key in NEEDED if given.get(key) is None]:
        cure = "Write for example {property: left_on, type: date, format: DD.MM.YYYY}; " + _TYPES
        yield "_schema", [Said(f"This source lacks {' and '.join(missing)}.", cure)]


_TYPES = f"types are {', '.join(SOURCE_TYPES)}."


def between(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What does not fit together in a source whose parts are each right."""
    kind, values = found["type"], found.get("values", {})
    pieces = {PIECES[one] for one in format_parts(found.get("format", "")) if one in PIECES}
    if kind == "date" and "hour" in pieces:
        cure = "Write `type: datetime`, or leave the hours out."
        yield "format", [Said("A date has no hours.", cure)]
    if kind == "datetime" and pieces and "hour" not in pieces:
        yield "format", [Said("A datetime has hours.", "Write `type: date`, or add HH:mm.")]
    if found.get("decimal", ".") == found.get("thousands", ""):
        cure = "Name two different signs, as in {decimal: ',', thousands: '.'}."
        yield "thousands", [Said("The same sign cannot part thousands and begin the decimals.", cure)]
    fits = _FITS.get(kind)
    wrong = {
        text: _wrong(kind) for text, meant in values.items() if meant is not None and fits and not fits(meant)
    }
    if wrong:
        yield "values", wrong
    elif kind == "enumeration" and any(v is not None for v in values.values()) and not kind_of_values(values):
        cure = "Make all numbers, all words (in quotes), or all true and false."
        yield "values", [Said("These values are of several kinds.", cure)]


def _is_day(value: Value) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and date.fromisoformat(value) is not None
    except ValueError:
        return False


_FITS: dict[str, Callable[[Value], bool]] = {
    "number": lambda v: isinstance(v, float),
    "boolean": lambda v: isinstance(v, bool),
    "text": lambda v: isinstance(v, str),
    "date": _is_day,
    "datetime": _is_day,
}
#: Type → what may stand on the right in `values`, in JSON Schema's words.
RIGHT_SIDES: dict[str, tuple[str, ...]] = {
    "number": ("number",),
    "boolean": ("boolean",),
    "enumeration": ("number", "boolean", "string"),
    **dict.fromkeys(("text", "date", "datetime"), ("string",)),
}
_RIGHT = {
    "number": "a number",
    "boolean": "true or false, without quotes",
    "text": "a word, in quotes",
    "date": "a day as 2026-01-31",
    "datetime": "a day as 2026-01-31",
}


def _wrong(kind: str) -> list[Said]:
    said = f"A value of type {kind} cannot stand for this."
    return [Said(said, f"Write {_RIGHT[kind]}; leave it empty where the text says nothing.")]
