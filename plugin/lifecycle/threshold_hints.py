"""Which limits of silence do not fit the pauses that customers really make, and what to try instead. Pure.

A limit that many completed pauses exceeded calls customers asleep (or lost) who come back by themselves; one
far beyond nearly all of them notices nobody in time. Both are read off the distribution of days between
orders, as limits of silence are usually set (a percentile of it: see docs/lifecycle.md for the sources).
The value to try is judged by customers: of fifty pauses one in ten exceeds it five times, and each time a
customer is called asleep, and back. Pauses that go on are not counted: nobody knows yet how they end.
Nothing is said of few, nor where the value would not be much better.
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
Misfit = Literal["too_short", "too_long"]


class Rule(NamedTuple):
    """When a limit is told of: per cent of pauses that exceed it, times the pause that 95 % do not exceed.

    `target`: per cent of customers that the proposed limit lets exceed it.
    """

    exceeded: int
    times: int
    target: int


RULES = {"sleeping": Rule(exceeded=20, times=5, target=10), "lost": Rule(exceeded=5, times=10, target=2)}


@dataclass(frozen=True)
class Hint:
    """A threshold that is markedly off, with what that rests on and a value to try; all times in days.

    `exceeded` of `pauses` were longer than `limit`; half were over within `median`, 95 % within `most`. Of
    `returned` customers, who ended such a pause in the last two years, at most `target` per cent ended one
    longer than the proposed `value`. `also`: what must be raised with it. `deal_days`: how long an open deal
    must have stood still before the limit counts; None: deals put nothing off, or none is open.
    """

    object_type: str
    key: str
    kind: str
    misfit: Misfit
    limit: float
    pauses: int
    customers: int
    exceeded: int
    median: int
    most: int
    returned: int
    target: int
    value: int
    also: Mapping[str, int]
    deal_days: float | None = None


def threshold_hints(pauses: Pauses, thresholds: Mapping[str, float]) -> list[Hint]:
    """The hints of each object type; where their values are taken, the limits stay in order."""
    found = [_hint(*place, judged.all, judged.shown, thresholds) for place, judged in pauses.found.items()]
    told = sorted((one for one in found if one), key=lambda one: one.object_type)
    grouped = groupby(told, key=lambda one: one.object_type)
    fitted = [hint for _, some in grouped for hint in _in_order([*some], thresholds)]
    still = thresholds["evaluating_within_days"]
    return [
        replace(hint, deal_days=still) if (hint.object_type, hint.kind) in pauses.in_deals else hint
        for hint in fitted
    ]


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
    rule, seen = RULES[kind], judged
    misfit: Misfit = "too_short"
    if not _enough(judged) or judged.longer_than(limit) * 100 <= rule.exceeded * judged.pauses:
        # a pause that began less than the limit ago could not show that it may last so long
        if not _enough(shown) or limit <= rule.times * max(1, shown.exceeded_by(5)):
            return None
        misfit, seen = "too_long", shown
    told = {"pauses": seen.pauses, "customers": seen.customers, "exceeded": seen.longer_than(limit)}
    half, most = seen.exceeded_by(50), seen.exceeded_by(5)
    # the value is of all who came back, so that what is said of it holds of everybody here
    value = {"returned": judged.returned, "target": rule.target, "value": _value(judged, rule)}
    return Hint(object_type, key, kind, misfit, limit, **told, median=half, most=most, **value, also={})


def _value(judged: Tally, rule: Rule) -> int:
    return max(1, judged.customers_beyond(rule.target))


def _enough(tally: Tally) -> bool:
    return tally.pauses >= MIN_PAUSES and min(tally.customers, tally.returned) >= MIN_CUSTOMERS


def _better(hint: Hint, value: float) -> bool:
    """Whether the value would be worth the change: above a short limit, under half of a long one."""
    return value > hint.limit if hint.misfit == "too_short" else value * 2 < hint.limit


def _in_order(hints: list[Hint], thresholds: Mapping[str, float]) -> Iterator[Hint]:
    """Hints whose values together leave no limit below one that must not exceed it."""
    new, also = _ordered(hints, thresholds)
    kept = [hint for hint in hints if _better(hint, new[hint.key])]
    if len(kept) < len(hints):
        yield from _in_order(kept, thresholds)
        return
    for hint in hints:
        yield replace(hint, value=int(new[hint.key]), also=also.get(hint.key, {}))


def _ordered(
    hints: list[Hint], thresholds: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, dict[str, int]]]:
    """The limits with the values taken, and by hint what else has to be raised for it."""
    pairs = [*BOUNDS, *(pair[:2] for pair in ORDERED if pair[0].startswith("sleeping"))]
    told = {hint.key for hint in hints}
    new = {**thresholds, **{hint.key: float(hint.value) for hint in hints}}
    also: dict[str, dict[str, int]] = {}
    for low, high in sorted(pairs, key=lambda pair: pair[0].startswith("lost")):
        if low.endswith("_multiple") or new[low] <= new[high]:
            continue
        new[high] = new[low]
        cause = low if low in told else next((key for key, some in also.items() if low in some), None)
        if high not in told and cause:
            also.setdefault(cause, {})[high] = int(new[high])
    return new, also
