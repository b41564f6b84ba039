"""The parameters record: everything that compares customers, made by a fit and changed by nothing else.

Conditions see its figures as facts (`portal_gap_days`, `value_cut_1` …), so that one customer is evaluated
without looking at any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np

from plugin.errors import InputError
from plugin.lifecycle.events import Events, build_events, purchase_facts
from plugin.lifecycle.records import Records
from plugin.lifecycle.series import Floats
from plugin.mapping.model import Mapping

_CUTS = (0.2, 0.4, 0.6, 0.8)
_VALUE_CUTS = (0.5, 0.8, 0.95)
#: Purchases must be on record for this long before seasons are compared.
DATA_DAYS = 730
#: Below this many buyers quantiles say little: no cells, no tiers.
MIN_BUYERS = 20


@dataclass(frozen=True)
class Comparison:
    """What the customers of one object type are compared with.

    `usual_gap_days` is the median of repeat customers' median gaps. Cuts are quantiles over buyers: days
    since the last purchase, purchases, revenue (20/40/60/80 %), and revenue for the tiers (50/80/95 %).
    `data_days`: for how long purchases are on record, from the day on which as many customers had bought as a
    quantile needs. `seen` names the groups of sources that hold any data in this portal.
    """

    usual_gap_days: float | None = None
    buyers: int = 0
    repeat_customers: int = 0
    recency_cuts: tuple[float, ...] = ()
    frequency_cuts: tuple[float, ...] = ()
    money_cuts: tuple[float, ...] = ()
    value_cuts: tuple[float, ...] = ()
    data_days: int = 0
    seen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameters:
    """One version of a portal's parameters; `to_json` and `from_json` round-trip it.

    `risk_bands` are the lower and upper bound of p_no_purchase's middle band, unless an object type's section
    in `value` has its own. `value` is the value room's
    own section (fitted purchase and spend models); this room only keeps it.
    """

    version: int = 1
    adopted_on: date = date(1970, 1, 1)
    time_zone: str = "UTC"
    currency: str | None = None
    comparisons: MappingABC[str, Comparison] = field(default_factory=lambda: MappingProxyType({}))
    risk_bands: tuple[float, float] = (1 / 3, 2 / 3)
    value: MappingABC[str, Any] | None = None

    def comparison(self, object_type: str) -> Comparison:
        """The comparison of an object type; an empty one where none was fitted."""
        return self.comparisons.get(object_type, Comparison())

    def bands(self, object_type: str) -> tuple[float, float]:
        """The bounds of p_no_purchase's middle band, as the object type's own past recalibrated them."""
        low, high = (self.value or {}).get(object_type, {}).get("risk_bands") or self.risk_bands
        return float(low), float(high)

    @property
    def usual_gap_days(self) -> float | None:
        """The usual gap of the first object type."""
        return next(iter(self.comparisons.values()), Comparison()).usual_gap_days

    @property
    def repeat_customers(self) -> int:
        """The repeat customers of the first object type."""
        return next(iter(self.comparisons.values()), Comparison()).repeat_customers

    def to_json(self) -> str:
        """As JSON text with sorted keys."""
        plain = {**self.__dict__, "adopted_on": self.adopted_on.isoformat()}
        plain["comparisons"] = {name: asdict(c) for name, c in self.comparisons.items()}
        plain["value"] = None if self.value is None else dict(self.value)
        return json.dumps(plain, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Parameters:
        """Read `to_json`'s text; InputError where it is something else."""
        try:
            given = json.loads(text)
            given["adopted_on"] = date.fromisoformat(given["adopted_on"])
            given["comparisons"] = MappingProxyType(
                {k: _comparison(v) for k, v in given["comparisons"].items()}
            )
            given["risk_bands"] = tuple(given["risk_bands"])
            return cls(**given)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"This is not a parameters record: {error}.",
                cure="Export it anew, or leave it out: parameters are then fitted on the records.",
            ) from error


