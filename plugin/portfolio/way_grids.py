"""The funnel, the changes of stage and the cohorts as cells of text, the same for terminals and pages.

Pure: answers → text in their language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.portfolio.grids import Answer, Grid, Row, distinct
from plugin.portfolio.shown import NOTHING, Shown
from plugin.portfolio.texts import words
from plugin.portfolio.units import counted

_MOVES = 15


def funnel(answer: Answer) -> Grid:
    """How far customers came, who of them really was in the stage, how many went on and how fast."""
    shown, said = Shown.of(answer), words(answer["language"])
    stages = answer["stages"]
    known = all(one["stood"] is not None for one in stages)
    been = [True, True, known, known, True, True]
    rows = [tuple(c for c, there in zip(_step(one, shown), been, strict=True) if there) for one in stages]
    head = tuple(t for t, there in zip(said["funnel_head"].split("|"), been, strict=True) if there)
    now = [f"{one['label']} {shown.number(one['now'])}" for one in answer["now"] if one["now"]]
    after = [
        said["funnel_note"],
        said["funnel_passed"] if known and any(one["passed"] for one in stages) else None,
        None if known else said["funnel_unknown"],
        *_withheld(stages, said),
        said["funnel_now"].format(stages=", ".join(now)) if now else None,
    ]
    return Grid(said["funnel"], head, tuple(rows), after=distinct(after))


def _step(one: Answer, shown: Shown) -> Row:
    been = (NOTHING if one[name] is None else shown.number(one[name]) for name in ("stood", "passed"))
    share = shown.value(one["conversion"], "share") if "conversion" in one else ""
    took = shown.value(one["median_days"], "days") if "conversion" in one else ""
    return (one["label"], shown.number(one["reached"]), *been, share, took)


def _withheld(stages: list[Mapping[str, Any]], said: Mapping[str, str]) -> list[str]:
    """Why there is a dash in place of a share or a time."""
    steps = [one for one in stages if "conversion" in one]
    if any(one["median_reason"] == "one_filter" for one in steps):
        return [said["funnel_one_filter"]]
    few = [one for one in steps if one["conversion"] is None or one["median_days"] is None]
    gates = {(one["conversion_gate"], one["median_gate"]) for one in few}
    return [said["funnel_few"].format(share=share, time=time) for share, time in gates]


def moves(answer: Answer) -> Grid:
    """The most frequent changes of stage, and how long the stage left had lasted."""
    shown, said = Shown.of(answer), words(answer["language"])
    if answer["moves_reason"]:
        return Grid(said["moves"], after=(said[f"reason.{answer['moves_reason']}"],))
    labels = {one["stage"]: one["label"] for one in answer["now"]}
    rows = [
        (
            f"{labels[one['from']]} → {labels[one['to']]}",
            shown.number(one["count"]),
            shown.value(one["median_days"], "days"),
        )
        for one in answer["moves"][:_MOVES]
    ]
    if not rows:
        return Grid(said["moves"], after=(said["none"],))
    return Grid(said["moves"], tuple(said["moves_head"].split("|")), tuple(rows), after=(said["moves_note"],))


def complete(answer: Answer, most: int) -> tuple[list[Answer], int]:
    """(the last cohorts whose month is over, how many earlier ones are not among them)."""
    rows = [one for one in answer["cohorts"] if one["complete"]]
    return rows[-most:], max(len(rows) - most, 0)


def ages_of(rows: list[Answer], name: str) -> int:
    """How many months of age the shares reach; 0 where no cohort has any."""
    return max((len(one[name]) for one in rows if one[name]), default=0)


def cohorts(answer: Answer, most: int, fit: int) -> Grid:
    """Shares kept by age in months, in percent: the last `most` cohorts, the first `fit` months."""
    shown, said = Shown.of(answer), words(answer["language"])
    rows, earlier = complete(answer, most)
    ages = ages_of(rows, "kept_share")
    if not ages:
        said_why = said["cohorts_none"].format(gate=rows[0]["gate"]) if rows else said["cohorts_no"]
        return Grid(said["cohorts"], after=(said_why,))
    seen = min(ages, fit)
    before = f"{said['cohorts_kept']} {said['cohorts_percent']}"
    head = (*said["cohorts_head"].split("|"), *(str(age) for age in range(seen)))
    cells = tuple(_cohort(one, seen, shown) for one in rows)
    return Grid(said["cohorts"], head, cells, (before,), cohort_notes(rows, earlier, ages, fit, shown))


def cohort_notes(
    rows: list[Answer], earlier: int, ages: int, fit: int, shown: Shown, *, page: bool = False
) -> tuple[str, ...]:
    """Why there are dashes, and which months and cohorts are not shown of a terminal's or a page's table."""
    said, kind = words(shown.language), "cohorts_page" if page else "cohorts"
    few = any(one["reason"] for one in rows)
    count = counted(earlier, "cohorts_earlier.count", shown.language, shown.formats)
    after = [
        said["cohorts_few"].format(gate=rows[0]["gate"]) if few else None,
        said[f"{kind}_ages"].format(first=fit, last=ages - 1) if ages > fit else None,
        said[f"{kind}_earlier"].format(count=count) if earlier else None,
    ]
    return distinct(after)


def _cohort(one: Answer, ages: int, shown: Shown) -> Row:
    """What is still to come stays blank; of too few there is one dash."""
    shares = one["kept_share"]
    told = [NOTHING] if shares is None else [f"{100 * share:.0f}" for share in shares[:ages]]
    return (one["cohort"], shown.number(one["n"]), *told, *[""] * (ages - len(told)))
