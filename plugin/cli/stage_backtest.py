"""The section of `lifecycle backtest` about the stages: who came back, how early, how steadily."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from plugin.cli.render import as_json_text

if TYPE_CHECKING:
    from plugin.cli.cases import Case
    from plugin.lifecycle.records import Records
    from plugin.lifecycle.ruleset import Models
    from plugin.lifecycle.stage_backtest import Judgement
    from plugin.mapping.model import Mapping

_TITLE = "What the stages would have been worth"
_TOO_SHORT = "The records are too short to judge stages: half of them teach, and 90 days must follow."
_HEAD = ("Buyers", "customers", "back in 90 days", "180 days", "365 days")


def stages_of_orders(orders: pl.DataFrame, count: int, given: Sequence[date] = ()) -> list[Judgement]:
    """Judge the default stages on orders as `orders.read_orders` gives them."""
    from plugin.lifecycle.models import load_models
    from plugin.mapping.model import Mapping

    mapping = Mapping()
    return stages_of_records(records_of(orders), mapping, load_models(mapping), count, given)


def stages_of_case(
    case: Case, count: int, given: Sequence[date] = (), object_type: str | None = None
) -> list[Judgement]:
    """Judge the stages of a portal, or of exported records, up to the case's day."""
    return stages_of_records(
        case.records,
        case.mapping,
        case.models,
        count,
        given,
        object_type=object_type,
        end=case.day,
        time_zone=case.parameters.time_zone,
    )


def stages_of_records(
    records: Records,
    mapping: Mapping,
    models: Models,
    count: int,
    given: Sequence[date] = (),
    *,
    object_type: str | None = None,
    end: date | None = None,
    time_zone: str | None = None,
) -> list[Judgement]:
    """Judge the stages on records, up to `end` or else the last purchase; empty where they are too short."""
    from plugin.lifecycle.parameters import purchase_days
    from plugin.lifecycle.stage_backtest import HINDSIGHT, judge, rolling_origins

    span = purchase_days(records, mapping, object_type=object_type, time_zone=time_zone)
    if span is None:
        return []
    first, last = span[0], end or span[1]
    return judge(
        records,
        mapping,
        models,
        list(given) or rolling_origins(first, last, count),
        last,
        object_type=object_type,
        time_zone=time_zone,
        hindsight=min(HINDSIGHT, (last - first).days // 3),
    )


def records_of(orders: pl.DataFrame) -> Records:
    """Orders as won deals of contacts, who begin with their first one."""
    from plugin.lifecycle.records import Records

    numbered = orders.with_columns(
        who=pl.col("customer").rank("dense").cast(pl.Int64),
        on=pl.col("day").cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d"),
    )
    contacts = numbered.group_by("who").agg(pl.col("on").min()).sort("who")
    ids = pl.int_range(pl.len(), dtype=pl.Int64) + 1
    deals = numbered.select(
        id=ids,
        contact_ids=pl.concat_list("who"),
        company_ids=pl.lit([], dtype=pl.List(pl.Int64)),
        primary_contact_id=pl.lit(None, pl.Int64),
        amount=pl.col("amount").cast(pl.String),
        closedate=pl.col("on"),
        createdate=pl.col("on"),
        hs_is_closed=pl.lit("true"),
        hs_is_closed_won=pl.lit("true"),
    )
    people = contacts.select(id="who", company_ids=pl.lit([], dtype=pl.List(pl.Int64)), createdate="on")
    empty = Records.empty()
    return Records(people, empty.companies, deals, empty.history)


def with_stages(text: str, shape: str, found: Sequence[Judgement]) -> str:
    """A finished backtest in `shape` (text, json, html) with the stages' section added."""
    if shape == "json":
        return as_json_text({**orjson.loads(text), "stages": as_plain(found)})
    if shape == "html":
        return text.replace("</body>", f"{_html(found)}</body>")
    return "\n".join([text.rstrip("\n"), "", *_lines(found)]) + "\n"


def as_plain(found: Sequence[Judgement]) -> dict[str, Any]:
    """All origins together, and each by itself; empty where nothing could be judged."""
    from plugin.lifecycle.stage_backtest import pooled

    return {**pooled(found), "origins": [asdict(one) for one in found]} if found else {}


def _rows(plain: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for kind in ("standing", "called"):
        for state, one in plain[kind].items():
            name = f"{state} on the day" if kind == "standing" else f"newly called {state}"
            yield name, f"{one['customers']:,}", *(_share(s) for s in one["back"].values())


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _sentences(found: Sequence[Judgement], plain: dict[str, Any]) -> Iterator[str]:
    days, hindsight = ", ".join(one.origin.isoformat() for one in found), found[0].hindsight
    yield f"Each time by the parameters of the day: {days}."
    for state, called in (("sleeping", "sleeping or lost"), ("lost", "lost")):
        seen = plain["seen"][state]
        low, middle, high = (seen["days"][p] for p in ("p25", "p50", "p75"))
        if middle is not None:
            yield (
                f"Of {plain['gone']:,} who had left for good ({hindsight} days of silence at the end), "
                f"{_share(seen['flagged'])} were called {called}: {middle} days after the last purchase "
                f"(half of them {low} to {high})."
            )
    if plain["changes_a_year"] is not None:
        yield (
            f"Changes of stage: {plain['changes_a_year']:.2f} a customer and year, "
            f"{_share(plain['taken_back'])} taken back within 30 days."
        )


def _lines(found: Sequence[Judgement]) -> list[str]:
    if not found:
        return [_TITLE, f"  {_TOO_SHORT}"]
    plain = as_plain(found)
    table = [f"  {row[0]:<28}" + "".join(f"{cell:>17}" for cell in row[1:]) for row in (_HEAD, *_rows(plain))]
    return [_TITLE, *table, *(f"  {line}" for line in _sentences(found, plain))]


def _html(found: Sequence[Judgement]) -> str:
    if not found:
        return f"<h2>{_TITLE}</h2><p>{_TOO_SHORT}</p>"
    plain = as_plain(found)
    head = "".join(f"<th>{escape(cell)}</th>" for cell in _HEAD)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in _rows(plain)
    )
    told = "".join(f"<p>{escape(line)}</p>" for line in _sentences(found, plain))
    return f"<h2>{_TITLE}</h2><table><tr>{head}</tr>{rows}</table>{told}"
