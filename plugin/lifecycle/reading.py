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
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping

Account = dict[str, Any]
_EXAMPLES = 3
_EPOCH = date(1970, 1, 1)
_STATES = {"won": "won", "open": "open", "lost": "lost", "other": "won elsewhere"}
_SINGULAR = {"belong": ("belong", "belongs"), "are": ("are", "is")}
_PLURALS = {"contact": "contacts", "company": "companies"}
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
    examples (ids of deals), text, cure} each. `unread`: values that cannot be read, as in `Findings`.
    """
    money = mapping.currency or currency
    deals = _Deals(records, mapping, day, mapping.time_zone or time_zone, money)
    kinds = mapping.customer_objects()
    return {
        "read": {
            "contacts": records.contacts.height,
            "companies": records.companies.height,
            "deals": records.deals.height,
            **deals.states(deals.table),
        },
        "revenue": {**deals.revenue(kinds), "currency": money},
        "left_out": [one for one in deals.left_out(kinds) if one["deals"]],
        "unread": [dict(row) for row in unread if row["problem"] not in _TOLD],
    }


class _Deals:
    """The deals of an account, with what speaks against each."""

    def __init__(
        self, records: Records, mapping: Mapping, day: date, zone: str, currency: str | None
    ) -> None:
        self.records, self.mapping, self.currency = records, mapping, currency
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
            ids, plural = pl.col(f"{kind}_ids").list.len(), _PLURALS[kind]
            nobody = self.table.filter(ids == 0)
            strangers = self.table.filter((ids > 0) & ~self._known(kind))
            cure = f"Associate each with its {kind} in HubSpot; in a file {kind}_ids says it."
            yield self._row("no_customer", f"belong to no {kind}", cure, nobody, kind)
            cure = f"Give the file of all {plural}; of a portal `lifecycle reconcile --full` reads them."
            said = f"belong only to {plural} that are not among those read"
            yield self._row("unknown_customer", said, cure, strangers, kind)
        yield from self._without()

    def _without(self) -> Iterator[Account]:
        date_, amounts = self.mapping.purchase.date, " or ".join(self.mapping.purchase.amount)
        cure = f"Enter {date_} in HubSpot, or name another property under purchase.date."
        yield self._row("no_date", f"are won without {date_}: no purchase", cure, self._where("undated"))
        cure = f"Enter {amounts}, or name other properties under purchase.amount."
        said = "are won without a readable amount: a purchase, but no money"
        yield self._row("no_amount", said, cure, self._where("worthless"))
        cure = "Set exchange rates in HubSpot (Settings > Account Defaults > Currencies), so that "
        cure += "amount_in_home_currency is filled."
        said = f"are won in another currency than {self.currency}, without a value in it: no money"
        if self.currency is None:
            said = "are won in a currency of which nothing says that it is the account's own: no money"
            cure = "Name the account's own under `currency` in the mapping."
        yield self._row("no_rate", said, cure, self._where("foreign"))
        said = f"are won with a later {date_}: no purchase yet"
        yield self._row("later", said, "They count from that day on.", self._where("later"))

    def _where(self, column: str) -> pl.DataFrame:
        return self.table.filter(pl.col(column))

    def _known(self, kind: str) -> pl.Expr:
        """Whether a customer of the deal is among the records."""
        known = self.records.customers(kind).get_column("id").cast(pl.Int64).unique()
        ids = self.table.select("deal", id=f"{kind}_ids").explode("id").drop_nulls()
        owned = ids.filter(pl.col("id").is_in(known.implode()))["deal"].unique()
        return pl.col("deal").is_in(owned.implode())

    def _row(self, what: str, said: str, cure: str, deals: pl.DataFrame, customer: str = "") -> Account:
        return {
            "what": what,
            "customer": customer or None,
            "deals": deals.height,
            **self.states(deals),
            "revenue": _money(deals),
            "examples": deals["deal"].head(_EXAMPLES).to_list(),
            "text": said.replace(*_SINGULAR[said.split(maxsplit=1)[0]], 1) if deals.height == 1 else said,
            "cure": cure,
        }


def _state() -> pl.Expr:
    won, closed = pl.when("bought").then(pl.lit("won")), pl.when("closed").then(pl.lit("lost"))
    return won.when("won").then(pl.lit("other")).otherwise(closed.otherwise(pl.lit("open")))


def _money(deals: pl.DataFrame) -> float:
    return float(deals.filter("bought")["amount"].sum() or 0) / 100


def account_lines(account: MappingABC[str, Any]) -> list[str]:
    """The account for people: one line of what was read, one a reason for leaving out, with its cure."""
    read, revenue = account["read"], account["revenue"]
    kinds = [f"{_many(read[name], name)}" for name in ("contacts", "companies") if read[name]]
    deals = f"{_many(read['deals'], 'deals')} ({_states(read)})"
    money = f"{revenue['total']:,.2f} {revenue['currency'] or ''}".strip()
    lines = [f"Read: {', '.join([*kinds, deals])}; {money} won{_counted(revenue)}."]
    lines += [_left_out(one, revenue["currency"]) for one in account["left_out"]]
    return [*lines, *(_unread(row) for row in account["unread"])]


def _counted(revenue: MappingABC[str, Any]) -> str:
    """How much of the money won is customers' revenue."""
    if not revenue["total"]:
        return ""
    if not revenue["share_left_out"]:
        return ", all of it counted as revenue of customers"
    share = f"{1 - revenue['share_left_out']:.1%}".replace(".0%", "%")
    return f", {share} of it counted as revenue of customers (what is left out is told below)"


def _many(number: int, plural: str) -> str:
    word = plural if number != 1 else {"companies": "company"}.get(plural, plural[:-1])
    return f"{number:,} {word}"


def _states(counts: MappingABC[str, Any]) -> str:
    return ", ".join(f"{counts[name]:,} {_STATES[name]}" for name in _STATES if counts[name]) or "none"


def _left_out(one: MappingABC[str, Any], currency: str | None) -> str:
    money = f", {one['revenue']:,.2f} {currency or ''}".rstrip() if one["revenue"] else ""
    examples = ", ".join(str(id_) for id_ in one["examples"])
    said = f"Left out: {_many(one['deals'], 'deals')} {one['text']} ({_states(one)}{money})"
    return f"{said}, e.g. {examples}. {one['cure']}"


def _unread(row: MappingABC[str, Any]) -> str:
    examples = ", ".join(repr(example) for example in row["examples"])
    what = f"{row['count']:,} × {row['object']}.{row['property']}"
    return f"Taken as unknown: {what}: {row['problem']}" + (f" ({examples})." if examples else ".")
