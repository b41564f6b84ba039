"""Whether a portal's property takes a value: HubSpot's rules for each type, applied before anything is sent.

One bad value in a batch update fails the whole batch (HubSpot's rule), so what can be known is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation

from plugin.hubspot.protocol.definitions import PropertyDefinition

#: HubSpot's rule: a text holds at most 65,536 characters.
LONGEST_TEXT = 65_536
#: HubSpot's rule (April 2025): these may not lead or trail a value of any type but string.
_EDGES = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"
_DAY_MS = 86_400_000
_DIGITS = re.compile(r"-?\d{1,15}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")

#: HubSpot's code for what is wrong, and the sentence that says it.
Fault = tuple[str, str]


def fault_of(name: str, definition: PropertyDefinition | None, value: str) -> Fault | None:
    """Why the portal would refuse this value; None: it takes it, or only HubSpot can tell.

    `definition` is None where the portal has no such property. "" clears, which every type takes.
    """
    if definition is None:
        return "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
    if definition.read_only:
        return "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.'
    check = _CHECKS.get(definition.type)
    if value == "" or check is None:
        return None
    if definition.type != "string" and value != value.strip(_EDGES):
        return "LEADING_TRAILING_WHITESPACE", f'"{value}" includes leading or trailing whitespace.'
    return check(definition, value)


def _string(_: PropertyDefinition, value: str) -> Fault | None:
    if len(value) <= LONGEST_TEXT:
        return None
    return "INVALID_STRING_LENGTH", f"Value is longer than the {LONGEST_TEXT:,} characters allowed."


_YEAR_1_MS, _YEAR_9999_MS = 62_135_596_800_000, 253_402_300_799_999  # what a date can be


def _number(_: PropertyDefinition, value: str) -> Fault | None:
    try:
        good = Decimal(value).is_finite() and "_" not in value
    except InvalidOperation:
        good = False
    return None if good else ("INVALID_NUMBER", f"{value} was not a valid number.")


def _date(_: PropertyDefinition, value: str) -> Fault | None:
    """HubSpot's rule: YYYY-MM-DD, or milliseconds at exactly midnight UTC."""
    good = int(value) % _DAY_MS == 0 if _DIGITS.match(value) else bool(_DATE.match(value)) and _is_iso(value)
    return None if good else ("INVALID_DATE", f"{value} was not a valid date.")


def _datetime(_: PropertyDefinition, value: str) -> Fault | None:
    """HubSpot's rule: ISO 8601, or milliseconds."""
    good = -_YEAR_1_MS <= int(value) <= _YEAR_9999_MS if _DIGITS.match(value) else _is_iso(value)
    return None if good else ("INVALID_DATE", f"{value} was not a valid datetime.")


def _is_iso(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _bool(_: PropertyDefinition, value: str) -> Fault | None:
    if value.lower() in ("true", "false"):
        return None
    return "INVALID_OPTION", f"{value} was not one of the allowed options: [true, false]"


def _enumeration(definition: PropertyDefinition, value: str) -> Fault | None:
    """HubSpot's rule: several values of a multi-checkbox are joined by `;`, one in front of them appends."""
    known = {option.value for option in definition.options}
    if not known:
        return None  # HubSpot keeps the options of some elsewhere (owners, for one)
    several = definition.field_type == "checkbox"
    chosen = [part for part in value.split(";") if part] if several else [value]
    strange = next((part for part in chosen if part not in known), None)
    if strange is None:
        return None
    return "INVALID_OPTION", f"{strange} was not one of the allowed options: [{', '.join(sorted(known))}]"


_CHECKS: dict[str, Callable[[PropertyDefinition, str], Fault | None]] = {
    "string": _string,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "bool": _bool,
    "enumeration": _enumeration,
}
