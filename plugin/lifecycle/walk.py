"""Walking a customer's days without looking at each: the days on which an outcome can change.

Between two events every fact stands still or moves evenly, so a comparison can turn only where the
difference of its sides crosses zero; predictions move along curves, whose crossings are searched. Those
crossings and the events are the candidate days; between them nothing changes. A plan with expressions that
cannot be solved so is looked at day by day.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from plugin.lifecycle.choices import digest
from plugin.lifecycle.curves import Curve, sign_changes
from plugin.lifecycle.facts import Engine, advance
from plugin.lifecycle.plans import Plan
from plugin.lifecycle.series import (
    EVER,
    FAR,
    Floats,
    Ints,
    Moment,
    Points,
    customer_of,
    day_of,
    distinct_keys,
    pack,
)

#: How far ahead a change is looked for, in days; day by day only a little beyond the forecast's window.
HORIZON, WILD_HORIZON = 36_525, 401
_CHUNK, _ROWS = 1_000_000, 250_000
#: A look at so few rows costs no more than at one.
_AT_FIRST = 4_096
_NEAR = 1e-6


def outcomes(engine: Engine, plan: Plan, customers: Ints, days: Ints) -> pl.DataFrame:
    """The plan's outputs at (customer, day) pairs."""
    moment = Moment(customers, days)
    return plan.run(engine.facts(moment, plan.facts))


def signature(engine: Engine, plan: Plan, customers: Ints, days: Ints) -> Ints:
    """One number a pair that is equal where all outputs are."""
    parts = [np.empty(0, np.int64)]
    for begin in range(0, len(customers), _ROWS):
        moment = Moment(customers[begin : begin + _ROWS], days[begin : begin + _ROWS])
        found = plan.numbers(engine.facts(moment, plan.facts))
        parts.append(digest(found.values(), len(moment.keys)))
    return np.concatenate(parts)


