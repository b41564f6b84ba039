"""Answers about the portal rather than its records: account, properties, pipelines, owners, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from plugin.errors import CrmProtocolError
from plugin.hubspot.protocol.objects import TYPE_IDS


@dataclass(frozen=True)
class Option:
    """One option of an enumeration."""

    value: str
    label: str
    hidden: bool = False
    order: int = 0


@dataclass(frozen=True)
class PropertyDefinition:
    """A property as the portal defines it."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: tuple[Option, ...] = ()
    read_only: bool = False
    hubspot_defined: bool = False
    number_format: str = ""
    shows_currency: bool = False


@dataclass(frozen=True)
class Group:
    """A group of properties."""

    name: str
    label: str


@dataclass(frozen=True)
class Stage:
    """A stage of a pipeline; `probability` is None where HubSpot gives none."""

    id: str
    label: str
    closed: bool
    probability: float | None


@dataclass(frozen=True)
class Pipeline:
    """A pipeline with its stages in order."""

    id: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Owner:
    """A user to whom records and tasks can belong."""

    id: int
    email: str
    name: str
    archived: bool


@dataclass(frozen=True)
class Account:
    """The portal itself."""

    portal_id: int
    time_zone: str
    currency: str
    ui_domain: str

    def record_link(self, type_id: str, record_id: int) -> str:
        """Where a person opens the record in the browser."""
        return f"https://{self.ui_domain}/contacts/{self.portal_id}/record/{type_id}/{record_id}"


@dataclass(frozen=True)
class PropertyAllowance:
    """How many custom properties an object type may have, and has."""

    limit: int
    used: int

    @property
    def left(self) -> int:
        """How many more can be created."""
        return max(0, self.limit - self.used)


@contextmanager
def documented(what: str) -> Iterator[None]:
    """Say that the answer about `what` has another shape than documented, rather than a KeyError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CrmProtocolError(f"HubSpot's answer about {what} has another shape than documented.") from error


def account(wire: Mapping[str, Any]) -> Account:
    """The account's details."""
    with documented("the account"):
        return Account(
            portal_id=int(wire["portalId"]),
            time_zone=str(wire.get("timeZone") or "UTC"),
            currency=str(wire.get("companyCurrency") or "USD"),
            ui_domain=str(wire.get("uiDomain") or "app.hubspot.com"),
        )


def definition(wire: Mapping[str, Any]) -> PropertyDefinition:
    """A property's definition."""
    with documented("a property"):
        options = (
            Option(str(o["value"]), str(o.get("label") or ""), bool(o.get("hidden")), _order(o))
            for o in wire.get("options") or ()
        )
        return PropertyDefinition(
            name=str(wire["name"]),
            label=str(wire.get("label") or ""),
            type=str(wire["type"]),
            field_type=str(wire.get("fieldType") or ""),
            group=str(wire.get("groupName") or ""),
            description=str(wire.get("description") or ""),
            options=tuple(options),
            read_only=bool((wire.get("modificationMetadata") or {}).get("readOnlyValue")),
            hubspot_defined=bool(wire.get("hubspotDefined")),
            number_format=str(wire.get("numberDisplayHint") or ""),
            shows_currency=bool(wire.get("showCurrencySymbol")),
        )


def _order(wire: Mapping[str, Any]) -> int:
    return int(wire.get("displayOrder") or 0)


def pipeline(wire: Mapping[str, Any]) -> Pipeline:
    """A pipeline; HubSpot gives `isClosed` and `probability` of a stage as strings, and not always."""
    with documented("a pipeline"):
        stages = sorted(wire.get("stages") or (), key=_order)
        return Pipeline(str(wire["id"]), str(wire.get("label") or ""), tuple(map(_stage, stages)))


def _stage(wire: Mapping[str, Any]) -> Stage:
    metadata = wire.get("metadata") or {}
    text = metadata.get("probability")
    probability = float(text) if text not in (None, "") else None
    closed = metadata.get("isClosed")
    is_closed = str(closed).lower() == "true" if closed is not None else probability in (0.0, 1.0)
    return Stage(str(wire["id"]), str(wire.get("label") or ""), is_closed, probability)


def owner(wire: Mapping[str, Any]) -> Owner:
    """An owner."""
    with documented("an owner"):
        name = f"{wire.get('firstName') or ''} {wire.get('lastName') or ''}".strip()
        return Owner(int(wire["id"]), str(wire.get("email") or ""), name, bool(wire.get("archived")))


def allowance(wire: Mapping[str, Any], object_type: str) -> PropertyAllowance:
    """Custom properties of an object type; the portal's overall cap counts too."""
    with documented("the limits"):
        type_id = TYPE_IDS.get(object_type, object_type)
        listed = (one for one in wire.get("byObjectType") or () if one["objectTypeId"] == type_id)
        mine = next(listed, {"limit": wire["overallLimit"], "usage": 0})
        left = min(int(mine["limit"]) - int(mine["usage"]), _overall_left(wire))
        return PropertyAllowance(limit=int(mine["usage"]) + max(0, left), used=int(mine["usage"]))


def _overall_left(wire: Mapping[str, Any]) -> int:
    limit = wire.get("overallLimit")
    return int(limit) - int(wire.get("overallUsage") or 0) if limit is not None else 10**6
