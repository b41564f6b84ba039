"""CSV files as rows with their line numbers; every fault is noted with a cure, none is guessed away."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from plugin.errors import InputError

SHOWN = 20
#: Longest cell: a company with 100,000 contacts fits.
MAX_CELL = 4_000_000


@dataclass
class Faults:
    """What is wrong in the files of one reading; `refuse` raises them all as one InputError."""

    lines: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, file: Path, line: int, message: str, cure: str) -> None:
        """Note one fault; beyond the first twenty only their number."""
        self.count += 1
        if self.count <= SHOWN:
            self.lines.append(f"{file}:{line}: {message} Cure: {cure}")

    def refuse(self) -> None:
        """Raise InputError if anything is wrong."""
        if not self.count:
            return
        more = f"\n  ... and {self.count - SHOWN} more." if self.count > SHOWN else ""
        head = "One fault in the records:" if self.count == 1 else f"{self.count} faults in the records:"
        listed = "\n".join(f"  {line}" for line in self.lines)
        cure = "Correct the named lines and run the command again."
        raise InputError(f"{head}\n{listed}{more}\n", cure=cure, count=self.count)


@dataclass
class Table:
    """A CSV file: its headers, its rows of the same width, and the line on which each row begins."""

    file: Path
    headers: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_text(file: Path, faults: Faults) -> str | None:
    """The file's text; a file that is missing or not UTF-8 is a fault."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        faults.add(file, 1, f"The file cannot be read: {error.strerror}.", "Check the path.")
        return None
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        faults.add(file, 1, "The file is UTF-16.", "Save it as UTF-8 (Excel: «CSV UTF-8»).")
        return None
    try:
        return _with_line_feeds(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        word = raw[max(0, error.start - 10) : error.start + 10].decode("cp1252", "replace").split("\n")[0]
        said = f"The file is not UTF-8; near here it looks like Latin-1 (Windows-1252): {word!r}."
        faults.add(
            file, line, said, "Save it as UTF-8 (Excel: «CSV UTF-8»), or run: iconv -f CP1252 -t UTF-8."
        )
        return None


def _with_line_feeds(text: str) -> str:
    """The text as it is, but for one whose lines end with carriage returns alone."""
    return text if "\n" in text else text.replace("\r", "\n")


def read_table(file: Path, faults: Faults) -> Table | None:
    """The file's header and rows; comma, semicolon, tab or | by the header line."""
    text = read_text(file, faults)
    if text is None:
        return None
    skip = 1 if text[:4].lower() == "sep=" else 0  # Excel's own note of the delimiter
    head = text.split("\n", 2)[skip] if skip < text.count("\n") + 1 else ""
    numbered = numbered_rows(file, _lines(text), _delimiter(head), faults)
    first = next((row for row in numbered if row[0] > skip), None)
    if first is None:
        faults.add(file, 1, "The file is empty.", "It needs a line of headers, then a line a record.")
        return None
    table = Table(file, [header.strip() for header in first[1]], [], [])
    for line, cells in numbered:
        take_row(table, line, cells, faults)
    return table


def take_row(table: Table, line: int, cells: list[str], faults: Faults) -> None:
    """Add a row to the table; one of another width is a fault, one of empty cells alone is none."""
    if not any(cell.strip() for cell in cells):
        return  # spreadsheets leave such rows at the end
    if len(cells) != len(table.headers):
        said = f"This row has {len(cells)} cells, the header has {len(table.headers)}."
        faults.add(table.file, line, said, "Quote cells that hold the delimiter or a line break.")
        return
    table.rows.append(cells)
    table.lines.append(line)


def _delimiter(head: str) -> str:
    """The sign that parts the headers most often, outside quotes."""
    bare = "".join(head.split('"')[::2])
    most = max(",;\t", key=bare.count)
    return "|" if "|" in bare and most not in bare else most


def numbered_rows(
    file: Path, lines: Iterable[str], delimiter: str, faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of every row that is not blank; `lines` with their ends."""
    before = csv.field_size_limit(MAX_CELL)
    begins = 1
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        cure = "Close the quote that opens on this line; write a quote inside a cell twice."
        faults.add(file, begins, f"From this line on the file is broken: {error}.", cure)
    finally:
        csv.field_size_limit(before)


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, parted at line feeds only: cells may hold every other sign."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end
