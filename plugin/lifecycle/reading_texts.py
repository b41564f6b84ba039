"""The words of the account of what was read and what was left out, in English, Russian and Polish.

What is in code (`closedate`, a command) is the same in all.
"""

from __future__ import annotations

import re

from plugin.lifecycle import reading_en, reading_pl, reading_ru
from plugin.lifecycle.reading_words import Words

WORDS: dict[str, Words] = {"en": reading_en.TEXTS, "ru": reading_ru.TEXTS, "pl": reading_pl.TEXTS}
_WRITTEN = re.compile(r"(not a \w+ written )(.+)")


def problem(said: str, words: Words) -> str:
    """What is wrong with a value, in the language; as it was said where there are no words for it."""
    if found := _WRITTEN.fullmatch(said):
        text = words.problems.get(found[1] + "{form}")
        return text.replace("{form}", found[2]) if text else said
    return words.problems.get(said, said)
