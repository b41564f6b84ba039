"""Purchases counted by calendar periods (months, quarters, years), as models of contracts see them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.findings import Finding
from plugin.value.histories import Histories
from plugin.value.renewals import PERIODS
from plugin.value.summary import summarise

_MANY = 0.05


@dataclass(frozen=True, eq=False)
class Rounds:
    """One entry a customer, in whole calendar periods after that of the first purchase.

    `x` complete periods with a purchase, `last` the latest of them (0: none), `n` complete periods since;
    `ahead` whether it already bought in the running period. `histories` hold the money.
    """

    histories: Histories
    x: Ints
    last: Ints
    n: Ints
    ahead: Bools
    period: str
    findings: tuple[Finding, ...] = ()

    @property
    def renewed(self) -> Ints:
        """Renewals under a contract: up to the latest period paid, the running one counted where it is."""
        found: Ints = self.last + (self.ahead & (self.last == self.n))
        return found

    @property
    def left(self) -> Bools:
        """Whether the latest renewal due was not paid; a running period is not over yet."""
        found: Bools = (self.last < self.n) & ~self.ahead
        return found


def rounds_of(orders: pl.DataFrame, period: str, until: int | None = None) -> Rounds:
    """Rounds from orders as `summary.summarise` takes them; `period` is one of `PERIODS`."""
    histories = summarise(orders, until)
    end = until if until is not None else int(str(orders["day"].max()))
    running = _index([end], period)[0]
    complete = running if _index([end + 1], period)[0] > running else running - 1
    first = _index(end - histories.age, period)
    known = pl.DataFrame({"customer": histories.ids, "row": range(len(first)), "first": first})
    amount = pl.col("amount")
    seen = orders.filter((pl.col("day") <= end) & (amount.is_null() | (amount > 0)))
    seen = seen.with_columns(at=pl.Series(_index(seen["day"].to_numpy(), period))).join(known, on="customer")
    later = seen.filter(pl.col("at") > pl.col("first"))
    each = later.select("row", "at", since=pl.col("at") - pl.col("first"))
    each = (
        each.unique()
        .group_by("row")
        .agg(
            x=(pl.col("at") <= complete).sum(),
            last=pl.col("since").filter(pl.col("at") <= complete).max().fill_null(0),
            ahead=(pl.col("at") > complete).any(),
        )
    )
    table = known.select("row").join(each, on="row", how="left", maintain_order="left").fill_null(0)
    ahead = table["ahead"].fill_null(False).to_numpy()
    x, last = (table[name].cast(pl.Int64).to_numpy() for name in ("x", "last"))
    n: Ints = (complete - first).clip(min=0)
    return Rounds(histories, x, last, n, ahead, period, _noticed(histories, x, last, period))


def _index(days: Ints | list[int], period: str) -> Ints:
    """The number of the calendar period of each day."""
    dates = pl.Series(days, dtype=pl.Int32).cast(pl.Date)
    months = dates.dt.year().cast(pl.Int64) * 12 + dates.dt.month().cast(pl.Int64) - 1
    found: Ints = (months // PERIODS[period]).to_numpy()
    return found


def _noticed(histories: Histories, x: Ints, last: Ints, period: str) -> tuple[Finding, ...]:
    """What speaks against a rhythm of one purchase a period."""
    skipped, doubled = int((x < last).sum()), int((histories.x > last + 1).sum())
    found = []
    if skipped > _MANY * len(x):
        found.append(Finding("skipped", f"customers bought again after a {period} without", skipped))
    if doubled > _MANY * len(x):
        found.append(Finding("more_often", f"customers buy more than once a {period}", doubled))
    return tuple(found)


def discounts(yearly_rate: float, period: str, ahead: int) -> Floats:
    """The worth today of one unit in each of the coming periods."""
    yearly = 12 / PERIODS[period]
    found: Floats = pl.Series([(1 + yearly_rate) ** (-(j / yearly)) for j in range(1, ahead + 1)]).to_numpy()
    return found
