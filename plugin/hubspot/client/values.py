"""What the client's calls give and take, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugin.hubspot.protocol.records import Record


@dataclass(frozen=True)
class ReadResult:
    """A batch read.

    `missing`: ids that are not there (deleted, or never were). `aliases`: asked id → the id of the record
    that a merge left, under which it stands in `records`. `absorbed`: id of a record that merges left → the
    ids that went into it.
    """

    records: list[Record]
    missing: list[int]
    aliases: dict[int, int] = field(default_factory=dict)
    absorbed: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One page of records; `after` is the cursor of the next, None at the end."""

    records: list[Record]
    after: str | None


@dataclass(frozen=True)
class SearchPage:
    """One page of a search; `total` counts all that match (HubSpot gives out at most 10,000 of them)."""

    records: list[Record]
    after: str | None
    total: int


@dataclass(frozen=True)
class Updated:
    """A row that landed, with the record's new modification stamp and the values it now holds."""

    id: int
    modified_at_ms: int
    properties: dict[str, str | None]


@dataclass(frozen=True)
class Failed:
    """A row that did not land, or (`property` is set and the id stands in `updated` too) one value of it.

    `code` is HubSpot's own: INVALID_OPTION, PROPERTY_DOESNT_EXIST, OBJECT_NOT_FOUND, …
    """

    id: int
    code: str
    message: str
    property: str | None = None


@dataclass(frozen=True)
class UpdateResult:
    """Each input once in `updated` or in `failed`; in both only where single properties were refused."""

    updated: list[Updated]
    failed: list[Failed]
