"""Sentences for people: why a stage, why a flag, what to do next; in English, Russian or Polish.

Sentences state dates, never ages, so that they change only when something happens. At most 250 characters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.units import format_unit

from plugin.lifecycle import rhythm_words
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.stages import Wording, in_language
from plugin.mapping.model import Mapping as Config

#: The longest text written to the CRM.
LIMIT = 250

Row = Mapping[str, Any]


@lru_cache(maxsize=100_000)
def day_text(day: date, locale: str) -> str:
    """A date as people write it: 20 Aug 2026, 20 авг. 2026, 20 sie 2026; in en_US Aug 20, 2026."""
    return str(format_date(day, "medium" if "_" in locale else "d MMM y", locale=locale))


@lru_cache(maxsize=10_000)
def span_text(days: int, language: str) -> str:
    """A number of days with the right word: 31 days, 31 день, 31 dni."""
    return str(format_unit(days, "duration-day", locale=language))


@lru_cache(maxsize=10_000)
def number_text(value: float, language: str) -> str:
    """A number with the language's separators, without needless zeros."""
    return str(format_decimal(value, format="#,##0.##", locale=language))


#: The forms of a word beside a whole number, in the order in which a text lists them (CLDR's categories).
FORMS = {"en": ("one", "other"), "ru": ("one", "few", "many"), "pl": ("one", "few", "many")}


@lru_cache(maxsize=10_000)
def plural(number: float, forms: str, locale: str) -> str:
    """The form that goes with a number, `#` being the number: `# deal|# deals`, `# день|# дня|# дней`."""
    language, listed = locale.partition("_")[0], forms.split("|")
    if len(listed) != len(FORMS[language]):
        language = "en"  # a sentence that is not there in the language stands in English
    category = Locale(language).plural_form(number)
    found = dict(zip(FORMS[language], listed, strict=False))
    return found.get(category, listed[-1]).replace("#", number_text(number, locale))


class Number(str):
    """A number as text that a sentence may give forms of a word: `{open_deals:# deal|# deals}`."""

    value: float
    locale: str

    @classmethod
    def of(cls, value: float, locale: str) -> Number:
        """The number in the locale."""
        found = cls(number_text(value, locale))
        found.value, found.locale = value, locale
        return found

    def __format__(self, forms: str) -> str:
        return plural(self.value, forms, self.locale) if forms else str(self)


class Span(Number):
    """A number of days; as it stands with its word, and in other cases of it by the forms given."""

    @classmethod
    def of(cls, value: float, locale: str) -> Span:
        """The days in the locale."""
        found = cls(span_text(int(value), locale))
        found.value, found.locale = value, locale
        return found


class Unknown(str):
    """A number that is not known: a question mark, whatever forms the sentence gives."""

    def __format__(self, forms: str) -> str:
        return forms.rsplit("|", maxsplit=1)[-1].replace("#", "?") if forms else "?"


