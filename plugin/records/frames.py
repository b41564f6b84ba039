"""From the mirror to the frames that outcomes are computed from: the same shape that CSV files give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping
from plugin.records.mirror import by_type
from plugin.records.schema import associations, history, mirror
from plugin.records.store import chunks
from plugin.records.work import RecordKey

_PART = 1_000
_HISTORY: dict[str, Any] = {
    "object": pl.String,
    "id": pl.Int64,
    "property": pl.String,
    "value": pl.String,
    "at": pl.Datetime("ms", "UTC"),
}


def load(
    connection: Connection, portal_id: int, mapping: Mapping, customers: Iterable[RecordKey] | None
) -> Records:
    """The records that the outcomes of `customers` (None: of all) depend on.

    Every deal of each customer comes with all its contacts and companies; in company mode also the
    contacts of each company, because their engagement is the company's.
    """
    reader = _Reader(connection, portal_id)
    wanted: dict[str, list[int] | None] = {"contact": None, "company": None, "deal": None}
    if customers is not None:
        wanted = reader.closure(by_type(customers), mapping)
    sides = {name: reader.pairs("deal", name, wanted["deal"], "from") for name in ("contact", "company")}
    companies_of = reader.pairs("contact", "company", wanted["contact"], "from")
    contacts = reader.objects("contact", wanted["contact"], mapping)
    deals = reader.objects("deal", wanted["deal"], mapping)
    return Records(
        contacts=contacts.with_columns(_lists(contacts["id"], companies_of, "company_ids")),
        companies=reader.objects("company", wanted["company"], mapping),
        deals=deals.with_columns(
            _lists(deals["id"], sides["contact"], "contact_ids"),
            _lists(deals["id"], sides["company"], "company_ids"),
            _primary(deals["id"], sides["contact"]),
        ),
        history=reader.history(wanted if mapping.read_histories else {}),
    )


class _Reader:
    def __init__(self, connection: Connection, portal_id: int) -> None:
        self.connection = connection
        self.portal_id = portal_id

    def closure(self, customers: dict[str, list[int]], mapping: Mapping) -> dict[str, list[int] | None]:
        """The ids of contacts, companies and deals that these customers' outcomes depend on."""
        companies = set(customers.get("company", ()))
        contacts = set(customers.get("contact", ()))
        employers = set(companies)
        if mapping.companies:  # whether a contact's company buys is told by the company's deals
            employers |= {pair[1] for pair in self.pairs("contact", "company", sorted(contacts), "from")}
        contacts |= {pair[0] for pair in self.pairs("contact", "company", sorted(companies), "to")}
        deals = {pair[0] for pair in self.pairs("deal", "contact", sorted(contacts), "to")}
        deals |= {pair[0] for pair in self.pairs("deal", "company", sorted(employers), "to")}
        return {"contact": sorted(contacts), "company": sorted(companies), "deal": sorted(deals)}

    def pairs(
        self, from_type: str, to_type: str, ids: Sequence[int] | None, end: str
    ) -> list[tuple[int, int, int]]:
        """(from id, to id, is primary) of the associations whose `end` is among `ids` (None: all)."""
        c = associations.c
        base = sa.select(c.from_id, c.to_id, c.is_primary).where(
            c.portal_id == self.portal_id, c.from_type == from_type, c.to_type == to_type
        )
        found: list[tuple[int, int, int]] = []
        for query in _parted(base, c[f"{end}_id"], ids):
            found.extend((row[0], row[1], row[2]) for row in self.connection.execute(query))
        return sorted(found)

    def objects(self, object_type: str, ids: Sequence[int] | None, mapping: Mapping) -> pl.DataFrame:
        """One row a living record: `id` and a String column for each mapped property."""
        names = mapping.read_properties(object_type)
        base = sa.select(mirror.c.object_id, mirror.c.properties).where(
            mirror.c.portal_id == self.portal_id,
            mirror.c.object_type == object_type,
            mirror.c.deleted_at.is_(None),
        )
        rows: list[tuple[Any, ...]] = []
        for query in _parted(base, mirror.c.object_id, ids):
            for id_, body in self.connection.execute(query):
                values = orjson.loads(body)
                rows.append((id_, *(values.get(name) for name in names)))
        schema = {"id": pl.Int64, **dict.fromkeys(names, pl.String)}
        return pl.DataFrame(rows, schema=schema, orient="row").sort("id")

    def history(self, wanted: dict[str, list[int] | None]) -> pl.DataFrame:
        """The kept past values of the wanted records."""
        c = history.c
        rows: list[tuple[Any, ...]] = []
        for object_type, ids in wanted.items():
            base = sa.select(c.object_type, c.object_id, c.property, c.value, c.at).where(
                c.portal_id == self.portal_id, c.object_type == object_type
            )
            for query in _parted(base, c.object_id, ids):
                rows.extend(tuple(row) for row in self.connection.execute(query))
        frame = pl.DataFrame(rows, schema={**_HISTORY, "at": pl.Int64}, orient="row")
        frame = frame.with_columns(pl.col("at").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))
        return frame.sort("object", "id", "property", "at")


def _parted(base: sa.Select[Any], column: Any, ids: Sequence[int] | None) -> Iterable[sa.Select[Any]]:
    if ids is None:
        return [base]
    return [base.where(column.in_(part)) for part in chunks(ids, _PART)]


def _lists(ids: pl.Series, pairs: list[tuple[int, int, int]], name: str) -> pl.Series:
    grouped: dict[int, list[int]] = {}
    for from_id, to_id, _ in pairs:
        grouped.setdefault(from_id, []).append(to_id)
    return pl.Series(name, [grouped.get(id_, []) for id_ in ids], dtype=pl.List(pl.Int64))


def _primary(ids: pl.Series, pairs: list[tuple[int, int, int]]) -> pl.Series:
    first: dict[int, int] = {}
    for from_id, to_id, primary in pairs:
        if primary:
            first.setdefault(from_id, to_id)
    return pl.Series("primary_contact_id", [first.get(id_) for id_ in ids], dtype=pl.Int64)
