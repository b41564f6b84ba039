"""Cells that hold ids: what is no id, is missing or stands twice is a fault at its line."""

from __future__ import annotations

import re

from plugin.records.csv_text import Faults, Table

#: Ids exceed 32 bits; a store's column holds 63.
LARGEST = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,40}")
_SHOWN = 40
#: More faults than this, of most cells of a column, are one: the column holds something else.
_MANY = 3
_CURE = "Write the id as digits; open exports as text, a spreadsheet shortens long numbers (5.1E+10)."


def shown(text: str) -> str:
    """A cell or header for a message: not too long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class Ids:
    """Reads the columns of a table that hold ids."""

    def __init__(self, table: Table, faults: Faults) -> None:
        self.table = table
        self.faults = faults
        self._wrong: list[tuple[str, int]] = []  # of the column that is read: text, line
        self._read = 0

    def _one(self, text: str, line: int) -> int | None:
        self._read += 1
        if _DIGITS.fullmatch(text) and 0 < int(text) <= LARGEST:
            return int(text)
        self._wrong.append((text, line))
        return None

    def _tell(self, place: int) -> None:
        """Note what was no id in a column that was read: each, or once where that are most of its cells."""
        wrong, read, file = self._wrong, self._read, self.table.file
        self._wrong, self._read = [], 0
        if len(wrong) > _MANY and 2 * len(wrong) > read:
            (text, line), header = wrong[0], shown(self.table.headers[place])
            said = f"{shown(text)!r} is not an id, nor are {len(wrong) - 1:,} more values of {header!r}."
            self.faults.add(file, line, said, _CURE)
            return
        for text, line in wrong:
            self.faults.add(file, line, f"{shown(text)!r} is not an id.", _CURE)

    def unique(self, place: int) -> list[int]:
        """The records' own ids; one that is missing or stands twice is a fault."""
        first: dict[int, int] = {}
        ids = []
        for row, line in zip(self.table.rows, self.table.lines, strict=True):
            found = self._one(row[place].strip(), line) or 0
            if found and found in first:
                said = f"The id {found} stands on line {first[found]} already."
                self.faults.add(self.table.file, line, said, "Keep one row a record.")
            first.setdefault(found, line)
            ids.append(found)
        self._tell(place)
        return ids

    def optional(self, place: int | None) -> list[int | None]:
        """An id or nothing in each row."""
        if place is None:
            return [None] * len(self.table.rows)
        cells = zip(self.table.rows, self.table.lines, strict=True)
        ids = [self._one(row[place].strip(), line) if row[place].strip() else None for row, line in cells]
        self._tell(place)
        return ids

    def lists(self, place: int | None) -> list[list[int]]:
        """Ids parted by semicolons; an empty cell is an empty list."""
        if place is None:
            return [[] for _ in self.table.rows]
        found: list[list[int]] = []
        for row, line in zip(self.table.rows, self.table.lines, strict=True):
            if not row[place]:
                found.append([])
                continue
            parts = [part.strip() for part in row[place].split(";")]
            ids = [self._one(part, line) for part in parts if part]
            found.append([id_ for id_ in ids if id_ is not None])
        self._tell(place)
        return found
