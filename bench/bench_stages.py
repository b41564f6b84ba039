"""What the thresholds of sleeping and lost cost and gain: the stage backtest over a grid of them.

    PYTHONPATH=. python bench/bench_stages.py [--quick] [--invoices FILE]
Prints a Markdown table per set of orders. The CDNOW sample ships with the product; FILE is a CSV with
CustomerID, InvoiceDate and TotalPrice: docs/decisions took UCI Online Retail, aggregated to invoices.
Three worlds are made here, always the same: what is put into them stands beside each.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from plugin.cli.stage_backtest import as_plain, records_of, stages_of_records
from plugin.lifecycle.models import load_models
from plugin.mapping.model import DEFAULT_THRESHOLDS, Mapping
from plugin.sandbox.loaders.cdnow import read_orders as read_sample

BEGIN, YEARS = 18_262, 3  # 2020-01-01
ORIGINS = 4
#: What is changed against the defaults, one row of the tables each.
GRID: tuple[tuple[str, dict[str, float]], ...] = (
    ("defaults", {}),
    ("sleeping_multiple 1.5", {"sleeping_multiple": 1.5}),
    ("sleeping_multiple 2", {"sleeping_multiple": 2}),
    ("sleeping_multiple 3", {"sleeping_multiple": 3}),
    ("sleeping_multiple 4", {"sleeping_multiple": 4}),
    ("sleeping_min_days 30", {"sleeping_min_days": 30}),
    ("sleeping_min_days 90", {"sleeping_min_days": 90}),
    ("lost_multiple 4", {"lost_multiple": 4}),
    ("lost_multiple 8", {"lost_multiple": 8}),
    ("lost_min_days 365", {"lost_min_days": 365}),
    ("gap_prior 1", {"gap_prior": 1}),
    ("gap_prior 10", {"gap_prior": 10}),
    ("fixed 180 / 365", {"rhythm_min_repeaters": 1_000_000}),
    (
        "fixed 90 / 180",
        {"rhythm_min_repeaters": 1_000_000, "sleeping_fixed_days": 90, "lost_fixed_days": 180},
    ),
    (
        "fixed 270 / 540",
        {"rhythm_min_repeaters": 1_000_000, "sleeping_fixed_days": 270, "lost_fixed_days": 540},
    ),
)
HEAD = (
    "thresholds",
    "called sleeping",
    "back in 90 d",
    "in 180 d",
    "called lost",
    "back in 90 d",
    "in 180 d",
    "gone: called",
    "after days",
    "changes a year",
)


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="Fewer rows and customers.")
    asked.add_argument("--invoices", type=Path, help="A further CSV of orders.")
    args = asked.parse_args()
    grid = GRID[:3] if args.quick else GRID
    for name, orders, seasonal in worlds(args.invoices, 300 if args.quick else 3000):
        records = records_of(orders)
        print(f"\n### {name}\n\n{_row(HEAD)}\n{_row('---' for _ in HEAD)}")
        rows = [*grid, ("compare_seasons", {})] if seasonal else grid
        for label, changed in rows:
            mapping = replace(
                Mapping(),
                thresholds=MappingProxyType({**DEFAULT_THRESHOLDS, **changed}),
                compare_seasons=label == "compare_seasons",
            )
            found = stages_of_records(records, mapping, load_models(mapping), ORIGINS)
            gap = ", ".join(f"{one.usual_gap_days or 0:.0f}" for one in found)
            print(_row((label, *_cells(as_plain(found)))), flush=True)
        print(f"\nUsual gaps at the origins: {gap} days; gone: {found[0].hindsight} days of silence.")


def _cells(plain: MappingABC[str, Any]) -> Iterator[str]:
    for state in ("sleeping", "lost"):
        called = plain["called"][state]
        yield f"{called['customers']:,}"
        for window in (90, 180):
            share = called["back"][window]
            yield "–" if share is None else f"{share:.1%}"
    seen = plain["seen"]["sleeping"]
    yield "–" if seen["flagged"] is None else f"{seen['flagged']:.0%}"
    yield str(seen["days"]["p50"] or "–")
    yield f"{plain['changes_a_year'] or 0:.2f}"


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def worlds(invoices: Path | None, size: int) -> Iterator[tuple[str, pl.DataFrame, bool]]:
    """Name, orders, and whether the seasons are worth comparing."""
    shop = [(str(o.customer), o.day, float(o.dollars)) for o in read_sample()]
    yield "CDNOW sample, 2,357 customers, 18 months", _frame(shop), False
    if invoices:
        orders = _invoices(invoices)
        yield f"{invoices.parent.name}, {orders['customer'].n_unique():,} customers", orders, False
    yield (
        f"Chance: {size:,} customers, gaps by chance, rates around one in 60 days, 4 % leave after an order",
        _frame(_chance(size)),
        False,
    )
    yield (
        f"Rhythm: {size:,} customers with gaps of 20 to 120 days ± a quarter, 8 % leave after an order",
        _frame(_rhythm(size)),
        False,
    )
    yield (
        f"Christmas: {size:,} customers, 2 to 4 orders before each Christmas, 25 % leave a year",
        _frame(_christmas(size)),
        True,
    )


def _invoices(file: Path) -> pl.DataFrame:
    rows = pl.read_csv(file)
    return rows.select(
        customer=pl.col("CustomerID").cast(pl.String),
        day=pl.col("InvoiceDate").str.to_date("%Y-%m-%d").cast(pl.Int64),
        amount=pl.col("TotalPrice").cast(pl.Float64),
    )


def _frame(rows: list[tuple[str, int, float]]) -> pl.DataFrame:
    schema = {"customer": pl.String, "day": pl.Int64, "amount": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _chance(size: int) -> list[tuple[str, int, float]]:
    """Exponential gaps, each customer's own rate; after an order 1 in 25 leaves, the rates vary by gamma."""
    rng, rows = np.random.default_rng(1), []
    for customer in range(size):
        mean = 60 / max(rng.gamma(1.5, 1 / 1.5), 0.05)
        day = float(rng.integers(0, 365 * YEARS))
        while day < 365 * YEARS:
            rows.append((str(customer), BEGIN + int(day), 50.0))
            if rng.random() < 0.04:
                break
            day += 1 + rng.exponential(mean)
    return rows


def _rhythm(size: int) -> list[tuple[str, int, float]]:
    """Gaps near each customer's own; after an order 8 in 100 leave."""
    rng, rows = np.random.default_rng(2), []
    for customer in range(size):
        gap = rng.uniform(20, 120)
        day = float(rng.integers(0, 365 * YEARS))
        while day < 365 * YEARS:
            rows.append((str(customer), BEGIN + int(day), 50.0))
            if rng.random() < 0.08:
                break
            day += max(1.0, rng.normal(gap, gap / 4))
    return rows


def _christmas(size: int) -> list[tuple[str, int, float]]:
    """Two to four orders, nine in ten from 10 November to 24 December; 25 in 100 leave after a year."""
    rng, rows = np.random.default_rng(3), []
    for customer in range(size):
        for year in range(rng.integers(0, 3), 5):
            for _ in range(rng.integers(2, 5)):
                into = rng.integers(0, 365) if rng.random() < 0.1 else rng.integers(314, 359)
                rows.append((str(customer), BEGIN + 365 * year + int(into), 50.0))
            if rng.random() < 0.25:
                break
    return rows


if __name__ == "__main__":
    sys.exit(main())
