"""Customers' pasts as four numbers: repeat purchases, recency, age T, and the mean of what they spent.

Purchases of one day are one event with their amounts added. Refunds correct money and never move timing. An
amount of zero can begin a customer's history (a free first order) but is never a repeat purchase.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.findings import Finding

_SHIFT = 20
_HALF = 1 << (_SHIFT - 1)  # days before 1970 stay positive


@dataclass(frozen=True, eq=False)
class Histories:
    """One entry a customer; whole days.

    `x` repeat purchases, `recency` days from first to last purchase, `age` days from the first purchase to
    the day of looking, `log_gaps` Σ ln(gap in days), `paid` repeat purchases of known amount, `mean` their
    mean amount (NaN: none), `findings` what was noticed while reading.
    """

    ids: pl.Series
    x: Ints
    recency: Ints
    age: Ints
    log_gaps: Floats
    paid: Ints
    mean: Floats
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    @property
    def timing(self) -> tuple[Ints, Ints, Ints]:
        """(x, recency, age), as processes take them."""
        return self.x, self.recency, self.age

    def only(self, rows: Bools) -> Histories:
        """The customers at `rows`."""
        return replace(
            self,
            ids=self.ids.filter(pl.Series(rows)),
            **{name: getattr(self, name)[rows] for name in _ARRAYS},
        )


_ARRAYS = ("x", "recency", "age", "log_gaps", "paid", "mean")


def summarise(orders: pl.DataFrame, until: int | None = None) -> Histories:
    """Histories from orders: `customer` (any type), `day` Int (since 1970), `amount` Float64 (null: unknown).

    Seen on day `until` (default: the last day of the data); later rows are left out and counted. Customers
    keep the order in which they first appear.
    """
    last = until if until is not None else _last_day(orders)
    seen = orders.filter((pl.col("day") <= last) & pl.col("customer").is_not_null())
    findings = _dropped(orders, last)
    codes = seen.select("customer").unique(maintain_order=True).with_row_index("code")
    coded = seen.join(codes, on="customer", how="left", maintain_order="left")
    coded = coded.with_columns(
        key=pl.col("code").cast(pl.Int64) * (1 << _SHIFT) + pl.col("day").cast(pl.Int64) + _HALF
    )
    days = _purchase_days(coded)
    table, more = _table(days, coded, codes.height, last)
    ids = codes["customer"].filter(pl.Series(table["known"]))
    arrays = {name: table[name][table["known"]] for name in _ARRAYS}
    lost = codes.height - len(ids)
    if lost:
        more.append(Finding("never_bought", "customers without any purchase are left out", lost))
    return Histories(ids, **arrays, findings=(*findings, *more))


def _last_day(orders: pl.DataFrame) -> int:
    found = orders["day"].max()
    return int(found) if isinstance(found, int) else 0


def _dropped(orders: pl.DataFrame, last: int) -> list[Finding]:
    later, nobody = int((orders["day"] > last).sum()), orders["customer"].null_count()
    found = [Finding("later_rows", "rows dated after the last day are left out", later)] if later else []
    if nobody:
        found.append(Finding("no_customer", "rows without a customer are left out", nobody))
    return found


def _purchase_days(coded: pl.DataFrame) -> pl.DataFrame:
    """Per customer's day with anything but refunds: the sum of its amounts; sorted by customer and day."""
    amount = pl.col("amount")
    kept = coded.filter(amount.is_null() | (amount >= 0))
    return (
        kept.group_by("key")
        .agg(
            amount=amount.sum(),
            rows=pl.len(),
            priced=amount.count(),
            sold=(amount.is_null() | (amount > 0)).any(),
        )
        .sort("key")
    )


def _table(
    days: pl.DataFrame, coded: pl.DataFrame, size: int, last: int
) -> tuple[dict[str, Any], list[Finding]]:
    key, sold = days["key"].to_numpy(), days["sold"].to_numpy()
    opening = np.diff(key >> _SHIFT, prepend=-1) != 0
    counted = sold | opening
    amount = days["amount"].to_numpy()[counted].copy()
    priced = days["priced"].to_numpy()[counted] > 0
    findings = _noticed(days, opening & ~sold, int((~priced).sum()))
    key, opening = key[counted], opening[counted]
    findings += _refund(amount, key, coded)
    return _per_customer(key, opening, amount, priced, size, last), findings