def _comparison(plain: dict[str, Any]) -> Comparison:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
    return Comparison(**fields)


def fit(
    records: Records,
    mapping: Mapping,
    day: date,
    *,
    version: int = 1,
    time_zone: str | None = None,
    currency: str | None = None,
    value: Callable[[Events, int], MappingABC[str, Any]] | None = None,
    told: Callable[[dict[str, Any]], object] = lambda _: None,
) -> Parameters:
    """Parameters from the records dated up to `day`.

    `told` hears of each kind of value that cannot be read: {object, property, problem, count, examples}.
    `value` makes one object type's section of `Parameters.value` from its customers' events and the day
    (since 1970); without it there is none.

    `time_zone` and `currency` are the portal's; the mapping's win. A figure that too few customers
    support stays empty, and `notes` says so.
    """
    zone = mapping.time_zone or time_zone or "UTC"
    money = mapping.currency or currency
    compared, sections = {}, {}
    for object_type in mapping.customer_objects():
        events = build_events(records, mapping, object_type, zone, money)
        for row in events.findings:
            told(row)
        compared[object_type] = _compare(events, mapping, day)
        if value is not None:
            sections[object_type] = value(events, (day - date(1970, 1, 1)).days)
    return Parameters(version, day, zone, money, MappingProxyType(compared), value=sections or None)


def purchase_days(
    records: Records, mapping: Mapping, *, object_type: str | None = None, time_zone: str | None = None
) -> tuple[date, date] | None:
    """The days of the first and the last purchase of any customer; None where there is none."""
    kind, zone = object_type or mapping.customer_objects()[0], mapping.time_zone or time_zone or "UTC"
    days = build_events(records, mapping, kind, zone, mapping.currency).points["purchases"].days
    if not len(days):
        return None
    first, last = (date(1970, 1, 1) + timedelta(days=int(day)) for day in (days.min(), days.max()))
    return first, last


def _compare(events: Events, mapping: Mapping, day: date) -> Comparison:
    buyers = purchase_facts(events, (day - date(1970, 1, 1)).days)
    medians = buyers["median_gap"][~np.isnan(buyers["median_gap"])]
    enough = len(buyers["purchases"]) >= MIN_BUYERS
    notes = [] if enough else [f"fewer than {MIN_BUYERS} buyers: no RFM cells and no tiers"]
    if len(medians) < mapping.thresholds["rhythm_min_repeaters"]:
        notes.append(f"{len(medians)} repeat customers: fixed days instead of the buying rhythm")
    recorded = _data_days(buyers["first_age"])
    if mapping.compare_seasons and recorded < DATA_DAYS:
        notes.append(f"purchases of {recorded} days: seasons are compared from {DATA_DAYS} days on")
    return Comparison(
        usual_gap_days=float(np.median(medians)) if len(medians) else None,
        buyers=len(buyers["purchases"]),
        repeat_customers=len(medians),
        recency_cuts=_quantiles(buyers["age"], _CUTS, enough),
        frequency_cuts=_quantiles(buyers["purchases"], _CUTS, enough),
        money_cuts=_quantiles(buyers["revenue"], _CUTS, enough),
        value_cuts=_quantiles(buyers["revenue"], _VALUE_CUTS, enough),
        data_days=recorded,
        seen=events.seen,
        notes=tuple(notes),
    )


def _data_days(first_ages: Floats) -> int:
    """Days since the MIN_BUYERS-th customer bought for the first time: one stray old deal is no data."""
    return int(np.sort(first_ages)[-MIN_BUYERS]) if len(first_ages) >= MIN_BUYERS else 0


def _quantiles(values: Floats, shares: tuple[float, ...], enough: bool) -> tuple[float, ...]:
    known = values[~np.isnan(values)]
    if not enough or len(known) < MIN_BUYERS:
        return ()
    return tuple(float(q) for q in np.quantile(known, shares, method="inverted_cdf"))
