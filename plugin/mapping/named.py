"""What a mapping file names that other files speak of, read from the file as it is, faults and all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from plugin.mapping.positions import Path, read_yaml

#: Sections that declare no names of their own for conditions: a misspelt threshold has a right name too.
_ELSEWHERE = (
    *("version", "customer", "time_zone", "currency", "language", "locale", "purchase", "thresholds"),
    *("models", "rules", "outputs", "headers", "loss_reasons", "csat_scale", "spend"),
)


def models_named(raw: bytes) -> Iterator[tuple[Path, str]]:
    """(path, name) of every stage model that the file chooses, in the order of the file's keys."""
    document = read_yaml(raw)
    models = document.value.get("models") if isinstance(document.value, dict) else None
    given = models if isinstance(models, dict) else {}
    if isinstance(primary := given.get("primary"), str):
        yield ("models", "primary"), primary
    secondary = given.get("secondary")
    if isinstance(secondary, str):
        yield ("models", "secondary"), secondary
    for place, name in enumerate(secondary if isinstance(secondary, list) else ()):
        if isinstance(name, str):
            yield ("models", "secondary", place), name


def words_declared(raw: bytes) -> set[str]:
    """Every word by which the file may declare a fact, as conditions would name it.

    Of a file that cannot be read to its end these are all words in it.
    """
    document = read_yaml(raw)
    if not document.complete or not isinstance(document.value, dict):
        return set(re.findall(r"\w+", raw.decode("utf-8", "replace")))
    return {
        re.sub(r"\W+", "_", word.lower()).strip("_")
        for section, value in document.value.items()
        if section not in _ELSEWHERE
        for word in _words(value)
    }


def _words(value: Any) -> Iterator[str]:
    """Every key and text within a value."""
    if isinstance(value, str):
        yield value
    for key, below in value.items() if isinstance(value, dict) else ():
        yield key
        yield from _words(below)
    for below in value if isinstance(value, list) else ():
        yield from _words(below)
