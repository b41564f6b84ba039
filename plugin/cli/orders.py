"""Reads a CSV of orders (customer_id, date, amount) for the commands that fit models to one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from plugin.errors import InputError
from plugin.records.csv_text import Faults, Table, read_table

_DATE_CURE = "Write dates as YYYY-MM-DD."
_AMOUNT_CURE = "Write amounts as plain numbers with a point; leave unknown ones empty."


@contextmanager
def working(what: str) -> Iterator[None]:
    """A sign of life on a terminal's standard error while something takes longer."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def read_orders(file: Path) -> pl.DataFrame:
    """`customer` String, `day` Int64 since 1970, `amount` Float64 (null: unknown); a row an order.

    InputError with file, line and cure for everything that is wrong in the file.
    """
    faults = Faults()
    table = read_table(file, faults)
    columns = _columns(file, table, faults) if table else {}
    faults.refuse()
    if table is None:
        raise InputError(f"{file} cannot be read.", cure="Check the file.")
    rows = pl.DataFrame({name: [row[at] for row in table.rows] for name, at in columns.items()})
    rows = rows.cast(pl.String).with_columns(pl.all().str.strip_chars())
    frame = rows.select(
        customer=pl.col("customer_id"),
        day=pl.col("date").str.head(10).str.to_date("%Y-%m-%d", strict=False).cast(pl.Int64),
        amount=pl.col("amount").cast(pl.Float64, strict=False) if "amount" in columns else None,
    ).with_columns(pl.col("amount").cast(pl.Float64))
    _refuse_bad(file, table, rows, frame, faults)
    if not frame.height:
        faults.add(file, 1, "The file has no orders.", "It needs a line an order below the headers.")
    faults.refuse()
    return frame


def _columns(file: Path, table: Table, faults: Faults) -> dict[str, int]:
    places = {header.lower(): at for at, header in reversed(list(enumerate(table.headers)))}
    for name in ("customer_id", "date"):
        if name not in places:
            said = f"There is no column {name}; there are: {', '.join(table.headers)}."
            faults.add(file, 1, said, "Name the columns customer_id, date and amount.")
    return {name: places[name] for name in ("customer_id", "date", "amount") if name in places}


def _refuse_bad(file: Path, table: Table, rows: pl.DataFrame, frame: pl.DataFrame, faults: Faults) -> None:
    bad = {
        "customer_id": (rows["customer_id"] == "", "customer", "Name the customer of each order."),
        "date": (frame["day"].is_null() | ~_ends_well(rows["date"]), "date", _DATE_CURE),
    }
    if "amount" in rows.columns:
        unread = (rows["amount"] != "") & ~frame["amount"].is_finite().fill_null(False)
        bad["amount"] = (unread, "amount", _AMOUNT_CURE)
    for name, (wrong, what, cure) in bad.items():
        for at in wrong.arg_true():
            said = (
                f"{rows[name][at]!r} is not a {what}."
                if what != "amount"
                else f"{rows[name][at]!r} is no amount."
            )
            faults.add(file, table.lines[at], said, cure)


def _ends_well(dates: pl.Series) -> pl.Series:
    """Whether nothing but a time follows the day."""
    return dates.str.contains(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")
