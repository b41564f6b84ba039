"""The stage funnel: who came how far, how many went on, how long it took; and every change of stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugin.portfolio.journey import PASSED, STOOD
from plugin.portfolio.timings import Timing
from plugin.portfolio.view import MEAN_GATE, RATE_GATE, View


def funnel(view: View, forward: Sequence[str]) -> list[dict[str, Any]]:
    """One object a forward stage, in order.

    `reached`: customers who came to it or beyond, in the period; `stood` of them have ever been in it,
    `passed` went straight past it, both None where that is not known of all. `before`: who came to the stage
    before in the period; `went_on`: how many of them have come on since; `conversion` their share;
    `median_days` between the two. Withheld figures are None, with a reason.
    """
    steps = []
    for place, stage in enumerate(forward):
        reached = view.total("reached", stage)
        here: dict[str, Any] = {
            "stage": stage,
            "reached": reached,
            **_been(view, stage, reached),
            "now": view.figures.now("stage_now", stage),
        }
        if place:
            here |= _step(view, forward[place - 1], stage)
        steps.append(here)
    return steps


def _been(view: View, stage: str, reached: int) -> dict[str, int | None]:
    stood, passed = (view.total_in("reached", bin_, stage) for bin_ in (STOOD, PASSED))
    known = stood + passed == reached
    return {"stood": stood if known else None, "passed": passed if known else None}


def _step(view: View, before: str, stage: str) -> dict[str, Any]:
    came = view.total("reached", before)
    took = view.figures.timing("step", stage)
    went_on = took.total
    reason = "undefined" if not came else "too_few" if came < RATE_GATE else None
    return {
        "from": before,
        "before": came,
        "went_on": went_on,
        "conversion": None if reason else went_on / came,
        "conversion_gate": RATE_GATE,
        "conversion_reason": reason,
        **_median(view, took),
    }


def moves(view: View) -> list[dict[str, Any]]:
    """Every change from one stage to another in the period, most frequent first.

    `median_days` is how long the stage left had lasted, of all such changes to date.
    """
    found = []
    for detail in view.figures.details("move"):
        count = view.total("move", detail)
        if count:
            lasted = view.figures.timing("move_days", detail, always=True)
            found.append({**_named(detail), "count": count, **_median(view, lasted)})
    return sorted(found, key=lambda one: (-one["count"], one["from"], one["to"]))


def _named(detail: str) -> dict[str, str]:
    left, _, entered = detail.partition(">")
    return {"from": left, "to": entered}


def _median(view: View, took: Timing) -> dict[str, Any]:
    reason = "one_filter" if view.scope.pair else "too_few" if took.n < MEAN_GATE else None
    return {
        "median_days": None if reason else took.median,
        "median_n": took.n,
        "median_gate": MEAN_GATE,
        "median_reason": reason,
    }


def present(view: View, stages: Sequence[str]) -> list[dict[str, Any]]:
    """How many stand in each stage now."""
    return [{"stage": stage, "now": view.figures.now("stage_now", stage)} for stage in stages]
