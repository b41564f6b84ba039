"""How figures are written for people, in their language and currency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

NOTHING = "–"


class Shown:
    """Writes numbers in a language; money in a currency, if it is known."""

    def __init__(self, language: str, currency: str | None, locale: str | None = None) -> None:
        self.language, self.currency, self.formats = language, currency, locale or language

    def day(self, day: str) -> str:
        """A date as people write it."""
        shape = "medium" if "_" in self.formats else "d MMM y"
        return str(format_date(date.fromisoformat(day), shape, locale=self.formats))

    def number(self, value: float) -> str:
        """A number with separators; a fraction only where there is one."""
        shape = "#,##0" if value == round(value) or abs(value) >= 100 else "#,##0.#"
        return str(format_decimal(value, format=shape, locale=self.formats))

    def figure(self, one: Mapping[str, Any], unit: str | None = None) -> str:
        """A metric's value with its margin, or the word for it (undefined, never), or a dash."""
        if one["value"] is None:
            return str(one.get("word") or NOTHING)
        notes, text = one.get("notes") or {}, self.value(one["value"], unit or one["unit"])
        if notes.get("margin") is not None:
            return f"{text} ± {self.number(notes['margin'])}"
        return f"≥ {text}" if notes.get("capped") else text

    def value(self, value: float | None, unit: str, *, short: bool = False) -> str:
        """A value in its unit."""
        if value is None:
            return NOTHING
        if unit == "share":
            shape = "#,##0%" if short else "#,##0.#%"
            return str(format_percent(value, format=shape, locale=self.formats))
        if unit == "money":
            return self.money(value)
        if unit == "ratio":
            return str(format_decimal(value, format="#,##0.0", locale=self.formats))
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
