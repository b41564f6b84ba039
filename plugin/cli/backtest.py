"""`lifecycle backtest`: how good the predictions would have been on past orders, beside plain rules."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from plugin.cli.orders import read_orders, working
from plugin.errors import InputError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_EPOCH = date(1970, 1, 1)


@click.command(
    epilog="Example: lifecycle backtest orders.csv --days 90 --origins 4 --format html --out b.html"
)
@click.argument("file", type=_FILE)
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Days to predict.")
@click.option(
    "--origins", type=click.IntRange(1, 50), default=3, show_default=True, help="How many past days."
)
@click.option("--at", "given", multiple=True, type=click.DateTime(["%Y-%m-%d"]), help="These days instead.")
@click.option("--format", "shape", type=click.Choice(["text", "json", "html"]), default="text")
@click.option("--out", type=_OUT, help="Write here instead of printing.")
def backtest(
    file: Path, days: int, origins: int, given: tuple[Any, ...], shape: str, out: Path | None
) -> None:
    """Predict from past days and compare with what followed; the file as for `lifecycle clv`."""
    from plugin.value.backtest import backtest as run
    from plugin.value.lookback import rolling

    with working("Looking back"):
        orders = read_orders(file)
        first, last = (int(str(orders["day"].min())), int(str(orders["day"].max())))
        looks = [(d.date() - _EPOCH).days for d in given] or rolling(first, last, days, origins)
        found = run(orders, looks, days)
    if not found:
        raise InputError(
            f"{file}: no past day has ten customers to predict for.", cure="Give more orders or another --at."
        )
    for one in found:
        one["origin"] = (_EPOCH + timedelta(one["origin"])).isoformat()
    _put(_shown(found, days, shape), out)


def _shown(found: list[dict[str, Any]], days: int, shape: str) -> str:
    if shape == "json":
        from plugin.cli.render import as_json_text

        return as_json_text({"days": days, "origins": found})
    if shape == "html":
        from plugin.cli.backtest_page import page

        return page(found, days)
    return "\n".join(_lines(found, days)) + "\n"


def _lines(found: list[dict[str, Any]], days: int) -> list[str]:
    lines = []
    for one in found:
        head = f"{one['origin']}: {one['customers']:,} customers, {one['purchases']:,.0f} purchases"
        lines += [f"{head} in the next {days} days", _row(HEADERS)]
        lines += [_row(cells(score)) for score in one["scores"]]
        lines.append("")
    return lines


HEADERS = ("", "RMSE", "MAE", "total", "rank", "top tenth", "risk AUC", "in interval")


def cells(score: dict[str, Any]) -> tuple[str, ...]:
    """One score as text; what does not exist is a dash."""
    inside = score["interval"].get("inside")
    numbers = [f"{score[name]:.4f}" for name in ("rmse", "mae")]
    shares = [("total", "+.1%"), ("rank", ".3f"), ("captured", ".1%"), ("auc", ".3f")]
    shown = ["–" if score[name] is None else format(score[name], form) for name, form in shares]
    return (score["name"], *numbers, *shown, "–" if inside is None else f"{inside:.1%}")


def _row(cells: tuple[str, ...]) -> str:
    return f"  {cells[0]:<28}" + "".join(f"{cell:>12}" for cell in cells[1:])


def _put(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.", cure="Name another file.") from error
    click.echo(f"Wrote {out}.", err=True)
