"""Properties as sources of a first mapping file, declared where their values have a writing of their own.

Above each line that declares something a note says from how many values it was read. Where the values do not
say how they are written nothing is guessed: the key stays empty, and the note names what fits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plugin.mapping.flow import flow, quoted
from plugin.mapping.portal_facts import PropertyFacts
from plugin.mapping.positions import Path
from plugin.mapping.readings import Kind, Reading
from plugin.mapping.sources import Declared
from plugin.mapping.spellings import Spelling

#: Why a source that a person was asked about is what it is.
SAID = "as you said"


@dataclass(frozen=True)
class Doubt:
    """A property whose values several ways of writing fit alike."""

    name: str
    spelling: Spelling

    def sources(self) -> list[str]:
        """The property as each of the ways has it."""
        return [named(self.name, way.reading) for way in self.spelling.ways]

    def formats(self) -> list[str]:
        """The ways as formats of dates; those that HubSpot's own way needs none for are left out."""
        return [way.reading.format for way in self.spelling.ways if way.reading and way.reading.format]

    def dated(self, pattern: str) -> str | None:
        """The property as the way has it that a format means: `DD/MM/YYYY` also where days have one digit."""
        ways = [way.reading for way in self.spelling.ways if way.reading and way.reading.format]
        fits = [one for one in ways if _order(one.format or "") == _order(pattern)]
        return named(self.name, fits[0]) if len(fits) == 1 else None

    def notes(self) -> tuple[str, ...]:
        """What its values may mean; nothing is chosen."""
        total, example = self.spelling.values, quoted(self.spelling.example)
        many = f"its {total:,} values do not say how they are"
        values = "its 1 value does not say how it is" if total == 1 else many
        head = f"{self.name}: {values} written, as {example}; write what you know to be right:"
        reads = [f"(reads {way.read:,} of {total:,})" for way in self.spelling.ways]
        listed = zip(self.sources(), reads, strict=True)
        return (head, *(f"  {flow(source)}  {said}" for source, said in listed))


@dataclass(frozen=True)
class Guess:
    """A value for one key, with the reason that is written beside it and the notes above it.

    `doubts` are properties that it would have, were it known how they are written; `offered` are those that
    only its notes tell of; `refused` says why a property that is called so was not taken. With `keep` the
    line stays as it is.
    """

    path: Path
    value: Any
    why: str
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    offered: tuple[str, ...] = ()
    keep: bool = False
    refused: tuple[str, ...] = ()

    @property
    def says(self) -> bool:
        """Whether something is to be told of how the values are written."""
        return bool(self.notes or self.doubts)

    def settled(self, doubt: Doubt, source: str) -> Guess:
        """The same with the source that a person chose for a property in doubt."""
        value = [*self.value, source] if isinstance(self.value, list) else source
        left = tuple(one for one in self.doubts if one != doubt)
        return replace(self, value=value, why=SAID, doubts=left, keep=False)


def _order(pattern: str) -> str:
    """A format without its time, each letter once."""
    return re.sub(r"([A-Z])\1+", r"\1", re.split(r",? H", pattern.strip())[0])


def named(name: str, reading: Reading | None) -> str:
    """A source: the name alone where nothing need be declared."""
    return Declared(name, reading) if reading else name


def single(path: Path, one: PropertyFacts, needs: Kind, *, must: bool = False) -> Guess:
    """One property for a key; in doubt of its writing the key is empty, or as it was where it `must` be."""
    spelled = _spelled(one, needs)
    if spelled and not spelled.sure:
        return Guess(path, None, "", doubts=(Doubt(one.name, spelled),), keep=must)
    return Guess(path, _source(one, spelled), one.label, _read(one, spelled))


def several(path: Path, some: Sequence[PropertyFacts], needs: Kind, why: str, *, must: bool = False) -> Guess:
    """Properties for a key that takes a list, without those whose writing is in doubt; see `single`."""
    spelled = [(one, _spelled(one, needs)) for one in some]
    sure = [_source(one, how) for one, how in spelled if how is None or how.sure]
    doubts = tuple(Doubt(one.name, how) for one, how in spelled if how and not how.sure)
    notes = tuple(note for one, how in spelled if how and how.sure for note in _read(one, how))
    return Guess(path, sure, why if sure or not doubts else "", notes, doubts, keep=must and not sure)


def offers(kind: str, have: Mapping[str, PropertyFacts], taken: Collection[str]) -> Iterator[Guess]:
    """Further dates and numbers in a writing of their own, as notes: conditions may name them as `extras`."""
    some = {name: one for name, one in have.items() if name not in taken and written_otherwise(one)}
    notes = [note for one in some.values() if one.spelling for note in _offer(one, one.spelling)]
    if notes:
        head = "Conditions may also name these, once they stand here as they are written:"
        yield Guess((kind, "extras"), None, "", (head, *notes), offered=tuple(some), keep=True)


def written_otherwise(one: PropertyFacts) -> bool:
    """Whether its values are dates or numbers, and not written as HubSpot writes its own."""
    return one.spelling is not None and any(way.reading for way in one.spelling.ways)


def _offer(one: PropertyFacts, spelled: Spelling) -> tuple[str, ...]:
    if not spelled.sure:
        return Doubt(one.name, spelled).notes()
    return (*_read(one, spelled), f"  {flow(_source(one, spelled))}")


def names_in(value: Any) -> Iterator[str]:
    """The properties that a guess's value names."""
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from names_in(one)


def _spelled(one: PropertyFacts, needs: Kind) -> Spelling | None:
    """How its values are written, where they are what the key needs."""
    return one.spelling if one.spelling and one.spelling.kind == needs else None


def _source(one: PropertyFacts, spelled: Spelling | None) -> str:
    return named(one.name, spelled.reading if spelled else None)


def _read(one: PropertyFacts, spelled: Spelling | None) -> tuple[str, ...]:
    """From how many values it was read how they are written, and which of them cannot be."""
    if spelled is None or (spelled.reading is None and not spelled.unread):
        return ()
    read, total = spelled.ways[0].read, spelled.values
    if read == total:
        return (f"{one.name}: read from {total:,} {'value' if total == 1 else 'values'}",)
    examples = ", ".join(quoted(text) for text in spelled.unread)
    return (f"{one.name}: read from {read:,} of {total:,} values; not read: {examples}",)
