"""The portfolio's words: label, definition, numerator and denominator of each metric, reasons, headings."""

from __future__ import annotations

from plugin.portfolio.texts_en import EN
from plugin.portfolio.texts_pl import PL
from plugin.portfolio.texts_ru import RU

Words = dict[str, str]
#: language → key → text; a metric's entry is `label|definition|numerator|denominator`.
TEXTS: dict[str, Words] = {"en": EN, "ru": RU, "pl": PL}


def words(language: str) -> Words:
    """The texts of a language."""
    return TEXTS.get(language, EN)


def metric_words(key: str, language: str) -> dict[str, str]:
    """`label`, `definition`, `numerator`, `denominator` of a metric; the last two may be empty."""
    parts = words(language)[f"metric.{key}"].split("|")
    names = ("label", "definition", "numerator", "denominator")
    return dict(zip(names, (*parts, "", "", "")[:4], strict=True))


def reason_words(reason: str | None, n: int, gate: int, language: str) -> str | None:
    """Why a figure is withheld, as a sentence."""
    return words(language)[f"reason.{reason}"].format(n=n, gate=gate) if reason else None
