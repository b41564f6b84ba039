"""What each key of a mapping file means, in a sentence: for editors, and for the reference.

The keys of the shipped default are described where they stand, by its comments; the rest is said here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ruamel.yaml import YAML

from plugin.mapping.load import default_text

#: An entry of `derived_facts`.
DERIVED = {
    "name": "as rules write it",
    "type": "number, text, bool or date",
    "function": "the name of an entry point of the group `lifecycle.facts`",
    "reads": "the columns that the function gets: facts, `extras`, derived facts listed before, `day`",
    "moves": "what time alone does to it: `still` (default), `since` and `until` (the function returns "
    "a date), or `any`",
    "meaning": "a sentence for people",
}
#: A source in its long form, anywhere in `purchase`, `contact` and `company`.
SOURCE = {
    "property": "the property's internal name",
    "type": "how its values are written: number, date, datetime, boolean, enumeration or text",
    "format": "of date and datetime: how they are written, in YYYY YY MM M DD D HH H mm ss and the signs "
    "between, as in `DD.MM.YYYY`; without it as HubSpot writes its own types (`2026-01-31`); YY is 20YY",
    "decimal": "of number: the sign before the decimals, `.` (default) or `,`",
    "thousands": "of number: the sign between thousands, where one may stand: `.`, `,`, `'` or a space",
    "scale": "of number: what it is multiplied by, as 0.01 where the property holds cents",
    "values": "a text in the CRM: what it stands for; empty: nothing. Of boolean and enumeration it lists "
    "all texts that can be read; of the other types, those that differ from the rest. Capitals do not matter",
}
#: An entry of `outputs`.
OUTPUT = {
    "name": "the property in the CRM",
    "write": "false: not written",
    "mode": "overwrite, if_empty (only into an empty field), unless_human (leaves what a person typed)",
    "label": "the property's label for people instead of ours",
    "values": "our value: the portal's own option; values not named are written as they are",
    "stages": "of `lifecyclestage`: our stage: HubSpot's own",
}


@dataclass(frozen=True)
class Key:
    """A key of the shipped default: its dotted path, the default as it is written there, and its meaning."""

    path: str
    written: str
    meaning: str


def keys() -> list[Key]:
    """Every key of the shipped default, in its order."""
    found = list(_read(default_text().splitlines()))
    contact = {key.path: key.meaning for key in found if key.path.startswith("contact.")}
    same = (contact.get("contact." + key.path.partition(".")[2], "") for key in found)
    return [Key(k.path, k.written, k.meaning or meaning) for k, meaning in zip(found, same, strict=True)]


def default_at(path: str) -> Any:
    """The shipped default of a key; None where it is empty, or has none of its own."""
    value = _defaults()
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


@cache
def _defaults() -> Any:
    return YAML(typ="safe", pure=True).load(default_text())


def _read(lines: Iterable[str]) -> Iterator[Key]:
    section, above, last = "", "", None
    for line in lines:
        if line.startswith("#"):
            above = f"{above} {line.lstrip('# ')}".strip()
        elif match := re.match(r"^( *)([a-z_0-9]+):(.*)$", line):
            indent, key, rest = match.groups()
            value, _, comment = rest.partition("#")
            section = section if indent else key
            if last:
                yield last
            meaning = comment.strip() or ("" if indent else above)
            last, above = Key(f"{section}.{key}" if indent else key, value.strip(), meaning), ""
        elif last and (item := re.match(r"^ *- (.*)$", line)):
            last = Key(last.path, f"{last.written}, {item[1]}".removeprefix(", "), last.meaning)
        else:
            above = ""
    if last:
        yield last
