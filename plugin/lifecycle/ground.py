"""The ground that facts stand on: events, thresholds, one parameters version, the day of evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from plugin.lifecycle.events import Events
from plugin.lifecycle.parameters import Comparison, Parameters
from plugin.lifecycle.series import Floats, Moment, Points
from plugin.mapping.model import Mapping


@dataclass(eq=False)
class Ground:
    """Everything that a fact depends on besides the (customer, day) pairs.

    `today` is the day of evaluation: open amounts are unknown before it. `reactivations` are the purchases
    that ended a sleep; they are found by evaluating their eves and put in afterwards.
    """

    events: Events
    mapping: Mapping
    parameters: Parameters
    today: int
    reactivations: Points = field(init=False)
    comparison: Comparison = field(init=False)

    def __post_init__(self) -> None:
        self.comparison = self.parameters.comparison(self.events.object_type)
        none = np.empty(0, np.int64)
        self.reactivations = Points.of(none, none, self.events.size)

    def threshold(self, name: str) -> float:
        """A threshold of the mapping."""
        return float(self.mapping.thresholds[name])


Lookup = Callable[[Ground, Moment], Floats]


def nothing(moment: Moment) -> Floats:
    """NULL for every pair."""
    return np.full(len(moment.keys), np.nan)


def seen(name: str, days: bool = False) -> Lookup:
    """How many of the events by that name are seen, or the days since the last; NULL without a source."""

    def read(e: Ground, m: Moment) -> Floats:
        if name in e.events.missing:
            return nothing(m)
        points = e.events.points[name]
        return m.age(points) if days else m.count(points).astype(np.float64)

    return read
