"""Fits a preset to a portal or CSV files: what is missing or empty there is commented out, with why. Pure.

So a first file says nothing that they contradict, and every line that may come to count later is still
there to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugin.mapping.clash import Named, named_properties
from plugin.mapping.first_file import pipeline_line
from plugin.mapping.load import read_mapping
from plugin.mapping.portal_facts import PortalFacts
from plugin.mapping.positions import Document, read_yaml

_HEAD = {
    False: (
        "# Fitted to the portal: what is missing or empty there is commented out, with the reason.",
        "# Its deal pipelines, by id, with their stages:",
    ),
    True: (
        "# Fitted to CSV files: what is missing or empty in them is commented out, with the reason.",
        "# Their deal pipelines, with their stages:",
    ),
}


@dataclass(frozen=True)
class Fitted:
    """The file's text, and what was commented out, as `section.key (property, property)`."""

    text: str
    left_out: tuple[str, ...]


def fitted(text: str, facts: PortalFacts) -> Fitted:
    """A preset's text for this portal. Of a list nothing may be left: then it is empty, not the default's."""
    document, lines = read_yaml(text.encode()), text.splitlines()
    named = named_properties(read_mapping(text.encode())[0])
    sources = [one for one in named if one.object_type != "deal" and one.path in document.places]
    idle = {one: why for one in sources if (why := _idle(one, facts)) and _alone(lines, document, one)}
    for one, why in idle.items():
        number = _row(document, one)
        lines[number] = _commented(lines[number], why)
    for key in {one.path[:2] for one in idle if len(one.path) > 2}:
        if all(one in idle for one in sources if one.path[:2] == key):
            number = document.places[(*key, "<key>")][0] - 1
            lines[number] = lines[number].replace(":", ": []", 1)
    pipelines = [f"#   {pipeline_line(one)}" for one in facts.pipelines]
    head = _HEAD[facts.files][: 2 if pipelines or not facts.files else 1]
    return Fitted("\n".join([*head, *pipelines, "", *lines]) + "\n", tuple(_by_key(idle)))


def _idle(one: Named, facts: PortalFacts) -> str:
    """Why a source says nothing in this portal; "" where it does, or where nothing is known."""
    have = facts.properties.get(one.object_type)
    if not have:
        return ""
    if one.name not in have:
        return f"{facts.where(one.object_type)} has no such {'column' if facts.files else 'property'}"
    empty = have[one.name].filled == 0 and facts.records.get(one.object_type)
    return f"empty in every {one.object_type} there" if empty else ""


def _by_key(idle: Iterable[Named]) -> Iterator[str]:
    keys: dict[str, list[str]] = {}
    for one in idle:
        keys.setdefault(f"{one.path[0]}.{one.path[1]}", []).append(one.name)
    return (f"{key} ({', '.join(names)})" for key, names in keys.items())


def _row(document: Document, one: Named) -> int:
    return document.places[one.path][0] - 1


def _alone(lines: list[str], document: Document, one: Named) -> bool:
    """Whether the source has a line of its own, which can be commented out."""
    line = lines[_row(document, one)]
    return re.fullmatch(rf"\s*(- |[a-z_]+: ){re.escape(one.name)}(\s+#.*)?", line) is not None


def _commented(line: str, why: str) -> str:
    indent, said = line[: len(line) - len(line.lstrip())], line.strip()
    return f"{indent}# {said} ({why})" if " #" in said else f"{indent}# {said}  # {why}"