def _noticed(days: pl.DataFrame, free: Bools, unpriced: int) -> list[Finding]:
    found = []
    merged = int(days["rows"].sum()) - days.height
    if merged:
        found.append(Finding("same_day", "purchases on a day with another are one event with it", merged))
    if free.any():
        found.append(Finding("free_first_order", "customers begin with an amount of zero", int(free.sum())))
    zeros = int((~days["sold"]).sum()) - int(free.sum())
    if zeros:
        found.append(Finding("zero_amount", "days with an amount of zero alone are no purchase", zeros))
    if unpriced:
        found.append(Finding("unknown_amount", "purchases of unknown amount count in timing only", unpriced))
    return found


def _refund(amount: Floats, key: Ints, coded: pl.DataFrame) -> list[Finding]:
    """Take refunds off the purchase before them."""
    given = coded.filter(pl.col("amount") < 0)
    if not given.height:
        return []
    at, back = given["key"].to_numpy(), given["amount"].to_numpy()
    place = np.searchsorted(key, at, side="right") - 1
    before = np.append(key, -1)[place]  # place -1 is the appended one: nothing before
    found = before >> _SHIFT == at >> _SHIFT
    np.add.at(amount, place[found], back[found])
    taken, lost = int(found.sum()), int((~found).sum())
    findings = [Finding("refunds", "refunds are taken off the purchase before them", taken)] if taken else []
    if lost:
        findings.append(Finding("refund_alone", "refunds before any purchase are left out", lost))
    return findings


def _per_customer(
    key: Ints, opening: Bools, amount: Floats, priced: Bools, size: int, last: int
) -> dict[str, Any]:
    owner, day = key >> _SHIFT, (key & ((1 << _SHIFT) - 1)) - _HALF
    first, latest = np.full(size, last, np.int64), np.full(size, last, np.int64)
    first[owner[opening]] = day[opening]
    latest[owner] = day  # sorted by day: the last one stays
    again, known = ~opening, ~opening & priced
    gap = np.diff(day, prepend=0)[again]
    paid = np.bincount(owner[known], minlength=size).astype(np.int64)
    total = np.bincount(owner[known], weights=amount[known], minlength=size)
    bought = np.zeros(size, dtype=bool)
    bought[owner] = True
    return {
        "x": np.bincount(owner[again], minlength=size).astype(np.int64),
        "recency": latest - first,
        "age": last - first,
        "log_gaps": np.bincount(owner[again], weights=np.log(gap), minlength=size),
        "paid": paid,
        "mean": np.divide(total, paid, out=np.full(size, np.nan), where=paid > 0),
        "known": bought,
    }


def checked(
    ids: pl.Series, x: Floats | Ints, recency: Floats | Ints, age: Floats | Ints, **money: Floats | Ints
) -> Histories:
    """Histories from a ready summary table in days; impossible rows are left out, each kind as a finding.

    `money` may hold `paid`, `mean` and `log_gaps`. Without the last, k is not chosen by likelihood.
    """
    x, recency, age = (np.asarray(v, np.float64) for v in (x, recency, age))
    unreadable = ~(np.isfinite(x) & np.isfinite(recency) & np.isfinite(age))
    doubled = ~ids.is_first_distinct().to_numpy()
    faults = {
        "unreadable": (unreadable, "frequency, recency or T is not a number"),
        "duplicate_id": (doubled & ~unreadable, "customers that stand in an earlier row"),
        "negative": ((x < 0) | (recency < 0) | (age < 0), "a negative frequency, recency or T"),
        "recency_beyond_age": (recency > age, "a last purchase after the day of looking"),
        "recency_without_repeat": ((x == 0) & (recency != 0), "recency without a repeat purchase"),
        "repeat_without_recency": ((x > 0) & (recency < x), "more repeat purchases than days"),
    }
    bad = np.logical_or.reduce([rows for rows, _ in faults.values()])
    findings = tuple(
        Finding(
            code, f"left out: {text}", int(rows.sum()), tuple(str(i) for i in ids.filter(pl.Series(rows))[:3])
        )
        for code, (rows, text) in faults.items()
        if rows.any()
    )
    size = len(x)
    arrays: dict[str, Any] = {
        "x": np.where(bad, 0, x).astype(np.int64),
        "recency": np.where(bad, 0, recency).astype(np.int64),
        "age": np.where(bad, 0, age).astype(np.int64),
        "log_gaps": np.zeros(size),
        "paid": np.zeros(size, np.int64),
        "mean": np.full(size, np.nan),
        **money,
    }
    return Histories(ids, **arrays, findings=findings).only(~bad)
