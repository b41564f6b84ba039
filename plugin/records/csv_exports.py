"""A file that HubSpot's Exports API made, a part at a time: plain CSV or a zip of several, of any size.

Headers are internal names but for the id and the associations (`Record ID`, `Associated Contact IDs`, and
beside it one column for each label, `Associated Company IDs (Primary)`).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from plugin.records.csv_headers import resolve
from plugin.records.csv_ids import Ids
from plugin.records.csv_text import Faults, Table, numbered_rows, take_row

_LABELLED = re.compile(r"Associated (\w+) IDs \((.+)\)", re.IGNORECASE)
_ZIP = b"PK\x03\x04"
Links = list[tuple[int, bool]]


@dataclass(frozen=True)
class ExportedRow:
    """One record: its cells as they stand in the file, and its links: object type → (id, is primary)."""

    id: int
    cells: dict[str, str]
    links: dict[str, Links] = field(default_factory=dict)


def exported_rows(
    file: BinaryIO, names: Sequence[str], types: Sequence[str], *, skip: int = 0, at_once: int = 1_000
) -> Iterator[list[ExportedRow]]:
    """The rows after the first `skip`, up to `at_once` at a time.

    `names` are the properties and `types` the associated object types that were asked for. Raises InputError
    for a file that is cut, lacks one of their columns, or has a row that cannot be read.
    """
    faults = Faults()
    for table in _tables(file, at_once, faults):
        faults.refuse()
        passed = min(skip, len(table.rows))
        skip -= passed
        rest = Table(table.file, table.headers, table.rows[passed:], table.lines[passed:])
        rows = _rows(rest, names, types, faults)
        faults.refuse()
        if rows:
            yield rows
    faults.refuse()


def _rows(table: Table, names: Sequence[str], types: Sequence[str], faults: Faults) -> list[ExportedRow]:
    columns = resolve(Table(table.file, table.headers, [], []), {}, faults)
    lacking = [one for one in ("id", *names, *(f"{kind}_ids" for kind in types)) if one not in columns]
    if lacking:
        faults.add(table.file, 1, f"There is no column for {', '.join(lacking)}.", "Read by pages.")
        return []
    read = Ids(table, faults)
    links = {kind: _links(table, read, kind, columns[f"{kind}_ids"]) for kind in types}
    places = {name: columns[name] for name in names}
    return [
        ExportedRow(
            id_,
            {name: row[place] for name, place in places.items()},
            {kind: listed[number] for kind, listed in links.items()},
        )
        for number, (id_, row) in enumerate(zip(read.unique(columns["id"]), table.rows, strict=True))
    ]


def _links(table: Table, read: Ids, kind: str, place: int) -> list[Links]:
    """Each row's associations with a type, whatever their label, once and in order of their ids."""
    labelled = [
        (found[2].lower() == "primary", read.lists(number))
        for number, header in enumerate(table.headers)
        if (found := _LABELLED.fullmatch(header)) and found[1].lower() == kind
    ]
    links = []
    for number, ids in enumerate(read.lists(place)):
        every = dict.fromkeys(ids, False)
        for primary, listed in labelled:
            every |= {id_: primary or every.get(id_, False) for id_ in listed[number]}
        links.append(sorted(every.items()))
    return links


def _tables(file: BinaryIO, at_once: int, faults: Faults) -> Iterator[Table]:
    for name, part in _parts(file, faults):
        with io.TextIOWrapper(part, "utf-8-sig", newline="\n") as lines:
            try:
                yield from _chunks(Path(name), numbered_rows(Path(name), lines, ",", faults), at_once, faults)
            except UnicodeDecodeError:
                faults.add(Path(name), 1, "The export is not UTF-8.", "Read by pages.")
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                faults.add(Path(name), 1, f"The export is broken: {error}.", "Read by pages.")


def _parts(file: BinaryIO, faults: Faults) -> Iterator[tuple[str, BinaryIO]]:
    """(name, content) of the file, or of each CSV file in the zip, in its order."""
    zipped = file.read(len(_ZIP)) == _ZIP
    file.seek(0)
    if not zipped:
        yield "export.csv", file
        return
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if name.lower().endswith(".csv"):
                    with archive.open(name) as part:
                        yield name, part  # type: ignore[misc] # it reads bytes, that is enough
    except zipfile.BadZipFile as error:
        faults.add(Path("export.zip"), 1, f"The export is no zip file: {error}.", "Read by pages.")


def _chunks(
    name: Path, numbered: Iterator[tuple[int, list[str]]], at_once: int, faults: Faults
) -> Iterator[Table]:
    first = next(numbered, None)
    if first is None:
        faults.add(name, 1, "The export is empty.", "Read by pages.")
        return
    headers = [header.strip() for header in first[1]]
    table = Table(name, headers, [], [])
    for line, cells in numbered:
        take_row(table, line, cells, faults)
        if len(table.rows) >= at_once:
            yield table
            table = Table(name, headers, [], [])
    yield table  # the last, and of an export without records the only one: its header is looked at, too
