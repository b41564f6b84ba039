"""Which findings between the parts of a mapping rest on a value that could not be read: they are not told.

The shipped default stands in for such a value, and nothing may be said of a number that stands nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from plugin.mapping.clash import Clash
from plugin.mapping.positions import Document, Path

_KEY = "<key>"


class Unread:
    """The values of a document that could not be read, by the paths of the complaints about them."""

    def __init__(self, document: Document, wrong: Iterable[Path]) -> None:
        at = {(one.line, one.column) for one in document.faults}
        paths = [*wrong, *(path for path, place in document.places.items() if at and place in at)]
        self.places = document.places
        self.unknown = {path[:-2] for path in paths if path[-1:] == (_KEY,)}  # beside what
        self.values = {path[:-1] if path[-1:] == (_KEY,) else path for path in paths}
        self.above = {path[:n] for path in self.values for n in range(len(path))}

    def carries(self, clash: Clash) -> bool:
        """Whether a finding rests on something that could not be read."""
        if not self.values:
            return False
        about = (*clash.paths[:1], *clash.rests_on)
        return any(one in self.above for one in about) or any(
            self._is_unread(path) for path in (*clash.paths, *clash.rests_on)
        )

    def _is_unread(self, path: Path) -> bool:
        """Whether a fault stands at a path or above it, or beside it a key that may be it."""
        parts = [path[:n] for n in range(len(path) + 1)]
        beside = (part for part in parts[1:] if part not in self.places and part[:-1] in self.unknown)
        return any(part in self.values for part in parts) or any(beside)
