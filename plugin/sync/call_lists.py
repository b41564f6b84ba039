"""Lists in the CRM for those who call: one for each stage and risk flag, and one of high value at risk.

Active lists: HubSpot keeps their members up to date from our properties, so they are made once. A list of the
same name that is there already is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plugin.errors import CrmAuthError, CrmError
from plugin.hubspot.client import Crm
from plugin.mapping.model import Language, Mapping
from plugin.sync.property_definitions import Options

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
    names = {key: output.name for key, output in mapping.written_outputs()}
    found = []
    for kind in mapping.customer_objects():
        for key, label in options.stages(mapping.models.primary, language) if "clm_stage" in names else ():
            found.append(CallList(kind, _name(language, label), {names["clm_stage"]: (key,)}))
        for key, label in options.risk_flags(language) if "clm_risk_flags" in names else ():
            title = _name(language, f"{RISK[language]}: {label}")
            found.append(CallList(kind, title, {names["clm_risk_flags"]: (key,)}))
        if {"clm_tier", "clm_risk_level"} <= names.keys():
            best = tuple(key for key, _ in options.tiers(language)[:BEST_TIERS])
            levels = tuple(key for key, _ in options.risk_levels(language)[-2:])
            filters = {names["clm_tier"]: best, names["clm_risk_level"]: levels}
            found.append(CallList(kind, _name(language, VALUE_AT_RISK[language]), filters))
    return found


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


def drop_lists(crm: Crm, lists: Sequence[CallList]) -> int:
    """Remove those lists that are there; returns how many."""
    found = [crm.list_named(one.object_type, one.name) for one in lists]
    for list_id in (one for one in found if one is not None):
        crm.drop_list(list_id)
    return sum(one is not None for one in found)
