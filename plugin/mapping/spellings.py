"""How the values of a column are written, told from the values themselves: dates and numbers. Pure.

A way of writing is told only where no other way gives the same values another meaning: 03/04/2025 alone says
neither DD/MM nor MM/DD, 1.234 alone neither thousands nor decimals. Nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Literal

from plugin.mapping.readings import Reading

#: A column is of a kind where at least this share of its values can be read so.
ENOUGH = 0.8
_SHOWN = 3
_DATE = re.compile(
    r"(\d{1,2}|\d{4})([./ -]|\. |- )(\d{1,2})\2(\d{4}|\d{1,2})(?:(, | )(\d{1,2}):(\d\d)(?::(\d\d))?)?",
    re.ASCII,
)
#: What neither a date nor a number is longer than, nor has other signs in.
_LIKELY = re.compile(r"[-+]?[0-9.][0-9.,/' \u00a0\u202f:TZ+-]{0,40}")
_ORDERS = {"last": ("DMY", "MDY"), "first": ("YMD",), "short": ("DMY", "MDY", "YMD")}
#: (decimal, thousands) as numbers are written.
_SIGNS = (
    (".", ""),
    (",", ""),
    (",", "."),
    (".", ","),
    (",", " "),
    (".", " "),
    (",", "'"),
    (".", "'"),
)
_NATIVE_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_NATIVE_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)", re.ASCII)


@dataclass(frozen=True)
class Way:
    """A way of writing, and how many values can be read so; no reading: as HubSpot writes its own types."""

    reading: Reading | None
    read: int


@dataclass(frozen=True)
class Sizes:
    """How large the numbers of a column are: the least, the largest, and the middle one by size."""

    least: float
    middle: float
    largest: float


@dataclass(frozen=True)
class Spelling:
    """What the values of a column are, and how they are written.

    One way: it is that one. Several: each fits, and nothing says which is meant. `unread` are examples of
    values that none of them can read; `example` is one that they read differently. `sizes` are those of
    numbers, by the first way.
    """

    kind: Literal["date", "number"]
    values: int
    ways: tuple[Way, ...]
    unread: tuple[str, ...] = ()
    example: str = ""
    sizes: Sizes | None = None

    @property
    def reading(self) -> Reading | None:
        """How to declare it; None where nothing need be declared, or it is not sure."""
        return self.ways[0].reading if self.sure else None

    @property
    def sure(self) -> bool:
        """Whether the values say how they are written."""
        return len(self.ways) == 1


@dataclass(frozen=True)
class _Tried:
    """A way that was tried: what each distinct value means by it."""

    reading: Reading | None
    meant: Mapping[str, object]
    order: str = ""  # of day, month and year

    def count(self, values: Counter[str]) -> int:
        """How many values it reads."""
        return sum(values[text] for text in self.meant)

    def disputed(self, other: _Tried) -> str | None:
        """A value that the two read, and to which they give different meanings."""
        shared = [text for text in self.meant if text in other.meant]
        return next((text for text in shared if self.meant[text] != other.meant[text]), None)

    def rivals(self, other: _Tried) -> bool:
        """Whether it may be meant instead: it reads the same texts, all of them or some of its own."""
        orders = self.order != other.order and self.meant.keys() & other.meant.keys()
        return bool(orders or self.disputed(other)) and not self.meant.keys() < other.meant.keys()


def spelling(values: Iterable[str]) -> Spelling | None:
    """How these values (none of them empty) are written; None where they are neither dates nor numbers."""
    counted = Counter(values)
    likely = sum(count for text, count in counted.items() if _LIKELY.fullmatch(text))
    if not counted or likely < ENOUGH * counted.total():
        return None
    for kind, tried in (("date", [*_dates(counted)]), ("number", [*_numbers(counted)])):
        if found := _told(counted, tried):
            return Spelling("date" if kind == "date" else "number", counted.total(), *found)
    return None


_Told = tuple[tuple[Way, ...], tuple[str, ...], str, Sizes | None]


def _told(values: Counter[str], tried: list[_Tried]) -> _Told | None:
    """The way that reads most with those that may be meant instead, texts that none reads, a disputed one."""
    tried = sorted(tried, key=lambda one: -one.count(values))
    if not tried:
        return None
    best = tried[0]
    rivals = [one for one in tried[1:] if one.rivals(best)]
    covered = {text for one in (best, *rivals) for text in one.meant}
    if sum(values[text] for text in covered) < ENOUGH * values.total():
        return None
    ways = tuple(Way(one.reading, one.count(values)) for one in (best, *rivals))
    unread = tuple([text for text in values if text not in covered][:_SHOWN])
    disputed = (text for one in rivals if (text := one.disputed(best)))
    return ways, unread, next(disputed, next(iter(best.meant))), _sizes(best, values)


def _sizes(tried: _Tried, values: Counter[str]) -> Sizes | None:
    counts = [(number, text) for text, number in tried.meant.items() if isinstance(number, float)]
    if not counts:
        return None
    numbers = [number for number, _ in counts]
    by_size = [abs(number) for number, text in counts for _ in range(values[text])]
    return Sizes(min(numbers), median(by_size), max(numbers))


def _dates(values: Counter[str]) -> Iterator[_Tried]:
    """HubSpot's own way, and every order of day, month and year for each way of separating them."""
    native = {text: text[:10] for text in values if _NATIVE_DATE.fullmatch(text) and _is_day(text[:10])}
    if native:
        yield _Tried(None, native, "YMD")
    shapes: dict[tuple[str, str, str, int], dict[str, re.Match[str]]] = {}
    for text in values:
        found = _DATE.fullmatch(text)
        if found:
            shapes.setdefault(_shape(found), {})[text] = found
    for (separator, year, before, clock), matches in shapes.items():
        for order in _ORDERS.get(year, ()):
            days = {text: day for text, found in matches.items() if (day := _day(found, order))}
            if days:
                written = [matches[text] for text in days]
                pattern = _pattern(written, order, separator, before, clock)
                yield _Tried(Reading("datetime" if clock else "date", format=pattern), days, order)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text) is not None
    except ValueError:
        return False


