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

    def __init__(self, language: str, currency: str | None) -> None:
        self.language, self.currency = language, currency

    def day(self, day: str) -> str:
        """A date as people write it."""
        return str(format_date(date.fromisoformat(day), "d MMM y", locale=self.language))

    def number(self, value: float) -> str:
        """A number with separators; a fraction only where there is one."""
        shape = "#,##0" if value == round(value) or abs(value) >= 100 else "#,##0.#"
        return str(format_decimal(value, format=shape, locale=self.language))

    def figure(self, one: Mapping[str, Any], unit: str | None = None) -> str:
        """A metric's value, or a dash."""
        return self.value(one["value"], unit or one["unit"])

    def value(self, value: float | None, unit: str, *, short: bool = False) -> str:
        """A value in its unit."""
        if value is None:
            return NOTHING
        if unit == "share":
            shape = "#,##0%" if short else "#,##0.#%"
            return str(format_percent(value, format=shape, locale=self.language))
        if unit == "money":
            return self.money(value)
        if unit == "ratio":
            return str(format_decimal(value, format="#,##0.0", locale=self.language))
        return self.number(value)

    def money(self, value: float) -> str:
        """An amount; cents only of small ones."""
        whole = abs(value) >= 100 or value == round(value)
        if self.currency is None:
            return str(format_decimal(value, format="#,##0" if whole else "#,##0.00", locale=self.language))
        pattern = Locale.parse(self.language).currency_formats["standard"].pattern
        if whole:
            pattern = pattern.replace("0.00", "0")
        return str(
            format_currency(value, self.currency, pattern, locale=self.language, currency_digits=False)
        )
