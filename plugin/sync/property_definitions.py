"""What the CRM properties that results are written to should be, as HubSpot's API takes them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from plugin.mapping.model import Language, Mapping, Output
from plugin.sync.property_texts import SECONDARY, TEXTS, Text

GROUP = "customer_lifecycle"
Pairs = Sequence[tuple[str, str]]


class Options(Protocol):
    """Where the options of enumerations come from: (key, label) in order."""

    def stages(self, model: str, language: Language) -> Pairs:
        """The stages of a model, in its order."""

    def model_label(self, model: str, language: Language) -> str:
        """A model's name for people."""

    def risk_levels(self, language: Language) -> Pairs:
        """none, low, medium, high."""

    def risk_flags(self, language: Language) -> Pairs:
        """Every risk flag."""

    def tiers(self, language: Language) -> Pairs:
        """Every tier."""

    def segments(self, language: Language) -> Pairs:
        """Every segment, RFM's and the configured ones."""


@dataclass(frozen=True)
class _Kind:
    type: str
    field_type: str
    options: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


_DATE = _Kind("date", "date")
_TEXT = _Kind("string", "textarea")
_MONEY = _Kind("number", "number", extra={"showCurrencySymbol": True, "numberDisplayHint": "currency"})
_PERCENT = _Kind("number", "number", extra={"numberDisplayHint": "percentage"})  # HubSpot shows 0.25 as 25 %
_NUMBER = _Kind("number", "number", extra={"numberDisplayHint": "formatted"})
_STAGE = _Kind("enumeration", "select", "stages")

_KINDS: dict[str, _Kind] = {
    "clm_stage": _STAGE,
    "clm_stage_since": _DATE,
    "clm_reason": _TEXT,
    "clm_exited_from": _STAGE,
    "clm_next_stage": _STAGE,
    "clm_next_stage_on": _DATE,
    "clm_risk_level": _Kind("enumeration", "select", "risk_levels"),
    "clm_risk_flags": _Kind("enumeration", "checkbox", "risk_flags"),
    "clm_risk_reason": _TEXT,
    "clm_value_to_date": _MONEY,
    "clm_clv": _MONEY,
    "clm_clv_low": _MONEY,
    "clm_clv_high": _MONEY,
    "clm_churn_risk": _PERCENT,
    "clm_p_alive": _PERCENT,
    "clm_expected_purchases": _NUMBER,
    "clm_next_purchase_on": _DATE,
    "clm_average_order": _MONEY,
    "clm_segment": _Kind("enumeration", "checkbox", "segments"),
    "clm_rfm": _Kind("string", "text"),
    "clm_tier": _Kind("enumeration", "select", "tiers"),
    "clm_next_action": _TEXT,
}


def type_of(standard: str) -> str:
    """The type in the CRM of the property for a result."""
    return _KINDS.get(standard, _STAGE).type


def property_definitions(mapping: Mapping, options: Options, language: Language) -> list[dict[str, Any]]:
    """Every switched-on property as HubSpot's API takes it, in the order shown to people."""
    return [
        _definition(standard, output, mapping, options, language)
        for standard, output in mapping.written_outputs()
    ]


def _definition(
    standard: str, output: Output, mapping: Mapping, options: Options, language: Language
) -> dict[str, Any]:
    kind = _KINDS.get(standard, _STAGE)  # a secondary model's stage is not in the table
    label, description = _text(standard, options, language)
    label = output.label or label
    name = output.name
    wanted: dict[str, Any] = {
        "name": name,
        "label": label,
        "description": description,
        "groupName": GROUP,
        "type": kind.type,
        "fieldType": kind.field_type,
        "formField": False,
    }
    if kind.options:
        wanted["options"] = _wire_options(
            written_as(output, _pairs(standard, kind.options, mapping, options, language))
        )
    return wanted | kind.extra


def _text(standard: str, options: Options, language: Language) -> Text:
    if standard in TEXTS[language]:
        return TEXTS[language][standard]
    model = options.model_label(standard.removeprefix("clm_stage_"), language)
    label, description = SECONDARY[language]
    return label.format(model=model), description.format(model=model)


def _pairs(standard: str, source: str, mapping: Mapping, options: Options, language: Language) -> Pairs:
    if source == "stages":
        secondary = standard not in _KINDS
        model = standard.removeprefix("clm_stage_") if secondary else mapping.models.primary
        return options.stages(model, language)
    pairs: Pairs = getattr(options, source)(language)
    return pairs


def written_as(output: Output, pairs: Pairs) -> Pairs:
    """The options as they are written; several of ours may be one, under the first one's label."""
    found: dict[str, str] = {}
    for key, label in pairs:
        found.setdefault(output.values.get(key, key), label)
    return list(found.items())


def _wire_options(pairs: Pairs) -> list[dict[str, Any]]:
    """HubSpot's rule: labels, too, are unique within a property."""
    labels = [label for _, label in pairs]
    named = ((key, label if labels.count(label) == 1 else f"{label} ({key})") for key, label in pairs)
    return [
        {"value": key, "label": label, "displayOrder": order, "hidden": False}
        for order, (key, label) in enumerate(named)
    ]
