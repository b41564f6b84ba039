"""How the values of a property are to be read, where a mapping file declares it: type, format, values. Pure.

A property that is only named is read as its key needs it (`KINDS`); one that is declared is converted first,
by what is declared and nothing else. `lifecycle/conversions.py` does the converting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

SourceType = Literal["number", "date", "datetime", "boolean", "enumeration", "text"]
#: What a value is in the end, and what a key needs it to be.
Kind = Literal["number", "date", "flag", "text"]
Value = str | float | bool | None

SOURCE_TYPES: tuple[str, ...] = get_args(SourceType)
#: Type → what its values are; those of an enumeration are what its `values` say.
KIND_OF: MappingABC[str, Kind] = MappingProxyType(
    {"number": "number", "date": "date", "datetime": "date", "boolean": "flag", "text": "text"}
)
#: Source key → what its values are read as; every key that is not here is read as text.
KINDS: MappingABC[str, Kind] = MappingProxyType(
    {
        "engagement_dates": "date",
        "engagement_counters": "number",
        "outreach_dates": "date",
        "markers": "date",
        "conversion": "date",
        "loyalty_activity": "number",
        "nps": "number",
        "csat": "number",
        "referrals": "number",
        "reviews": "number",
        "open_tickets": "number",
        "cancelled": "flag",
        "cancelled_on": "date",
        "contract_until": "date",
        "amount": "number",
        "margin_property": "number",
        "cost_property": "number",
        "date": "date",
    }
)
#: Part of a date format → what stands there, as a regular expression with the name of the part.
TOKENS: MappingABC[str, str] = MappingProxyType(
    {
        "YYYY": r"(?P<year>[0-9]{4})",
        "YY": r"(?P<short>[0-9]{2})",
        "MM": r"(?P<month>[0-9]{2})",
        "M": r"(?P<month>[0-9]{1,2})",
        "DD": r"(?P<day>[0-9]{2})",
        "D": r"(?P<day>[0-9]{1,2})",
        "HH": r"(?P<hour>[0-9]{2})",
        "H": r"(?P<hour>[0-9]{1,2})",
        "mm": r"(?P<minute>[0-9]{2})",
        "ss": r"(?P<second>[0-9]{2})",
    }
)
_PARTS = re.compile("|".join(TOKENS) + "|[A-Za-z]+|[^A-Za-z]+")


@dataclass(frozen=True)
class Reading:
    """How the text of a property becomes a value.

    `format` is of dates (`DD.MM.YYYY`); `decimal`, `thousands` and `scale` are of numbers, which are
    multiplied by `scale`. `values`: a text in the CRM, in small letters → what it stands for, None: nothing.
    Of a boolean or an enumeration it is the whole list; of the other types, what differs from the rest.
    """

    type: SourceType
    format: str | None = None
    decimal: str = "."
    thousands: str = ""
    scale: float = 1.0
    values: MappingABC[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def kind(self) -> Kind:
        """What its values are in the end."""
        return KIND_OF.get(self.type) or kind_of_values(self.values) or "text"

    @property
    def closed(self) -> bool:
        """Whether `values` lists every text that can be read."""
        return bool(self.values) and self.type in ("boolean", "enumeration")


def kind_of_values(values: MappingABC[str, Value]) -> Kind | None:
    """What all the values are; None where they are of several kinds, or none has one."""
    found = {_kind(value) for value in values.values() if value is not None}
    return found.pop() if len(found) == 1 else None


def _kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, (int, float)) else "text"


def format_parts(text: str) -> list[str]:
    """A date format as its parts: tokens, other words, and what stands between."""
    return _PARTS.findall(text)


def date_pattern(text: str) -> str:
    """The regular expression of a date format, with a name for each part."""
    return "^" + "".join(TOKENS.get(part) or re.escape(part) for part in format_parts(text)) + "$"
