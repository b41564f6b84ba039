"""Which columns of a CSV file hold ids, links, stage and pipeline where their headers are not HubSpot's.

A header is taken only where it is the one that fits, and its cells are what is needed: ids are digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from plugin.mapping.spellings import spelling
from plugin.mapping.starting import words
from plugin.records.csv_headers import resolve
from plugin.records.csv_ids import shown
from plugin.records.csv_text import Faults, Table

_NUMBER = r" ?(ids?|numbers?|no|nr)"
_OWNER = {"contact": "contact|person|buyer", "company": "company|account|organisation|organization"}
#: Object type → what the reader needs → what its header may be in lower case, signs as spaces.
_LOOKS: dict[str, dict[str, str]] = {
    "contact": {
        "id": rf"({_OWNER['contact']}|customer|client){_NUMBER}",
        "createdate": r"created( on| at| date)?|date created|creation date",
    },
    "company": {
        "id": rf"({_OWNER['company']}|customer|client){_NUMBER}",
        "name": r"(account|customer|client|organi[sz]ation) name",
        "createdate": r"created( on| at| date)?|date created|creation date",
    },
    "deal": {
        "id": rf"(deal|opportunity|order|invoice){_NUMBER}",
        "contact_ids": rf"({_OWNER['contact']}){_NUMBER}",
        "company_ids": rf"({_OWNER['company']}){_NUMBER}",
        "dealstage": r"((deal|opportunity|sales|order) ?)?(stage|status|phase)",
        "pipeline": r"((deal|opportunity|sales) ?)?pipeline( name)?",
        "createdate": r"(created|opened)( on| at| date)?|date (created|opened)|(creation|opening) date",
        "closed_lost_reason": r"(closed )?(lost|loss) reason|reason (lost|of loss|for loss)",
    },
}
_ID = re.compile(r"[0-9]{1,19}")
_IDS = ("id", "contact_ids", "company_ids")


def meant(tables: Mapping[str, Table], customer: str) -> dict[str, str]:
    """Header → what it stands for, of these files by object type; `customer`: whom "customer id" means.

    A header that would stand for one thing in one file and for another in the next is left as it is; but the
    id of a company may stand under the same header as that of a deal's company.
    """
    found: dict[str, set[str]] = {}
    for kind, table in tables.items():
        for header, name in _of(kind, table, customer):
            found.setdefault(header, set()).add(name if name != "id" or kind == "deal" else f"{kind}_ids")
    return {header: names.pop() for header, names in found.items() if len(names) == 1}


def _of(kind: str, table: Table, customer: str) -> Iterable[tuple[str, str]]:
    columns = _unmistaken(kind, table, resolve(table, {}, Faults()))
    for name, looks in _LOOKS[kind].items():
        whole = f"{looks}|(customer|client){_NUMBER}" if name == f"{customer}_ids" else looks
        fits = [header for header in columns if re.fullmatch(whole, words(header))]
        if name not in columns and len(fits) == 1 and _holds(kind, name, table, columns[fits[0]]):
            yield table.headers[columns[fits[0]]], name


def missing(kind: str, name: str, table: Table, customer: str = "") -> tuple[str, str] | None:
    """What is wrong with the one column whose header looks like that of the ids `name`, and the cure.

    None where no header, or several, look like it.
    """
    looks = _LOOKS[kind].get(name, "")
    looks = f"{looks}|(customer|client){_NUMBER}" if looks and name == f"{customer}_ids" else looks
    fits = [
        place for place, header in enumerate(table.headers) if looks and re.fullmatch(looks, words(header))
    ]
    if len(fits) != 1:
        return None
    header, cells = table.headers[fits[0]], [*_parts(table, fits[0])]
    wrong = [part for part in cells if not _ID.fullmatch(part)]
    if not wrong:
        said = (
            f"The column {shown(header)!r} looks like it."
            if cells
            else f"The column {shown(header)!r} is empty."
        )
        return said, f"Name it {name}, or write {shown(header)!r}: {name} under headers in the mapping."
    many = f"{len(wrong):,} of its {len(cells):,} values are no ids"
    said = f"The column {shown(header)!r} looks like it, but {many}, as {shown(wrong[0])!r}: ids are digits."
    return said, f"Add a column {name} that has a number for each, digits alone, the same in every file."


def _unmistaken(kind: str, table: Table, columns: dict[str, int]) -> dict[str, int]:
    """What a deal's file says of its customers is not taken for the deal's own id."""
    place = columns.get("id")
    links = "|".join(f"(?:{looks})" for name, looks in _LOOKS[kind].items() if name.endswith("_ids"))
    if place is None or not links or not re.fullmatch(links, words(table.headers[place])):
        return columns
    return {table.headers[at] if name == "id" else name: at for name, at in columns.items()}


def _holds(kind: str, name: str, table: Table, place: int) -> bool:
    """Whether a column has what is needed: ids digits, a day of creation dates (of deals HubSpot's)."""
    if name in _IDS:
        return _are_ids(table, place)
    if name != "createdate":
        return True
    told = spelling(_parts(table, place))
    native = told is not None and told.sure and told.reading is None
    return told is not None and told.kind == "date" and (native or kind != "deal")


def _are_ids(table: Table, place: int) -> bool:
    """Whether every filled cell holds digits, and some cell does."""
    parts = [*_parts(table, place)]
    return bool(parts) and all(_ID.fullmatch(part) for part in parts)


def _parts(table: Table, place: int) -> Iterator[str]:
    """What the cells of a column hold, parted by semicolons."""
    return (part.strip() for row in table.rows for part in row[place].split(";") if part.strip())
