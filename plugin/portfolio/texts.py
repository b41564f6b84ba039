"""The portfolio's words: label, definition, numerator and denominator of each metric, reasons, headings."""

from __future__ import annotations

from plugin.portfolio import screen_en, screen_pl, screen_ru
from plugin.portfolio.texts_en import EN
from plugin.portfolio.texts_pl import PL
from plugin.portfolio.texts_ru import RU

Words = dict[str, str]
#: language → key → text; a metric's entry is `label|definition|numerator|denominator`.
TEXTS: dict[str, Words] = {
    "en": {**EN, **screen_en.EN},
    "ru": {**RU, **screen_ru.RU},
    "pl": {**PL, **screen_pl.PL},
}


def words(language: str) -> Words:
    """The texts of a language."""
    return TEXTS.get(language, TEXTS["en"])


def metric_words(key: str, language: str) -> dict[str, str]:
    """`label`, `definition`, `numerator`, `denominator` of a metric; the last two may be empty."""
    parts = words(language)[f"metric.{key}"].split("|")
    names = ("label", "definition", "numerator", "denominator")
    return dict(zip(names, (*parts, "", "", "")[:4], strict=True))


def reason_words(reason: str | None, key: str, basis: str, gate: int, language: str) -> str | None:
    """Why a metric is withheld, and what to do about it; `basis` says in words how many it rests on."""
    if not reason:
        return None
    said = words(language)
    return said.get(f"reason.{reason}.{key}", said[f"reason.{reason}"]).format(basis=basis, gate=gate)
