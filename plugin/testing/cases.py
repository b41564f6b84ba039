"""What a table of customers holds: each customer's records as typed values, and what is expected when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from plugin.mapping.positions import Document


@dataclass
class Sale:
    """A deal; open while neither won nor lost. Without `opened` it was opened on the day of its end."""

    opened: date
    moved: tuple[date, ...] = ()
    won: date | None = None
    lost: date | None = None
    amount: float | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Case:
    """A customer: what is recorded, what is expected on single days, and the whole path if it is given.

    `changes` are property values from a day on, `contacts` the people of a company (each with created,
    properties and changes). `expect` holds per day the keys of `tables.EXPECTED`.
    """

    name: str
    created: date
    properties: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[tuple[date, str, Any]] = ()
    contacts: Sequence[Case] = ()
    deals: Sequence[Sale] = ()
    expect: Mapping[date, Mapping[str, Any]] = field(default_factory=dict)
    path: Mapping[date, str] | None = None
    object: str | None = None


@dataclass
class Table:
    """Customers and the rules that they are held against; paths are absolute."""

    cases: Sequence[Case]
    mapping: Path | None = None
    model: str | None = None
    rules: Sequence[Path] = ()
    portal: Mapping[str, Any] = field(default_factory=dict)
    name: str = "table"
    places: Document = field(default_factory=Document, compare=False)  # where everything stands in its file
