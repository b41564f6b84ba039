"""Cells that hold ids: what is no id, is missing or stands twice is a fault at its line."""

from __future__ import annotations

import re

from plugin.records.csv_text import Faults, Table

#: Ids exceed 32 bits; a store's column holds 63.
LARGEST = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,40}")
_SHOWN = 40


class Ids:
    """Reads the columns of a table that hold ids."""

    def __init__(self, table: Table, faults: Faults) -> None:
        self.table = table
        self.faults = faults

    def _one(self, text: str, line: int) -> int | None:
        if _DIGITS.fullmatch(text) and 0 < int(text) <= LARGEST:
            return int(text)
        cure = "Write the id as digits; open exports as text, a spreadsheet shortens long numbers (5.1E+10)."
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        self.faults.add(self.table.file, line, f"{shown!r} is not an id.", cure)
        return None

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
        return ids

    def optional(self, place: int | None) -> list[int | None]:
        """An id or nothing in each row."""
        if place is None:
            return [None] * len(self.table.rows)
        cells = zip(self.table.rows, self.table.lines, strict=True)
        return [self._one(row[place].strip(), line) if row[place].strip() else None for row, line in cells]

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
        return found
