"""A backtest as lines of text: a table a past day, and what is to be said about the fits."""

from __future__ import annotations

from typing import Any

HEADERS = ("", "RMSE", "MAE", "total", "rank", "top tenth", "risk AUC", "in interval", "above it")


def lines(found: list[dict[str, Any]], days: int) -> list[str]:
    """The whole report."""
    made = []
    for one in found:
        head = f"{one['origin']}: {one['customers']:,} customers, {one['purchases']:,.0f} purchases"
        made += [f"{head} in the next {days} days", _row(HEADERS)]
        made += [_row(cells(score)) for score in one["scores"]]
        made += [f"  note on {said}" for said in notes(one)]
        made.append("")
    return made


def cells(score: dict[str, Any]) -> tuple[str, ...]:
    """One score as text; what does not exist is a dash."""
    numbers = [f"{score[name]:.4f}" for name in ("rmse", "mae")]
    shares = [("total", "+.1%"), ("rank", ".3f"), ("captured", ".1%"), ("auc", ".3f")]
    shown = ["–" if score[name] is None else format(score[name], form) for name, form in shares]
    inside = [score["interval"].get(name) for name in ("inside", "above")]
    return (score["name"], *numbers, *shown, *("–" if one is None else f"{one:.1%}" for one in inside))


def notes(one: dict[str, Any]) -> list[str]:
    """What the fits of one past day have to say, such as that no drop-out can be seen."""
    return [f"{score['name']}: {note}" for score in one["scores"] for note in score["notes"]]


def _row(shown: tuple[str, ...]) -> str:
    return f"  {shown[0]:<32}" + "".join(f"{cell:>12}" for cell in shown[1:])
