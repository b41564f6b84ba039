"""Property values: what HubSpot accepts for each property type, and how it writes the value back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from plugin.sandbox.definitions import Property
from plugin.sandbox.problems import BadValue

LONGEST_TEXT = 65_536
_DAY = 86_400_000
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999  # the years 1 to 9999
_DIGITS = re.compile(r"-?\d{1,15}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Whitespace that may not lead or trail a value of any type but string (rule of April 2025).
_EDGES = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"


def iso(moment: int) -> str:
    """Milliseconds since 1970 as HubSpot writes a moment: 2026-01-02T03:04:05.678Z."""
    return (_EPOCH + timedelta(milliseconds=moment)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment % 1000:03d}Z"


def moment_of(text: str) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 text or a count of milliseconds; None when it is neither."""
    if _DIGITS.match(text):
        return int(text) if _FIRST <= int(text) <= _LAST else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def as_text(value: Any) -> str:
    """A JSON value as the string HubSpot takes it for."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def checked(prop: Property, value: Any, current: str = "") -> str:
    """The value as HubSpot stores it; "" clears. Raises BadValue with HubSpot's code."""
    text = as_text(value)
    if text == "":
        return ""
    if prop.type != "string" and text != text.strip(_EDGES):
        raise BadValue(
            "LEADING_TRAILING_WHITESPACE", prop.name, f'"{text}" includes leading or trailing whitespace.'
        )
    return _CHECKS[prop.type](prop, text, current)


def _string(prop: Property, text: str, _: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise BadValue(
            "INVALID_STRING_LENGTH", prop.name, f"Value is longer than the {LONGEST_TEXT} characters allowed."
        )
    if prop.name == "email":
        if not _EMAIL.match(text.strip()):
            raise BadValue("INVALID_EMAIL", prop.name, f"Email address {text} is invalid")
        return text.strip().lower()
    return text


def _number(prop: Property, text: str, _: str) -> str:
    try:
        finite = Decimal(text).is_finite() and "_" not in text
    except InvalidOperation:
        finite = False
    if not finite:
        raise BadValue("INVALID_NUMBER", prop.name, f"{text} was not a valid number.")
    return text


def _date(prop: Property, text: str, _: str) -> str:
    # A date is YYYY-MM-DD or milliseconds at exactly midnight UTC.
    moment = moment_of(text)
    if moment is None or not (_DIGITS.match(text) or _DATE.match(text)):
        raise BadValue("INVALID_DATE", prop.name, f"{text} was not a valid date.")
    if moment % _DAY:
        raise BadValue("INVALID_DATE", prop.name, f"{text} is at {iso(moment)[11:-1]} UTC, not midnight!")
    return iso(moment)[:10]


def _datetime(prop: Property, text: str, _: str) -> str:
    moment = moment_of(text)
    if moment is None:
        raise BadValue("INVALID_DATE", prop.name, f"{text} was not a valid datetime.")
    return iso(moment)


def _bool(prop: Property, text: str, _: str) -> str:
    if text.lower() not in ("true", "false"):
        raise BadValue(
            "INVALID_OPTION", prop.name, f"{text} was not one of the allowed options: [true, false]"
        )
    return text.lower()


def _enumeration(prop: Property, text: str, current: str) -> str:
    if prop.field_type != "checkbox":
        _require_option(prop, text)
        return text
    # ";A;B" appends to what is there, "A;B" replaces it.
    kept = current.split(";") if text.startswith(";") and current else []
    chosen = [part for part in text.split(";") if part]
    for part in chosen:
        _require_option(prop, part)
    return ";".join(dict.fromkeys(kept + chosen))


def _require_option(prop: Property, text: str) -> None:
    if prop.external_options or text in prop.option_values:
        return
    shown = ", ".join(f'label: "{option["label"]}"\nvalue: "{option["value"]}"\n' for option in prop.options)
    raise BadValue("INVALID_OPTION", prop.name, f"{text} was not one of the allowed options: [{shown}]")


_CHECKS: dict[str, Callable[[Property, str, str], str]] = {
    "string": _string,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "bool": _bool,
    "enumeration": _enumeration,
}
