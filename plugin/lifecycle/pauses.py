"""Pauses between purchases that ended in another one, by the threshold of days that decided on each. Pure.

What a limit of silence does is seen on its own pauses: a limit that goes by the customer's own rhythm is no
threshold, and whoever was excused (a contract ran, a season was quiet) is not judged by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from plugin.lifecycle.choices import truth
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.purchase_facts import rhythm_counts
from plugin.lifecycle.ruleset import Models, reference
from plugin.lifecycle.series import Bools, Floats, Ints, Moment
from plugin.lifecycle.turning_days import outcomes

#: The states that begin after a silence; each has thresholds of its own.
KINDS = ("sleeping", "lost")
#: Conditions under which a silence is nobody's sign of leaving.
_EXCUSES = ("under_contract", "quiet_season")
#: Whose customers paused how long is asked of pauses that ended in so many days before today.
LATELY_DAYS = 730
_AT_ONCE = 1_000_000


@dataclass
class Tally:
    """Completed pauses: how many lasted so many days, and of how many customers they are.

    `longest`: how many customers' longest pause of the last `LATELY_DAYS` lasted so many days.
    """

    days: Counter[int] = field(default_factory=Counter)
    customers: int = 0
    longest: Counter[int] = field(default_factory=Counter)

    def add(self, owners: Ints, gaps: Ints, lately: Bools) -> None:
        """Further pauses, one entry each, by owner, `lately` if ended so; of customers not added before."""
        self.days.update(_counted(gaps))
        self.customers += len(np.unique(owners))
        mine, gaps = owners[lately], gaps[lately]
        begins = np.flatnonzero(np.diff(mine, prepend=-1))
        self.longest.update(_counted(np.maximum.reduceat(gaps, begins) if len(begins) else gaps))

    @property
    def pauses(self) -> int:
        """How many."""
        return self.days.total()

    def longer_than(self, days: float) -> int:
        """How many lasted longer."""
        return sum(count for lasted, count in self.days.items() if lasted > days)

    def exceeded_by(self, per_cent: int) -> int:
        """The least whole number of days that at most so many in a hundred exceed; ValueError: no pause."""
        return _least(self.days, per_cent)

    @property
    def returned(self) -> int:
        """How many customers ended a pause lately."""
        return self.longest.total()

    def customers_beyond(self, per_cent: int) -> int:
        """As `exceeded_by`, of the customers who ended a pause lately, by the longest of each."""
        return _least(self.longest, per_cent)


def _counted(days: Ints) -> dict[int, int]:
    lasted, count = np.unique(days, return_counts=True)
    return dict(zip(lasted.tolist(), count.tolist(), strict=True))


def _least(days: Counter[int], per_cent: int) -> int:
    left = total = days.total()
    for lasted in sorted(days):
        left -= days[lasted]
        if left * 100 <= per_cent * total:
            return lasted
    raise ValueError("no pause was added")


@dataclass
class Judged:
    """The pauses that one threshold decided on; `shown`: those begun so long ago that they could reach it."""

    all: Tally = field(default_factory=Tally)
    shown: Tally = field(default_factory=Tally)


@dataclass
class Pauses:
    """By object type and threshold; filled batch by batch, each customer once.

    `in_deals`: object types and kinds whose limit an open deal puts off, where somebody has one.
    """

    found: dict[tuple[str, str], Judged] = field(default_factory=dict)
    in_deals: set[tuple[str, str]] = field(default_factory=set)

    def add(self, engine: Engine, models: Models) -> None:
        """The completed pauses of one batch, up to the engine's day; only of limits that `models` ask for."""
        wanted = [kind for kind in KINDS if f"{kind}_after_days" in models.stages_plan.facts]
        owners, begins, ends = _completed(engine)
        for part in _parts(owners) if wanted else ():
            self._judge(engine, models, wanted, owners[part], begins[part], ends[part])
        waits = [kind for kind in wanted if _waits_for_deals(models, kind)]
        if waits and _deal_is_open(engine):
            self.in_deals.update((engine.events.object_type, kind) for kind in waits)

    def _judge(
        self, engine: Engine, models: Models, wanted: list[str], owners: Ints, begins: Ints, ends: Ints
    ) -> None:
        eves = Moment(owners, ends - 1)
        held = ~_excused(engine, models, owners, ends - 1)
        lately = ends > engine.today - LATELY_DAYS
        usual = engine.facts(eves, ["usual_gap_days"])["usual_gap_days"].to_numpy()
        for kind in wanted:
            for key, decides in _deciding(engine, kind, usual):
                judged = self.found.setdefault((engine.events.object_type, key), Judged())
                mine = held & decides
                judged.all.add(owners[mine], (ends - begins)[mine], lately[mine])
                mine &= engine.today - begins >= engine.threshold(key)
                judged.shown.add(owners[mine], (ends - begins)[mine], lately[mine])


def _parts(owners: Ints) -> Iterator[slice]:
    """Slices of about `_AT_ONCE`, each with all the pauses of its customers."""
    begin = 0
    while begin < len(owners):
        last = owners[min(begin + _AT_ONCE, len(owners)) - 1]
        end = int(np.searchsorted(owners, last, side="right"))
        yield slice(begin, end)
        begin = end


def _completed(engine: Engine) -> tuple[Ints, Ints, Ints]:
    """Customer, day of the purchase and day of the next one, of each pause that is over by today."""
    purchases = engine.events.points["purchases"]
    owners, days = purchases.customers, purchases.days
    over = (owners[1:] == owners[:-1]) & (days[1:] <= engine.today)
    return owners[1:][over], days[:-1][over], days[1:][over]


def _excused(engine: Engine, models: Models, owners: Ints, eves: Ints) -> Bools:
    names = [name for name in _EXCUSES if name in models.book.conditions]
    plan = models.book.plan({name: truth(reference(name)) for name in names})
    found = outcomes(engine, plan, owners, eves)
    held: Bools = np.zeros(len(owners), dtype=bool)
    for name in names:
        held |= (found[name] == 1).fill_null(False).to_numpy()
    return held


def _waits_for_deals(models: Models, kind: str) -> bool:
    """Whether the condition of that name asks how long ago an open deal moved."""
    if kind not in models.book.conditions:
        return False
    return "days_since_deal_moved" in models.book.plan({kind: truth(reference(kind))}).facts


def _deal_is_open(engine: Engine) -> bool:
    everyone = np.arange(engine.events.size, dtype=np.int64)
    today = Moment(everyone, np.full(len(everyone), engine.today, dtype=np.int64))
    return bool((engine.facts(today, ["open_deals"])["open_deals"] > 0).any())


def _deciding(engine: Engine, kind: str, usual: Floats) -> Iterator[tuple[str, Bools]]:
    """Each threshold of days, and on which pauses it decided: without a known rhythm the fixed one on all."""
    if not rhythm_counts(engine):
        yield f"{kind}_fixed_days", np.ones(len(usual), dtype=bool)
        return
    limit = engine.threshold(f"{kind}_multiple") * usual
    yield f"{kind}_min_days", limit < engine.threshold(f"{kind}_min_days")
    yield f"{kind}_max_days", limit > engine.threshold(f"{kind}_max_days")
