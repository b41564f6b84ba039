"""What the handlers of contacts, companies and deals share: when a record itself is to be read again."""

from __future__ import annotations

from plugin.hubspot.protocol.events import Event
from plugin.mapping.model import Mapping
from plugin.records.work import RecordKey

_WHOLE = {"creation", "merge", "restore"}  # kinds after which the associations may be new, too


def look_at_record(event: Event, mapping: Mapping) -> dict[RecordKey, bool]:
    """The event's own records; a change of a property that we do not read, our own included, is none."""
    if event.kind == "property" and event.property_name not in mapping.read_properties(event.object_type):
        return {}
    return dict.fromkeys(event.records, event.kind in _WHOLE)


def side(event: Event, object_type: str) -> dict[RecordKey, bool]:
    """The given side of an association event, associations to be read."""
    return {key: True for key in event.records if key[0] == object_type}


def other_types(event: Event) -> set[str]:
    """The object types that an association event joins."""
    return {object_type for object_type, _ in event.records}
