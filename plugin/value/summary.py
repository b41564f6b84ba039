"""From orders to histories, millions at once: what counts as a purchase, and what was noticed on the way.

Purchases of one day are one event with their amounts added. Refunds correct money and never move timing. An
amount of zero can begin a customer's history (a free first order) but is never a repeat purchase.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.findings import Finding
from plugin.value.histories import Histories

_SHIFT = 20
_HALF = 1 << (_SHIFT - 1)  # days before 1970 stay positive


def summarise(orders: pl.DataFrame, until: int | None = None) -> Histories:
    """Histories from orders: `customer` (any type), `day` Int (since 1970), `amount` Float64 (null: unknown).

    Seen on day `until` (default: the last day of the data); later rows are left out and counted. Customers
    come in the order in which they first appear; whole numbers in their own.
    """
    last = until if until is not None else _last_day(orders)
    seen = orders.filter((pl.col("day") <= last) & pl.col("customer").is_not_null())
    keyed, names = _keyed(seen)
    days = _purchase_days(keyed)
    findings = [*_dropped(orders, last), *_noticed(days)]
    days = days.only(days.sold | days.opening)
    findings += _refund(days, keyed.filter(pl.col("amount") < 0))
    owners = days.owner[days.opening]
    return Histories(names(owners), **_per_customer(days, last), findings=tuple(findings))


def _keyed(seen: pl.DataFrame) -> tuple[pl.DataFrame, Callable[[Ints], pl.Series]]:
    """`key` (customer and day in one number) and `amount`; and the customers' names by that number."""
    day = pl.col("day").cast(pl.Int64) + _HALF
    if seen.height and seen["customer"].dtype.is_integer():
        low = int(str(seen["customer"].min()))
        key = (pl.col("customer").cast(pl.Int64) - low) * (1 << _SHIFT) + day
        return seen.select(key=key, amount="amount"), lambda owners: pl.Series(owners + low)
    codes = seen.select("customer").unique(maintain_order=True).with_row_index("code")
    coded = seen.join(codes, on="customer", how="left", maintain_order="left")
    key = pl.col("code").cast(pl.Int64) * (1 << _SHIFT) + day
    return coded.select(key=key, amount="amount"), codes["customer"].gather


def _last_day(orders: pl.DataFrame) -> int:
    found = orders["day"].max()
    return int(found) if isinstance(found, int) else 0


def _dropped(orders: pl.DataFrame, last: int) -> list[Finding]:
    later, nobody = int((orders["day"] > last).sum()), orders["customer"].null_count()
    found = [Finding("later_rows", "rows dated after the last day are left out", later)] if later else []
    if nobody:
        found.append(Finding("no_customer", "rows without a customer are left out", nobody))
    return found


@dataclass(frozen=True, eq=False)
class _Days:
    """One entry a customer's day with anything but refunds, in order; `amount` is the sum of known ones."""

    key: Ints
    amount: Floats
    rows: Ints
    priced: Bools
    sold: Bools

    @property
    def owner(self) -> Ints:
        return self.key >> _SHIFT

    @property
    def day(self) -> Ints:
        return (self.key & ((1 << _SHIFT) - 1)) - _HALF

    @cached_property
    def opening(self) -> Bools:
        """The first day of each customer."""
        return _fresh(self.owner)

    def only(self, rows: Bools) -> _Days:
        if rows.all():
            return self
        names = ("key", "amount", "rows", "priced", "sold")
        return _Days(*(getattr(self, name)[rows] for name in names))


def _fresh(values: Ints) -> Bools:
    """Where a sorted value is another than the one before."""
    found = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def _purchase_days(keyed: pl.DataFrame) -> _Days:
    amount = pl.col("amount")
    kept = keyed.filter(amount.is_null() | (amount >= 0)).sort("key")
    key, known = kept["key"].to_numpy(), kept["amount"].is_not_null().to_numpy()
    money = kept["amount"].fill_null(0.0).to_numpy()
    first = np.flatnonzero(_fresh(key))
    return _Days(
        key[first],
        np.add.reduceat(money, first) if len(first) else money,
        np.diff(first, append=len(key)),
        np.logical_or.reduceat(known, first) if len(first) else known,
        np.logical_or.reduceat(~known | (money > 0), first) if len(first) else known,
    )


def _noticed(days: _Days) -> list[Finding]:
    free = days.opening & ~days.sold
    counts = {
        "same_day": (int(days.rows.sum()) - len(days.rows), "purchases on a day with another count with it"),
        "free_first_order": (int(free.sum()), "customers begin with an amount of zero"),
        "zero_amount": (int((~days.sold & ~free).sum()), "days with an amount of zero are no purchase"),
        "unknown_amount": (int((~days.priced).sum()), "purchases of unknown amount count in timing only"),
    }
    return [Finding(code, text, count) for code, (count, text) in counts.items() if count]


def _refund(days: _Days, given: pl.DataFrame) -> list[Finding]:
    """Take refunds off the purchase before them."""
    if not given.height:
        return []
    at, back = given["key"].to_numpy(), given["amount"].to_numpy()
    place = np.searchsorted(days.key, at, side="right") - 1
    before = np.append(days.key, -1)[place]  # place -1 is the appended one: nothing before
    found = before >> _SHIFT == at >> _SHIFT
    np.add.at(days.amount, place[found], back[found])
    nobody = np.setdiff1d(at >> _SHIFT, days.owner)
    counts = {
        "refunds": (int(found.sum()), "refunds are taken off the purchase before them"),
        "refund_alone": (int((~found).sum()), "refunds before any purchase are left out"),
        "never_bought": (len(nobody), "customers without any purchase are left out"),
    }
    return [Finding(code, text, count) for code, (count, text) in counts.items() if count]


def _per_customer(days: _Days, last: int) -> dict[str, Any]:
    first = np.flatnonzero(days.opening)
    size, number = len(first), np.cumsum(days.opening) - 1
    again, known = ~days.opening, ~days.opening & days.priced
    later = np.flatnonzero(again)
    gap = days.day[later] - days.day[later - 1]
    paid = np.bincount(number[known], minlength=size).astype(np.int64)
    total = np.bincount(number[known], weights=days.amount[known], minlength=size)
    begin, latest = days.day[first], days.day[np.append(first[1:], len(number)) - 1] if size else first
    return {
        "x": np.bincount(number[again], minlength=size).astype(np.int64),
        "recency": latest - begin,
        "age": last - begin,
        "log_gaps": np.bincount(number[again], weights=np.log(gap), minlength=size),
        "paid": paid,
        "mean": np.divide(total, paid, out=np.full(size, np.nan), where=paid > 0),
    }
