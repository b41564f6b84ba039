"""Walking a customer's days back and ahead, from one candidate day to the next (see turning_days.py)."""

from __future__ import annotations

import numpy as np

from plugin.lifecycle.facts import Engine
from plugin.lifecycle.plans import Plan
from plugin.lifecycle.series import EVER, FAR, Ints, Points, customer_of, day_of, distinct_keys, pack
from plugin.lifecycle.turning_days import candidates, signature

#: How far ahead a change is looked for, in days; day by day only a little beyond the forecast's window.
HORIZON, WILD_HORIZON = 36_525, 401
_CHUNK = 1_000_000
#: A look at so few rows costs no more than at one.
_AT_FIRST = 4_096

Spans = tuple[Ints, Ints, Ints]


def _rows_each(size: int) -> int:
    """How many rows of each entry are looked at together to begin with: of few entries, many."""
    return max(1, min(_AT_FIRST // max(size, 1), 64))


def _first_step(plan: Plan, size: int) -> int:
    """How many spans of each entry are looked at together to begin with."""
    return 1 if plan.wild else _rows_each(size)


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
