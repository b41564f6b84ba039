"""YAML text as plain values that remember where they stood: no objects, no aliases, no surprises.

Reads the parser's events itself, so that nothing is ever constructed from a tag, a bomb of aliases cannot go
off and every value has its line and column. Values are dict, list, str, int, float, bool and None (YAML 1.2).
"""

from __future__ import annotations

import math
import re
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from plugin.mapping.file_bytes import MAX_BYTES
from plugin.mapping.findings import Finding
from plugin.mapping.yaml_faults import joined, syntax_fault

MAX_DEPTH = 20
Path = tuple[str | int, ...]
Node = ScalarEvent | MappingStartEvent | SequenceStartEvent

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass
class Document:
    """A file's value, the place (line, column) of every key and value by its path, and what was wrong."""

    value: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    faults: list[Finding] = field(default_factory=list)
    complete: bool = True  # False: reading stopped before the end

    def place(self, path: Path) -> tuple[int, int]:
        """Where the path stands; a path that is not in the file stands at its nearest parent."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def fault(self, place: tuple[int, int], message: str, cure: str) -> None:
        """Note an error at a place."""
        self.faults.append(Finding(*place, "error", message, cure))


def read_yaml(raw: bytes) -> Document:
    """The document in these bytes; faults are in the answer, nothing is raised for them."""
    kept = _read(raw)
    return Document(deepcopy(kept.value), dict(kept.places), list(kept.faults), kept.complete)


@lru_cache(maxsize=8)  # one check looks at a file several times, and parsing is most of what it costs
def _read(raw: bytes) -> Document:
    document = Document()
    text = _decode(raw, document)
    if text is None:
        return document
    try:
        _Builder(document).run(text)
    except YAMLError as error:
        document.complete = False
        found = syntax_fault(error, text)
        document.fault(found.place, f"This is not YAML: {found.message}.", found.cure)
    return document


def _decode(raw: bytes, document: Document) -> str | None:
    document.complete = False
    if len(raw) > MAX_BYTES:
        document.fault((1, 1), f"The file has over {MAX_BYTES:,} bytes.", "Keep it smaller.")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        document.fault((line, column), "A character here is not UTF-8.", "Save the file as UTF-8.")
        return None
    document.complete = True
    return text


class _Builder:
    """Turns events into values; the stack holds the containers that are open."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stack: list[tuple[Any, Path]] = []  # (container, its path)
        self.key: list[str | None] = []  # per open mapping the key that waits for its value
        self.documents = 0

    def run(self, text: str) -> None:
        """Read every event; stop at the first that makes the rest meaningless."""
        for event in YAML(typ="safe", pure=True).parse(text):
            if not self.take(event):
                self.document.complete = False
                return

    def take(self, event: Event) -> bool:
        """One event; False: no use in going on."""
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.document.fault(
                    place, "A second document starts here.", "Keep one document, without `---`."
                )
                return False
        elif isinstance(event, AliasEvent):
            self.document.fault(place, f"`*{event.anchor}` is an alias.", "Write the value out.")
            self.put(None, place)
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            container, _ = self.stack.pop()
            if isinstance(container, dict):
                self.key.pop()
        elif isinstance(event, Node):
            return self.node(event, place)
        return True

    def node(self, event: Node, place: tuple[int, int]) -> bool:
        """A scalar, or the start of a list or mapping."""
        if event.tag is not None and event.tag not in {"!", "tag:yaml.org,2002:str"}:
            self.document.fault(place, f"The tag {event.tag} is not accepted.", "Write a plain value.")
        if isinstance(event, ScalarEvent):
            event.value = joined(event.value)
            if any("\ud800" <= char <= "\udfff" for char in event.value):
                self.document.fault(
                    place, "Half a character stands here (U+D800 to U+DFFF).", "Write it whole."
                )
            self.put(_scalar(event), place, event.value)
            return True
        container: Any = {} if isinstance(event, MappingStartEvent) else []
        path = self.put(container, place)
        self.stack.append((container, path))
        if isinstance(event, MappingStartEvent):
            self.key.append(None)
        if len(self.stack) > MAX_DEPTH:
            self.document.fault(place, "This is nested too deeply.", f"Nest at most {MAX_DEPTH} levels.")
            return False
        return True

    def put(self, value: Any, place: tuple[int, int], text: str | None = None) -> Path:
        """Place a value into the container that is open; answers its path."""
        if not self.stack:
            self.document.value = value
            self.document.places[()] = place
            return ()
        container, path = self.stack[-1]
        if isinstance(container, list):
            container.append(value)
            here: Path = (*path, len(container) - 1)
            self.document.places[here] = place
            return here
        return self._put_pair(container, path, value, place, text)

    def _put_pair(
        self, container: Any, path: Path, value: Any, place: tuple[int, int], text: str | None
    ) -> Path:
        """A mapping's next key, or the value of the key before."""
        key = self.key[-1]
        if key is not None:
            container[key] = value
            self.key[-1] = None
            here: Path = (*path, key)
            # an empty value stands at its key, so that the message points at something
            self.document.places[here] = self.document.places[here] if value is None else place
            return here
        name = text if text is not None else "?"
        if text is None:
            self.document.fault(place, "A key must be a word, not a list or mapping.", "Write `key: value`.")
        if name in container:
            self.document.fault(place, f"`{name}` stands here twice.", "Keep one of the two.")
        self.key[-1] = name
        self.document.places[(*path, name)] = place
        self.document.places[(*path, name, "<key>")] = place
        return (*path, name)


def _scalar(event: ScalarEvent) -> Any:
    """The value of a plain scalar by YAML 1.2's core schema; quoted and block ones are text."""
    text: str = event.value
    if event.style is not None or event.tag is not None:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
