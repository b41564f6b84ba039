"""Records from CSV files and back: contacts.csv, companies.csv, deals.csv, history.jsonl.

Values stay wire strings: what is read here is what the mirror would hold, so the outcomes are the same.
The writer's files give equal frames when read again (an empty cell is null).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import polars as pl

from plugin.errors import InputError
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping
from plugin.records.csv_columns import missing
from plugin.records.csv_headers import resolve, with_own_id
from plugin.records.csv_ids import LARGEST, Ids
from plugin.records.csv_stages import add_flags, to_ids
from plugin.records.csv_text import Faults, Table, read_table, read_text
from plugin.records.csv_values import to_values

PathLike = Path | str
_LISTS = {"contact": ("company_ids",), "company": (), "deal": ("contact_ids", "company_ids")}
_HISTORY = {
    "object": pl.String(),
    "id": pl.Int64(),
    "property": pl.String(),
    "value": pl.String(),
    "at": pl.Datetime("ms", "UTC"),
}


def read_records(
    *,
    contacts: PathLike | None = None,
    deals: PathLike | None = None,
    companies: PathLike | None = None,
    history: PathLike | None = None,
    mapping: Mapping | None = None,
) -> Records:
    """The records in these files. InputError names every fault with file, line and cure, up to twenty.

    `history` is not looked at where the mapping says that histories are not read.
    """
    mapping = mapping or Mapping()
    history = history if mapping.read_histories else None
    faults = Faults()
    _demand(mapping, contacts, companies)
    blank = Records.empty()
    records = Records(
        contacts=_frame("contact", contacts, mapping, faults) if contacts else blank.contacts,
        companies=_frame("company", companies, mapping, faults) if companies else blank.companies,
        deals=_frame("deal", deals, mapping, faults) if deals else blank.deals,
        history=_history(Path(history), faults) if history else blank.history,
    )
    faults.refuse()
    return records


def _demand(mapping: Mapping, contacts: PathLike | None, companies: PathLike | None) -> None:
    """The file of each kind of customer must be there."""
    given = {"contact": contacts, "company": companies}
    for kind in mapping.customer_objects():
        if not given[kind]:
            plural = "companies" if kind == "company" else "contacts"
            said = f"The mapping says that a customer is a {kind}, but no file of {plural} is given."
            raise InputError(said, cure=f"Add --{plural} FILE, or change `customer` in the mapping.")


def _frame(kind: str, path: PathLike, mapping: Mapping, faults: Faults) -> pl.DataFrame:
    """One file as a frame: ids, then one String column a property; empty cells are null."""
    table = read_table(Path(path), faults)
    if table is None:
        return pl.DataFrame()
    columns = with_own_id(kind, resolve(table, mapping.headers, faults))
    incomplete = _incomplete(kind, table, columns, mapping, faults)
    to_values(table, columns)
    if kind == "deal":
        to_ids(table, columns, mapping)
        add_flags(table, columns, mapping, faults)
    if incomplete:
        return pl.DataFrame()
    read = Ids(table, faults)
    data: list[pl.Series] = [pl.Series("id", read.unique(columns["id"]), dtype=pl.Int64)]
    lists = {name: read.lists(columns.get(name)) for name in _LISTS[kind]}
    data += [pl.Series(name, ids, dtype=pl.List(pl.Int64)) for name, ids in lists.items()]
    if kind == "deal":
        primary = read.optional(columns.get("primary_contact_id"))
        data.append(pl.Series("primary_contact_id", primary, dtype=pl.Int64))
    done = {series.name for series in data}
    for name, place in columns.items():
        if name not in done:
            data.append(pl.Series(name, [row[place] or None for row in table.rows], dtype=pl.String))
    return pl.DataFrame(data)


def _incomplete(kind: str, table: Table, columns: dict[str, int], mapping: Mapping, faults: Faults) -> bool:
    """Note the columns without which nothing can be computed."""
    before = faults.count
    if "id" not in columns:
        told = missing(kind, "id", table) or ("", "Name it id or Record ID; HubSpot's exports have it.")
        faults.add(table.file, 1, f"There is no column with the records' ids. {told[0]}".strip(), told[1])
    if kind == "deal":
        if mapping.purchase.date not in columns:
            said = f"There is no column for {mapping.purchase.date}, the day of a purchase."
            faults.add(
                table.file, 1, said, "Add it (Close Date), or name another under purchase.date or headers."
            )
        for owner in mapping.customer_objects():
            if f"{owner}_ids" not in columns:
                cure = f"Add {owner}_ids (in an export: Associated {owner.capitalize()} IDs)."
                told = missing(kind, f"{owner}_ids", table, mapping.customer) or ("", cure)
                said = f"No column says which {owner} a deal belongs to. {told[0]}".strip()
                faults.add(table.file, 1, said, told[1])
    return faults.count > before


def _history(file: Path, faults: Faults) -> pl.DataFrame:
    """One JSON object a line: object, id, property, value, timestamp (ISO 8601, or ms since 1970)."""
    text = read_text(file, faults) or ""
    rows = []
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            rows.append(_change(orjson.loads(raw)))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError) as error:
            said = f"This is no dated value ({type(error).__name__}: {error})."
            cure = "Write {object, id, property, value, timestamp} with an ISO 8601 timestamp, one a line."
            faults.add(file, line, said, cure)
    return pl.DataFrame(rows, schema=_HISTORY, orient="row")


def _change(given: Any) -> tuple[str, int, str, str | None, datetime]:
    """One line as a row of the history frame."""
    kind, id_, name, value, at = (given[k] for k in ("object", "id", "property", "value", "timestamp"))
    if kind not in {"contact", "company", "deal"}:
        raise ValueError(f"object is {kind!r}, not contact, company or deal")
    if not 0 < int(id_) <= LARGEST or isinstance(id_, float):
        raise ValueError(f"{id_!r} is not an id")
    moment = datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int) else datetime.fromisoformat(at)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return str(kind), int(id_), str(name), None if value is None else str(value), moment


def write_records(records: Records, directory: PathLike) -> list[Path]:
    """Write the four files into the directory (made if missing); answers their paths."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"contacts": records.contacts, "companies": records.companies, "deals": records.deals}
    written = [_write_csv(frame, folder / f"{name}.csv") for name, frame in files.items()]
    changes = folder / "history.jsonl"
    with changes.open("wb") as out:
        out.writelines(orjson.dumps(row) + b"\n" for row in _dated(records.history))
    return [*written, changes]


def _write_csv(frame: pl.DataFrame, file: Path) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(frame.columns)
        writer.writerows([_cell(value) for value in row] for row in frame.iter_rows())
    return file


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(str(id_) for id_ in value)
    return "" if value is None else str(value)


def _dated(history: pl.DataFrame) -> Iterator[dict[str, Any]]:
    rows = cast(Iterable[dict[str, Any]], history.iter_rows(named=True))
    for row in rows:
        at = row["at"].astimezone(UTC).isoformat(timespec="milliseconds")
        yield {k: row[k] for k in ("object", "id", "property", "value")} | {"timestamp": at}
