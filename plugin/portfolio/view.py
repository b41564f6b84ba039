"""What a metric is computed from: one scope's cells, the period, the spend table; and what a metric is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from plugin.mapping.model import CsatScale
from plugin.portfolio.asked import Scope
from plugin.portfolio.figures import Figures
from plugin.portfolio.months import ALWAYS, UNDATED, Period, month_name
from plugin.portfolio.spend import Spend

#: How many are needed before a figure is shown: rates and scores, medians and means, costs.
RATE_GATE, MEAN_GATE, COST_GATE = 30, 20, 10
_MONTH_DAYS = 30.4375


@dataclass(frozen=True)
class Metric:
    """One figure. `value` is None where it is withheld; then `reason` says why, with `n` and `gate`.

    `unit`: count, money, share (0-1), score, days, months, ratio. `numerator` and `denominator` are counts or
    money in the portal's currency. `notes` holds what belongs to the figure, like the lag of CAC.
    """

    key: str
    unit: str
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    n: int = 0
    gate: int = 0
    reason: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


def share(
    key: str,
    unit: str,
    numerator: float,
    denominator: float,
    n: int,
    gate: int,
    **notes: Any,
) -> Metric:
    """numerator / denominator; undefined where there is nothing to divide by, withheld below the gate."""
    reason = "undefined" if not denominator else "too_few" if n < gate else None
    value = None if reason else numerator / denominator
    return Metric(key, unit, value, numerator, denominator, n, gate, reason, notes)


def withheld(key: str, unit: str, reason: str, gate: int = 0, n: int = 0, **notes: Any) -> Metric:
    """A figure that cannot be given."""
    return Metric(key, unit, None, None, None, n, gate, reason, notes)


@dataclass(frozen=True, eq=False)
class View:
    """One scope in one period. `now` is the running month; `everyone` the whole portal's cells.

    `unmapped` names what the mapping has no source for; `by_task` says that CRM tasks are made, and
    `tasks_known` that it is known which. `reactivation`: see `Asked`.
    """

    figures: Figures
    everyone: Figures
    spend: Spend
    period: Period
    now: int
    scope: Scope = field(default_factory=Scope)
    unmapped: frozenset[str] = frozenset()
    by_task: bool = False
    tasks_known: bool = True
    csat_scale: CsatScale = field(default_factory=CsatScale)
    reactivation: bool = False

    @cached_property
    def begin(self) -> int:
        """The first month in which anything is dated."""
        dated = [m for m in self.figures.by_month("begun") if m not in (UNDATED, ALWAYS)]
        dated += [m for m in self.figures.by_month("won") if m not in (UNDATED, ALWAYS)]
        return min(dated, default=self.now)

    @cached_property
    def months(self) -> range:
        """The period's months, from the first that anything is dated in."""
        return range(max(self.period.first, self.begin), self.period.last + 1)

    @cached_property
    def closed(self) -> range:
        """Those that are over; the running month where the period is nothing else."""
        if self.period.first >= self.now:
            return self.months
        return range(self.months.start, min(self.period.last, self.now - 1) + 1)

    @property
    def whole(self) -> bool:
        """Whether everything to date is asked for."""
        return self.period.first == UNDATED

    def total(self, measure: str, detail: str = "") -> int:
        """The sum over the period; to date undated ones count too."""
        return self.figures.total(measure, None if self.whole else self.months, detail)

    def total_in(self, measure: str, bin_: int, detail: str = "") -> int:
        """The same of one bin alone."""
        return self.figures.in_bin(measure, bin_, None if self.whole else self.months, detail)

    def over(self, parts: dict[str, Any]) -> View:
        """The same view with parts of it exchanged."""
        return View(**{**{name: getattr(self, name) for name in self.__dataclass_fields__}, **parts})

    def of_month(self, month: int) -> View:
        """The same scope in one month."""
        return self.over({"period": Period(month_name(month), month, month)})

    @cached_property
    def cycle(self) -> tuple[float | None, int, str]:
        """(median days from first touch to first purchase, of how many, whose: this scope's or all)."""
        own, every = (f.timing("cycle", always=True) for f in (self.figures, self.everyone))
        if own.n >= MEAN_GATE or self.scope.everyone:
            return own.median, own.n, self.scope.shown
        return every.median, every.n, "all"

    @property
    def lag(self) -> int:
        """The sales cycle in whole months; 0 where it is not known."""
        days = self.cycle[0]
        return round(days / _MONTH_DAYS) if days is not None else 0