def _shape(found: re.Match[str]) -> tuple[str, str, str, int]:
    """Separator, where the year stands, what stands before the time, and how many parts the time has."""
    long = [len(found[1]) == 4, len(found[4]) == 4]
    year = "both" if all(long) else "first" if long[0] else "last" if long[1] else "short"
    return found[2], year, found[5] or "", 0 if not found[6] else 3 if found[8] else 2


def _day(found: re.Match[str], order: str) -> str | None:
    """The day that a text means by an order; None where there is no such day or time."""
    written = dict(zip(order, (found[n] for n in (1, 3, 4)), strict=True))
    parts = {letter: int(text) for letter, text in written.items()}
    clock = [int(found[n] or 0) for n in (6, 7, 8)]
    if clock[0] > 23 or clock[1] > 59 or clock[2] > 59 or len(written["Y"]) == 1:
        return None
    year = parts["Y"] + (2000 if len(written["Y"]) == 2 else 0)
    try:
        return date(year, parts["M"], parts["D"]).isoformat()
    except ValueError:
        return None


def _pattern(written: list[re.Match[str]], order: str, separator: str, before: str, clock: int) -> str:
    """The format in words: DD where every day has two digits, D where some have one."""

    def part(letter: str, group: int) -> str:
        if letter == "Y":
            return "Y" * max(len(found[group]) for found in written)
        return letter * min(len(found[group]) for found in written)

    days = separator.join(part(letter, group) for letter, group in zip(order, (1, 3, 4), strict=True))
    return days + (before + part("H", 6) + ":mm" + (":ss" if clock == 3 else "") if clock else "")


def _numbers(values: Counter[str]) -> Iterator[_Tried]:
    """HubSpot's own way, and every pair of signs that somebody used."""
    native = {text: float(text) for text in values if _NATIVE_NUMBER.fullmatch(text)}
    if native:
        yield _Tried(None, native)
    for decimal, thousands in _SIGNS[1:]:
        between = r"[ \u00a0\u202f]" if thousands == " " else re.escape(thousands)
        whole = rf"\d{{1,3}}(?:{between}\d{{3}})+|\d+" if thousands else r"\d+"
        right = re.compile(rf"[-+]?(?:{whole})(?:{re.escape(decimal)}\d+)?", re.ASCII)
        meant = {text: _value(text, decimal, between) for text in values if right.fullmatch(text)}
        if any(text not in native or native[text] != value for text, value in meant.items()):
            yield _Tried(Reading("number", decimal=decimal, thousands=thousands), meant)


def _value(text: str, decimal: str, between: str) -> float:
    bare = re.sub(between, "", text) if between else text
    return float(bare.replace(decimal, "."))
