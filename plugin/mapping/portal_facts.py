"""What a portal is like, as far as a mapping file can be wrong about it. Plain values; `jobs` fills them."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from plugin.mapping.spellings import Spelling


@dataclass(frozen=True)
class StageFacts:
    """A deal stage; `won`: deals in it count as closed won."""

    id: str
    label: str
    won: bool


@dataclass(frozen=True)
class PipelineFacts:
    """A deal pipeline with its stages; `won_deals` is None where nobody counted."""

    id: str
    label: str
    stages: tuple[StageFacts, ...] = ()
    won_deals: int | None = None


@dataclass(frozen=True)
class PropertyFacts:
    """A property; `filled` says how many records have a value, None where nobody counted."""

    name: str
    label: str
    type: str  # string, number, date, datetime, enumeration, bool
    options: tuple[str, ...] = ()
    group: str = ""
    read_only: bool = False
    filled: int | None = None
    spelling: Spelling | None = None  # how its values are written, where somebody looked at them


#: Object type → several of it, as people call them.
PLURALS = {"contact": "contacts", "company": "companies", "deal": "deals"}


@dataclass(frozen=True)
class Unread:
    """Values of one property that could not be read as what the mapping says they are."""

    object_type: str
    name: str
    problem: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class PortalFacts:
    """A portal: deal pipelines, properties by object type (contact, company, deal), and their limits.

    `left`: how many custom properties may still be made, by object type. `records`: how many there are.
    """

    pipelines: tuple[PipelineFacts, ...] = ()
    properties: MappingABC[str, MappingABC[str, PropertyFacts]] = field(default_factory=dict)
    left: MappingABC[str, int] = field(default_factory=dict)
    records: MappingABC[str, int] = field(default_factory=dict)
    time_zone: str = ""
    currency: str = ""
    #: Of the deals looked at: how many ("deal"), and how many of them name a contact and a company.
    deals: MappingABC[str, int] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    #: Of CSV files: property → its header, where that is no internal name.
    headers: MappingABC[str, str] = field(default_factory=dict)
    #: Of CSV files: header → what it is to the reader (an id, a link, a stage), where that was found out.
    columns: MappingABC[str, str] = field(default_factory=dict)
    #: Of CSV files: the stages of deals, by name.
    stages: tuple[str, ...] = ()
    #: Whether CSV files say all this, and no portal.
    files: bool = False
    #: Object type → output property → the type that ours would have.
    outputs: MappingABC[str, MappingABC[str, str]] = field(default_factory=dict)

    def where(self, kind: str) -> str:
        """What these records were looked at in, for people."""
        return f"the CSV of {PLURALS[kind]}" if self.files else "the portal"
