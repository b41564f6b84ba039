"""What the handlers of contacts, companies and deals share: when a record itself is to be read again."""

from __future__ import annotations

from plugin.hubspot.protocol.events import Event
from plugin.mapping.model import Mapping
from plugin.records.work import RecordKey

_WHOLE = {"creation", "merge", "restore"}  # kinds after which the associations may be new, too


def look_at_record(event: Event, mapping: Mapping) -> dict[RecordKey, bool]:
    """The event's own records; a change of a property that we neither read nor write is none."""
    if event.kind == "property" and not _matters(event, mapping):
        return {}
    return dict.fromkeys(event.records, event.kind in _WHOLE)


def _matters(event: Event, mapping: Mapping) -> bool:
    """Whether the property is read, or is one of ours and was set by anything but an app.

    Our own writes come back as an app's. Should another app have set it, the next comparison finds it.
    """
    if event.property_name in mapping.read_properties(event.object_type):
        return True
    if event.source in {"", "INTEGRATION"} or event.object_type not in mapping.customer_objects():
        return False
    return any(output.name == event.property_name for _, output in mapping.crm_outputs())


def side(event: Event, object_type: str) -> dict[RecordKey, bool]:
    """The given side of an association event, associations to be read."""
    return {key: True for key in event.records if key[0] == object_type}


def other_types(event: Event) -> set[str]:
    """The object types that an association event joins."""
    return {object_type for object_type, _ in event.records}
