"""How good the stages themselves would have been on past days: who came back, how early, how steadily.

Rolling origins: the parameters are fitted on what was known on a past day and judged by what followed up to
the next such day, as refits would have had it. Pure, and the same for a file of orders and for a portal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from plugin.lifecycle.engines import make_engine
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.parameters import Parameters, fit
from plugin.lifecycle.purchase_facts import rhythm_counts
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import FAR, Ints, pack
from plugin.lifecycle.stage_paths import stage_paths
from plugin.mapping.model import Mapping

#: Days within which a return counts; a change taken back within so many days was none; and after how many
#: days of silence, at the end of the records, a customer is taken to have gone for good.
WINDOWS, SHORT, HINDSIGHT = (90, 180, 365), 30, 365
#: A share is told of at least so many.
FEWEST = 10
STATES = ("awake", "sleeping", "lost")
_EPOCH = date(1970, 1, 1)
_EDGES = (0.25, 0.5, 0.75)


@dataclass
class Returns:
    """Customers in a state, and by window in days: (how many could be followed, how many bought again)."""

    customers: int
    back: dict[int, tuple[int, int]]


@dataclass
class Judgement:
    """What followed after one origin, up to `until`; days are calendar days.

    `standing` is by the state on the origin's day, `called` by the state entered after it. `gone` customers
    bought last after the origin and were then silent for `hindsight` days to the end: `seen` holds per state
    the days from that purchase to the flag; who was not flagged by the end is not in it. `changes` of stage
    in `years` customer-years, of which `reversed` went back within SHORT days.
    """

    origin: date
    until: date
    customers: int
    usual_gap_days: float | None
    by_rhythm: bool
    standing: dict[str, Returns]
    called: dict[str, Returns]
    hindsight: int
    gone: int
    seen: dict[str, list[int]]
    years: float
    changes: int
    reversed: int
    settled: int = field(default=0)  # changes with SHORT days of records behind them


def judge(
    records: Records,
    mapping: Mapping,
    models: Models,
    origins: Sequence[date],
    end: date,
    *,
    object_type: str | None = None,
    time_zone: str | None = None,
    hindsight: int = HINDSIGHT,
    windows: Sequence[int] = WINDOWS,
) -> list[Judgement]:
    """One judgement an origin, oldest first; each up to the next origin, the last up to `end`.

    Predictions are left aside: a rule that rests on one never holds here.
    """
    kind = object_type or mapping.customer_objects()[0]
    days = sorted({day for day in origins if day < end})
    found = []
    for origin, until in zip(days, [*days[1:], end][: len(days)], strict=True):
        parameters = fit(records, mapping, origin, time_zone=time_zone)
        engine = make_engine(records, mapping, models, parameters, end, kind)
        look = _Look(engine, models, _number(origin), _number(until), _number(end), hindsight)
        found.append(look.judged(parameters, windows))
    return found


def _number(day: date) -> int:
    return (day - _EPOCH).days


class _Look:
    """One origin's path of stages and states, and what is counted in it."""

    def __init__(
        self, engine: Engine, models: Models, origin: int, until: int, end: int, hindsight: int
    ) -> None:
        self.engine, self.origin, self.until, self.end = engine, origin, until, end
        self.hindsight = hindsight
        self.bought = engine.events.points["purchases"]
        path = stage_paths(engine, models.fate_plan, origin, end)
        state = pl.max_horizontal(pl.col("sleeping"), pl.col("lost") * 2)
        self.path = path.with_columns(state=pl.when(pl.col("buyer") == 1).then(state).otherwise(-1))

    def judged(self, parameters: Parameters, windows: Sequence[int]) -> Judgement:
        """Everything counted."""
        gone, seen = self.churn()
        changes, taken_back, settled = self.stability()
        return Judgement(
            origin=_EPOCH + timedelta(days=self.origin),
            until=_EPOCH + timedelta(days=self.until),
            customers=self.path.filter(pl.col("day") <= self.until)["customer"].n_unique(),
            usual_gap_days=parameters.comparison(self.engine.events.object_type).usual_gap_days,
            by_rhythm=rhythm_counts(self.engine),
            standing=self.standing(windows),
            called=self.called(windows),
            hindsight=self.hindsight,
            gone=gone,
            seen=seen,
            years=self.years(),
            changes=changes,
            reversed=taken_back,
            settled=settled,
        )

    def returns(self, customers: Ints, days: Ints, windows: Sequence[int]) -> Returns:
        """Who bought again after the days, within each window that the records cover."""
        at = np.searchsorted(self.bought.keys, pack(customers, days), side="right")
        there = at < self.bought.first[customers + 1]
        after = np.full(len(at), FAR, np.int64)
        after[there] = self.bought.days[at[there]] - days[there]
        followed = {w: days + w <= self.end for w in windows}
        counts = {w: (int(f.sum()), int((f & (after <= w)).sum())) for w, f in followed.items()}
        return Returns(len(customers), counts)

    def standing(self, windows: Sequence[int]) -> dict[str, Returns]:
        """By the state on the origin's day."""
        first = self.path.filter(pl.col("day") == self.origin)
        return {
            name: self.entered(first.filter(pl.col("state") == i), windows) for i, name in enumerate(STATES)
        }

    def called(self, windows: Sequence[int]) -> dict[str, Returns]:
        """By the state entered from a better one in the period."""
        before = pl.col("state").shift().over("customer")
        steps = self.path.filter((before < pl.col("state")) & (before >= 0))
        steps = steps.filter(pl.col("day") <= self.until)
        return {
            name: self.entered(steps.filter(pl.col("state") == i), windows)
            for i, name in enumerate(STATES)
            if i
        }

    def entered(self, rows: pl.DataFrame, windows: Sequence[int]) -> Returns:
        """`returns` of the rows of a path."""
        return self.returns(rows["customer"].to_numpy(), rows["day"].to_numpy(), windows)

    def churn(self) -> tuple[int, dict[str, list[int]]]:
        """Customers gone since a purchase in the period, and how long each flag took."""
        last = self.bought.days
        same = np.append(self.bought.customers[1:], -1) == self.bought.customers
        final = ~(same & (np.append(last[1:], FAR) <= self.end))  # what is dated later is unseen
        final &= (last > self.origin) & (last <= self.until) & (last + self.hindsight <= self.end)
        gone = pl.DataFrame({"customer": self.bought.customers[final], "last": last[final]})
        after = self.path.join(gone, on="customer").filter(pl.col("day") > pl.col("last"))
        seen = {}
        for i, name in enumerate(STATES[1:], start=1):
            flagged = after.filter(pl.col("state") >= i).group_by("customer", "last").agg(pl.col("day").min())
            seen[name] = (flagged["day"] - flagged["last"]).sort().to_list()
        return gone.height, seen

    def years(self) -> float:
        """Customer-years of the period."""
        first = self.path.group_by("customer").agg(pl.col("day").min())["day"].to_numpy()
        return float(np.maximum(self.until - first, 0).sum() / 365.25)

    def stability(self) -> tuple[int, int, int]:
        """Changes of stage in the period, those taken back soon, those with enough records to say."""
        stage, day = pl.col("stage"), pl.col("day")
        whose = {"before": stage.shift().over("customer")}
        moves = self.path.with_columns(**whose).filter(
            pl.col("before").is_null() | (pl.col("before") != stage)
        )
        moves = moves.with_columns(
            next_stage=stage.shift(-1).over("customer"), next_day=day.shift(-1).over("customer")
        )
        moves = moves.filter(pl.col("before").is_not_null() & (day <= self.until))
        back = (pl.col("next_stage") == pl.col("before")) & (pl.col("next_day") <= day + SHORT)
        settled = moves.filter(day + SHORT <= self.end)
        return moves.height, settled.filter(back).height, settled.height


