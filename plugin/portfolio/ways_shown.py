"""The parts of the portfolio's pages that show the funnel and the cohorts, as HTML. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.portfolio import way_grids
from plugin.portfolio.charts import heat
from plugin.portfolio.markup import grid, notes, section
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import words

_COHORTS, _AGES = 24, 24


def funnel(answer: Mapping[str, Any]) -> str:
    """How many came to each stage, as a bar and in figures, and the changes of stage."""
    reached = [one["reached"] for one in answer["stages"]]
    most = max(reached, default=0) or 1
    return grid(way_grids.funnel(answer), [one / most for one in reached]) + grid(way_grids.moves(answer))


def cohorts(answer: Mapping[str, Any]) -> str:
    """Two tables of shares: who bought, who is kept; months that are not over are blank."""
    said = words(answer["language"])
    made = [_cohorts(answer, name) for name in ("bought", "kept")]
    found = [table for table in made if table]
    if not found:
        return grid(way_grids.cohorts(answer, _COHORTS, _AGES))
    return section(said["cohorts"], "".join(found))


def _cohorts(answer: Mapping[str, Any], name: str) -> str:
    """One of the tables, with what it shows above and what it leaves out below; empty without any share."""
    shown, said = Shown.of(answer), words(answer["language"])
    rows, earlier = way_grids.complete(answer, _COHORTS)
    ages = way_grids.ages_of(rows, f"{name}_share")
    if not ages:
        return ""
    listed = [(one["cohort"], shown.number(one["n"]), one[f"{name}_share"]) for one in rows]
    drawn = heat(said["cohorts_head"].split("|"), listed, min(ages, _AGES))
    above = f"{said[f'cohorts_{name}']} {said['cohorts_percent']}"
    return (
        notes([above]) + drawn + notes(way_grids.cohort_notes(rows, earlier, ages, _AGES, shown, page=True))
    )
