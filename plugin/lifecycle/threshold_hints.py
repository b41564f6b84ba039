"""Which limits of silence do not fit the pauses that customers really make, and what to try instead. Pure.

A limit that many completed pauses exceeded calls customers asleep (or lost) who come back by themselves; one
far beyond nearly all of them notices nobody in time. Both are read off the distribution of days between
orders, as limits of silence are usually set (a percentile of it: see docs/lifecycle.md for the sources).
Pauses that go on are not counted: nobody knows yet how they end. Nothing is said of few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, NamedTuple

from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.pauses import KINDS, Pauses, Tally
from plugin.mapping.checks import BOUNDS, ORDERED

MIN_PAUSES, MIN_CUSTOMERS = 30, 10


class Rule(NamedTuple):
    """When a limit is told of: per cent of pauses that exceed it, times the pause that 95 % do not exceed.

    `target`: per cent of pauses that the proposed limit lets exceed it.
    """

    exceeded: int
    times: int
    target: int


RULES = {"sleeping": Rule(exceeded=20, times=5, target=10), "lost": Rule(exceeded=5, times=10, target=2)}


@dataclass(frozen=True)
class Hint:
    """A threshold that is markedly off, with what that rests on and a value to try; all times in days.

    `exceeded` of `pauses` were longer than `limit`; half were over within `median`, 95 % within `most`; of
    the proposed `value` at most `target` per cent are longer. `also`: what must be raised or lowered with it.
    """

    object_type: str
    key: str
    kind: str
    misfit: Literal["too_short", "too_long"]
    limit: float
    pauses: int
    customers: int
    exceeded: int
    median: int
    most: int
    target: int
    value: int
    also: Mapping[str, int]


def threshold_hints(pauses: Pauses, thresholds: Mapping[str, float]) -> list[Hint]:
    """The hints of each object type; where their values are taken, the limits stay in order."""
    found = [_hint(*place, judged.all, judged.shown, thresholds) for place, judged in pauses.found.items()]
    told = sorted((one for one in found if one), key=lambda one: one.object_type)
    grouped = groupby(told, key=lambda one: one.object_type)
    return [hint for _, some in grouped for hint in _in_order([*some], thresholds)]


def hints_of(outcomes: Outcomes) -> list[Hint]:
    """The hints for everybody in these outcomes, by their own mapping."""
    pauses = Pauses()
    for engine in outcomes.engines:
        pauses.add(engine, outcomes.models)
    return threshold_hints(pauses, outcomes.mapping.thresholds)


def _hint(
    object_type: str, key: str, judged: Tally, shown: Tally, thresholds: Mapping[str, float]
) -> Hint | None:
    kind, limit = next(one for one in KINDS if key.startswith(one)), thresholds[key]
    rule = RULES[kind]
    if _enough(judged) and judged.longer_than(limit) * 100 > rule.exceeded * judged.pauses:
        return _made(object_type, key, kind, "too_short", limit, judged)
    # a pause that began less than the limit ago could not show that it may last so long
    if _enough(shown) and limit > rule.times * max(1, shown.exceeded_by(5)):
        return _made(object_type, key, kind, "too_long", limit, shown)
    return None


def _enough(tally: Tally) -> bool:
    return tally.pauses >= MIN_PAUSES and tally.customers >= MIN_CUSTOMERS


def _made(
    object_type: str,
    key: str,
    kind: str,
    misfit: Literal["too_short", "too_long"],
    limit: float,
    tally: Tally,
) -> Hint:
    target = RULES[kind].target
    return Hint(
        object_type,
        key,
        kind,
        misfit,
        limit,
        tally.pauses,
        tally.customers,
        tally.longer_than(limit),
        tally.exceeded_by(50),
        tally.exceeded_by(5),
        target,
        max(1, tally.exceeded_by(target)),
        {},
    )


def _in_order(hints: list[Hint], thresholds: Mapping[str, float]) -> Iterator[Hint]:
    """Hints whose values together leave no limit below one that must not exceed it."""
    pairs = [*BOUNDS, *(pair[:2] for pair in ORDERED if pair[0].startswith("sleeping"))]
    told = {hint.key: hint for hint in hints}
    new = {**thresholds, **{hint.key: float(hint.value) for hint in hints}}
    also: dict[str, dict[str, int]] = {}
    for low, high in sorted(pairs, key=lambda pair: pair[0].startswith("lost")):
        if low.endswith("_multiple") or new[low] <= new[high]:
            continue
        new[high] = new[low]
        cause = low if low in told else next((key for key, some in also.items() if low in some), None)
        if high not in told and cause:
            also.setdefault(cause, {})[high] = int(new[high])
    for hint in hints:
        value = int(new[hint.key])
        if value > hint.limit if hint.misfit == "too_short" else value < hint.limit:
            yield replace(hint, value=value, also=also.get(hint.key, {}))
