"""Reasons of loss in seven categories: what a rep wrote, sorted by the mapping's list, else by key words."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Beginnings of words, English, Russian and Polish, in the order tried. A reason that fits none is `other`,
#: no reason is `unknown`.
WORDS: Mapping[str, str] = {
    "price": (
        "pric expens cost budget discount cheap afford цен дорог бюджет скидк "
        "cena ceny cenę cenie cenow drog budżet budzet koszt rabat"
    ),
    "service": (
        "servic support deliver shipp late(?!r|st) slow сервис обслуж поддерж достав "
        "obsług obslug dostaw serwis wsparci"
    ),
    "quality": (
        "quality defect broke bug fault feature качеств брак дефект поломк jakoś jakos wad usterk awari"
    ),
    "changed_needs": (
        "need no_longer require chang clos moved bankrupt timing later postpon project "
        "потребн не_нуж неактуал закры позже отлож potrzeb nieaktual zmian zamkn później pozniej odłoż odloz"
    ),
    "weak_communication": (
        "communicat contact respon reply repli follow ghost silen call(?:ed)?_back heard forgot "
        "коммуник связ контакт не_отвеч молч перезвон забыл komunik kontakt odpowied odpowiad oddzwon zapomn"
    ),
}


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words.split())})".replace("_", r"\s"), re.IGNORECASE)


_FOUND = {name: _pattern(words) for name, words in WORDS.items()}


def category(text: str | None, named: Mapping[str, str]) -> str:
    """The category of a reason; `named` is the mapping's own list (text → category), case left aside."""
    plain = (text or "").strip()
    if not plain:
        return "unknown"
    if plain.casefold() in named:
        return named[plain.casefold()]
    return next((name for name, words in _FOUND.items() if words.search(plain)), "other")
