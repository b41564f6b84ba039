"""Predictions as facts and as written values; the models behind them are handed in, this room knows none.

What is written is that of the customer's refresh day: the latest, not after the day of looking, of its last
purchase, its monthly day (1 + id mod 28) and the day the parameters were adopted; of a contract also of the
day on which a payment fell due, its grace ended, notice was given or the last day paid for was changed. So it
stands still for weeks; only the churn risk follows the day, in steps of 0.05.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Mapping as MappingABC
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from plugin.lifecycle.contracts import RenewalsOf
from plugin.lifecycle.curves import first_change
from plugin.lifecycle.pasts import Paid, Timing
from plugin.lifecycle.series import FAR, Floats, Ints, Moment

if TYPE_CHECKING:
    from plugin.lifecycle.facts import Engine

#: Written values of the refresh day, by the column that holds them in an outcome's frame.
REFRESHED = {
    "clm_clv": "refreshed_clv",
    "clm_clv_low": "refreshed_clv_low",
    "clm_clv_high": "refreshed_clv_high",
    "clm_expected_purchases": "refreshed_expected_purchases",
    "clm_p_alive": "refreshed_p_alive",
    "clm_next_purchase_on": "refreshed_next_purchase_on",
}
#: Facts that only contracts have.
OF_CONTRACTS = ("renewals", "renewal_due_on")
#: Months ahead in which a written prediction is looked for to change.
_MONTHS = 14
STEP = 0.05
_EPOCH = date(1970, 1, 1)


class Values(Protocol):
    """Predictions over the coming twelve months, one entry a customer."""

    @property
    def p_alive(self) -> npt.NDArray[Any]: ...
    @property
    def purchases(self) -> npt.NDArray[Any]: ...
    @property
    def value(self) -> npt.NDArray[Any]: ...
    @property
    def low(self) -> npt.NDArray[Any]: ...
    @property
    def high(self) -> npt.NDArray[Any]: ...


class Predictor(Protocol):
    """Models that predict from plain arrays; `timing` and `paid` as in `pasts`.

    One of contracts has `renewals`, is a `contracts.Reader` too, and takes both as in `contracts`.
    """

    @property
    def ready(self) -> bool: ...
    @property
    def renewals(self) -> RenewalsOf | None: ...
    def p_alive(self, timing: Timing) -> npt.NDArray[Any]: ...
    def p_no_purchase(self, timing: Timing) -> npt.NDArray[Any]: ...
    def predict(self, timing: Timing, paid: Paid, *, interval: bool = True) -> Values: ...
    def bought_by(self, timing: Timing, share: float) -> npt.NDArray[Any]: ...


#: From one object type's section of the parameters record to what predicts by it.
PredictorOf = Callable[[MappingABC[str, Any]], Predictor]


def chosen(
    make: PredictorOf | None, value: MappingABC[str, Any] | None, object_type: str
) -> Predictor | None:
    """The predictor of an object type; None where nothing may be predicted."""
    section = (value or {}).get(object_type)
    if make is None or section is None:
        return None
    found = make(section)
    return found if found.ready else None


def timing_of(engine: Engine, seen: Moment) -> Timing:
    """What the predictor goes by, of pairs that have all seen a purchase."""
    return engine.contracts.timing(seen) if engine.contracts else engine.pasts.timing(seen)


def spent_of(engine: Engine, seen: Moment) -> Paid:
    """What such pairs spent, as the predictor takes it."""
    contracts = engine.contracts
    return contracts.spent(seen, engine.pasts) if contracts else engine.pasts.spent(seen)


def predicted(engine: Engine, moment: Moment, name: str) -> dict[str, Floats]:
    """The fact by that name, and what is computed along with it; NaN for who never bought."""
    by = engine.predictor
    if by is None:
        return {}
    rows = engine.pasts.buying(moment)
    seen = Moment(moment.customers[rows], moment.days[rows])
    timing = timing_of(engine, seen)
    if name in OF_CONTRACTS:
        found = _contract(engine, seen, timing)
    elif name == "p_alive":
        found = {name: by.p_alive(timing)}
    elif name == "p_no_purchase":
        found = {name: by.p_no_purchase(timing)}
    else:
        values = by.predict(timing, spent_of(engine, seen), interval=False)
        found = {"expected_purchases": values.purchases, "clv": values.value}
    return {fact: _spread(array, rows, len(moment.keys)) for fact, array in found.items()}


def _contract(engine: Engine, seen: Moment, timing: Timing) -> dict[str, npt.NDArray[Any]]:
    """What is said of a contract; NaN where customers are under none."""
    if engine.contracts is None:
        return dict.fromkeys(OF_CONTRACTS, np.full(len(seen.keys), np.nan))
    due = engine.contracts.due_on(seen)
    renewed = np.where(np.isnan(due), np.nan, timing[0])
    return dict(zip(OF_CONTRACTS, (renewed, due), strict=True))


def _spread(values: npt.NDArray[Any], rows: Ints, size: int) -> Floats:
    found = np.full(size, np.nan)
    found[rows] = values
    return found


def refresh_days(engine: Engine, customers: Ints, days: Ints) -> Ints:
    """The refresh day of each (customer, day) pair that has seen a purchase."""
    bought = engine.events.points["purchases"]
    last = bought.days[Moment(customers, days).position(bought) - 1]
    found = np.maximum(last, _monthly(engine, customers, days, 0))
    if engine.contracts:
        found = np.maximum(found, engine.contracts.turned(Moment(customers, days)))
    adopted = (engine.parameters.adopted_on - _EPOCH).days
    return np.where(adopted <= days, np.maximum(found, adopted), found)


def _monthly(engine: Engine, customers: Ints, days: Ints, ahead: int) -> Ints:
    """The last monthly day up to each day (`ahead` = 0), or the n-th after it."""
    months = days.astype("M8[D]").astype("M8[M]")
    into = engine.events.ids[customers] % 28
    this = months.astype("M8[D]").astype(np.int64) + into
    months = months + np.where(this <= days, ahead, ahead - 1)
    found: Ints = months.astype("M8[D]").astype(np.int64) + into
    return found


def refreshed(engine: Engine, customers: Ints, days: Ints) -> dict[str, Floats]:
    """The written predictions of (customer, day) pairs by frame column, rounded; days as numbers."""
    found = {column: np.full(len(customers), np.nan) for column in REFRESHED.values()}
    rows = engine.pasts.buying(Moment(customers, days)) if engine.predictor else customers[:0]
    if engine.predictor is None or not len(rows):
        return found
    on = refresh_days(engine, customers[rows], days[rows])
    seen = Moment(customers[rows], on)
    timing = timing_of(engine, seen)
    values = engine.predictor.predict(timing, spent_of(engine, seen))
    numbers = {
        "refreshed_clv": two_digits(values.value),
        "refreshed_clv_low": two_digits(values.low),
        "refreshed_clv_high": two_digits(values.high),
        "refreshed_expected_purchases": two_digits(values.purchases),
        "refreshed_p_alive": steps(values.p_alive) * STEP,
        "refreshed_next_purchase_on": on + engine.predictor.bought_by(timing, 0.5),
    }
    for column, array in numbers.items():
        found[column][rows] = array
    return found


def two_digits(values: npt.NDArray[Any]) -> Floats:
    """Rounded to two significant digits, half away from zero; money is never negative here."""
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 10.0 ** (np.floor(np.log10(values)) - 1)
        found: Floats = np.where(values > 0, np.floor(values / unit + 0.5 + 1e-9) * unit, values)
    return found


def steps(chance: npt.NDArray[Any]) -> Floats:
    """How many steps of 0.05 a chance is rounded to, half away from zero."""
    found: Floats = np.floor(chance / STEP + 0.5 + 1e-9)
    return found


def next_written_change(
    engine: Engine, customers: Ints, today: int, bound: Ints, outputs: Collection[str]
) -> Ints:
    """The first later day, up to `bound`, on which a written prediction would be another; else FAR."""
    rows = engine.pasts.buying(Moment(customers, np.full(len(customers), today, np.int64)))
    found = np.full(len(customers), FAR, np.int64)
    if engine.predictor is None or not len(rows):
        return found
    who, until = customers[rows], bound[rows]
    if "clm_churn_risk" in outputs:
        until = np.minimum(until, _risk_step(engine, who, today, until))
    if outputs & REFRESHED.keys():
        columns = [column for name, column in REFRESHED.items() if name in outputs]
        until = np.minimum(until, _refresh_step(engine, who, today, until, columns))
    found[rows] = np.where(until < bound[rows], until, FAR)
    return found


def _risk_step(engine: Engine, customers: Ints, today: int, bound: Ints) -> Ints:
    def risk(rows: Ints, days: Ints) -> Floats:
        return steps(predicted(engine, Moment(customers[rows], days), "p_no_purchase")["p_no_purchase"])

    todays = np.full(len(customers), today, np.int64)
    now = risk(np.arange(len(customers), dtype=np.int64), todays)
    return first_change(
        lambda rows, days: risk(rows, days) - now[rows], todays, np.minimum(bound, today + 36_525)
    )


def _refresh_step(engine: Engine, customers: Ints, today: int, bound: Ints, columns: list[str]) -> Ints:
    """The first refresh day with other values; the last one looked at where all are the same."""
    todays = np.full(len(customers), today, np.int64)
    now = _table(refreshed(engine, customers, todays), columns)
    found = np.full(len(customers), FAR, np.int64)
    rows = np.arange(len(customers), dtype=np.int64)
    adopted = np.full(len(customers), (engine.parameters.adopted_on - _EPOCH).days, np.int64)
    days = engine.contracts.coming(Moment(customers, todays)) if engine.contracts else []
    days += [_monthly(engine, customers, todays, ahead) for ahead in range(1, _MONTHS + 1)]
    for day in [*days, adopted] if len(adopted) and adopted[0] > today else days:
        near = rows[day[rows] < np.minimum(bound, found)[rows]]
        then = _table(refreshed(engine, customers[near], day[near]), columns)
        other = (then != now[near]).any(axis=1) if day is not days[-1] else np.ones(len(near), dtype=bool)
        found[near[other]] = day[near[other]]
    return found


def _table(columns: dict[str, Floats], names: list[str]) -> Floats:
    """Side by side, with unknown as a number that equals itself."""
    return np.stack([np.nan_to_num(columns[name], nan=-1.0) for name in names], axis=1)
