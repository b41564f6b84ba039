"""A world: records as a CRM holds them, made by a loader or a generator, before a sandbox stores them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass
class WorldRecord:
    """One CRM record.

    `properties` are wire strings. `history` holds (property, value, milliseconds) for values that changed
    over time, oldest first; a property without history is dated at `created_at`.
    `associations` holds (object type "contact"/"company"/"deal", id, HubSpot's association type id).
    """

    id: int
    properties: dict[str, str]
    created_at: int
    history: list[tuple[str, str, int]] = field(default_factory=list)
    associations: list[tuple[str, int, int]] = field(default_factory=list)


@dataclass
class World:
    """Records of a portal with its account settings, and what is truly so, where the maker knows it.

    `truth` maps a contact id to what the generator knows and the product must find out
    (for example {"rate": purchases a year, "left_on": ISO day or None}).
    """

    contacts: list[WorldRecord] = field(default_factory=list)
    companies: list[WorldRecord] = field(default_factory=list)
    deals: list[WorldRecord] = field(default_factory=list)
    portal_id: int = 4242
    time_zone: str = "UTC"
    currency: str = "USD"
    moved_to: date | None = None  # the day that the record's last one was moved to; None: not moved
    truth: dict[int, dict[str, Any]] = field(default_factory=dict)
