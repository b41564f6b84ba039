"""A source in a mapping file: a property's name, or `{property: …, type: …}` with how its values are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError, fields

from plugin.mapping.fields import Choice, Number, OneOrMany, Property, Said, refuse, shown
from plugin.mapping.readings import SOURCE_TYPES, TOKENS, Reading, Value, format_parts
from plugin.mapping.source_faults import PIECES, between, faults

DECIMALS = (".", ",")
THOUSANDS = (".", ",", " ", "'")


class Declared(str):
    """A property's name, with how its values are read."""

    __slots__ = ("reading",)
    reading: Reading

    def __new__(cls, name: str, reading: Reading) -> Declared:
        """The name and its reading."""
        made = super().__new__(cls, name)
        made.reading = reading
        return made


class DateFormat(fields.Field[str]):
    """How dates are written, as in `DD.MM.YYYY` or `M/D/YYYY HH:mm`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        parts = format_parts(value) if isinstance(value, str) else []
        wrong = [one for one in parts if one.isalpha() and one not in TOKENS]
        cure = f"Write it with {', '.join(TOKENS)} and the signs between, as in DD.MM.YYYY."
        if wrong:
            raise refuse(f"{shown(value)} has `{wrong[0]}` in it, which is no part of a date.", cure)
        given = [PIECES[one] for one in parts if one in TOKENS]
        if {"year", "month", "day"} - set(given) or len(given) != len(set(given)):
            raise refuse(f"{shown(value)} does not name year, month and day, each once.", cure)
        return str(value)


class Sign(Choice):
    """One of a few signs."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value in self.words:
            return str(value)
        cure = f"Write one of {', '.join(repr(one) for one in self.words)}, in quotes."
        raise refuse(f"{shown(value)} is not a sign that stands in numbers.", cure)


class ValueMap(fields.Field[Mapping[str, Value]]):
    """A text in the CRM → what it stands for; empty: nothing. Small and capital letters are the same."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Mapping[str, Value]:
        if not isinstance(value, dict):
            raise refuse(f"{shown(value)} is no table of values.", "Write `values: {ja: true, nein: false}`.")
        good: dict[str, Value] = {}
        bad: dict[str, Any] = {}
        for text, meant in value.items():
            key = str(text).strip().lower()
            if isinstance(meant, (dict, list)):
                bad[text] = [Said(f"{shown(meant)} is no value.", "Write a word, a number, true or false.")]
            elif key in good:
                bad[text] = {"<key>": [Said(f"{shown(text)} stands here twice.", "Keep one of the two.")]}
            good[key] = meant if isinstance(meant, (bool, str)) or meant is None else _number(meant)
        if bad:
            raise ValidationError(bad)
        return MappingProxyType(good)


def _number(value: Any) -> Value:
    return float(value) if isinstance(value, (int, float)) else None


class SourceSchema(Schema):
    """The long form of a source."""

    property = Property()
    type = Choice(SOURCE_TYPES)
    format = DateFormat()
    decimal = Sign(DECIMALS)
    thousands = Sign(THOUSANDS)
    scale = Number(1e-9, 1e9)
    values = ValueMap()


class Source(fields.Field[str]):
    """A property by its name, or declared with type, format and values."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, dict):
            return str(Property().deserialize(value))
        schema, bad = SourceSchema(), dict(faults(value, SourceSchema().fields))
        found: Any = {}
        try:
            found = schema.load({k: v for k, v in value.items() if k in schema.fields and k not in bad})
        except ValidationError as error:
            messages: Any = error.messages
            bad |= messages
        if not bad:
            bad = dict(between(found))
        if bad:
            raise ValidationError(bad)
        return Declared(found.pop("property"), Reading(**found))


class SourceList(OneOrMany):
    """A list of sources; the same property twice is a fault, however it is written."""

    def same(self, one: Any, other: Any) -> bool:
        """Whether two entries name the same property."""
        return bool(_property_of(one) == _property_of(other))


def _property_of(given: Any) -> Any:
    return given.get("property") if isinstance(given, dict) else given


def split(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Reading]]:
    """A section's values with plain names, and the readings that stand in it, by property."""
    readings: dict[str, Reading] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, Declared):
            readings.setdefault(str(value), value.reading)
            return str(value)
        return tuple(plain(one) for one in value) if isinstance(value, tuple) else value

    return {key: plain(value) for key, value in given.items()}, readings


def declared(given: Mapping[str, Any]) -> Iterator[tuple[str, int | None, Declared]]:
    """(key, place in its list or None, source) of every source that a section declares."""
    for key, value in given.items():
        if isinstance(value, Declared):
            yield key, None, value
        elif isinstance(value, tuple):
            yield from ((key, at, one) for at, one in enumerate(value) if isinstance(one, Declared))
