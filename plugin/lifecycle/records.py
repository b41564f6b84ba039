"""The records a batch of customers is computed from: four frames, the same from CSV and from the mirror.

Holds values only as they stand on the CRM's wire; what they mean is `events.py`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

Row = Mapping[str, Any]

_KEYS: dict[str, dict[str, pl.DataType]] = {
    "contacts": {"id": pl.Int64(), "company_ids": pl.List(pl.Int64())},
    "companies": {"id": pl.Int64()},
    "deals": {
        "id": pl.Int64(),
        "contact_ids": pl.List(pl.Int64()),
        "company_ids": pl.List(pl.Int64()),
        "primary_contact_id": pl.Int64(),
    },
    "history": {
        "object": pl.String(),
        "id": pl.Int64(),
        "property": pl.String(),
        "value": pl.String(),
        "at": pl.Datetime("ms", "UTC"),
    },
}


def _blank(kind: str) -> pl.DataFrame:
    return pl.DataFrame(schema=_KEYS[kind])


@dataclass(frozen=True)
class Records:
    """Contacts, companies, deals and property history of a batch.

    contacts  `id` Int64, `company_ids` List(Int64), one String column per mapped property
    companies `id` Int64, String columns
    deals     `id`, `contact_ids`, `company_ids`, `primary_contact_id` (null: none labelled), String columns
    history   `object`, `id`, `property`, `value`, `at` Datetime("ms", "UTC")

    "" and null both mean empty; a mapped property without a column is empty everywhere. A batch holds
    every deal of its customers, each with all its contact and company ids.
    """

    contacts: pl.DataFrame = field(default_factory=lambda: _blank("contacts"))
    companies: pl.DataFrame = field(default_factory=lambda: _blank("companies"))
    deals: pl.DataFrame = field(default_factory=lambda: _blank("deals"))
    history: pl.DataFrame = field(default_factory=lambda: _blank("history"))

    @classmethod
    def empty(cls) -> Records:
        """No records at all."""
        return cls()

    @classmethod
    def from_rows(
        cls,
        contacts: Iterable[Row] = (),
        companies: Iterable[Row] = (),
        deals: Iterable[Row] = (),
        history: Iterable[Row] = (),
    ) -> Records:
        """Frames from lists of dicts; numbers and booleans become text, `at` may be ISO text or ms."""
        rows = {"contacts": contacts, "companies": companies, "deals": deals, "history": history}
        return cls(**{kind: _frame(kind, list(given)) for kind, given in rows.items()})

    def customers(self, object_type: str) -> pl.DataFrame:
        """The frame of an object type (`contact` or `company`)."""
        return self.companies if object_type == "company" else self.contacts


def text_column(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column as stripped text, "" as null; all null where the frame lacks it."""
    if name not in frame.columns:
        return pl.Series(name, [None] * frame.height, dtype=pl.String)
    text = frame.get_column(name).cast(pl.String).str.strip_chars()
    return text.to_frame().select(pl.when(pl.col(name) == "").then(None).otherwise(pl.col(name)).alias(name))[
        name
    ]


def ids_column(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column of id lists; empty lists where the frame lacks it or a cell is null."""
    if name not in frame.columns:
        return pl.Series(name, [[]] * frame.height, dtype=pl.List(pl.Int64))
    return frame.get_column(name).cast(pl.List(pl.Int64)).fill_null([])


def _frame(kind: str, rows: list[Row]) -> pl.DataFrame:
    keys = _KEYS[kind]
    names = list(dict.fromkeys([*keys, *(name for row in rows for name in row)]))
    columns = [
        pl.Series(n, [_cell(n, row.get(n), keys) for row in rows], dtype=keys.get(n, pl.String()))
        for n in names
    ]
    return pl.DataFrame(columns)


def _cell(name: str, value: Any, keys: dict[str, pl.DataType]) -> Any:
    if name == "at" and name in keys:
        return _moment(value)
    if value is None or (name in keys and not isinstance(keys[name], pl.String)):
        return [] if value is None and name.endswith("_ids") else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC)
    found = datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