def pooled(found: Sequence[Judgement]) -> dict[str, Any]:
    """All origins together: the figures that tables show. Shares are None where too few could be counted."""
    years, settled = sum(j.years for j in found), sum(j.settled for j in found)
    gone = sum(j.gone for j in found)
    return {
        "standing": {s: _shares([j.standing[s] for j in found]) for s in STATES},
        "called": {s: _shares([j.called[s] for j in found]) for s in STATES[1:]},
        "gone": gone,
        "seen": {s: _days([d for j in found for d in j.seen[s]], gone) for s in STATES[1:]},
        "changes_a_year": sum(j.changes for j in found) / years if years else None,
        "taken_back": sum(j.reversed for j in found) / settled if settled else None,
    }


def _shares(parts: Sequence[Returns]) -> dict[str, Any]:
    windows = parts[0].back if parts else {}
    sums = {w: (sum(p.back[w][0] for p in parts), sum(p.back[w][1] for p in parts)) for w in windows}
    back = {w: (came / followed if followed >= FEWEST else None) for w, (followed, came) in sums.items()}
    followed = {w: known for w, (known, _) in sums.items()}
    return {"customers": sum(p.customers for p in parts), "followed": followed, "back": back}


def _days(days: Sequence[int], gone: int) -> dict[str, Any]:
    """Quartiles of the days to a flag, and the share of those gone that were flagged by the end."""
    edges = np.quantile(days, _EDGES, method="inverted_cdf").tolist() if days else [None] * len(_EDGES)
    return {
        "flagged": len(days) / gone if gone else None,
        "days": dict(zip(("p25", "p50", "p75"), edges, strict=True)),
    }


def rolling_origins(first: date, end: date, count: int, ahead: int = WINDOWS[0]) -> list[date]:
    """Up to `count` days, evenly over the later half of the records, the last `ahead` days before the end."""
    begin, last = first + (end - first) / 2, end - timedelta(days=ahead)
    if last < begin:
        return []
    step = (last - begin) / max(count - 1, 1)
    return sorted({begin + step * i for i in range(count)})
