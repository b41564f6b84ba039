"""Files of the Exports API: plain, zipped, parted, resumed, broken."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.errors import InputError
from plugin.records.csv_exports import ExportedRow, exported_rows

HEAD = ["Record ID", "city", "Associated Company IDs", "Associated Company IDs (Primary)"]


def plain(rows: list[list[str]], head: list[str] = HEAD) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([head, *rows])
    return text.getvalue().encode()


def zipped(*parts: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, part in enumerate(parts):
            archive.writestr(zipfile.ZipInfo(f"part-{number}.csv"), part, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def spoilt(file: bytes) -> bytes:
    """With another byte in the middle of the packed content."""
    place = file.index(b"part-0.csv") + len("part-0.csv") + 12
    return file[:place] + bytes([file[place] ^ 0x55]) + file[place + 1 :]


def read(file: bytes, **more: Any) -> list[ExportedRow]:
    found = exported_rows(cast(BinaryIO, io.BytesIO(file)), ["city"], ["company"], **more)
    return [row for part in found for row in part]


_city = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
_links = st.dictionaries(st.integers(1, 2**60), st.booleans(), max_size=3)


@given(
    cities=st.lists(st.tuples(_city, _links), max_size=7),
    cut=st.integers(0, 7),
    at_once=st.integers(1, 4),
    skip=st.integers(0, 7),
)
@settings(max_examples=60, deadline=None)
def test_every_row_is_read_once_whatever_the_parts(
    cities: list[tuple[str, dict[int, bool]]], cut: int, at_once: int, skip: int
) -> None:
    """Texts of every kind, links with their primary label, and a start at any row."""
    rows = [
        [str(n), city, ";".join(map(str, links)), ";".join(str(i) for i, first in links.items() if first)]
        for n, (city, links) in enumerate(cities, 1)
    ]
    expected = [
        ExportedRow(n, {"city": city}, {"company": sorted(links.items())})
        for n, (city, links) in enumerate(cities, 1)
    ]
    for file in (plain(rows), zipped(plain(rows)), zipped(plain(rows[:cut]), plain(rows[cut:]))):
        assert read(file, at_once=at_once, skip=skip) == expected[skip:]


@pytest.mark.parametrize(
    "file",
    [
        b"",
        plain([["1", "Bonn", "", ""]])[:-4],  # cut in the middle of a row
        plain([["1", "Bonn", "", ""], ["1", "Ulm", "", ""]]),  # the same record twice
        plain([["x", "Bonn", "", ""]]),
        plain([["1", "Bonn", "7;y", ""]]),
        plain([["1", ""]], ["Record ID", "city"]),  # no column of links
        plain([["1", ""]], ["Record ID", "Associated Company IDs"]),  # a property is missing
        plain([["1", "Bonn", "", ""]]).replace(b"Bonn", b"B\xfcnn"),
        zipped(plain([["1", "Bonn" * 99, "", ""]]))[:90],
        spoilt(zipped(plain([["1", "Bonn", "", ""]]))),
        b"PK\x03\x04 not a zip",
        plain([["1", '"', "", ""]]).replace(b'""""', b'"""'),
    ],
    ids=[
        *("empty", "cut", "a record twice", "no number", "no number of a link", "no links", "no property"),
        *("not UTF-8", "zip cut", "zip spoilt", "no zip", "open quote"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_as_a_whole(file: bytes) -> None:
    """Nothing of it is taken for a record."""
    with pytest.raises(InputError):
        read(file)
