"""The options of our enumerations with their labels, from the rules: what `property_definitions` asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.stages import Named
from plugin.mapping.model import Language

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class RuleOptions:
    """Reads (key, label) pairs from loaded rules."""

    models: Models

    def stages(self, model: str, language: Language) -> Pairs:
        """The stages of a model, in its order."""
        return _pairs(self.models.known[model].stages, language)

    def model_label(self, model: str, language: Language) -> str:
        """A model's name for people."""
        return self.models.known[model].label(language)

    def risk_levels(self, language: Language) -> Pairs:
        """From none to high."""
        return _pairs(self.models.levels, language)

    def risk_flags(self, language: Language) -> Pairs:
        """Every risk flag."""
        return _pairs(self.models.flags, language)

    def tiers(self, language: Language) -> Pairs:
        """Every tier."""
        return _pairs(self.models.tiers, language)

    def segments(self, language: Language) -> Pairs:
        """Every segment."""
        return _pairs(self.models.segments, language)


def _pairs(named: Iterable[Named], language: Language) -> Pairs:
    return [(one.key, one.label(language)) for one in named]
