"""Counts over outcomes: how many customers are in each stage, tier and segment, and what would hold a value.

Pure. Two tallies of the same customers, as they are and as another configuration has them, can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: "stages", "flags", "levels", "segments", "tiers" and each secondary model: key → label.
Labels = Mapping[str, Mapping[str, str]]


@dataclass
class Tally:
    """Counts of customers; each outcome is added as `Outcomes.to_json` has it."""

    customers: int = 0
    orders: int = 0  # won deals, summed over customers
    purchases: int = 0  # days with one, summed over customers
    stages: Counter[str] = field(default_factory=Counter)
    secondary: dict[str, Counter[str]] = field(default_factory=dict)  # model → stage → customers
    levels: Counter[str] = field(default_factory=Counter)  # customers of each risk level
    flags: Counter[str] = field(default_factory=Counter)  # customers with each risk flag
    segments: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)  # those in none are not counted
    filled: Counter[str] = field(default_factory=Counter)  # property → customers for whom it has a value

    def add(self, body: Mapping[str, Any]) -> None:
        """Count one customer's outcome."""
        metrics = body["metrics"]
        self.customers += 1
        self.orders += int(metrics.get("orders") or 0)
        self.purchases += int(metrics.get("purchases") or 0)
        self.stages[body["stage"]] += 1
        self.levels[body["risk_level"]] += 1
        self.flags.update(body["risk_flags"])
        self.segments.update(body["segments"])
        self.tiers.update([metrics["tier"]] if metrics.get("tier") else [])
        self.filled.update(name for name, text in body["written"].items() if text)
        for model, stage in list(body["stages"].items())[1:]:  # the first is the primary one
            self.secondary.setdefault(model, Counter())[stage] += 1

    def as_dict(self, labels: Labels) -> dict[str, Any]:
        """For machines: levels and tiers in their own order, whatever else by the number of customers."""
        return {
            "orders": self.orders,
            "purchases": self.purchases,
            "stages": dict(self.stages.most_common()),
            "flags": dict(self.flags.most_common()),
            "levels": {key: self.levels[key] for key in labels["levels"]},
            "segments": dict(self.segments.most_common()),
            "tiers": {key: self.tiers[key] for key in labels["tiers"]},
            "secondary": {model: dict(found.most_common()) for model, found in self.secondary.items()},
        }
