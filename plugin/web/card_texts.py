"""The record card's own words, from `card_locales/`; labels come from the rules and properties.

Numbers, money and dates are written as people write them in the language.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from plugin.lifecycle.reasons import Span, day_text
from plugin.mapping.model import Language

_CODE_AND_DIGIT = re.compile(r"(?<=[A-Z])(?=\d)")  # PLN12 is hard to read
_LOCALES = Path(__file__).parent / "card_locales"


@cache
def words(language: str) -> dict[str, str]:
    """Every text of the card in a language; English where there is none."""
    file = _LOCALES / f"{language}.json"
    texts: dict[str, str] = json.loads((file if file.is_file() else _LOCALES / "en.json").read_text("utf-8"))
    return texts


@dataclass(frozen=True)
class Speech:
    """How things are said in one language, money in one currency."""

    language: Language
    currency: str
    zone: str
    locale: str | None = None  # None: as the language has it

    @property
    def formats(self) -> str:
        """The locale of dates, numbers and money."""
        return self.locale or self.language

    def say(self, name: str, **blanks: object) -> str:
        """A text with its blanks filled."""
        return words(self.language)[name].format(**blanks)

    def purchases(self, count: int) -> str:
        """A number of purchases with the right word."""
        form = Locale.parse(self.language).plural_form(count)
        texts = words(self.language)
        return texts.get(f"purchases_{form}", texts["purchases_other"]).format(n=count)

    def days(self, count: int) -> Span:
        """A number of days with the right word."""
        return Span.of(count, self.formats)

    def day(self, day: date | str) -> str:
        """A date: 20 Aug 2026."""
        return day_text(date.fromisoformat(day) if isinstance(day, str) else day, self.formats)

    def moment(self, moment: datetime) -> str:
        """A date and time in the portal's time zone."""
        return str(format_datetime(moment, "d MMM y, HH:mm", tzinfo=ZoneInfo(self.zone), locale=self.formats))

    def money(self, text: str) -> str:
        """An amount, without the small unit where it is a whole number."""
        value = float(text)
        if not self.currency:
            return str(format_decimal(value, format="#,##0.##", locale=self.formats))
        places = 0 if value.is_integer() else get_currency_precision(self.currency)
        pattern = _pattern(self.formats, places)
        text = str(format_currency(value, self.currency, pattern, self.formats, currency_digits=False))
        return _CODE_AND_DIGIT.sub("\N{NO-BREAK SPACE}", text)

    def percent(self, text: str) -> str:
        """A share from 0 to 1."""
        return str(format_percent(float(text), locale=self.formats))

    def decimal(self, text: str) -> str:
        """A number with at most two places."""
        return str(format_decimal(float(text), format="#,##0.##", locale=self.formats))


@cache
def _pattern(language: str, digits: int) -> str:
    """The language's own pattern of money with another number of places."""
    pattern: str = Locale.parse(language).currency_formats["standard"].pattern
    return pattern.replace("0.00", "0." + "0" * digits if digits else "0")
