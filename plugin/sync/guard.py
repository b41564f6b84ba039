"""Looks once more before a person's value could be lost: properties that may not replace what a person set.

The mirror knows what stood there when the record was last read; a person may have written since. Records
with such properties are read just before they are written: one call for a hundred, and only in these modes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugin.hubspot.client import Crm
from plugin.mapping.model import Mapping as FieldMapping
from plugin.records.work import RecordKey
from plugin.sync.diff import Change, may_replace, same

Standing = Mapping[RecordKey, Mapping[str, Mapping[str, str]]]


class Guard:
    """The check before a batch is written; none of it costs a call where every property is overwritten."""

    def __init__(self, crm: Crm, mapping: FieldMapping) -> None:
        self.crm = crm
        self.guarded = {
            output.name: (standard, output)
            for standard, output in mapping.crm_outputs()
            if output.mode != "overwrite"
        }

    def present(self, object_type: str, batch: Sequence[Change]) -> dict[int, dict[str, str]]:
        """What stands in the CRM now in the guarded properties that the batch would write."""
        names = sorted({name for change in batch for name in change.new.keys() & self.guarded.keys()})
        ids = [change.key[1] for change in batch if change.new.keys() & self.guarded.keys()]
        if not ids:
            return {}
        found = self.crm.read(object_type, ids, names)
        return {one.id: {name: one.properties.get(name) or "" for name in names} for one in found.records}

    def narrowed(self, change: Change, present: Mapping[str, str], ours: Mapping[str, str]) -> Change | None:
        """The change without what may not be replaced or stands already; None: nothing is left of it."""
        old, new = dict(change.old), dict(change.new)
        for name in change.new.keys() & present.keys() & self.guarded.keys():
            standard, output = self.guarded[name]
            stands = present[name]
            if same(standard, change.new[name], stands) or not may_replace(
                output, stands, ours.get(name, "")
            ):
                del old[name], new[name]
            else:
                old[name] = stands
        return Change(change.key, old, new) if new else None
