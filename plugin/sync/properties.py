"""Making the CRM properties that results are written to, in a portal.

Repeatable. Touches only properties in our own group, adds options and never removes one (values in the CRM
may use it), and keeps a label that a person has changed. Checks everything before it changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from plugin.errors import ConfigError, CrmRefused
from plugin.hubspot.client import Crm, Option, PropertyDefinition
from plugin.lifecycle.ruleset import RFM
from plugin.mapping.model import Language, Mapping
from plugin.sync.native_stage import check_options
from plugin.sync.property_definitions import GROUP, Options, property_definitions
from plugin.sync.property_texts import FORMER, GROUP_LABEL, LANGUAGES

__all__ = ["GROUP", "InstallReport", "Options", "install_properties", "property_definitions"]


@dataclass(frozen=True)
class InstallReport:
    """What an installation did: (object type, name), and for a change what changed."""

    groups: tuple[tuple[str, str], ...] = ()
    created: tuple[tuple[str, str], ...] = ()
    changed: tuple[tuple[str, str, str], ...] = ()
    unchanged: int = 0
    definitions: dict[str, list[PropertyDefinition]] = field(default_factory=dict)  # as they stand now

    def as_dict(self) -> dict[str, Any]:
        """For machines: what was done."""
        return {name: getattr(self, name) for name in ("groups", "created", "changed", "unchanged")}

    def lines(self) -> list[str]:
        """One line a change; empty when everything was as it should be."""
        groups = [f"{kind}: property group {name} made" for kind, name in self.groups]
        created = [f"{kind}: {name} created" for kind, name in self.created]
        return [*groups, *created, *(f"{kind}: {name}: {what}" for kind, name, what in self.changed)]


def install_properties(crm: Crm, mapping: Mapping, models: Options, language: Language) -> InstallReport:
    """Make the group and the properties for every customer object; raises ConfigError before any change."""
    wanted = property_definitions(mapping, models, language)
    known = _known_texts(mapping, models)
    existing = {kind: {one.name: one for one in crm.properties(kind)} for kind in mapping.customer_objects()}
    for kind, have in existing.items():
        check_options(kind, mapping, have)
        _check_conflicts(kind, wanted, have)
        _check_allowance(crm, kind, [one for one in wanted if one["name"] not in have])
    steps = [_install(crm, kind, wanted, have, known, language) for kind, have in existing.items()]
    return InstallReport(
        groups=tuple(one for step in steps for one in step.groups),
        created=tuple(one for step in steps for one in step.created),
        changed=tuple(one for step in steps for one in step.changed),
        unchanged=sum(step.unchanged for step in steps),
        definitions={kind: one for step in steps for kind, one in step.definitions.items()},
    )


def planned(crm: Crm, mapping: Mapping, models: Options, language: Language) -> tuple[list[str], list[str]]:
    """What `install_properties` would make and change, as `object: property`; makes nothing."""
    known = _known_texts(mapping, models)
    make, change = [], []
    for kind in mapping.customer_objects():
        have = {one.name: one for one in crm.properties(kind)}
        for one in property_definitions(mapping, models, language):
            found = have.get(one["name"])
            if found is None:
                make.append(f"{kind}: {one['name']}")
            elif _changes(one, found, known):
                change.append(f"{kind}: {one['name']}")
    return make, change


def _known_texts(mapping: Mapping, models: Options) -> frozenset[str]:
    """Every text that we ever put on a property, in any language: what differs was changed by a person."""
    found: set[str] = {"", *FORMER}
    plain = {name: replace(output, label=None) for name, output in mapping.outputs.items()}
    mapping = replace(mapping, outputs=plain)  # a label that the mapping names is set whatever stands there
    for language in LANGUAGES:
        for one in property_definitions(mapping, models, language):
            found |= {one["label"], one["description"]}
            labels = {option["label"] for option in one.get("options", ())}
            found |= labels | {label.removeprefix(RFM) for label in labels}
    return frozenset(found)


def _check_conflicts(
    kind: str, wanted: Iterable[dict[str, Any]], have: dict[str, PropertyDefinition]
) -> None:
    for one in wanted:
        found = have.get(one["name"])
        if found is None:
            continue
        if found.group != GROUP:
            raise ConfigError(
                f"The {kind} property {found.name} stands in the group {found.group}: it is not ours.",
                cure="Give ours another name in the mapping file under `outputs`, for example "
                f"`name: lifecycle_{found.name}`, or rename the other one.",
            )
        if found.type != one["type"]:
            raise ConfigError(
                f"The {kind} property {found.name} is of type {found.type} and should be {one['type']}.",
                cure="Delete it in HubSpot's settings and install again, or name another in the mapping.",
            )


def _check_allowance(crm: Crm, kind: str, missing: Sequence[dict[str, Any]]) -> None:
    """HubSpot caps custom properties by tier and would stop us half-way."""
    allowance = crm.property_allowance(kind) if missing else None
    if allowance is not None and allowance.left < len(missing):
        raise ConfigError(
            f"{len(missing)} {kind} properties are to be created, and HubSpot allows {allowance.left} more.",
            cure="Switch outputs off in the mapping (`write: false`), or delete unused custom properties.",
        )


def _install(
    crm: Crm,
    kind: str,
    wanted: Sequence[dict[str, Any]],
    have: dict[str, PropertyDefinition],
    known: frozenset[str],
    language: Language,
) -> InstallReport:
    groups = _install_group(crm, kind, language)
    created, changed, now = [], [], dict(have)
    for one in wanted:
        found = have.get(one["name"])
        if found is None:
            now[one["name"]] = _create(crm, kind, one)
            created.append((kind, str(one["name"])))
        elif changes := _changes(one, found, known):
            now[found.name] = crm.update_property(kind, found.name, changes)
            changed.append((kind, found.name, f"{', '.join(sorted(changes))} updated"))
    unchanged = len(wanted) - len(created) - len(changed)
    return InstallReport(groups, tuple(created), tuple(changed), unchanged, {kind: list(now.values())})


def _install_group(crm: Crm, kind: str, language: Language) -> tuple[tuple[str, str], ...]:
    label = GROUP_LABEL[language]
    found = next((one for one in crm.groups(kind) if one.name == GROUP), None)
    if found is None:
        crm.create_group(kind, GROUP, label)
        return ((kind, GROUP),)
    if found.label != label and found.label in GROUP_LABEL.values():
        crm.update_group(kind, GROUP, label)
    return ()


def _create(crm: Crm, kind: str, wanted: dict[str, Any]) -> PropertyDefinition:
    try:
        return crm.create_property(kind, wanted)
    except CrmRefused as error:
        if error.status != 409:  # made by another run a moment ago, or archived under this name
            raise
        there = next((one for one in crm.properties(kind) if one.name == wanted["name"]), None)
        if there is None:
            raise ConfigError(
                f"HubSpot keeps an archived {kind} property named {wanted['name']}.",
                cure="Restore or delete it in HubSpot's settings (Properties, Archived), then install again.",
            ) from error
        return there


def _changes(wanted: dict[str, Any], found: PropertyDefinition, known: frozenset[str]) -> dict[str, Any]:
    """What to send so that the property is as wanted; a text that a person wrote stays."""
    changes: dict[str, Any] = {}
    named = wanted["label"] not in known
    if found.label != wanted["label"] and (named or found.label in known):
        changes["label"] = wanted["label"]
    if found.description != wanted["description"] and found.description in known:
        changes["description"] = wanted["description"]
    if "options" in wanted:
        options = _merged_options(wanted["options"], found, known)
        have = [(o.value, o.label, o.hidden) for o in sorted(found.options, key=lambda o: o.order)]
        if [(o["value"], o["label"], o["hidden"]) for o in options] != have:
            changes["options"] = options
    return changes


def _merged_options(
    wanted: Sequence[dict[str, Any]], found: PropertyDefinition, known: frozenset[str]
) -> list[dict[str, Any]]:
    """Ours in our order, then those that only the portal has: records may still hold them."""
    have = {option.value: option for option in found.options}
    ours = [
        option | ({"label": have[option["value"]].label} if _edited(have.get(option["value"]), known) else {})
        for option in wanted
    ]
    names = {option["value"] for option in wanted}
    labels = {option["label"] for option in ours}  # HubSpot's rule: labels are unique, too
    kept = [
        {
            "value": option.value,
            "label": f"{option.label} ({option.value})" if option.label in labels else option.label,
            "hidden": option.hidden,
        }
        for option in sorted(found.options, key=lambda one: one.order)
        if option.value not in names
    ]
    return [option | {"displayOrder": order} for order, option in enumerate([*ours, *kept])]


def _edited(option: Option | None, known: frozenset[str]) -> bool:
    return option is not None and option.label not in known
