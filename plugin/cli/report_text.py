"""The portfolio on a terminal: figures in groups, then tables; what a figure means only if asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType

from plugin.cli.grid_text import first_width, grid_parts, head_width, paragraph, screen, wide
from plugin.cli.report_figures import figure_parts
from plugin.lifecycle.reading import account_lines
from plugin.portfolio import grids, way_grids
from plugin.portfolio.markup import money_notes, whose
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import Words, words

_COHORTS = 13
Parts = list[RenderableType]


def report_text(found: dict[str, Any], *, explain: bool = False) -> str:
    """Figures, who stayed, funnel, cohorts, channels, reasons of loss, and what was read.

    `explain`: under each figure stands what it is.
    """
    metrics, width = found["metrics"], wide()
    said = words(metrics["language"])
    channels = grids.channels(metrics)
    sections = [
        [paragraph(_title(metrics, said), width, style="bold")],
        *figure_parts(metrics, width, explain=explain),
        grid_parts(grids.kept(metrics), width),
        grid_parts(way_grids.funnel(found["funnel"]), width),
        _cohorts(found["cohorts"], said, width),
        grid_parts(channels, width) if channels else [],
        grid_parts(grids.losses(metrics), width),
        [paragraph(one, width) for one in _notes(found, said, explain=explain)],
    ]
    parts = [part for section in sections if section for part in (*section, "")]
    return screen(parts).rstrip("\n")


def _title(metrics: Mapping[str, Any], said: Words) -> str:
    period, day = metrics["period"] or said["to_date"], Shown.of(metrics).day(metrics["day"])
    return f"{said['title']} · {whose(metrics, said)} · {period} · {day}"


def _notes(found: Mapping[str, Any], said: Words, *, explain: bool) -> list[str]:
    """What concerns the whole report: sums that lack something, the currency, what was read."""
    metrics, account = found["metrics"], found["account"]
    return [
        *money_notes(metrics),
        *(account_lines(account) if account else []),
        *([] if explain else [said["explain"]]),
    ]


def _cohorts(answer: Mapping[str, Any], said: Words, width: int) -> Parts:
    """As many months as fit beside the cohort and its size."""
    head, cells = said["cohorts_head"].split("|"), [one["cohort"] for one in answer["cohorts"]]
    shown = Shown.of(answer)
    sizes = [len(shown.number(one["n"])) for one in answer["cohorts"]]
    names = first_width(head[:1], cells) + 1 + max(head_width(head[1], 2), *sizes, 1)
    return grid_parts(way_grids.cohorts(answer, _COHORTS, max((width - names) // 4, 1)), width, gap=1)
