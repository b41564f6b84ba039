"""Events about companies; they mean nothing to us where companies are not read."""

from __future__ import annotations

from plugin.handlers.common import look_at_record, other_types, side
from plugin.hubspot.protocol.events import Event
from plugin.mapping.model import Mapping
from plugin.records.work import RecordKey


def look(event: Event, mapping: Mapping) -> dict[RecordKey, bool]:
    """The records to read again: the company, or the side that keeps the association with it."""
    if not mapping.companies:
        return {}
    if event.kind != "association":
        return look_at_record(event, mapping) if "company" in mapping.customer_objects() else {}
    return side(event, "deal" if "deal" in other_types(event) else "contact")
