"""How figures are written for people, in their language and currency, each with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from plugin.portfolio.units import counted

NOTHING = "–"
_WORDED = {"days": "unit.days", "months": "unit.months", "score": "unit.score"}


class Shown:
    """Writes numbers in a language; money in a currency, if it is known."""

    def __init__(self, language: str, currency: str | None, locale: str | None = None) -> None:
        self.language, self.currency, self.formats = language, currency, locale or language

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Shown:
        """As an answer is to be written."""
        return cls(answer["language"], answer["currency"], answer["locale"])

    def day(self, day: str) -> str:
        """A date as people write it."""
        shape = "medium" if "_" in self.formats else "d MMM y"
        return str(format_date(date.fromisoformat(day), shape, locale=self.formats))

    def number(self, value: float) -> str:
        """A number with separators; a fraction only where there is one."""
        shape = "#,##0" if value == round(value) or abs(value) >= 100 else "#,##0.#"
        return str(format_decimal(value, format=shape, locale=self.formats))

    def figure(self, one: Mapping[str, Any], unit: str | None = None) -> str:
        """A metric's value with unit and margin, or the word for it (undefined, never), or a dash."""
        if one["value"] is None:
            return str(one.get("word") or NOTHING)
        notes, text = one.get("notes") or {}, self.value(one["value"], unit or one["unit"])
        if notes.get("margin") is not None:
            return f"{self.number(one['value'])} ± {self.value(notes['margin'], 'score')}"
        return f"≥ {text}" if notes.get("capped") else text

    def value(self, value: float | None, unit: str, *, short: bool = False) -> str:
        """A value with its unit: 135 days, 42.1%, €12, 3.2 : 1. A count has none: its title says of what."""
        if value is None:
            return NOTHING
        if unit == "share":
            shape = "#,##0%" if short else "#,##0.#%"
            return str(format_percent(value, format=shape, locale=self.formats))
        if unit == "money":
            return self.money(value)
        if unit == "ratio":
            return f"{format_decimal(value, format='#,##0.0', locale=self.formats)} : 1"
        if unit in _WORDED:
            return counted(value, _WORDED[unit], self.language, self.formats)
        return self.number(value)

    def money(self, value: float) -> str:
        """An amount; cents only of small ones."""
        whole = abs(value) >= 100 or value == round(value)
        if self.currency is None:
            return str(format_decimal(value, format="#,##0" if whole else "#,##0.00", locale=self.formats))
        pattern = Locale.parse(self.formats).currency_formats["standard"].pattern
        if whole:
            pattern = pattern.replace("0.00", "0")
        return str(format_currency(value, self.currency, pattern, locale=self.formats, currency_digits=False))
