"""The portfolio's figures on a terminal: in groups, each with its unit and what it rests on.

Where a figure is withheld the reason stands there, or below it, with the cure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from plugin.cli.grid_text import paragraph, wrapped_cell
from plugin.portfolio.markup import label
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import words
from plugin.portfolio.units import grouped

_INDENT, _GAP = 2, 2
_LABEL, _NARROWEST, _BASIS = 40, 20, 30  # columns: of names at most and at least, of what figures rest on
Answer = Mapping[str, Any]
Parts = list[RenderableType]


def figure_parts(metrics: Answer, width: int, *, explain: bool) -> list[Parts]:
    """One list of parts a group of figures; `explain`: with what each of them is."""
    said, shown = words(metrics["language"]), Shown.of(metrics)
    columns = _columns(metrics, shown, width)
    found = []
    for group, figures in grouped(metrics["metrics"]):
        parts: Parts = [paragraph(said[f"group.{group}"], width, style="bold")]
        for together in _together(figures, alone=explain):
            beside, under = _rests_on(together[0], columns[2])
            parts += [
                _row(label(one, metrics), shown.figure(one), "" if place else beside, columns)
                for place, one in enumerate(together)
            ]
            below = [under, together[0]["definition"] if explain else ""]
            parts += [paragraph(text, width, style="dim", indent=2 * _INDENT) for text in below if text]
        found.append(parts)
    return found


def _columns(metrics: Answer, shown: Shown, width: int) -> list[int]:
    """Widths: names, values, what they rest on (0: no room for it beside them)."""
    names = min(max(len(label(one, metrics)) for one in metrics["metrics"]), _LABEL)
    values = max(len(shown.figure(one)) for one in metrics["metrics"])
    left = width - _INDENT - values - 2 * _GAP
    names = max(min(names, left - _BASIS), min(_NARROWEST, left))
    beside = left - names - _GAP if left - names >= _NARROWEST else 0
    return [names if beside else left + _GAP, values, beside]


def _together(figures: Sequence[Answer], *, alone: bool) -> Iterator[list[Answer]]:
    """The figures one by one; neighbours that are withheld for one reason together: it is said once."""
    for reason, some in groupby(figures, key=lambda one: one["reason"]):
        if reason and not alone:
            yield list(some)
        else:
            yield from ([one] for one in some)


def _row(name: str, value: str, beside: str, columns: list[int]) -> RenderableType:
    made = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    made.add_column(width=columns[0], no_wrap=True)
    made.add_column(width=columns[1], no_wrap=True, justify="right")
    cells = [Text(wrapped_cell(name, columns[0])), Text(value)]
    if columns[2]:
        made.add_column(width=columns[2], no_wrap=True)
        cells.append(Text(wrapped_cell(beside, columns[2]), style="dim"))
    made.add_row(*cells)
    return Padding(made, (0, 0, 0, _INDENT))


def _rests_on(one: Answer, room: int) -> tuple[str, str]:
    """(beside the figure, below it): what it rests on, in words, or why it is withheld."""
    text = str(one["reason"] or ("" if one["unit"] == "count" else one["basis"]))
    fits = room and (len(text) <= room or not one["reason"])
    return (text, "") if fits else ("", text)
