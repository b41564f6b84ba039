"""Which lists the CRM should have for who calls: one a stage, one a risk flag, one of high value at risk.

Active lists: HubSpot keeps their members up to date from our properties, so they are made once. They ask for
the options as the mapping has them written: several stages that are written as one option have one list.
Pure; `made_lists` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.mapping.model import Language, Mapping, Output
from plugin.sync.property_definitions import Options, Pairs, written_as

#: what each list's name begins with, what those of companies have beside one of contacts, and the one of
#: high value at risk. HubSpot's rule: no two lists of a portal share a name, whatever they are lists of
PREFIX: dict[Language, str] = {"en": "Lifecycle", "ru": "Жизненный цикл", "pl": "Cykl życia"}
COMPANIES: dict[Language, str] = {"en": "Companies", "ru": "Компании", "pl": "Firmy"}
RISK: dict[Language, str] = {"en": "Risk", "ru": "Риск", "pl": "Ryzyko"}
VALUE_AT_RISK: dict[Language, str] = {
    "en": "High value at risk",
    "ru": "Ценные клиенты под угрозой",
    "pl": "Cenni klienci zagrożeni odejściem",
}
BEST_TIERS = 2  # of those from the best down, who count as of high value


@dataclass(frozen=True)
class CallList:
    """A list to be: whoever meets every one of `filters` {property in the CRM: any of these values}.

    `role` says what it is for in every language: `stage:sleeping`, `risk:overdue`, `value_at_risk`.
    """

    object_type: str
    role: str
    name: str
    filters: dict[str, tuple[str, ...]]

    @property
    def key(self) -> str:
        """Which of the portal's lists this is."""
        return f"{self.object_type}:{self.role}"


def wanted(mapping: Mapping, options: Options, language: Language) -> list[CallList]:
    """The lists of a portal by its primary model, flags and tiers; without those whose property is off."""
    return [one for kind in mapping.customer_objects() for one in _of_kind(kind, mapping, options, language)]


def _of_kind(kind: str, mapping: Mapping, options: Options, language: Language) -> list[CallList]:
    written, found = dict(mapping.written_outputs()), list[CallList]()
    apart = kind == "company" and len(mapping.customer_objects()) > 1
    words = [PREFIX[language], *([COMPANIES[language]] if apart else [])]

    def add(role: str, text: str, filters: dict[str, tuple[str, ...]]) -> None:
        found.append(CallList(kind, role, " · ".join([*words, text]), filters))

    if stage := written.get("clm_stage"):
        for key, label in written_as(stage, options.stages(mapping.models.primary, language)):
            add(f"stage:{key}", label, {stage.name: (key,)})
    if risk := written.get("clm_risk_flags"):
        for key, label in written_as(risk, options.risk_flags(language)):
            add(f"risk:{key}", f"{RISK[language]}: {label}", {risk.name: (key,)})
    tier, level = written.get("clm_tier"), written.get("clm_risk_level")
    if tier and level:
        best, levels = options.tiers(language)[:BEST_TIERS], options.risk_levels(language)[-2:]
        filters = {tier.name: _values(tier, best), level.name: _values(level, levels)}
        add("value_at_risk", VALUE_AT_RISK[language], filters)
    return found


def _values(output: Output, pairs: Pairs) -> tuple[str, ...]:
    return tuple(key for key, _ in written_as(output, pairs))
