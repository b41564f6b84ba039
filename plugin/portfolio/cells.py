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
#: What pairs of filters do not hold beside the days.
UNPAIRED = ("move",)
CELL = ("scope", "measure", "detail", "month", "bin")
_KEY = ("measure", "detail", "month", "bin")
_LINE: dict[str, Any] = {
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
    return _summed(before, after).sort(*CELL)


def added_up(contributions: Iterable[str]) -> pl.DataFrame:
    """The cells of these contributions from scratch, a part at a time, so that a million fit into memory."""
    rest, found, more = iter(contributions), _summed((), ()), list[pl.DataFrame]()
    while part := list(islice(rest, _AT_ONCE)):
        more.append(_summed((), part))
        if sum(one.height for one in more) > found.height:  # so that each cell is added up a few times only
            found, more = _together([found, *more]), []
    return _together([found, *more]).sort(*CELL)


def _together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    summed = pl.concat(parts).group_by(*CELL).agg(pl.col("value").sum())
    return summed.filter(pl.col("value") != 0)


def _summed(before: Iterable[str], after: Iterable[str]) -> pl.DataFrame:
    """The cells of `after` less those of `before`.

    Lines and lists of scopes are numbered, as most are those of many customers: what is equal before and
    after falls out first, each line is read once, and numbers are added up instead of texts.
    """
    counts = _counted(before, after)
    lines, lists = _lines(counts), _lists(counts)
    counts = (
        counts.join(lines.select("line", "at"), on="line").join(lists, on="scopes").select("list", "at", "n")
    )
    plain, coarse, paired = _kept(lines)
    keys = pl.concat([one.select(_KEY) for one in (plain, coarse, paired)]).unique().with_row_index("key")
    own, marked, pairs = _scopes(lists)
    wanted = ((plain, own), (coarse, marked), (paired, pairs))
    sums = [_of_scopes(counts, made.join(keys, on=_KEY), scopes) for made, scopes in wanted]
    both = pl.concat(sums).group_by("scope", "key").agg(pl.col("value").sum()).filter(pl.col("value") != 0)
    return both.join(keys, on="key").select(*CELL, "value")


def _counted(before: Iterable[str], after: Iterable[str]) -> pl.DataFrame:
    """`scopes`, `line` and how many more times (`n`) it stands in contributions after than before."""
    parts = []
    for texts, sign in ((before, -1), (after, 1)):
        text = pl.Series("text", [text for text in texts if text], dtype=pl.String).to_frame()
        split = text.select(part=pl.col("text").str.splitn("\n", 2)).unnest("part").drop_nulls("field_1")
        parts.append(split.select(scopes="field_0", line=pl.col("field_1").str.split("\n"), n=pl.lit(sign)))
    counted = (
        pl.concat(parts).explode("line").group_by("scopes", "line").agg(pl.col("n").cast(pl.Int64).sum())
    )
    return counted.filter(pl.col("n") != 0)


def _lines(counts: pl.DataFrame) -> pl.DataFrame:
    """Each line once, taken apart, with its number `at`."""
    lines = counts.select("line").unique().with_row_index("at")
    split = pl.col("line").str.split_exact(BETWEEN, len(_LINE) - 1).struct.rename_fields(list(_LINE))
    parts = lines.with_columns(split.alias("cell")).unnest("cell")
    return parts.select("at", "line", *(pl.col(n).cast(kind) for n, kind in _LINE.items()))


def _lists(counts: pl.DataFrame) -> pl.DataFrame:
    return counts.select("scopes").unique().with_row_index("list")


def _of_scopes(counts: pl.DataFrame, made: pl.DataFrame, scopes: pl.DataFrame) -> pl.DataFrame:
    """Sums by scope and key: first over the customers of one list of scopes, then over the lists."""
    here = counts.join(scopes.select("list").unique(), on="list", how="semi")
    value = (pl.col("value") * pl.col("n")).sum()
    summed = here.join(made.select("at", "key", "value"), on="at").group_by("list", "key").agg(value=value)
    return summed.join(scopes, on="list").select("scope", "key", "value")


def _kept(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What is kept of lines: as they are; counts by days once more, coarsely; and for pairs of filters.

    Pairs hold no days that things took and no changes of stage, of which there would be too many.
    """
    plain = lines.select("at", *_LINE)
    coarsely = pl.when(pl.col("bin") < 0).then(-1).otherwise(pl.col("bin") // COARSE).cast(pl.Int64)
    timed = plain.filter(pl.col("measure").is_in(TIMED))
    coarse = timed.with_columns(measure=pl.col("measure") + COARSELY, bin=coarsely)
    step = pl.col("measure").str.starts_with("step")
    both = pl.concat([plain, coarse])
    few = both.filter(step | ~pl.col("measure").str.strip_suffix(COARSELY).is_in((*TIMED, *UNPAIRED)))
    unknown = pl.when(step).then(-1).otherwise(pl.col("bin")).cast(pl.Int64)
    return plain, coarse, few.with_columns(bin=unknown)


def _scopes(lists: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(list, scope) of all lists, of those that are marked, and the pairs of these."""
    every = lists.select("list", scope=pl.col("scopes").str.split(BETWEEN)).explode("scope")
    own = every.filter(pl.col("scope") != DERIVED)
    marked = own.join(every.filter(pl.col("scope") == DERIVED), on="list", how="semi")
    return own, marked, _pairs(marked)


def _pairs(scopes: pl.DataFrame) -> pl.DataFrame:
    """The pairs of each list's channel, segments and cohort, as scopes."""
    both = pl.col("scope").str.splitn(":", 2).struct.rename_fields(["dimension", "member"])
    named = scopes.select("list", both.alias("s")).unnest("s").filter(pl.col("dimension").is_in(DIMENSIONS))
    made = named.join(named, on="list", suffix="_2")
    made = made.filter(_rank("dimension") < _rank("dimension_2"))
    dimension = pl.col("dimension") + "+" + pl.col("dimension_2")
    member = pl.col("member") + PAIR + pl.col("member_2")
    return made.select("list", scope=dimension + ":" + member)


def _rank(name: str) -> pl.Expr:
    return pl.col(name).replace_strict(DIMENSIONS, range(len(DIMENSIONS)), return_dtype=pl.Int64)
