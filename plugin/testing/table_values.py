"""What stands in a table of customers, checked value by value: every fault is noted with place and cure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from plugin.mapping.findings import did_you_mean
from plugin.mapping.positions import Path

#: Days beyond these are slips of the pen.
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)
AMOUNT = (
    "Write digits and a point before the decimals, as in 1000.50: no currency, no sign between thousands."
)


class Fault(NamedTuple):
    """What is wrong at a path of the table, and what to do."""

    path: Path
    message: str
    cure: str


@dataclass(frozen=True)
class Where:
    """A part of a table, as people are told of it, and where the faults are noted."""

    said: str
    path: Path = ()
    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        return self.said

    def at(self, said: str, *path: str | int) -> Where:
        """A part of this part."""
        return Where(f"{self.said}{said}", (*self.path, *path), self.faults)

    def fault(self, message: str, cure: str, *path: str | int) -> None:
        """Note what is wrong here, or at a part of this part."""
        self.faults.append(Fault((*self.path, *path), message, cure))


def keyed(given: Any, known: Sequence[str], where: Where) -> Mapping[str, Any]:
    """A set of these keys and no others; one that is left out or empty is not there."""
    if not isinstance(given, Mapping):
        where.fault(f"{where} is no set of `key: value`.", f"Its keys are: {', '.join(known)}.")
        return {}
    for key in given:
        if key not in known:
            where.fault(f"{where} has no key {key!r}.", did_you_mean(str(key), known, "keys"), key, "<key>")
    return {key: value for key, value in given.items() if value is not None and key in known}


def mapped(given: Any, where: Where) -> Mapping[Any, Any]:
    """A set of keys of one's own; None is an empty one."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        where.fault(f"{where} is no set of `key: value`.", "Write `{key: value}`.")
        return {}
    return given


def listed(given: Any, where: Where) -> Sequence[Any]:
    """A list; None is an empty one."""
    if given is None:
        return ()
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        where.fault(f"{where} is no list.", "Begin each entry with `- `.")
        return ()
    return given


def plain(given: Mapping[Any, Any], where: Where) -> Mapping[str, Any]:
    """Single values by name: texts, numbers, truths, days or nothing."""
    for name, value in given.items():
        if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
            where.fault(f"{where}: {name} is no single value.", "Write one value for each name.", str(name))
    return {str(name): value for name, value in given.items()}


def texts(given: Any, where: Where) -> list[str]:
    """A list of keys of flags or segments."""
    found = listed(given, where)
    if not all(isinstance(one, str) for one in found):
        where.fault(f"{where} lists something that is no text.", "Write `[one, other]`.")
    return [one for one in found if isinstance(one, str)]


def text(given: Any, where: Where) -> str:
    """A single text."""
    if not isinstance(given, str) or not given.strip():
        where.fault(f"{where} is no text: {given!r}.", "Write one word.")
        return ""
    return given


def number(given: Any, where: Where) -> float:
    """A number that there is."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        where.fault(f"{where}: the amount {given!r} is no number.", AMOUNT)
        return 0.0
    return given


def day(given: Any, where: Where) -> date:
    """A day of this time; of a moment its day."""
    if isinstance(given, datetime):
        given = given.date()
    try:
        found = given if isinstance(given, date) else date.fromisoformat(str(given))
    except ValueError:
        where.fault(f"{where}: {given!r} is no day.", "Write it as 2026-01-31.")
        return FIRST
    if not FIRST <= found <= LAST:
        where.fault(f"{where}: {found} is before {FIRST.year} or after {LAST.year}.", "Correct the year.")
    return found
