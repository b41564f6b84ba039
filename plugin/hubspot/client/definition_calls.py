"""What a portal defines: its properties, groups, pipelines and owners. A part of `Crm`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.errors import CrmError
from plugin.hubspot.client.generated import Apis
from plugin.hubspot.protocol import definitions, records
from plugin.hubspot.protocol.definitions import Group, Owner, Pipeline, PropertyAllowance, PropertyDefinition
from plugin.hubspot.protocol.objects import plural
from plugin.hubspot.protocol.requests import CUSTOM_PROPERTY_LIMITS


class DefinitionCalls:
    """Calls about definitions; object types as in `Crm`."""

    _apis: Apis

    def properties(self, object_type: str) -> list[PropertyDefinition]:
        """Every property of the object type."""
        body = self._apis.properties.get_all(plural(object_type))
        return [definitions.definition(wire) for wire in records.results(body)]

    def create_property(self, object_type: str, definition: Mapping[str, Any]) -> PropertyDefinition:
        """Create a property from HubSpot's own fields (name, label, type, fieldType, groupName, …)."""
        return definitions.definition(self._apis.properties.create(plural(object_type), dict(definition)))

    def update_property(self, object_type: str, name: str, changes: Mapping[str, Any]) -> PropertyDefinition:
        """Change a property; `options` replaces them all."""
        return definitions.definition(self._apis.properties.update(plural(object_type), name, dict(changes)))

    def delete_property(self, object_type: str, name: str) -> None:
        """Take a property away; HubSpot archives it for a while. One that is not there is no error."""
        self._apis.properties.archive(plural(object_type), name)

    def property_allowance(self, object_type: str) -> PropertyAllowance | None:
        """How many custom properties the object type may have; None where the portal does not say."""
        try:
            body = self._apis.send(CUSTOM_PROPERTY_LIMITS)
        except CrmError as error:
            if error.status in (403, 404):
                return None
            raise
        return definitions.allowance(body, object_type)

    def groups(self, object_type: str) -> list[Group]:
        """The property groups of the object type."""
        body = self._apis.groups.get_all(plural(object_type))
        return [Group(str(one["name"]), str(one.get("label") or "")) for one in records.results(body)]

    def create_group(self, object_type: str, name: str, label: str) -> None:
        """Create a property group."""
        self._apis.groups.create(plural(object_type), {"name": name, "label": label, "displayOrder": -1})

    def update_group(self, object_type: str, name: str, label: str) -> None:
        """Give a property group another label."""
        self._apis.groups.update(plural(object_type), name, {"label": label})

    def delete_group(self, object_type: str, name: str) -> None:
        """Take an empty property group away."""
        self._apis.groups.archive(plural(object_type), name)

    def pipelines(self, object_type: str) -> list[Pipeline]:
        """Pipelines with their stages in order."""
        return [
            definitions.pipeline(w)
            for w in records.results(self._apis.pipelines.get_all(plural(object_type)))
        ]

    def owners(self) -> list[Owner]:
        """Every owner."""
        found: list[Owner] = []
        after = None
        while True:
            body = self._apis.owners.get_page(limit=500, after=after)
            found += [definitions.owner(wire) for wire in records.results(body)]
            after = records.next_cursor(body)
            if after is None:
                return found
