"""Lists in the CRM for those who call: one for each stage and risk flag, and one of high value at risk.

Active lists: HubSpot keeps their members up to date from our properties, so they are made once. A list of the
same name that is there already is left as it is. They ask for the options as the mapping has them written:
several stages that are written as one option have one list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plugin.errors import CrmAuthError, CrmError
from plugin.hubspot.client import Crm
from plugin.mapping.model import Language, Mapping, Output
from plugin.sync.property_definitions import Options, Pairs, written_as

#: what each list's name begins with, and the one of high value at risk
PREFIX: dict[Language, str] = {"en": "Lifecycle", "ru": "Жизненный цикл", "pl": "Cykl życia"}
RISK: dict[Language, str] = {"en": "Risk", "ru": "Риск", "pl": "Ryzyko"}
VALUE_AT_RISK: dict[Language, str] = {
    "en": "High value at risk",
    "ru": "Ценные клиенты под угрозой",
    "pl": "Cenni klienci zagrożeni odejściem",
}
BEST_TIERS = 2  # of those from the best down, who count as of high value


@dataclass(frozen=True)
class CallList:
    """A list to be: whoever meets every one of `filters` {property in the CRM: any of these values}."""

    object_type: str
    name: str
    filters: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class ListReport:
    """What was done: (object type, name) of lists made, and how many were there already."""

    made: tuple[tuple[str, str], ...]
    kept: int

    def lines(self) -> list[str]:
        """One line a list made."""
        return [f"{kind}: list “{name}” made" for kind, name in self.made]


def wanted(mapping: Mapping, options: Options, language: Language) -> list[CallList]:
    """The lists of a portal by its primary model, flags and tiers; without those whose property is off."""
    written = dict(mapping.written_outputs())
    found = []
    for kind in mapping.customer_objects():
        if stage := written.get("clm_stage"):
            for key, label in written_as(stage, options.stages(mapping.models.primary, language)):
                found.append(CallList(kind, _name(language, label), {stage.name: (key,)}))
        if risk := written.get("clm_risk_flags"):
            for key, label in written_as(risk, options.risk_flags(language)):
                title = _name(language, f"{RISK[language]}: {label}")
                found.append(CallList(kind, title, {risk.name: (key,)}))
        tier, level = written.get("clm_tier"), written.get("clm_risk_level")
        if tier and level:
            best, levels = options.tiers(language)[:BEST_TIERS], options.risk_levels(language)[-2:]
            filters = {tier.name: _values(tier, best), level.name: _values(level, levels)}
            found.append(CallList(kind, _name(language, VALUE_AT_RISK[language]), filters))
    return found


def _values(output: Output, pairs: Pairs) -> tuple[str, ...]:
    return tuple(key for key, _ in written_as(output, pairs))


def _name(language: Language, text: str) -> str:
    return f"{PREFIX[language]} · {text}"


def make_lists(crm: Crm, lists: Sequence[CallList]) -> ListReport:
    """Make those that are not there; raises CrmError, and goes on from there when run again."""
    made, kept = [], 0
    try:
        for one in lists:
            if crm.list_named(one.object_type, one.name) is not None:
                kept += 1
                continue
            crm.create_list(one.object_type, one.name, [one.filters])
            made.append((one.object_type, one.name))
    except CrmAuthError as error:
        raise CrmError(
            f"The app may not make lists ({error.message})",
            status=error.status,
            category=error.category,
            cure="Grant it crm.lists.read and crm.lists.write, or install without --lists.",
        ) from error
    return ListReport(tuple(made), kept)


def present(crm: Crm, lists: Sequence[CallList]) -> list[tuple[CallList, str]]:
    """Those lists that are there, with the CRM's id of each."""
    found = [(one, crm.list_named(one.object_type, one.name)) for one in lists]
    return [(one, list_id) for one, list_id in found if list_id is not None]


def drop_lists(crm: Crm, lists: Sequence[CallList]) -> int:
    """Remove those lists that are there; returns how many."""
    found = present(crm, lists)
    for _, list_id in found:
        crm.drop_list(list_id)
    return len(found)
