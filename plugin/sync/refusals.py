"""Tells whether a refused value is one record's fault or the property's own: removed, read-only, retyped.

A fault of the property is reported once, with its cure, and the property is left out while the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from plugin.errors import CrmError
from plugin.hubspot.client import Failed
from plugin.mapping.model import Mapping
from plugin.records.refused import Refused
from plugin.sync.definitions import Definitions
from plugin.sync.native_stage import IGNORED
from plugin.sync.property_definitions import type_of

_GONE = frozenset({"PROPERTY_DOESNT_EXIST", "PROPERTY_NOT_FOUND"})
_CURES = {
    "PROPERTY_DOESNT_EXIST": "Run `lifecycle install`, which makes it again, or switch the output off "
    "(`write: false`) in the mapping.",
    "READ_ONLY_VALUE": "Give the output another `name` in the mapping, then run `lifecycle install`.",
    "PROPERTY_RETYPED": "Delete it in HubSpot's settings and run `lifecycle install`, or give the output "
    "another `name` in the mapping.",
}


class Refusals:
    """Judges the refusals of one round of writing, by the portal's definitions as they are now."""

    def __init__(self, definitions: Definitions, mapping: Mapping, now: Callable[[], int]) -> None:
        self.definitions = definitions
        self.now = now
        self.standard = {output.name: standard for standard, output in mapping.crm_outputs()}

    def of_properties(
        self, object_type: str, failed: Sequence[Failed], landed: Collection[int]
    ) -> dict[str, Refused]:
        """Those of the refusals that are about a property whatever its value, by the property's name."""
        found: dict[str, Refused] = {}
        for one in failed:
            name = one.property
            if name is None or name in found or name not in self.standard:
                continue
            fault = self._fault(object_type, name, one, one.id in landed)
            if fault is not None:
                code, cause = fault
                found[name] = Refused(object_type, name, code, cause, _CURES[code], self.now())
        return found

    def _fault(self, object_type: str, name: str, one: Failed, others_landed: bool) -> tuple[str, str] | None:
        if one.code == IGNORED:
            return None
        if one.code in _GONE:
            return "PROPERTY_DOESNT_EXIST", f"The {object_type} property {name} is no longer in the portal."
        if one.code == "READ_ONLY_VALUE":
            return "READ_ONLY_VALUE", f"The {object_type} property {name} cannot be written any more."
        standing, wanted = self._type(object_type, name), type_of(self.standard[name])
        if standing == wanted and not others_landed:
            return None
        now = f"of type {standing}" if standing else "of another type"
        # without HubSpot's words, which hold a value of one record
        cause = f"The {object_type} property {name} is {now} and should be {wanted}."
        return "PROPERTY_RETYPED", cause

    def _type(self, object_type: str, name: str) -> str | None:
        try:
            return self.definitions.type_of(object_type, name)
        except CrmError:
            return type_of(self.standard[name])  # not known now: then it is the record's fault
