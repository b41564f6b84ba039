"""Which figures belong together, what their parts are counted in, numbers with the word beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugin.lifecycle.reasons import number_text, plural
from plugin.portfolio.texts import words

#: Figures in the groups and the order in which people read them; each group's title is `group.KEY`.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "customers": ("customers", "customers_won", "sales_cycle"),
    "money": ("revenue", "profit", "average_order", "historic_value", "clv"),
    "winning": ("cac", "clv_to_cac", "payback_months"),
    "keeping": ("retention_rate", "churn_rate", "monthly_churn", "lifespan_months"),
    "revenue_kept": (
        "gross_revenue_retention",
        "revenue_churn",
        "net_revenue_retention",
        "revenue_lost",
    ),
    "winning_back": ("return_rate", "lifecycle_roi"),
    "voice": ("nps", "csat", "engagement_rate"),
}
#: Figures whose numerator is money, and those whose denominator is.
_MONEY_ABOVE = frozenset(
    (*GROUPS["money"], *GROUPS["winning"], *GROUPS["revenue_kept"], "lifecycle_roi"),
)
_MONEY_BELOW = frozenset((*GROUPS["revenue_kept"], "clv_to_cac", "lifecycle_roi"))
_PLACE = "\0"  # where the number stands: it is written by the locale, the word's form chosen by the language


def part_unit(key: str, part: str) -> str:
    """money or count: what the numerator or denominator of a metric is given in."""
    return "money" if key in {"numerator": _MONEY_ABOVE, "denominator": _MONEY_BELOW}[part] else "count"


def counted(value: float, name: str, language: str, locale: str | None = None) -> str:
    """A number with its word in the form that goes with it: `135 days`, `2 дня`; `name` is the word's key.

    `NAME.part` is the form of a number with a fraction, where a language has one (4,5 дня).
    """
    said, number = words(language), number_text(round(value, 1), locale or language)
    part = said.get(f"{name}.part") if value != round(value) else None
    forms = (part or said[name]).replace("#", _PLACE)
    return plural(round(value, 1), forms, language).replace(_PLACE, number)


def grouped(found: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """(group, its figures) of an answer's metrics, in order."""
    by_key = {one["key"]: one for one in found}
    return [(group, [by_key[key] for key in keys if key in by_key]) for group, keys in GROUPS.items()]
