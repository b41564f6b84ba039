"""What an invented customer does between purchases: visits, clicks, replies, forms, answers, and our calls.

Each is a contact property whose value changes over time, so each comes with its dated history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plugin.sandbox.loaders.habits import Brief, Buying
from plugin.sandbox.loaders.moments import DAY_MS, Floats, Ints, iso

Change = tuple[str, str, int]

#: Dates of the last time, with the mean number of times a year while the customer is with us.
LAST_TIMES: dict[str, float] = {
    "hs_analytics_last_visit_timestamp": 3.0,
    "hs_email_last_click_date": 2.0,
    "hs_email_last_reply_date": 0.5,
    "recent_conversion_date": 0.8,
    "notes_last_contacted": 1.5,
}
OURS = "notes_last_contacted"
MAX_TIMES = 12


@dataclass(frozen=True)
class Traces:
    """By contact index: the properties as they stand, and every change that led there, oldest first."""

    now: list[dict[str, str]]
    past: list[list[Change]]

    def change(self, person: int, name: str, value: str, moment: int) -> None:
        """The property takes this value."""
        self.now[person][name] = value
        self.past[person].append((name, value, moment))


@dataclass(frozen=True)
class _Span:
    """From when to when each contact gave signs of life, in milliseconds."""

    since: Ints
    until: Ints

    def years(self) -> Floats:
        return ((self.until - self.since) / (365.25 * DAY_MS)).astype(np.float64)

    def at(self, owner: Ints, part: Floats) -> Ints:
        """The moment at each `part` (0 to 1) of the owner's span."""
        return self.since[owner] + (part * (self.until - self.since)[owner]).astype(np.int64)


def make_traces(brief: Brief, buying: Buying, known_since: Ints) -> Traces:
    """Engagement, outreach, form fills and NPS of every contact."""
    span = _Span(known_since, _with_us_until(brief, buying, known_since))
    traces = Traces([{} for _ in range(brief.size)], [[] for _ in range(brief.size)])
    engaged = brief.rng.random(brief.size) < brief.habits.engaged
    for name, a_year in LAST_TIMES.items():
        active = np.ones(brief.size, dtype=np.bool_) if name == OURS else engaged
        _last_times(traces, name, (a_year * active).astype(np.float64), span, brief.rng)
    _answers(traces, brief, buying, span)
    for row in traces.past:
        row.sort(key=lambda change: change[2])
    return traces


def _with_us_until(brief: Brief, buying: Buying, known_since: Ints) -> Ints:
    """Each contact's last sign of life: up to 60 days after the last purchase of those who left."""
    size, rng = brief.size, brief.rng
    left = buying.left * DAY_MS + rng.integers(DAY_MS, 60 * DAY_MS, size)
    stranger = known_since + rng.integers(0, max(1, round(brief.habits.years * 200)) * DAY_MS, size)
    until = np.where(buying.rate == 0, stranger, np.where(buying.left >= 0, left, brief.latest))
    return np.clip(until, known_since, brief.latest)


def _last_times(traces: Traces, name: str, a_year: Floats, span: _Span, rng: np.random.Generator) -> None:
    """A Poisson number of moments, at most `MAX_TIMES`; a form fill also counts up."""
    times = np.minimum(rng.poisson(a_year * span.years()), MAX_TIMES)
    owner: Ints = np.repeat(np.arange(len(times)), times)
    at = span.at(owner, rng.random(len(owner)))
    at = at[np.lexsort((at, owner))]
    seen, previous = 0, -1
    for person, moment, text in zip(owner.tolist(), at.tolist(), iso(at), strict=True):
        seen, previous = (seen + 1 if person == previous else 1), person
        traces.change(person, name, text, moment)
        if name == "recent_conversion_date":
            traces.change(person, "num_conversion_events", str(seen), moment)


def _answers(traces: Traces, brief: Brief, buying: Buying, span: _Span) -> None:
    """One or two NPS answers of some contacts; those who will leave are less happy."""
    rng = brief.rng
    long_enough = span.until - span.since > 2 * DAY_MS
    asked = np.flatnonzero((rng.random(brief.size) < brief.habits.answers_nps) & long_enough)
    for turn in range(2):
        mood = np.where(buying.left[asked] >= 0, 5.5, 8.3)
        score = np.clip(np.rint(rng.normal(mood, 2.0)), 0, 10).astype(np.int64)
        at = span.at(asked, (turn + rng.random(len(asked))) / 2)
        for person, value, moment in zip(asked.tolist(), score.tolist(), at.tolist(), strict=True):
            traces.change(person, "hs_feedback_last_nps_rating", str(value), moment)
        asked = asked[rng.random(len(asked)) < 0.5]
