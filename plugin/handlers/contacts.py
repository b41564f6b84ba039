"""Events about contacts."""

from __future__ import annotations

from plugin.handlers.common import look_at_record, other_types, side
from plugin.hubspot.protocol.events import Event
from plugin.mapping.model import Mapping
from plugin.records.work import RecordKey


def look(event: Event, mapping: Mapping) -> dict[RecordKey, bool]:
    """The records to read again.

    An association is kept with the deal, or with the contact towards a company: reading that side again
    finds every customer that gained or lost it.
    """
    if event.kind != "association":
        return look_at_record(event, mapping)
    if "deal" in other_types(event):
        return side(event, "deal")
    if "company" in other_types(event) and mapping.companies:
        return side(event, "contact")
    return {}
