"""What was read, and what of it was left out: deals of nobody, without a date, an amount or a rate.

One account for files and portals, as plain data for machines and as lines for people; nothing is left out
silently. Values that cannot be read at all (`Findings`) stand in it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingABC
from datetime import date
from typing import Any

import polars as pl

from plugin.lifecycle.deals import DealReader
from plugin.lifecycle.reading_lines import account_lines, account_title, reason
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping

__all__ = ["Account", "account_lines", "account_title", "what_was_read"]

Account = dict[str, Any]
_EXAMPLES = 3
_EPOCH = date(1970, 1, 1)
_STATES = ("won", "open", "lost", "other")
#: Findings that the account tells in its own words.
_TOLD = ("won, but without a date", "no value in the home currency")


def what_was_read(
    records: Records,
    mapping: Mapping,
    day: date,
    *,
    time_zone: str = "UTC",
    currency: str | None = None,
    unread: Iterable[MappingABC[str, Any]] = (),
) -> Account:
    """The account of these records as seen on `day`; `time_zone` and `currency` are the portal's.

    `read`: records by kind, deals by state. `revenue`: money of all won deals (`total`), of those that count
    (`counted`), and the share of the rest. `left_out`: {what, customer, deals, won, open, lost, revenue,
    examples (ids of deals), text, cure} each. `unread`: values that cannot be read, as in `Findings`. Texts
    are in the mapping's `language`; `names` are the properties that they speak of.
    """
    money = mapping.currency or currency
    deals = _Deals(records, mapping, day, mapping.time_zone or time_zone, money)
    kinds = mapping.customer_objects()
    account: Account = {
        "language": mapping.language,
        "locale": mapping.formats,
        "names": {"date": mapping.purchase.date, "amount": list(mapping.purchase.amount)},
        "read": {
            "contacts": records.contacts.height,
            "companies": records.companies.height,
            "deals": records.deals.height,
            **deals.states(deals.table),
        },
        "revenue": {**deals.revenue(kinds), "currency": money},
        "unread": [dict(row) for row in unread if row["problem"] not in _TOLD],
    }
    found = [one for one in deals.left_out(kinds) if one["deals"]]
    return account | {"left_out": [one | reason(one, account) for one in found]}


class _Deals:
    """The deals of an account, with what speaks against each."""

    def __init__(
        self, records: Records, mapping: Mapping, day: date, zone: str, currency: str | None
    ) -> None:
        self.records = records
        reader = DealReader(records, mapping, zone, currency)
        number, bought, dated = (day - _EPOCH).days, pl.col("bought"), pl.col("dated")
        table = reader.table().with_columns(foreign=reader.bare)
        self.table = table.with_columns(
            state=_state(),
            undated=bought & dated.is_null(),
            later=(bought & (dated > number)).fill_null(False),
            worthless=bought & pl.col("amount").is_null() & ~pl.col("foreign"),
            foreign=bought & pl.col("amount").is_null() & pl.col("foreign"),
        )

    def states(self, deals: pl.DataFrame) -> dict[str, int]:
        """How many are in each state; `other`: won, but in no pipeline and stage that counts."""
        counts = dict(deals["state"].value_counts().iter_rows())
        return {name: counts.get(name, 0) for name in _STATES}

    def revenue(self, kinds: Sequence[str]) -> dict[str, float]:
        """The money of all won deals, of those that count, and the share that does not."""
        owned = pl.any_horizontal(self._known(kind) for kind in kinds)
        counts = pl.col("bought") & ~pl.col("undated") & ~pl.col("later")
        total, counted = _money(self.table), _money(self.table.filter(owned & counts))
        share = 1 - counted / total if total > 0 else 0.0
        return {"total": total, "counted": counted, "share_left_out": round(share, 6)}

    def left_out(self, kinds: Sequence[str]) -> Iterator[Account]:
        """Every reason that there may be; some of no deal."""
        for kind in kinds:
            ids = pl.col(f"{kind}_ids").list.len()
            yield self._row("no_customer", self.table.filter(ids == 0), kind)
            strangers = self.table.filter((ids > 0) & ~self._known(kind))
            yield self._row("unknown_customer", strangers, kind)
        columns = {"no_date": "undated", "no_amount": "worthless", "no_rate": "foreign", "later": "later"}
        yield from (self._row(what, self.table.filter(pl.col(column))) for what, column in columns.items())

    def _known(self, kind: str) -> pl.Expr:
        """Whether a customer of the deal is among the records."""
        known = self.records.customers(kind).get_column("id").cast(pl.Int64).unique()
        ids = self.table.select("deal", id=f"{kind}_ids").explode("id").drop_nulls()
        owned = ids.filter(pl.col("id").is_in(known.implode()))["deal"].unique()
        return pl.col("deal").is_in(owned.implode())

    def _row(self, what: str, deals: pl.DataFrame, customer: str = "") -> Account:
        return {
            "what": what,
            "customer": customer or None,
            "deals": deals.height,
            **self.states(deals),
            "revenue": _money(deals),
            "examples": deals["deal"].head(_EXAMPLES).to_list(),
        }


def _state() -> pl.Expr:
    won, closed = pl.when("bought").then(pl.lit("won")), pl.when("closed").then(pl.lit("lost"))
    return won.when("won").then(pl.lit("other")).otherwise(closed.otherwise(pl.lit("open")))


def _money(deals: pl.DataFrame) -> float:
    return float(deals.filter("bought")["amount"].sum() or 0) / 100
