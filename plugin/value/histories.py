"""Customers' pasts as four numbers: repeat purchases, recency, age T, and the mean of what they spent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.contracts import Contracts
from plugin.value.findings import Finding


@dataclass(frozen=True, eq=False)
class Histories:
    """One entry a customer; whole days.

    `x` repeat purchases, `recency` days from first to last purchase, `age` days from the first purchase to
    the day of looking, `log_gaps` Σ ln(gap in days), `paid` repeat purchases of known amount, `mean` their
    mean amount (NaN: none), `findings` what was noticed while reading. `contracts`: where customers are under
    contract, how each stands; `paid` and `mean` are then by period paid for, the first included.
    """

    ids: pl.Series
    x: Ints
    recency: Ints
    age: Ints
    log_gaps: Floats
    paid: Ints
    mean: Floats
    findings: tuple[Finding, ...] = ()
    contracts: Contracts | None = None

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
            contracts=self.contracts.only(rows) if self.contracts else None,
            **{name: getattr(self, name)[rows] for name in _ARRAYS},
        )


_ARRAYS = ("x", "recency", "age", "log_gaps", "paid", "mean")


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
