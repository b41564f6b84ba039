"""A document without what is wrong in it: every value keeps its place, also where a list moves up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from plugin.mapping.positions import Document, Path

KEY = "<key>"
GONE = "<gone>"
#: The sections in which a property may be declared, `{property: …, type: …}`.
_SOURCES = ("purchase", "contact", "company")


class Remainder:
    """What is left of a document; `faults` are the paths of what was taken out, as paths of what is left.

    A path ends with GONE where an entry of a list was taken out, with KEY where a key is unknown.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: set[Path] = set()

    def take_out(self, complaints: Iterable[Path]) -> None:
        """Take out what each complaint is about; of a declared property its name is kept."""
        out: set[Path] = set()
        names: dict[Path, str] = {}
        value = self.document.value
        for complaint in complaints:
            path = _reached(value, complaint)
            source = next((path[:n] for n in range(2, len(path) + 1) if _named(value, path[:n])), None)
            if source is not None and path != (*source, "property"):
                names[source] = _named(value, source)
            else:
                out.add(path)
            unknown = complaint[-1:] == (KEY,) and source is None
            self.faults.add((*path, KEY) if unknown else path)
        self.faults = {_faulty(path, out) for path in self.faults}
        self._keep(out, {path: name for path, name in names.items() if not _within(path, out)})

    def _keep(self, out: set[Path], names: dict[Path, str]) -> None:
        """What follows in a list moves up, with its place."""
        places = {
            _moved(path, out): place for path, place in self.document.places.items() if not _within(path, out)
        }
        value = {} if () in out else _pruned(self.document.value, (), out, names)
        self.document = replace(self.document, value=value, places=places)


def _reached(value: Any, path: Path) -> Path:
    """The part of a complaint's path that leads to something in the document."""
    reached: Path = ()
    for part in path:
        known = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        if part not in known:
            break
        value = value[part]
        reached = (*reached, part)
    return reached


def _named(value: Any, path: Path) -> str:
    """The property that is declared at a path; "" if none is."""
    for part in path:
        value = value[part]
    name = value.get("property") if path[0] in _SOURCES and isinstance(value, dict) else None
    return name if isinstance(name, str) else ""


def _within(path: Path, out: set[Path]) -> bool:
    return any(path[:n] in out for n in range(len(path) + 1))


def _faulty(path: Path, out: set[Path]) -> Path:
    """A fault's path in what is left."""
    gone = next((path[:n] for n in range(len(path) + 1) if path[:n] in out), path)
    moved = _moved(gone, out)
    return (*moved[:-1], GONE) if gone in out and moved and isinstance(moved[-1], int) else _moved(path, out)


def _moved(path: Path, out: set[Path]) -> Path:
    return tuple(_place(path[:n], part, out) for n, part in enumerate(path))


def _place(above: Path, part: str | int, out: set[Path]) -> str | int:
    return part - sum((*above, n) in out for n in range(part)) if isinstance(part, int) else part


def _pruned(value: Any, path: Path, out: set[Path], names: dict[Path, str]) -> Any:
    if path in names:
        return names[path]
    if isinstance(value, dict):
        return {k: _pruned(v, (*path, k), out, names) for k, v in value.items() if (*path, k) not in out}
    if isinstance(value, list):
        kept = [(n, below) for n, below in enumerate(value) if (*path, n) not in out]
        return [_pruned(below, (*path, n), out, names) for n, below in kept]
    return value
