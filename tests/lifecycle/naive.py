"""The specification again, written as slowly and plainly as possible: one customer, one day, plain Python.

It shares no code with the product but the thresholds' names; the tests compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median


@dataclass
class Deal:
    """A deal of one customer; days are integers."""

    created: int
    closed: int | None = None
    won: bool = False
    amount: float | None = 100.0
    moves: list[int] = field(default_factory=list)


@dataclass
class Person:
    """All that is recorded of one customer."""

    created: int
    deals: list[Deal] = field(default_factory=list)
    engaged: list[int] = field(default_factory=list)
    markers: list[int] = field(default_factory=list)
    nps: list[tuple[int, float | None]] = field(default_factory=list)
    cancelled_on: int | None = None
    contract: list[tuple[int, int]] = field(default_factory=list)

    def born(self) -> int:
        """The first day on which anything is known."""
        days = [
            self.created,
            *self.engaged,
            *self.markers,
            *(d for d, _ in self.nps),
            *(d for d, _ in self.contract),
        ]
        for d in self.deals:
            days += [d.created, *d.moves] + ([d.closed] if d.closed is not None else [])
        return min([*days, *([self.cancelled_on] if self.cancelled_on is not None else [])])


class Naive:
    """Evaluates one person on any day."""

    def __init__(
        self,
        person: Person,
        t: dict[str, float],
        portal_gap: float | None,
        repeaters: int,
        *,
        seasons: bool = False,
    ) -> None:
        self.p, self.t, self.portal_gap, self.repeaters = person, t, portal_gap, repeaters
        self.seasons = seasons

    def bought(self, day: int) -> list[int]:
        """Distinct purchase days up to `day`."""
        won = [d for d in self.p.deals if d.won and d.closed is not None and d.closed <= day]
        return sorted({d.closed for d in won if d.amount is None or d.amount > 0})

    def gap(self, day: int) -> float | None:
        """The usual gap."""
        days = self.bought(day)
        gaps = [b - a for a, b in pairwise(days)]
        if self.portal_gap is None:
            return median(gaps) if gaps else None
        own = len(gaps) * median(gaps) if gaps else 0
        return (own + self.t["gap_prior"] * self.portal_gap) / (len(gaps) + self.t["gap_prior"])

    def limit(self, kind: str, day: int) -> float:
        """The silence after which a buyer is sleeping or lost."""
        if self.repeaters < self.t["rhythm_min_repeaters"] or self.portal_gap is None:
            return self.t[f"{kind}_fixed_days"]
        wanted = self.t[f"{kind}_multiple"] * (self.gap(day) or 0)
        return min(max(wanted, self.t[f"{kind}_min_days"]), self.t[f"{kind}_max_days"])

    def open_deals(self, day: int) -> list[Deal]:
        """Deals open on the day: created, and not yet closed."""
        return [d for d in self.p.deals if d.created <= day and (d.closed is None or day < d.closed)]

    def evaluating(self, day: int) -> bool:
        """An open deal that moved, or a marker, lately."""
        n = self.t["evaluating_within_days"]
        moved = [m for d in self.open_deals(day) for m in [d.created, *d.moves] if m <= day]
        marked = [m for m in self.p.markers if m <= day]
        return any(day - m <= n for m in [*moved, *marked])

    def engaged_ages(self, day: int) -> list[int]:
        """Days since each engagement."""
        return [day - e for e in self.p.engaged if e <= day]

    def cold(self, day: int) -> bool:
        """Never bought, once interested, silent for long."""
        n = self.t["cold_after_days"]
        deal_days = [
            m
            for d in self.p.deals
            for m in [d.created, *d.moves, *([d.closed] if d.closed is not None else [])]
        ]
        signs = [*self.engaged_ages(day), *(day - m for m in deal_days if m <= day)]
        quiet = all(age > n for age in signs)
        return not self.bought(day) and bool(signs) and not self.open_deals(day) and quiet

    def cancelled(self, day: int) -> bool:
        """A cancellation that no later purchase lifted."""
        on = self.p.cancelled_on
        return on is not None and on <= day and not any(b > on for b in self.bought(day))

    def contract(self, day: int) -> bool:
        """A contract that still runs."""
        known = [until for since, until in self.p.contract if since <= day]
        return bool(known) and known[-1] >= day

    def silence(self, day: int) -> int | None:
        """Days since the last purchase."""
        days = self.bought(day)
        return day - days[-1] if days else None

    def quiet_season(self, day: int) -> bool:
        """As silent as in the same season a year ago, from which the customer came back."""
        days, g = self.bought(day), self.t["season_grace_days"]
        if not self.seasons or not days:
            return False
        a_year_before = days[-1] - 365 + g
        for begun, ended in pairwise(days):
            long = self.limit("sleeping", day) < ended - begun <= 365 + g
            if begun <= a_year_before < ended and long:
                return day <= ended + 365 + g
        return False

    def silent(self, kind: str, day: int) -> bool:
        """Silent for longer than the limit, and no quiet season."""
        return (self.silence(day) or 0) > self.limit(kind, day) and not self.quiet_season(day)

    def lost(self, day: int) -> bool:
        """Cancelled, cold, or silent for too long."""
        if self.cancelled(day):
            return True
        buyer = bool(self.bought(day))
        if buyer and (self.evaluating(day) or self.contract(day)):
            return False
        return self.cold(day) or (buyer and self.silent("lost", day))

    def sleeping(self, day: int) -> bool:
        """A buyer silent for long, but not lost."""
        if not self.bought(day) or self.lost(day) or self.evaluating(day) or self.contract(day):
            return False
        return self.silent("sleeping", day)

    def reactivated(self, day: int) -> bool:
        """A recent purchase that ended a sleep."""
        for purchase in self.bought(day)[1:]:
            eve = purchase - 1
            silent = self.silent("sleeping", eve) or self.silent("lost", eve)
            asleep = self.cancelled(eve) or (silent and not self.contract(eve))
            if asleep and day - purchase <= self.t["reactivated_days"]:
                return True
        return False

    def advocate(self, day: int) -> bool:
        """A promoter by the last answer."""
        answers = [value for since, value in self.p.nps if since <= day]
        return bool(answers) and answers[-1] is not None and answers[-1] >= 9

    def growing(self, day: int) -> bool:
        """More purchases in the last window than in the one before."""
        n = self.t["trend_days"]
        ages = [day - b for b in self.bought(day)]
        recent, before = sum(a <= n for a in ages), sum(n < a <= 2 * n for a in ages)
        return recent + before >= 3 and recent > before

    def stages(self, day: int) -> dict[str, str]:
        """The stage in each of the nine models."""
        bought = self.bought(day)
        n = len(bought)
        buyer, repeat, frequent = n >= 1, n >= 2, n >= self.t["loyal_after_purchases"]
        silence = self.silence(day)
        onboarding = n == 1 and silence is not None and silence <= self.t["onboarding_days"]
        just = silence is not None and silence <= self.t["just_bought_days"]
        ages = self.engaged_ages(day)
        engaged, ever = any(a <= self.t["engaged_within_days"] for a in ages), bool(ages)
        evaluating, lost, sleeping = self.evaluating(day), self.lost(day), self.sleeping(day)
        advocate, awake = self.advocate(day), not lost and not sleeping
        partner = frequent and day - bought[0] >= self.t["partner_after_days"] and awake
        rules: dict[str, list[tuple[str, bool]]] = {
            "path5": [
                ("exited", lost),
                ("loyalty", not sleeping and (frequent or (repeat and advocate))),
                ("retention", buyer and not onboarding),
                ("sale", buyer),
                ("winning", engaged or evaluating),
                ("attraction", True),
            ],
            "clm6": [
                ("advocacy", buyer and (repeat or advocate) and awake),
                ("purchase", buyer and just),
                ("support", buyer),
                ("evaluation", evaluating),
                ("engagement", engaged),
                ("awareness", True),
            ],
            "relationship5": [
                ("loyalty", awake and (frequent or (repeat and advocate))),
                ("retention", buyer and not onboarding),
                ("conversion", buyer),
                ("engagement", engaged or evaluating),
                ("awareness", True),
            ],
            "value5": [
                ("retention", repeat and not lost),
                ("value_delivery", buyer and not just),
                ("sale", buyer or evaluating),
                ("engagement", engaged),
                ("acquisition", True),
            ],
            "growth6": [
                ("reactivation", buyer and not awake),
                ("retention", frequent),
                ("development", repeat),
                ("involvement", buyer and not onboarding),
                ("acquisition", buyer or evaluating),
                ("attraction", True),
            ],
            "churn5": [
                ("churned", buyer and lost),
                ("reactivation", sleeping),
                ("retention", buyer and not onboarding),
                ("acquisition", buyer),
                ("attraction", True),
            ],
            "partnership5": [
                ("partnership", partner),
                ("development", repeat and (self.growing(day) or frequent) and awake),
                ("retention", buyer and not onboarding),
                ("acquisition", buyer),
                ("attraction", True),
            ],
            "maturity7": [
                ("lost", lost),
                ("sleeping", sleeping),
                ("developed", repeat),
                ("developing", buyer),
                ("nurturing", evaluating),
                ("first_contact", ever),
                ("attraction", True),
            ],
            "lifecycle9": [
                ("lost", lost),
                ("sleeping", sleeping),
                ("reactivated", self.reactivated(day)),
                ("loyal", frequent or (repeat and advocate)),
                ("active", buyer and not onboarding),
                ("new_customer", buyer),
                ("evaluating", evaluating),
                ("engaged", engaged),
                ("lead", True),
            ],
        }
        return {model: next(stage for stage, holds in rows if holds) for model, rows in rules.items()}
