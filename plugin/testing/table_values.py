"""What stands in a table of customers, checked value by value: InputError with the place and a cure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from plugin.errors import InputError
from plugin.mapping.findings import did_you_mean

#: Days beyond these are slips of the pen.
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)


def keyed(given: Any, known: Sequence[str], where: str) -> Mapping[str, Any]:
    """A set of these keys and no others; one that is left out or empty is not there."""
    if not isinstance(given, Mapping):
        raise InputError(f"{where} is no set of `key: value`.", cure=f"Its keys are: {', '.join(known)}.")
    for key in given:
        if key not in known:
            raise InputError(f"{where} has no key {key!r}.", cure=did_you_mean(str(key), known, "keys"))
    return {key: value for key, value in given.items() if value is not None}


def mapped(given: Any, where: str) -> Mapping[Any, Any]:
    """A set of keys of one's own; None is an empty one."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(f"{where} is no set of `key: value`.", cure="Write `{key: value}`.")
    return given


def listed(given: Any, where: str) -> Sequence[Any]:
    """A list; None is an empty one."""
    if given is None:
        return ()
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise InputError(f"{where} is no list.", cure="Begin each entry with `- `.")
    return given


def plain(given: Mapping[Any, Any], where: str) -> Mapping[str, Any]:
    """Single values by name: texts, numbers, truths, days or nothing."""
    for name, value in given.items():
        if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
            raise InputError(f"{where}: {name} is no single value.", cure="Write one value for each name.")
    return {str(name): value for name, value in given.items()}


def texts(given: Any, where: str) -> list[str]:
    """A list of keys of flags or segments."""
    found = listed(given, where)
    if not all(isinstance(one, str) for one in found):
        raise InputError(f"{where} lists something that is no text.", cure="Write `[one, other]`.")
    return [*found]


def text(given: Any, where: str) -> str:
    """A single text."""
    if not isinstance(given, str) or not given.strip():
        raise InputError(f"{where} is no text: {given!r}.", cure="Write one word.")
    return given


def number(given: Any, where: str) -> float:
    """A number that there is."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        raise InputError(f"{where}: the amount {given!r} is no number.", cure="Write it without a currency.")
    return given


def day(given: Any, where: str) -> date:
    """A day of this time; of a moment its day."""
    if isinstance(given, datetime):
        given = given.date()
    try:
        found = given if isinstance(given, date) else date.fromisoformat(str(given))
    except ValueError:
        raise InputError(f"{where}: {given!r} is no day.", cure="Write it as 2026-01-31.") from None
    if not FIRST <= found <= LAST:
        said = f"{where}: {found} is before {FIRST.year} or after {LAST.year}."
        raise InputError(said, cure="Correct the year.")
    return found
