"""Cells: contributions added up over a scope's customers.

A cell is (scope, measure, detail, month, bin) → whole number. Cells of customers who change are moved by the
difference of their contributions; cells from scratch are the sum of all contributions.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import polars as pl

#: What stands between the parts of a contribution's line; no part holds it.
BETWEEN = "\x1f"
#: The mark at the end of a contribution's scopes: cells of pairs and coarse counts are derived from it.
#: What was kept before there were such cells has no mark: taking it away takes away what it had added.
DERIVED = "+"
#: Two filters at once, in this order; a pair's members stand beside each other with PAIR between.
DIMENSIONS = ("channel", "segment", "cohort")
PAIR = "\x1e"
#: Counts by whole days. Beside each stands a coarse one, by COARSE days, its name with COARSELY behind.
TIMED = ("cycle", "step", "move_days")
COARSE, COARSELY = 32, "~"
CELL = ("scope", "measure", "detail", "month", "bin")
_SCHEMA: dict[str, Any] = {
    "scope": pl.String,
    "measure": pl.String,
    "detail": pl.String,
    "month": pl.Int64,
    "bin": pl.Int64,
    "value": pl.Int64,
}

_AT_ONCE = 20_000  # contributions added up in one piece
Cell = tuple[str, str, str, int, int]


def moved(before: Iterable[str], after: Iterable[str]) -> pl.DataFrame:
    """By how much cells move when contributions give way to others: CELL and `value`, in order."""
    gone, come = _long(before), _long(after)
    both = pl.concat([come, gone.with_columns(-pl.col("value"))])
    return both.group_by(*CELL).agg(pl.col("value").sum()).filter(pl.col("value") != 0).sort(*CELL)


def added_up(contributions: Iterable[str]) -> pl.DataFrame:
    """The cells of these contributions from scratch, a part at a time, so that a million fit into memory."""
    rest, found = iter(contributions), moved((), ())
    while part := list(islice(rest, _AT_ONCE)):
        both = pl.concat([found, moved((), part)])
        found = both.group_by(*CELL).agg(pl.col("value").sum())
    return found.filter(pl.col("value") != 0).sort(*CELL)


def _long(contributions: Iterable[str]) -> pl.DataFrame:
    """One row a scope and cell of each contribution."""
    texts = pl.Series("text", [text for text in contributions if text], dtype=pl.String).to_frame()
    parts = texts.select(part=pl.col("text").str.splitn("\n", 2)).unnest("part").drop_nulls("field_1")
    lines = parts.with_row_index()
    scopes = lines.select("index", scope=pl.col("field_0").str.split(BETWEEN)).explode("scope")
    cells = lines.select("index", line=pl.col("field_1").str.split("\n")).explode("line")
    names = [name for name in _SCHEMA if name != "scope"]
    split = pl.col("line").str.split_exact(BETWEEN, len(names) - 1).struct.rename_fields(names)
    cells = cells.select("index", split.alias("cell")).unnest("cell")
    cells = cells.select("index", *(pl.col(n).cast(_SCHEMA[n]) for n in names))
    marked = scopes.filter(pl.col("scope") == DERIVED).select("index")
    scopes = scopes.filter(pl.col("scope") != DERIVED)
    cells = pl.concat([cells, _coarse(cells.join(marked, on="index", how="semi"))])
    own = scopes.join(cells, on="index")
    paired = _pairs(scopes.join(marked, on="index", how="semi")).join(_untimed(cells), on="index")
    return pl.concat([one.select(*_SCHEMA) for one in (own, paired)])


def _coarse(cells: pl.DataFrame) -> pl.DataFrame:
    """Counts by days once more by COARSE of them; days that are not known stay so."""
    bins = pl.when(pl.col("bin") < 0).then(-1).otherwise(pl.col("bin") // COARSE)
    timed = cells.filter(pl.col("measure").is_in(TIMED))
    return timed.with_columns(measure=pl.col("measure") + COARSELY, bin=bins.cast(pl.Int64))


def _untimed(cells: pl.DataFrame) -> pl.DataFrame:
    """What pairs hold: all but the days that things took, of which there would be too many."""
    step = pl.col("measure").str.starts_with("step")
    some = cells.filter(step | ~pl.col("measure").str.strip_suffix(COARSELY).is_in(TIMED))
    return some.with_columns(bin=pl.when(step).then(-1).otherwise(pl.col("bin")).cast(pl.Int64))


def _pairs(scopes: pl.DataFrame) -> pl.DataFrame:
    """The pairs of each contribution's channel, segments and cohort, as scopes."""
    both = pl.col("scope").str.splitn(":", 2).struct.rename_fields(["dimension", "member"])
    named = scopes.select("index", both.alias("s")).unnest("s").filter(pl.col("dimension").is_in(DIMENSIONS))
    made = named.join(named, on="index", suffix="_2")
    made = made.filter(_rank("dimension") < _rank("dimension_2"))
    dimension = pl.col("dimension") + "+" + pl.col("dimension_2")
    member = pl.col("member") + PAIR + pl.col("member_2")
    return made.select("index", scope=dimension + ":" + member)


def _rank(name: str) -> pl.Expr:
    return pl.col(name).replace_strict(DIMENSIONS, range(len(DIMENSIONS)), return_dtype=pl.Int64)