def shorten(text: str) -> str:
    """The text, cut at a word to the limit."""
    if len(text) <= LIMIT:
        return text
    cut = text[: LIMIT - 1]
    return cut[: max(cut.rfind(" "), LIMIT // 2)].rstrip(" ,;:") + "…"


class _Blanks(dict[str, str]):
    """Fills a sentence's blanks as they are met."""

    def __init__(self, fill: Callable[[str], str]) -> None:
        super().__init__()
        self._fill = fill

    def __missing__(self, name: str) -> str:
        return self._fill(name)


_AGES = {
    "last_purchase": "days_since_purchase",
    "engaged": "days_since_engaged",
    "outreach": "days_since_outreach",
    "marker": "days_since_marker",
    "deal_moved": "days_since_deal_moved",
    "reactivation": "days_since_reactivation",
    "key_fields": "days_since_key_fields",
}
#: Blank → the fact that it gives as a number of days.
SPANS = {
    "gap": "usual_gap_days",
    "long_gap": "long_gap_days",
    "sleeping_after": "sleeping_after_days",
    "lost_after": "lost_after_days",
    "reactivation_gap": "reactivation_gap_days",
}
_SIGNS = ("days_since_engaged", "days_since_deal_activity")
#: Blank → the facts that it is made of.
_MADE_OF = {"last_sign": _SIGNS, "rhythm": rhythm_words.FACTS}
_COUNTS = {"recent": "purchases_recent", "before": "purchases_before"}
#: What a sentence may have filled in, besides facts by their names.
BLANKS: tuple[str, ...] = (*_AGES, *SPANS, "rhythm", *_COUNTS, "trend", "last_sign")


class Wordsmith:
    """Writes the sentences about rows of an outcome frame, as seen on one day."""

    def __init__(self, mapping: Config, models: Models, parameters: Parameters, day: date) -> None:
        self.mapping, self.models, self.parameters, self.day = mapping, models, parameters, day
        self.language, self.formats = mapping.language, mapping.formats

    def at(self, day: date) -> Wordsmith:
        """The same writer on another day."""
        return Wordsmith(self.mapping, self.models, self.parameters, day)

    def columns(self) -> set[str]:
        """The columns of an outcome frame that sentences are made from."""
        flags = {f"{kind}_{flag.key}" for flag in self.models.flags for kind in ("flag", "why")}
        return {"reason", "play", *flags, *(fact for blank in self.models.blanks for fact in _facts(blank))}

    def reason(self, row: Row) -> str:
        """Why the customer is in its stage."""
        return self._sentence(self.models.reasons[row["reason"]], row)

    def flag_reasons(self, row: Row) -> dict[str, str]:
        """Each raised flag's sentence, worst first."""
        found = {}
        for flag in self.models.flags:
            number = row[f"why_{flag.key}"]
            if row[f"flag_{flag.key}"] == 1:
                found[flag.key] = self._sentence(flag.reasons[number], row) if number is not None else ""
        return found

    def risk_reason(self, row: Row) -> str:
        """The raised flags' sentences in one text, worst first, as many as fit."""
        text = ""
        for sentence in self.flag_reasons(row).values():
            if len(text) + 1 + len(sentence) <= LIMIT:
                text = f"{text} {sentence}".strip()
        return text

    def action(self, play: str | None) -> str:
        """What to do next, by the key of a play."""
        return shorten(in_language(self.models.plays[play].action, self.language)) if play else ""

    def _sentence(self, wording: Wording, row: Row) -> str:
        blanks = _Blanks(lambda name: self._blank(name, row))
        return shorten(in_language(wording.text, self.language).format_map(blanks))

    def _blank(self, name: str, row: Row) -> str:
        if name in _AGES:
            return self._date(row[_AGES[name]])
        if name in SPANS:
            days = row[SPANS[name]]
            return Unknown("?") if days is None else Span.of(max(1, _span(name, days)), self.formats)
        if name == "rhythm":
            return self._rhythm(row)
        if name == "trend":
            return span_text(int(self.mapping.thresholds["trend_days"]), self.formats)
        if name == "last_sign":
            ages = [row[n] for n in _SIGNS if row[n] is not None]
            return self._date(min(ages, default=None))
        if name in self.models.derived and self.models.derived[name].dated:
            return self._counted(name, row[name])
        value = row.get(_COUNTS.get(name, name))
        if isinstance(value, date):
            return day_text(value, self.formats)
        if isinstance(value, (int, float)):
            return Number.of(value, self.formats)
        return Unknown("?") if value is None else str(value)

    def _rhythm(self, row: Row) -> str:
        """How often the customer buys, as a clause."""
        found = rhythm_words.told(*(row[fact] for fact in rhythm_words.FACTS))
        if found is None:
            return "?"
        kind, days = found
        clause = rhythm_words.CLAUSES[self.language][kind]
        return clause.format(days=Number.of(days, self.formats))

    def _counted(self, name: str, days: float | None) -> str:
        """The date that a derived fact counts its days from or to."""
        backward = self.models.derived[name].spec.moves == "since"
        return self._date(days if days is None or backward else -days)

    def _date(self, age: float | None) -> str:
        return "?" if age is None else day_text(self.day - timedelta(days=int(age)), self.formats)


def _facts(blank: str) -> tuple[str, ...]:
    """The facts that a blank is filled from."""
    if blank in _MADE_OF:
        return _MADE_OF[blank]
    named = {**_AGES, **SPANS, **_COUNTS}
    return () if blank == "trend" else (named.get(blank, blank),)


def _span(name: str, days: float) -> int:
    """A usual gap is rounded; a limit that silence must exceed is its whole days."""
    return int(days + 0.5) if name == "gap" else int(days)
