"""What a day sees: the facts of (customer, day) pairs, looked up in the events.

One function per fact, all over whole arrays. Numbers are floats, NaN is NULL; a fact whose source is not
mapped is NULL. Nothing dated after the day is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from plugin.lifecycle.catalogue import FACTS, Fact, extra_fact
from plugin.lifecycle.events import Events
from plugin.lifecycle.parameters import Comparison, Parameters
from plugin.lifecycle.rhythm import usual_gap
from plugin.lifecycle.series import EVER, FAR, Bools, Floats, Ints, Moment, Points, day_of, offsets, pack
from plugin.mapping.model import Mapping

Scorer = Callable[["Engine", Moment], dict[str, Floats]]
_PREDICTIONS = ("p_alive", "p_no_purchase", "expected_purchases", "clv")


def nothing(moment: Moment) -> Floats:
    """NULL for every pair."""
    return np.full(len(moment.keys), np.nan)


@dataclass(eq=False)
class Engine:
    """Events with the mapping's thresholds and one parameters version: everything a fact depends on.

    `today` is the day of evaluation: open amounts are unknown before it. `reactivations` are the purchases
    that ended a sleep; they are found by evaluating their eves and put in afterwards.
    """

    events: Events
    mapping: Mapping
    parameters: Parameters
    today: int
    scorer: Scorer | None = None
    reactivations: Points = field(init=False)

    def __post_init__(self) -> None:
        self.comparison: Comparison = self.parameters.comparison(self.events.object_type)
        none = np.empty(0, np.int64)
        self.reactivations = Points.of(none, none, self.events.size)
        self._breaks: dict[tuple[str, ...], Points] = {}

    def threshold(self, name: str) -> float:
        """A threshold of the mapping."""
        return float(self.mapping.thresholds[name])

    def fact(self, name: str) -> Fact:
        """The fact's entry in the catalogue, or a mapped property's."""
        return FACTS.get(name) or extra_fact(name)

    def facts(self, moment: Moment, names: Iterable[str]) -> pl.DataFrame:
        """One row a pair, one column a fact: Float64, String, Boolean or Date."""
        columns = {}
        for name in names:
            columns[name] = self._column(name, moment)
        return pl.DataFrame(columns) if columns else pl.DataFrame({"": np.zeros(len(moment.keys))})

    def _column(self, name: str, moment: Moment) -> pl.Series:
        fact = self.fact(name)
        if fact.type == "text":
            return self._text(name, moment)
        value = FUNCTIONS[name](self, moment) if name in FUNCTIONS else self._scored(name, moment)
        column = pl.Series(name, value, nan_to_null=True)
        if fact.type == "bool":
            return column.cast(pl.Boolean)
        if fact.type == "date":
            return column.cast(pl.Int32).cast(pl.Date)
        return column

    def _scored(self, name: str, moment: Moment) -> Floats:
        return nothing(moment) if self.scorer is None else self.scorer(self, moment)[name]

    def _text(self, name: str, moment: Moment) -> pl.Series:
        if name in ("channel", "direction"):
            fixed = self.events.fixed[name]
            return fixed.gather(moment.customers).alias(name)  # type: ignore[union-attr]
        if name not in self.events.texts:
            return pl.Series(name, [None] * len(moment.keys), dtype=pl.String)
        points = self.events.points["lost_deals"] if name == "last_lost_reason" else self.events.steps[name]
        codes = moment.last(points, points.values["reason" if name == "last_lost_reason" else "value"])
        index = pl.Series(codes, nan_to_null=True).cast(pl.UInt32)
        return self.events.texts[name].to_frame("t").select(pl.col("t").gather(index))["t"].alias(name)

    def breaks(self, names: Iterable[str]) -> Points:
        """The distinct days per customer, birth included, at which any of the facts may jump."""
        wanted = tuple(sorted({b for name in names for b in self.fact(name).breaks}))
        if wanted not in self._breaks:
            self._breaks[wanted] = self._merge([self._break_keys(b) for b in wanted])
        return self._breaks[wanted]

    def _merge(self, parts: list[Ints]) -> Points:
        everyone = np.arange(self.events.size, dtype=np.int64)
        known = self.events.born > EVER
        keys = np.unique(np.concatenate([pack(everyone, self.events.born)[known], *parts]))
        days = day_of(keys)
        keys = keys[(days > EVER) & (days < FAR)]
        return Points(keys, offsets(keys, self.events.size), {})

    def _break_keys(self, name: str) -> Ints:
        bought = self.events.points["purchases"]
        window = int(self.threshold("trend_days"))
        if name in ("recent", "before"):
            return pack(bought.customers, bought.days + (1 if name == "recent" else 2) * window + 1)
        if name == "today":
            return pack(np.arange(self.events.size, dtype=np.int64), self.today)
        if name == "reactivations":
            return self.reactivations.keys
        if name == "loyalty":
            return np.concatenate([np.empty(0, np.int64), *(p.keys for p in loyalty(self.events))])
        found = [p[name].keys for p in (self.events.points, self.events.steps) if name in p]
        return np.concatenate(found) if found else np.empty(0, np.int64)


def loyalty(events: Events) -> list[Points]:
    """The steps of every loyalty property."""
    return [points for name, points in events.steps.items() if name.startswith("loyalty_")]


def advance(frame: pl.DataFrame, engine: Engine) -> pl.DataFrame:
    """The facts one day later if no event comes between."""
    moved = []
    for name in frame.columns:
        slope = engine.fact(name).slope
        if slope in ("up", "down"):
            moved.append(pl.col(name) + (1 if slope == "up" else -1))
        elif slope == "ratio":
            moved.append(pl.col(name) + 1 / pl.col("usual_gap_days"))
    return frame.with_columns(moved)


def _seen(name: str, days: bool = False) -> Callable[[Engine, Moment], Floats]:
    def read(e: Engine, m: Moment) -> Floats:
        if name in e.events.missing:
            return nothing(m)
        points = e.events.points[name]
        return m.age(points) if days else m.count(points).astype(np.float64)

    return read


def _outreaches(e: Engine, m: Moment) -> Floats:
    """Unknown, not 0, in a portal that records no outreach at all (the parameters know)."""
    return _seen("outreach")(e, m) if "outreach" in e.comparison.seen else nothing(m)


def _step(name: str) -> Callable[[Engine, Moment], Floats]:
    def read(e: Engine, m: Moment) -> Floats:
        points = e.events.steps.get(name)
        return nothing(m) if points is None else m.last(points, points.values["value"])

    return read


def _tenure(e: Engine, m: Moment) -> Floats:
    created = e.events.created[m.customers]
    return np.where((created > EVER) & (created <= m.days), m.days - created, np.nan)


def _company_buyer(e: Engine, m: Moment) -> Floats:
    if "company_buyer" in e.events.missing:
        return nothing(m)
    without = m.count(e.events.points["deal_activity"]) + m.count(e.events.points["orders"]) == 0
    return (without & (m.count(e.events.points["company_purchases"]) > 0)).astype(np.float64)


def _loyalty(e: Engine, m: Moment) -> Floats:
    values = [m.last(p, p.values["value"]) for p in loyalty(e.events)]
    if not values:
        return nothing(m)
    stacked = np.stack(values)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0))


def _open_deals(e: Engine, m: Moment) -> Floats:
    return (m.count(e.events.points["opened"]) - m.count(e.events.points["ended"])).astype(np.float64)


def _open_amount(e: Engine, m: Moment) -> Floats:
    opened, ended = e.events.points["opened"], e.events.points["ended"]

    def between(name: str) -> Ints:
        here = m.total(opened, opened.values[f"sum_{name}"]) - m.total(ended, ended.values[f"sum_{name}"])
        return np.asarray(here)

    known = (between("known") > 0) & (m.days >= e.today)
    return np.where(known, between("cents") / 100, np.nan)


def _probability(e: Engine, m: Moment) -> Floats:
    points = e.events.points["chances"]
    start, end, chance = (points.values[k] for k in ("start", "end", "chance"))
    found = _walk_down(m, points, points.first[m.customers + 1] - 1, lambda i, d: (start[i] <= d) & (d < end[i]))
    value = np.where(found >= 0, chance[np.maximum(found, 0)] if len(chance) else np.nan, np.nan)
    return np.where(m.days >= e.today, value, np.nan)


def _deal_moved(e: Engine, m: Moment) -> Floats:
    points = e.events.points["pieces"]
    end, reach = points.values["end"], points.values["reach"]

    def covers(i: Ints, d: Ints) -> Bools:
        return np.asarray(d < end[i])

    found = _walk_down(m, points, m.position(points) - 1, covers, reach)
    start = points.days[np.maximum(found, 0)] if len(points.keys) else np.zeros(len(m.keys))
    return np.where(found >= 0, m.days - start, np.nan)


def _walk_down(
    m: Moment,
    points: Points,
    begin: Ints,
    covers: Callable[[Ints, Ints], Bools],
    reach: Ints | None = None,
) -> Ints:
    """From index `begin` down, the first event of the pair's customer that covers its day; -1 where none.

    `reach`, the furthest end so far as a key, ends the search where nothing earlier reaches the day.
    """
    found = np.full(len(m.keys), -1, np.int64)
    at = begin.copy()
    left = np.flatnonzero(at >= points.first[m.customers])
    while len(left):
        hit = covers(at[left], m.days[left])
        found[left[hit]] = at[left[hit]]
        left = left[~hit]
        if reach is not None:
            left = left[reach[at[left]] > m.keys[left]]
        at[left] -= 1
        left = left[at[left] >= points.first[m.customers[left]]]
    return found


def _first_purchase(e: Engine, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    if not len(points.keys):
        return nothing(m)
    first = points.days[np.minimum(points.first[m.customers], len(points.keys) - 1)]
    return np.where(m.count(points) > 0, m.days - first, np.nan)


def _usual_gap(e: Engine, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    count = m.count(points)
    median = m.last(points, points.values["median"])
    gap = usual_gap(np.maximum(count - 1, 0).astype(np.float64), median, e.comparison.usual_gap_days, e.threshold("gap_prior"))
    return np.where(count > 0, gap, np.nan)


def _long_gap(e: Engine, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    return np.where(m.count(points) >= 3, m.last(points, points.values["long"]), np.nan)


def _gap_ratio(e: Engine, m: Moment) -> Floats:
    gap = _usual_gap(e, m)
    return np.divide(_seen("purchases", days=True)(e, m), gap, out=nothing(m), where=gap > 0)


def _silence_limit(kind: str) -> Callable[[Engine, Moment], Floats]:
    def read(e: Engine, m: Moment) -> Floats:
        buyer = m.count(e.events.points["purchases"]) > 0
        if not rhythm_counts(e):
            return np.where(buyer, e.threshold(f"{kind}_fixed_days"), np.nan)
        limit = e.threshold(f"{kind}_multiple") * _usual_gap(e, m)
        held = np.clip(limit, e.threshold(f"{kind}_min_days"), e.threshold(f"{kind}_max_days"))
        return np.where(buyer, held, np.nan)

    return read


def rhythm_counts(e: Engine) -> bool:
    """Whether the portal has enough repeat customers for silence to be measured by the usual gap."""
    enough = e.comparison.repeat_customers >= e.threshold("rhythm_min_repeaters")
    return enough and e.comparison.usual_gap_days is not None


def _money(name: str) -> Callable[[Engine, Moment], Floats]:
    def read(e: Engine, m: Moment) -> Floats:
        points = e.events.points["money"]
        known = m.count(points) if name != "profit" else m.total(points, points.values["sum_known"])
        return np.where(known > 0, m.total(points, points.values[f"sum_{name}"]) / 100, np.nan)

    return read


def _refunds(e: Engine, m: Moment) -> Floats:
    points = e.events.points["money"]
    return np.asarray(m.total(points, points.values["sum_refund"]) / -100 + 0.0)


def _average_order(e: Engine, m: Moment) -> Floats:
    points = e.events.points["money"]
    sold = m.total(points, points.values["sum_sold"])
    cents = m.total(points, points.values["sum_cents"]).astype(np.float64)
    return np.divide(cents / 100, sold, out=nothing(m), where=sold > 0)


def _recent(e: Engine, m: Moment) -> Floats:
    points = e.events.points["purchases"]
    return (m.count(points) - m.before(points, int(e.threshold("trend_days")) + 1)).astype(np.float64)


def _before(e: Engine, m: Moment) -> Floats:
    points, window = e.events.points["purchases"], int(e.threshold("trend_days"))
    return (m.before(points, window + 1) - m.before(points, 2 * window + 1)).astype(np.float64)


def _trend(e: Engine, m: Moment) -> Floats:
    recent, before = _recent(e, m), _before(e, m)
    enough = (recent + before >= 3) & (before > 0)
    return np.divide(recent, before, out=nothing(m), where=enough)


def _contract_left(e: Engine, m: Moment) -> Floats:
    return np.asarray(_step("contract_until")(e, m) - m.days)


def _cancellation(e: Engine, m: Moment) -> tuple[Floats, Floats]:
    """Whether a cancellation stands (NaN: not mapped), and its day (NaN: undated).

    A purchase after its day lifts it; an undated one is never lifted.
    """
    flag, dated = e.events.steps.get("cancelled"), e.events.points["cancelled_on"]
    day = m.last(dated, dated.days)
    if flag is None:
        if not e.mapping.sources(e.events.object_type).cancelled_on:
            return nothing(m), nothing(m)
        on = ~np.isnan(day)
    else:
        on = m.last(flag, flag.values["value"]) == 1.0
        coming = (dated.first[m.customers + 1] - dated.first[m.customers] > 0) & np.isnan(day)
        on &= ~coming  # cancelled for a day that has not come
        since = m.last(flag, flag.values["since"])
        day = np.where(np.isnan(day), since, day)
    bought = m.days - m.age(e.events.points["purchases"])
    stands = on & ~(bought > day)
    return stands.astype(np.float64), np.where(stands, day, np.nan)


def _reactivated(e: Engine, m: Moment) -> Floats:
    return m.age(e.reactivations)


def _missing_keys(e: Engine, m: Moment) -> Floats:
    fixed = e.events.fixed.get("missing_key_fields")
    return nothing(m) if fixed is None else np.asarray(fixed)[m.customers]


def _constant(find: Callable[[Engine], float | None]) -> Callable[[Engine, Moment], Floats]:
    def read(e: Engine, m: Moment) -> Floats:
        value = find(e)
        return np.full(len(m.keys), np.nan if value is None else value)

    return read


def _cut(kind: str, i: int) -> Callable[[Engine, Moment], Floats]:
    def find(e: Engine) -> float | None:
        cuts: tuple[float, ...] = getattr(e.comparison, f"{kind}_cuts")
        return cuts[i - 1] if cuts else None

    return _constant(find)


FUNCTIONS: dict[str, Callable[[Engine, Moment], Floats]] = {
    "tenure_days": _tenure,
    "company_buyer": _company_buyer,
    "engagements": _seen("engagement"),
    "days_since_engaged": _seen("engagement", days=True),
    "outreaches": _outreaches,
    "days_since_outreach": _seen("outreach", days=True),
    "days_since_marker": _seen("markers", days=True),
    "loyalty_activity": _loyalty,
    "open_deals": _open_deals,
    "open_amount": _open_amount,
    "furthest_probability": _probability,
    "days_since_deal_moved": _deal_moved,
    "days_since_deal_activity": _seen("deal_activity", days=True),
    "lost_deals": _seen("lost_deals"),
    "purchases": _seen("purchases"),
    "orders": _seen("orders"),
    "days_since_first_purchase": _first_purchase,
    "days_since_purchase": _seen("purchases", days=True),
    "usual_gap_days": _usual_gap,
    "long_gap_days": _long_gap,
    "gap_ratio": _gap_ratio,
    "sleeping_after_days": _silence_limit("sleeping"),
    "lost_after_days": _silence_limit("lost"),
    "days_since_reactivation": _reactivated,
    "revenue": _money("cents"),
    "profit": _money("profit"),
    "refunds": _refunds,
    "average_order_value": _average_order,
    "purchases_recent": _recent,
    "purchases_before": _before,
    "activity_trend": _trend,
    "contract_until": _step("contract_until"),
    "contract_days_left": _contract_left,
    **{name: _step(name) for name in ("nps", "csat", "referrals", "reviews", "open_tickets")},
    "cancelled": lambda e, m: _cancellation(e, m)[0],
    "cancelled_on": lambda e, m: _cancellation(e, m)[1],
    "missing_key_fields": _missing_keys,
    "days_since_key_fields": _seen("key_fields", days=True),
    "portal_gap_days": _constant(lambda e: e.comparison.usual_gap_days),
    "portal_repeaters": _constant(lambda e: float(e.comparison.repeat_customers)),
    "churn_band_upper": _constant(lambda e: e.parameters.risk_bands[1]),
    **{f"{kind}_cut_{i}": _cut(kind, i) for kind in ("recency", "frequency", "money") for i in range(1, 5)},
    **{f"value_cut_{i}": _cut("value", i) for i in range(1, 4)},
}
