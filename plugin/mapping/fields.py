"""The kinds of value a mapping file holds, each refusing with a sentence and a cure. No cross-checks here."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel.localedata import locale_identifiers
from babel.numbers import list_currencies
from marshmallow import ValidationError, fields

from plugin.mapping.findings import nearest

# HubSpot: lower-case letters, digits, underscore, first a letter, at most 100.
PROPERTY = "[a-z][a-z0-9_]{0,99}"


class Said(str):
    """A complaint with its cure."""

    __slots__ = ("cure",)
    cure: str

    def __new__(cls, message: str, cure: str) -> Said:
        """The sentence and what to do."""
        said = super().__new__(cls, message)
        said.cure = cure
        return said


def refuse(message: str, cure: str) -> ValidationError:
    """The error to raise for one value."""
    return ValidationError([Said(message, cure)])


def shown(value: Any) -> str:
    """The value as a message quotes it."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Text(fields.Field[str]):
    """A text that is not empty; a number is taken as its text (ids of pipelines are digits)."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
            raise refuse(f"{shown(value)} is not a text.", "Write a word, in quotes if it has signs in it.")
        return str(value)


class Property(fields.Field[str]):
    """The internal name of a CRM property."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if isinstance(value, str) and re.fullmatch(PROPERTY, value):
            return value
        cure = (
            "Use the property's internal name: lower-case letters, digits and _, first a letter, at most 100."
        )
        if isinstance(value, str) and (guess := re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")):
            cure += f" It may be {guess}; HubSpot shows it under Settings > Properties > </>."
        raise refuse(f"{shown(value)} is not a property's internal name.", cure)


class OneOrMany(fields.Field[tuple[str, ...]]):
    """A list of values of one kind; a single value is a list of one, nothing is an empty list."""

    def __init__(self, inner: fields.Field[str], **kwargs: Any) -> None:
        super().__init__(**kwargs, allow_none=True)
        self.inner = inner

    def same(self, one: Any, other: Any) -> bool:
        """Whether two entries are the same."""
        return bool(one == other)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """None is an empty list."""
        return () if value is None else super().deserialize(value, attr, data, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, ...]:
        if not isinstance(value, list):
            return (self.inner.deserialize(value),)
        good: list[str] = []
        bad: dict[int, Any] = {}
        for place, item in enumerate(value):
            try:
                good.append(self.inner.deserialize(item))
            except ValidationError as error:
                bad[place] = error.messages
        bad.update(
            {
                n: [Said(f"{shown(x)} stands here twice.", "Keep one.")]
                for n, x in enumerate(value)
                if any(self.same(x, before) for before in value[:n])
            }
        )
        if bad:
            raise ValidationError(bad)
        return tuple(good)


class Choice(fields.Field[str]):
    """One of a few words."""

    def __init__(self, words: Collection[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = tuple(words)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if isinstance(value, str) and value in self.words:
            return value
        close = nearest(str(value), self.words)
        cure = f"Did you mean {close[0]}?" if close else "Write one of them."
        raise refuse(f"{shown(value)} is not one of {', '.join(self.words)}.", cure)


class Number(fields.Field[float]):
    """A finite number within bounds, both included; `whole` refuses fractions."""

    def __init__(self, low: float, high: float, *, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.low, self.high, self.whole = low, high, whole

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> float:
        kind = "a whole number" if self.whole else "a number"
        bounds = f"Write {kind} from {self.low:g} to {self.high:g}."
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refuse(f"{shown(value)} is not {kind}.", bounds)
        if not self.low <= value <= self.high:
            raise refuse(f"{value} is out of bounds.", bounds)
        if self.whole and value != int(value):
            raise refuse(f"{value} is not {kind}.", bounds)
        return float(value)


class Switch(fields.Field[bool]):
    """true or false, nothing that looks like it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise refuse(f"{shown(value)} is neither true nor false.", "Write true or false, without quotes.")
        return value


class Known(Text):
    """A name from a published list: a time zone, a currency."""

    def __init__(self, kind: str, names: Any, example: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind, self.names, self.example = kind, names, example

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in self.names():
            close = nearest(text, self.names())
            cure = f"Did you mean {close[0]}?" if close else f"Write it as in {self.example}."
            raise refuse(f"{shown(text)} is not a known {self.kind}.", cure)
        return text


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA time zone database."""
    return frozenset(available_timezones())


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes."""
    return frozenset(list_currencies())


@cache
def locales() -> frozenset[str]:
    """The names of the locales that dates and money can be written in."""
    return frozenset(locale_identifiers())
