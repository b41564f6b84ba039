"""The deals of each customer as sorted events: orders, money, losses, open spans and moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from plugin.lifecycle.deals import DealReader, share_out
from plugin.lifecycle.properties import gather_days
from plugin.lifecycle.records import Records
from plugin.lifecycle.series import EVER, Ints, Points, pack, sums
from plugin.lifecycle.values import Findings
from plugin.mapping.model import Mapping


@dataclass
class DealEvents:
    """What the deals of a batch say: points by name, purchases, reasons of loss, the deals themselves.

    `foreign` are the currencies of orders whose value in the portal's is not known.
    """

    points: dict[str, Points]
    bought: pl.DataFrame
    lost_reasons: pl.Series
    foreign: pl.Series
    table: pl.DataFrame
    findings: Findings


def deal_events(
    records: Records,
    mapping: Mapping,
    object_type: str,
    index: pl.DataFrame,
    zone: str,
    currency: str | None,
) -> DealEvents:
    """The deals of the customers in `index` (`id`, `customer`) as dated events."""
    reader = DealReader(records, mapping, zone, currency)
    table = reader.table()
    ids = "company_ids" if object_type == "company" else "contact_ids"
    links = share_out(table, ids, index, mapping.purchase.attribution)
    whole = table.select(pl.exclude("contact_ids", "company_ids", "primary", "profit")).with_row_index("row")
    whole = whole.rename({"amount": "whole"}).with_columns(pl.col("row").cast(pl.Int64))
    rows = links.join(whole, on="row", how="left", maintain_order="left")
    size = index.height
    dated = rows.filter(pl.col("bought") & pl.col("dated").is_not_null())
    orders = dated.filter(pl.col("whole").is_null() | (pl.col("whole") > 0))
    reasons = rows["lost_reason"].drop_nulls().unique().sort()
    foreign = rows["foreign"].drop_nulls().unique().sort()
    code = _coded(orders["foreign"], foreign).fill_null(-1).cast(pl.Int64).to_numpy()
    points = {
        "orders": _points(orders, "dated", size, head=orders["head"].to_numpy(), foreign=code),
        "money": _money(dated.filter(pl.col("amount").is_not_null()), size),
        "lost_deals": _lost(rows, reasons, size),
        "deal_activity": _activity(rows, reader.moves(), size),
        "pieces": _pieces(rows, reader.moves(), size),
        **_open(rows.filter(pl.col("opened") < pl.col("ended")), size),
    }
    bought = orders.select("customer", day="dated")
    return DealEvents(points, bought, reasons, foreign, table, reader.findings)


def _coded(texts: pl.Series, known: pl.Series) -> pl.Series:
    """The place of each text among the known ones; null for none."""
    places = pl.Series(range(known.len()), dtype=pl.Float64)
    return texts.replace_strict(known, places, default=None, return_dtype=pl.Float64)


def _points(rows: pl.DataFrame, day: str, size: int, **values: npt.NDArray[Any]) -> Points:
    days = rows[day].cast(pl.Int64).to_numpy()
    return Points.of(rows["customer"].to_numpy(), days, size, values)


def _money(rows: pl.DataFrame, size: int) -> Points:
    cents = rows["amount"].to_numpy()
    profit = rows["profit"].fill_null(0).to_numpy()
    sold = (rows["whole"] > 0).cast(pl.Int64).to_numpy()
    points = _points(rows, "dated", size, cents=cents, profit=profit, sold=sold, refund=np.minimum(cents, 0))
    known = rows["profit"].is_not_null().cast(pl.Int64).to_numpy()
    points = points.with_values(known=_points(rows, "dated", size, known=known).values["known"])
    running = {f"sum_{name}": sums(array) for name, array in points.values.items()}
    return points.with_values(**running, **_points(rows, "dated", size, **_counted_once(rows)).values)


def _counted_once(rows: pl.DataFrame) -> dict[str, npt.NDArray[Any]]:
    """What sums over customers to each deal once: `head` marks one sharer, `once…` are equal shares."""
    amount, profit = (rows[f"once_{name}"].fill_null(0).to_numpy() for name in ("amount", "profit"))
    return {"head": rows["head"].to_numpy(), "once": amount, "once_profit": profit}


def _lost(rows: pl.DataFrame, reasons: pl.Series, size: int) -> Points:
    lost = rows.filter(pl.col("closed") & ~pl.col("won") & (pl.col("ended") > EVER)).sort("customer", "row")
    code = _coded(lost["lost_reason"], reasons).to_numpy()
    return _points(lost, "ended", size, reason=code, **_counted_once(lost))


def _activity(rows: pl.DataFrame, moves: pl.DataFrame, size: int) -> Points:
    """The days on which any deal was created, moved or closed."""
    moved = rows.select("customer", "deal").join(moves, on="deal", how="inner")
    closed = rows.filter(pl.col("closed")).select("customer", day="ended")
    opened = rows.select("customer", day="created").drop_nulls()
    parts = [opened, closed.drop_nulls(), moved.select("customer", day="moved")]
    return gather_days(parts, size)


def _open(rows: pl.DataFrame, size: int) -> dict[str, Points]:
    """The first and the first no longer open day of each deal, with running totals of money."""
    cents = rows["amount"].fill_null(0).to_numpy()
    known = rows["amount"].is_not_null().cast(pl.Int64).to_numpy()
    found = {}
    for name, day in (("opened", "opened"), ("ended", "ended")):
        points = _points(rows, day, size, cents=cents, known=known)
        found[name] = points.with_values(**{f"sum_{k}": sums(v) for k, v in points.values.items()})
    chance = rows.filter(pl.col("probability").is_not_null()).sort("customer", "probability")
    found["chances"] = Points.of(
        chance["customer"].to_numpy(),
        np.full(chance.height, EVER, np.int64),  # in order of chance, not of day
        size,
        {
            "chance": chance["probability"].to_numpy(),
            "start": chance["opened"].to_numpy(),
            "end": chance["ended"].to_numpy(),
        },
    )
    return found


def _pieces(rows: pl.DataFrame, moves: pl.DataFrame, size: int) -> Points:
    """Spans of open deals between their moves: `keys` are the moves' days, `end` the first day after."""
    base = rows.filter((pl.col("opened") < pl.col("ended")) & (pl.col("opened") > EVER))
    starts = base.select("customer", "row", "ended", start="opened")
    later = base.join(moves, on="deal", how="inner").filter(
        (pl.col("moved") > pl.col("opened")) & (pl.col("moved") < pl.col("ended"))
    )
    both = pl.concat([starts, later.select("customer", "row", "ended", start="moved")]).sort(
        "customer", "row", "start"
    )
    following = pl.col("start").shift(-1).over("customer", "row") if later.height else pl.lit(None, pl.Int64)
    both = both.with_columns(end=pl.coalesce(following, "ended"))
    points = _points(both, "start", size, end=both["end"].to_numpy())
    return points.with_values(reach=_prefix_max(points, points.values["end"]))


def _prefix_max(points: Points, values: Ints) -> Ints:
    """Per event, the largest value up to it among its customer's."""
    return np.maximum.accumulate(pack(points.customers, values)) if len(values) else values
