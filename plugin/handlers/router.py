"""Which records an event makes us look at again. Values in events are never used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from plugin.handlers import companies, contacts, deals
from plugin.hubspot.protocol.events import Event
from plugin.mapping.model import Mapping
from plugin.records.work import RecordKey

#: {record to read again: whether its associations are to be read again, too}
Look = dict[RecordKey, bool]
Handler = Callable[[Event, Mapping], Look]

HANDLERS: dict[str, Handler] = {"contact": contacts.look, "company": companies.look, "deal": deals.look}


@dataclass
class Routed:
    """What events come to: records to read, people to erase, and how many events of each fate there were."""

    look: Look = field(default_factory=dict)
    erase: set[RecordKey] = field(default_factory=set)  # people whose deletion for privacy was asked for
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, found: Look, fate: str) -> None:
        """Take in what one event came to."""
        self.counts[fate] = self.counts.get(fate, 0) + 1
        for key, associations in found.items():
            self.look[key] = self.look.get(key, False) or associations


def route(events: Iterable[Event], mapping: Mapping) -> Routed:
    """The records that these events of one portal make us look at again."""
    routed = Routed()
    for event in events:
        handler = HANDLERS.get(event.object_type)
        if event.kind in {"unknown", "malformed"} or handler is None:
            routed.add({}, "events_malformed" if event.kind == "malformed" else "events_unknown_kind")
            continue
        if event.kind == "privacy":
            routed.erase |= set(event.records)
            routed.add({}, "events_applied")
            continue
        found = handler(event, mapping)
        routed.add(found, "events_applied" if found else "events_not_mapped")
    return routed
