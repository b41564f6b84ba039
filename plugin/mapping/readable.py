"""What can be read of a mapping file in spite of its faults, so that the rest can be held against a portal.

What is wrong is taken out of the document until the remainder is in order. The shipped default stands in for
what was taken out: nothing that rests on such a stand-in may be told as a fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import NoneType

from plugin.mapping.clash import Clash
from plugin.mapping.findings import Finding
from plugin.mapping.load import complaints, mapping_of, placed
from plugin.mapping.model import Mapping
from plugin.mapping.positions import Document, Path, read_yaml
from plugin.mapping.remainder import KEY, Remainder
from plugin.mapping.upgrades import upgrade


@dataclass(frozen=True)
class Readable:
    """The mapping of what can be read, the document without what cannot, and the paths of that."""

    mapping: Mapping
    document: Document
    faults: frozenset[Path]

    def told(self, clashes: Iterable[Clash]) -> list[Finding]:
        """Those that rest on what the file says, or on what it leaves to the default, in the file's order."""
        return sorted(placed(self.document, one) for one in clashes if self._holds(one))

    def _holds(self, clash: Clash) -> bool:
        if not self.faults:
            return True
        if not clash.paths or any(self.is_doubtful(path) for path in clash.rests_on):
            return False
        stated = any(len(path) > 1 and path in self.document.places for path in clash.paths)
        if stated or clash.paths[0] in self.document.places:
            return not any(self._is_misspelt(fault, clash.paths[0]) for fault in self.faults)
        return not (self.is_doubtful(clash.paths[0]) or self.is_doubtful(("customer",)))

    def is_doubtful(self, path: Path) -> bool:
        """Whether a fault stands at a path, above or below it, or beside it a key that may be it."""
        return any(_meet(fault, path) or self._is_misspelt(fault, path) for fault in self.faults)

    def _is_misspelt(self, fault: Path, path: Path) -> bool:
        """Whether an unknown key stands beside one of the path's that does not stand in the file."""
        if fault[-1:] != (KEY,):
            return False
        above = len(fault) - 2
        return path[:above] == fault[:above] and path[: above + 1] not in self.document.places


def _meet(fault: Path, path: Path) -> bool:
    shorter = min(len(fault), len(path))
    return fault[:shorter] == path[:shorter]


def readable(raw: bytes) -> Readable | None:
    """What can be read of a file; None where it is not YAML to its end, or no mapping."""
    document = read_yaml(raw)
    upgrade(document)
    if not document.complete or not isinstance(document.value, (dict, NoneType)):
        return None
    remainder = Remainder(document)
    found = [path for one in document.faults if (path := _path_at(document, one))]
    found += [path for path, _ in complaints(document.value or {})[1]]
    while found and remainder.document.value:
        remainder.take_out(found)
        found = [path for path, _ in complaints(remainder.document.value)[1]]
    return _of(remainder.document, frozenset(remainder.faults))


def _of(document: Document, faults: frozenset[Path]) -> Readable:
    found = Readable(mapping_of(complaints(document.value or {})[0]), document, faults)
    if found.is_doubtful(("customer",)) and ("company",) in document.places:
        both = replace(found.mapping, customer="both")  # so that what the file says of either is looked at
        return replace(found, mapping=both)
    return found


def _path_at(document: Document, finding: Finding) -> Path:
    """The path that a fault of the YAML stands at: of a key that stands twice, else of a value."""
    at = [path for path, place in document.places.items() if place == (finding.line, finding.column)]
    keys = [path[:-1] for path in at if path[-1:] == (KEY,)]
    return max(keys or at, key=len, default=())
