"""Webhook bodies as values: which records to look at again. No value in an event becomes state.

HubSpot sends an array of 1 to 100 events in no order, perhaps twice; `eventId` is not unique. What we do not
know is counted, never refused: an answer other than 2xx makes HubSpot send the whole array again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from plugin.errors import InputError
from plugin.hubspot.protocol.objects import ASSOCIATION_TYPES, BY_TYPE_ID, PLURALS

Kind = Literal[
    "creation",
    "deletion",
    "merge",
    "property",
    "association",
    "restore",
    "privacy",
    "uninstall",  # the app was taken out of the portal; the journal alone tells it
    "unknown",  # authentic, but of a kind or object we have no use for
    "malformed",  # an element that is no event: no portal, no record
]

_KINDS: dict[str, Kind] = {
    "creation": "creation",
    "deletion": "deletion",
    "merge": "merge",
    "propertychange": "property",
    "associationchange": "association",
    "restore": "restore",
    "privacydeletion": "privacy",
}
_LARGEST_ID = 2**63 - 1
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook event.

    `records` holds every (object type, id) it touches: both sides of an association; primary, merged and new
    record of a merge. `survivor` is the record that a merge leaves. `key` is the same for a repeated delivery
    of the same event and differs otherwise. `source` is HubSpot's changeSource (INTEGRATION: by an app).
    """

    portal_id: int
    kind: Kind
    object_type: str
    records: tuple[tuple[str, int], ...]
    occurred_at: int
    key: bytes
    property_name: str = ""
    survivor: int | None = None
    source: str = ""

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the records touched, in the order of `records`."""
        return tuple(number for _, number in self.records)


class _Wire(msgspec.Struct, rename="camel"):
    """The fields we read; HubSpot documents some of them under either of two names."""

    portal_id: int | str = 0
    subscription_type: str | None = None
    event_type: str | None = None
    object_id: int | str | None = None
    event_id: int | str | None = None
    occurred_at: int | float | str | None = None
    property_name: str | None = None
    property_value: Any = None
    object_type_id: str | None = None
    change_source: str | None = None
    primary_object_id: int | str | None = None
    merged_object_ids: list[int | str] | None = None
    new_object_id: int | str | None = None
    association_type: str | None = None
    association_type_id: int | str | None = None
    association_removed: bool | None = None
    from_object_id: int | str | None = None
    to_object_id: int | str | None = None
    from_object_type_id: str | None = None
    to_object_type_id: str | None = None


_elements = msgspec.json.Decoder(list[msgspec.Raw])
_wires = msgspec.json.Decoder(list[_Wire])
_wire = msgspec.json.Decoder(_Wire)
_key_text = msgspec.json.Encoder()


def decode_events(body: bytes) -> list[Event]:
    """The events of a raw webhook body, one for each element of its array, weird ones included.

    Raises InputError only if the body is not a JSON array.
    """
    try:
        return [_event(wire) for wire in _wires.decode(body)]
    except _UNREADABLE:
        return [_one(bytes(raw)) for raw in _split(body)]


def _split(body: bytes) -> list[msgspec.Raw]:
    try:
        return _elements.decode(body)
    except _UNREADABLE as error:
        raise InputError("The webhook body is not a JSON array.") from error


def _one(raw: bytes) -> Event:
    try:
        return _event(_wire.decode(raw))
    except _UNREADABLE:
        return Event(0, "malformed", "", (), 0, blake2b(raw, digest_size=16).digest())


def _event(wire: _Wire) -> Event:
    portal = _id(wire.portal_id)
    word, _, action = (wire.subscription_type or wire.event_type or "").partition(".")
    kind: Kind = _KINDS.get(action.lower(), "unknown")
    named = wire.object_type_id or wire.from_object_type_id or ""
    object_type = _object_type(named if word == "object" else word)
    records, survivor = _touched(wire, kind, object_type)
    if portal is None or (kind != "unknown" and not records):
        kind, records = "malformed", ()
    return Event(
        portal_id=portal or 0,
        kind=kind,
        object_type=object_type,
        records=records,
        occurred_at=_moment(wire.occurred_at),
        key=_key(wire),
        property_name=wire.property_name or "" if kind == "property" else "",
        survivor=survivor if kind == "merge" else None,
        source=wire.change_source or "",
    )


def _touched(wire: _Wire, kind: Kind, object_type: str) -> tuple[tuple[tuple[str, int], ...], int | None]:
    """Every record the event is about, each once, and the survivor of a merge."""
    if kind == "association":
        sides = _sides(wire, object_type)
        return (sides, None) if len(sides) == 2 else ((), None)
    if kind == "merge":
        several = (
            wire.primary_object_id,
            *(wire.merged_object_ids or ()),
            wire.new_object_id,
            wire.object_id,
        )
        ids = _ids(several)
        # HubSpot's rule since January 2025: a merge makes a new record; older forms keep the primary one
        survivors = _ids((wire.new_object_id, wire.primary_object_id, wire.object_id))
        return tuple((object_type, number) for number in ids), next(iter(survivors), None)
    return tuple((object_type, number) for number in _ids((wire.object_id,))), None


def _sides(wire: _Wire, object_type: str) -> tuple[tuple[str, int], ...]:
    """The two records of an association; classic events name their types only in `associationType`."""
    known = ASSOCIATION_TYPES.get(_id(wire.association_type_id) or 0, (object_type, ""))
    words = (wire.association_type or "").upper().partition("_TO_")
    types = (
        _object_type(wire.from_object_type_id or "") or _named_in(words[0]) or known[0],
        _object_type(wire.to_object_type_id or "") or _named_in(words[2]) or known[1],
    )
    ids = (_id(wire.from_object_id), _id(wire.to_object_id))
    return tuple((name, number) for name, number in zip(types, ids, strict=True) if number is not None)


def _named_in(words: str) -> str:
    """The object type in half of an association's name: CONTACT, PARENT_COMPANY, LINE_ITEM."""
    return next((name for name in PLURALS if words == name.upper() or words.endswith(f"_{name.upper()}")), "")


def _object_type(word: str) -> str:
    return BY_TYPE_ID.get(word) or word.lower()


def _id(value: int | str | None) -> int | None:
    """A record or portal id: HubSpot's exceed 32 bits, and are numbers or strings of digits."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 19 else 0
    return value if value is not None and 0 < value <= _LARGEST_ID else None


def _ids(values: Iterable[int | str | None]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for number in map(_id, values) if number is not None))


def _moment(value: float | str | None) -> int:
    """Milliseconds; 0 where HubSpot sent nothing usable (the order of events does not matter to us)."""
    if isinstance(value, str):
        return _id(value) or 0
    return int(value) if value is not None and 0 < value <= _LARGEST_ID else 0


def _key(wire: _Wire) -> bytes:
    """HubSpot's advice: no field alone is unique. Merges and associations have others instead of objectId."""
    fields = (
        wire.portal_id,
        wire.subscription_type or wire.event_type,
        wire.object_id,
        wire.event_id,
        wire.occurred_at,
        wire.property_name,
        wire.property_value,
        wire.primary_object_id,
        wire.merged_object_ids,
        wire.new_object_id,
        wire.association_type or wire.association_type_id,
        wire.association_removed,
        wire.from_object_id,
        wire.to_object_id,
        wire.object_type_id,
    )
    return blake2b(_key_text.encode(fields), digest_size=16).digest()