def _rows_each(size: int) -> int:
    """How many rows of each entry are looked at together to begin with: of few entries, many."""
    return max(1, min(_AT_FIRST // max(size, 1), 64))


def _first_step(plan: Plan, size: int) -> int:
    """How many spans of each entry are looked at together to begin with."""
    return 1 if plan.wild else _rows_each(size)


def candidates(engine: Engine, plan: Plan, customers: Ints, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """(row, day) pairs, start < day ≤ stop, on which an output may differ from the day before.

    Row i is the span from `starts[i]` to `stops[i]` of one customer, without an event after its start.
    """
    if plan.wild:
        return _every_day(starts, stops)
    rows, days = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    if not len(starts):
        return rows[0], days[0]
    if plan.straight:
        facts = engine.facts(Moment(customers, starts), plan.facts)
        here, next_day = _differences(plan, facts), _differences(plan, advance(facts, engine))
        for now, then in zip(here, next_day, strict=True):
            row, day = _turns(now, then - now, starts, stops)
            rows.append(row)
            days.append(day)
    for crossing in plan.curved if engine.predictor is not None else ():
        row, day = sign_changes(_curve(engine, crossing, customers), starts, stops)
        rows.append(row)
        days.append(day)
    return np.concatenate(rows), np.concatenate(days)


def _differences(plan: Plan, facts: pl.DataFrame) -> list[Floats]:
    named = [c.alias(str(i)) for i, c in enumerate(plan.straight)]
    return [column.to_numpy() for column in facts.select(named)]


def _curve(engine: Engine, crossing: pl.Expr, customers: Ints) -> Curve:
    """The difference as a function of (rows, days)."""
    names = sorted(crossing.meta.root_names())

    def value(rows: Ints, days: Ints) -> Floats:
        facts = engine.facts(Moment(customers[rows], days), names)
        return facts.select(crossing.cast(pl.Float64).alias("d"))["d"].to_numpy()

    return value


def _turns(value: Floats, slope: Floats, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """The two days around each crossing of zero: from one it is ≥ 0, from the other > 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        after = -value / slope
    room = (stops - starts).astype(np.float64)
    near = np.flatnonzero(np.isfinite(after) & (after > -1 - _NEAR) & (after < room + _NEAR))
    first = starts[near] + np.floor(after[near] + _NEAR).astype(np.int64)
    rows, days = np.concatenate([near, near]), np.concatenate([first, first + 1])
    inside = (days > starts[rows]) & (days <= stops[rows])
    return rows[inside], days[inside]


def _every_day(starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    length = np.maximum(stops - starts, 0)
    rows = np.repeat(np.arange(len(starts), dtype=np.int64), length)
    before = np.repeat(np.cumsum(length) - length, length)
    return rows, starts[rows] + 1 + (np.arange(length.sum(), dtype=np.int64) - before)


def run_starts(engine: Engine, plan: Plan, customers: Ints, today: int, target: Ints) -> Ints:
    """The first day of the unbroken run, up to today, of days with today's output; EVER where not known.

    `target` is today's `signature`. Looks back span by span, in growing steps, until the output was another
    or the customer was not born.
    """
    breaks = engine.breaks(plan.facts)
    todays = np.full(len(customers), today, np.int64)
    born = engine.events.born[customers]
    found = np.where(born <= today, born, EVER)
    position = np.searchsorted(breaks.keys, pack(customers, todays), side="right").astype(np.int64)
    stop = todays.copy()
    left, step = np.flatnonzero(position > breaks.first[customers]), _first_step(plan, len(customers))
    while len(left):
        spans = _spans_before(breaks, customers, left, position, stop, step)
        owner, day = _last_change(engine, plan, customers, target, spans, born)
        found[owner] = day
        position[left] -= step
        open_ = position[left] > breaks.first[customers[left]]
        open_ &= ~np.isin(left, owner)
        left = left[open_]
        stop[left] = breaks.days[position[left]] - 1
        step = min(step * 2, max(1, _CHUNK // max(len(left), 1)))
    return found


Spans = tuple[Ints, Ints, Ints]


def _spans_before(
    breaks: Points, customers: Ints, left: Ints, position: Ints, stop: Ints, step: int
) -> Spans:
    """(entry, first day, last day) of up to `step` spans before each entry's position."""
    owners, starts, stops = [], [], []
    for back in range(1, step + 1):
        at = position[left] - back
        inside = at >= breaks.first[customers[left]]
        entry, at = left[inside], at[inside]
        start = breaks.days[at]
        last = stop[entry] if back == 1 else breaks.days[at + 1] - 1
        owners.append(entry)
        starts.append(start)
        stops.append(last)
        if not len(entry):
            break
    return np.concatenate(owners), np.concatenate(starts), np.concatenate(stops)


def _last_change(
    engine: Engine, plan: Plan, customers: Ints, target: Ints, spans: Spans, born: Ints
) -> tuple[Ints, Ints]:
    """Per entry with one, the last day in its spans on whose eve the output was another."""
    entry, starts, stops = spans
    row, day = candidates(engine, plan, customers[entry], starts, stops)
    owner = np.concatenate([entry[row], entry])
    day = np.concatenate([day, starts])
    alive = day > born[owner]
    owner, day = owner[alive], day[alive]
    key = distinct_keys(pack(owner, day))
    owner, day = customer_of(key), day_of(key)
    other = signature(engine, plan, customers[owner], day - 1) != target[owner]
    owner, day = owner[other], day[other]
    last = np.flatnonzero(np.diff(owner, append=-1))
    return owner[last], day[last]


def next_changes(
    engine: Engine, plan: Plan, customers: Ints, today: int, target: Ints, until: Ints | int = FAR
) -> Ints:
    """The first later day, up to `until`, with another output than today's; FAR where there is none.

    `target` is today's `signature`. Looks ahead span by span, in growing steps.
    """
    breaks = engine.breaks(plan.facts)
    limit = np.minimum(until, today + (WILD_HORIZON if plan.wild else HORIZON)) + np.zeros_like(customers)
    start = np.full(len(customers), today, np.int64)
    found = np.full(len(customers), FAR, np.int64)
    position = np.searchsorted(breaks.keys, pack(customers, start), side="right").astype(np.int64)
    left, step = np.flatnonzero(limit > today), _first_step(plan, len(customers))
    while len(left):
        spans = _spans_after(breaks, customers, left, position, start, limit, step)
        hit, day = _first_change(engine, plan, customers, target, spans, limit)
        found[hit] = day
        position[left] += step
        more = (position[left] <= breaks.first[customers[left] + 1]) & ~np.isin(left, hit)
        left = left[more]
        start[left] = breaks.days[position[left] - 1]
        left = left[start[left] <= limit[left]]
        step = min(step * 2, max(1, _CHUNK // max(len(left), 1)))
    return found


def _spans_after(
    breaks: Points, customers: Ints, left: Ints, position: Ints, start: Ints, limit: Ints, step: int
) -> Spans:
    """(entry, first day, last day) of up to `step` spans from each entry's start on."""
    owners, starts, stops = [], [], []
    for ahead in range(step):
        at = position[left] + ahead
        end = breaks.first[customers[left] + 1]
        entry, at, end = left[at <= end], at[at <= end], end[at <= end]
        begin = start[entry] if ahead == 0 else breaks.days[at - 1]
        last = limit[entry]
        bounded = at < end
        last[bounded] = np.minimum(last[bounded], breaks.days[at[bounded]] - 1)
        inside = begin <= limit[entry]
        owners.append(entry[inside])
        starts.append(begin[inside])
        stops.append(last[inside])
        if not inside.any():
            break
    return np.concatenate(owners), np.concatenate(starts), np.concatenate(stops)


def _first_change(
    engine: Engine, plan: Plan, customers: Ints, target: Ints, spans: Spans, limit: Ints
) -> tuple[Ints, Ints]:
    """Per entry with one, the first day in or right behind its spans with another output."""
    entry, starts, stops = spans
    row, day = candidates(engine, plan, customers[entry], starts, stops)
    owner, day = np.concatenate([entry[row], entry]), np.concatenate([day, stops + 1])
    inside = day <= limit[owner]
    keys = distinct_keys(pack(owner[inside], day[inside]))
    owner, day = customer_of(keys), day_of(keys)
    entries, first = np.unique(owner, return_index=True)
    end = np.append(first[1:], len(owner))
    found = np.full(len(entries), FAR, np.int64)
    open_, at = np.arange(len(entries)), first.astype(np.int64)
    step = _rows_each(len(entries))
    while len(open_):
        tried, pick = _pick(at[open_], end[open_], step)
        other = signature(engine, plan, customers[owner[pick]], day[pick]) != target[owner[pick]]
        np.minimum.at(found, open_[tried[other]], day[pick[other]])
        at[open_] += step
        open_ = open_[(found[open_] == FAR) & (at[open_] < end[open_])]
        step = min(step * 2, max(1, _CHUNK // max(len(open_), 1)))
    hit = found < FAR
    return entries[hit], found[hit]


def _pick(at: Ints, end: Ints, step: int) -> tuple[Ints, Ints]:
    """(row, index) of up to `step` indices of each row, from `at` up to its end."""
    index = at[:, None] + np.arange(step)
    row, column = np.nonzero(index < end[:, None])
    return row, index[row, column]
