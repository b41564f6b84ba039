"""`lifecycle backtest`: how good predictions would have been on past days, beside plain rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli.orders import read_orders, working
from plugin.cli.render import json_option, shape_of
from plugin.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from plugin.lifecycle.stage_backtest import Judgement
    from plugin.value.lookback import Look
    from plugin.value.scores import Score

    #: looks back, what judges the stages, the orders where they are asked for
    _Backtest = tuple[list[Look], Callable[[], list[Judgement]], pl.DataFrame | None]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])
_EPOCH = date(1970, 1, 1)


@click.command(
    epilog="Example: lifecycle backtest orders.csv --days 90 --origins 4 --format html --out b.html"
)
@click.argument("file", type=_FILE, required=False)
@click.option("--records", type=_FOLDER, help="A directory that `lifecycle export` wrote.")
@click.option("--portal", type=int, help="The portal's id; needed only where several are served.")
@click.option(
    "--object", "object_type", type=click.Choice(["contact", "company"]), help="Default: as mapped."
)
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Days to predict.")
@click.option(
    "--origins", type=click.IntRange(1, 50), default=3, show_default=True, help="How many past days."
)
@click.option(
    "--period",
    type=click.Choice(["month", "quarter", "year"]),
    help="Also judge sbg and bg-bb, by this period; past days are then its last ones.",
)
@click.option("--at", "given", multiple=True, type=_DAY, help="These days instead.")
@click.option(
    "--format", "shape", type=click.Choice(["text", "json", "html"]), default="text", show_default=True
)
@click.option("--out", type=_OUT, help="Write here instead of printing.")
@json_option
def backtest(
    file: Path | None,
    records: Path | None,
    portal: int | None,
    object_type: str | None,
    days: int,
    origins: int,
    period: str | None,
    given: tuple[datetime, ...],
    shape: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Predict from past days and compare with what followed, for our models and for plain rules.

    FILE has orders as for `lifecycle clv`. Without it the served portal's own history is taken, or with
    --records one that was exported; where the mapping says that purchases renew contracts, sbg is judged too.
    """
    if file is not None and (records or portal or object_type):
        raise click.UsageError("A FILE of orders needs no --records, --portal or --object.")
    from plugin.cli.render import put
    from plugin.cli.stage_backtest import with_stages

    shape = shape_of(shape, as_json=as_json)
    past = [d.date() for d in given]
    with working("Looking back"):
        if file is not None:
            looks, judged, orders = _file(file, past, days, origins, period)
        else:
            looks, judged, orders = _records(records, portal, object_type, past, days, origins, period)
        found = _compared(looks, orders, period)
    if not found:
        raise InputError(
            f"{file or records or 'The portal'}: no past day has ten customers to predict for.",
            cure="Give more orders, fewer --days or another --at.",
        )
    with working("Judging the stages"):
        stages = judged()
    put(with_stages(_shown(found, days, shape), shape, stages), out)


def _file(file: Path, past: Sequence[date], days: int, count: int, period: str | None) -> _Backtest:
    """The looks back at a file of orders, and what judges its stages."""
    from plugin.cli.stage_backtest import stages_of_orders
    from plugin.value.lookback import looks_at_orders, rolling

    orders = read_orders(file)
    first, last = (int(str(orders["day"].min())), int(str(orders["day"].max())))
    origins = [(d - _EPOCH).days for d in past] or _ended(rolling(first, last, days, count), period)
    return looks_at_orders(orders, origins, days), lambda: stages_of_orders(orders, count, past), orders


def _ended(origins: list[int], period: str | None) -> list[int]:
    """The origins moved back to the end of a period, if one is asked for."""
    from plugin.value.period_backtest import at_period_end

    return sorted({at_period_end(o, period) for o in origins}) if period else origins


def _records(
    records: Path | None,
    portal: int | None,
    object_type: str | None,
    past: Sequence[date],
    days: int,
    count: int,
    period: str | None,
) -> _Backtest:
    """The same of records that were exported, or of a served portal."""
    from plugin.cli.cases import from_directory, from_portal
    from plugin.cli.stage_backtest import stages_of_case
    from plugin.jobs.lookback import portal_looks, portal_orders

    case = from_directory(records, None) if records else from_portal(None, portal)
    known = case.mapping.customer_objects()
    if object_type and object_type not in known:
        raise InputError(
            f"By the mapping a {object_type} is no customer.", cure=f"One of: {', '.join(known)}."
        )
    kind = object_type or known[0]
    known_to = (case.records, case.mapping, case.parameters, case.day, kind)
    looks = portal_looks(*known_to, days=days, count=count, given=past)
    if period and not past:
        ended = [_EPOCH + timedelta(day) for day in _ended([look.origin for look in looks], period)]
        looks = portal_looks(*known_to, days=days, count=count, given=ended) if looks else looks
    orders = portal_orders(*known_to) if period else None
    return looks, lambda: stages_of_case(case, count, past, kind), orders


def _compared(looks: Sequence[Look], orders: pl.DataFrame | None, period: str | None) -> list[dict[str, Any]]:
    """Every model and rule at each look; contracts as the mapping tells them, or by the period asked for."""
    from plugin.value.backtest import compared
    from plugin.value.period_backtest import contract_score, period_scores

    def more(look: Look) -> Sequence[Score]:
        if period and orders is not None:
            return period_scores(look, orders, period)
        return [contract_score(look)] if look.histories.contracts is not None else []

    found = [one for look in looks if (one := compared(look, more=more))]
    for one in found:
        one["origin"] = (_EPOCH + timedelta(one["origin"])).isoformat()
    return found


def _shown(found: list[dict[str, Any]], days: int, shape: str) -> str:
    from plugin.cli.backtest_page import page
    from plugin.cli.backtest_text import lines
    from plugin.cli.render import as_json_text

    shapes: dict[str, Callable[[], str]] = {
        "json": lambda: as_json_text({"days": days, "origins": found}),
        "html": lambda: page(found, days),
        "text": lambda: "\n".join(lines(found, days)) + "\n",
    }
    return shapes[shape]()
