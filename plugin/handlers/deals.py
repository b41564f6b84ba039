"""Events about deals."""

from __future__ import annotations

from plugin.handlers.common import look_at_record, other_types, side
from plugin.hubspot.protocol.events import Event
from plugin.mapping.model import Mapping
from plugin.records.work import RecordKey


def look(event: Event, mapping: Mapping) -> dict[RecordKey, bool]:
    """The records to read again: the deal, with its associations where those changed."""
    if event.kind != "association":
        return look_at_record(event, mapping)
    joined = other_types(event)
    wanted = "contact" in joined or ("company" in joined and mapping.companies)
    return side(event, "deal") if wanted else {}
