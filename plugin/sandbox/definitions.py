"""What a property and a property group are, how HubSpot shows them, and which names and types it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from plugin.sandbox.problems import Problem, invalid

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
FIELD_TYPES: dict[str, frozenset[str]] = {
    "string": frozenset({"text", "textarea", "file", "html", "phonenumber", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "enumeration": frozenset({"select", "radio", "checkbox", "booleancheckbox"}),
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
}
_EDITABLE = ("label", "description", "groupName", "displayOrder", "hidden", "formField", "options")


@dataclass
class Property:
    """One property definition, by HubSpot's own field names in snake case."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: list[dict[str, Any]] = field(default_factory=list)
    description: str = ""
    read_only: bool = False
    hubspot_defined: bool = False
    unique: bool = False
    external_options: bool = False
    archived: bool = False
    created_at: str = "2020-01-01T00:00:00.000Z"
    updated_at: str = "2020-01-01T00:00:00.000Z"
    extra: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def option_values(self) -> frozenset[str]:
        """The internal values of the options."""
        return frozenset(str(option["value"]) for option in self.options)

    def to_json(self) -> dict[str, Any]:
        """The definition as the properties API answers it."""
        body: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": self.description,
            "options": self.options,
            "displayOrder": -1,
            "calculated": self.read_only,
            "externalOptions": self.external_options,
            "archived": self.archived,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": self.hubspot_defined,
            "formField": not self.read_only,
            "dataSensitivity": "non_sensitive",
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": False,
                "readOnlyValue": self.read_only,
            },
        }
        return body | self.extra


def property_from_json(body: dict[str, Any]) -> Property:
    """A definition from a create request or from what to_json() wrote."""
    metadata = body.get("modificationMetadata") or {}
    extra = {
        name: body[name]
        for name in ("displayOrder", "hidden", "formField", "calculationFormula", "numberDisplayHint",
                     "showCurrencySymbol", "referencedObjectType", "archivedAt", "dataSensitivity")
        if body.get(name) is not None
    }  # fmt: skip
    return Property(
        name=body["name"],
        label=body["label"],
        type=body["type"],
        field_type=body["fieldType"],
        group=body["groupName"],
        options=options_from_json(body.get("options") or []),
        description=body.get("description") or "",
        read_only=bool(metadata.get("readOnlyValue")) or bool(body.get("calculationFormula")),
        hubspot_defined=bool(body.get("hubspotDefined")),
        unique=bool(body.get("hasUniqueValue")),
        external_options=bool(body.get("externalOptions")),
        archived=bool(body.get("archived")),
        created_at=body.get("createdAt") or "",
        updated_at=body.get("updatedAt") or "",
        extra=extra,
    )


def options_from_json(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Options with every field HubSpot answers; values and labels must be there and differ."""
    complete = [
        {
            "label": option.get("label") or option.get("value"),
            "value": option.get("value"),
            "displayOrder": option.get("displayOrder", place),
            "hidden": bool(option.get("hidden")),
            "description": option.get("description") or "",
        }
        for place, option in enumerate(options)
    ]
    for key in ("value", "label"):
        named = [option[key] for option in complete]
        if None in named or len(set(named)) != len(named):
            raise invalid(f"Property option {key}s must be present and unique.")
    return complete


def check_new(body: dict[str, Any]) -> None:
    """Raise the 400 for a create request that HubSpot would not take."""
    for needed in ("name", "label", "groupName", "type", "fieldType"):
        if not isinstance(body.get(needed), str) or not body[needed]:
            raise invalid(f'Invalid input JSON: required field "{needed}" is missing')
    check_name(body["name"])
    check_type(body["type"], body["fieldType"])
    if body["type"] == "enumeration" and not body.get("options") and not body.get("externalOptions"):
        raise Problem(400, "Enumeration properties must have options.", sub_category="Properties.NO_OPTIONS")


def check_name(name: str) -> None:
    """Names are immutable: lower-case letters, digits, underscores, a letter first, at most 100."""
    if not _NAME.match(name):
        raise invalid(
            f'Property name "{name}" is not valid: at most 100 lower-case letters, digits and underscores, '
            "starting with a letter."
        )


def check_type(type_name: str, field_type: str) -> None:
    """Raise the 400 for a type HubSpot does not know or a field type that does not suit it."""
    if type_name not in FIELD_TYPES:
        raise invalid(f"Invalid property type: {type_name}. Allowed: {', '.join(FIELD_TYPES)}")
    if field_type not in FIELD_TYPES[type_name]:
        raise invalid(f"Invalid field type {field_type} for property type {type_name}")


def edited(prop: Property, body: dict[str, Any], now: str) -> Property:
    """The definition after a PATCH; HubSpot's own keep everything but their options."""
    if prop.hubspot_defined and set(body) - {"options"}:
        raise invalid(f'The definition of "{prop.name}" is read only.')
    changed = prop.to_json() | {name: body[name] for name in _EDITABLE if name in body}
    for name in ("type", "fieldType"):
        changed[name] = body.get(name, changed[name])
    check_type(changed["type"], changed["fieldType"])
    return property_from_json(changed | {"updatedAt": now})
