"""A finding about what a mapping says, before it has a place in the file; and the properties it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from plugin.mapping.findings import Severity
from plugin.mapping.model import Mapping, Sources
from plugin.mapping.positions import Path
from plugin.mapping.readings import KINDS, Kind


class Clash(NamedTuple):
    """A finding whose place is still a path: the first of `paths` that stands in the file; none: no line.

    `rests_on` are further parts of the file that it is drawn from: it is not told where one cannot be read.
    """

    paths: tuple[Path, ...]
    severity: Severity
    message: str
    cure: str
    rests_on: tuple[Path, ...] = ()


class Named(NamedTuple):
    """A property that a mapping reads: of what, where it says so, its name, what its values must be."""

    object_type: str
    path: Path
    name: str
    kind: Kind


def named_properties(mapping: Mapping) -> Iterator[Named]:
    """Everything that is read of customers and deals."""
    for kind in mapping.customer_objects():
        for key, place, name in named(mapping.sources(kind)):
            path: Path = (kind, key) if place is None else (kind, key, place)
            yield Named(kind, path, name, KINDS.get(key, "text"))
    deal = mapping.purchase
    for place, name in enumerate(deal.amount):
        yield Named("deal", ("purchase", "amount", place), name, "number")
    for key in ("margin_property", "cost_property"):
        if single := getattr(deal, key):
            yield Named("deal", ("purchase", key), single, "number")
    yield Named("deal", ("purchase", "date"), deal.date, "date")


def named(sources: Sources) -> Iterator[tuple[str, int | None, str]]:
    """(key, place in its list or None, property) of every source."""
    for key, value in vars(sources).items():
        if isinstance(value, tuple):
            yield from ((key, place, name) for place, name in enumerate(value))
        elif value:
            yield key, None, value
