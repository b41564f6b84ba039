"""Everything that happened to each customer of a batch, read once from the records into flat arrays.

Nothing here looks at a day of evaluation: what a day sees is `facts.py`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from plugin.lifecycle.deal_events import deal_events
from plugin.lifecycle.people import People
from plugin.lifecycle.properties import gather_days
from plugin.lifecycle.records import Records
from plugin.lifecycle.rhythm import own_gaps
from plugin.lifecycle.series import EVER, FAR, Floats, Ints, Moment, Points, customer_of, day_of
from plugin.lifecycle.values import Findings
from plugin.mapping.model import Mapping


@dataclass(eq=False)
class Events:
    """The events of `size` customers of one object type; customers are numbered in the order of their ids.

    `points` holds the dated events by name, `steps` the values that hold from a day on, `texts` what the
    codes of text steps stand for, `fixed` what never changes. `missing` names facts without a mapped source.
    """

    object_type: str
    ids: Ints
    created: Ints  # EVER: not known
    points: dict[str, Points]
    steps: dict[str, Points]
    texts: dict[str, pl.Series]
    fixed: dict[str, npt.NDArray[np.float64] | pl.Series]
    missing: frozenset[str]
    seen: tuple[str, ...]
    born: Ints = field(init=False)
    findings: Findings = field(default_factory=Findings)

    def __post_init__(self) -> None:
        self.born = self.created.copy()
        first = np.full(self.size, FAR, np.int64)
        # what a contact's company bought before the contact was known is no record of the contact
        own = [points for name, points in self.points.items() if name != "company_purchases"]
        for points in (*own, *self.steps.values()):
            some = points.keys[(points.days > EVER) & (points.days < FAR)]
            owner = customer_of(some)
            head = np.flatnonzero(np.diff(owner, prepend=-1))  # keys are sorted: the first of each customer
            first[owner[head]] = np.minimum(first[owner[head]], day_of(some[head]))
        known = np.where(self.created == EVER, FAR, self.created)
        self.born = np.minimum(first, known)
        self.born[self.born == FAR] = EVER

    @property
    def size(self) -> int:
        """How many customers."""
        return len(self.ids)


def build_events(
    records: Records, mapping: Mapping, object_type: str, zone: str, currency: str | None
) -> Events:
    """Read the records of a batch for the customers of one object type."""
    frame = records.customers(object_type)
    index = frame.select(id=pl.col("id").cast(pl.Int64)).unique().sort("id")
    index = index.with_columns(customer=pl.int_range(pl.len(), dtype=pl.Int64))
    deals = deal_events(records, mapping, object_type, index, zone, currency)
    people = People(records, mapping, object_type, index, zone, deals.findings)
    people.read_all()
    people.note_company_buyers(deals.table)
    points = {**deals.points, **people.points}
    points["purchases"] = _with_conversion(deals.bought, people.conversion, index.height)
    return Events(
        object_type=object_type,
        ids=index["id"].to_numpy(),
        created=people.created,
        points=points,
        steps=people.steps,
        texts={**people.texts, "last_lost_reason": deals.lost_reasons, "foreign_currency": deals.foreign},
        fixed=people.fixed,
        missing=frozenset(people.missing),
        seen=tuple(sorted(name for name in ("engagement", "outreach", "markers") if len(points[name].keys))),
        findings=deals.findings,
    )


def _with_conversion(bought: pl.DataFrame, conversion: pl.DataFrame, size: int) -> Points:
    """Distinct purchase days with each customer's rhythm; a conversion before any purchase is the first."""
    first = bought.group_by("customer").agg(first=pl.col("day").min())
    early = conversion.group_by("customer").agg(pl.col("day").min()).join(first, on="customer", how="left")
    early = early.filter(pl.col("first").is_null() | (pl.col("day") < pl.col("first")))
    points = gather_days([bought, early.select("customer", "day")], size)
    return points.with_values(**own_gaps(points)._asdict())


def purchase_facts(events: Events, day: int) -> dict[str, Floats]:
    """What a fit compares, of the customers with a purchase up to `day`: one entry each."""
    everyone = np.arange(events.size, dtype=np.int64)
    moment = Moment(everyone, np.full(events.size, day, np.int64))
    purchases, money = events.points["purchases"], events.points["money"]
    count = moment.count(purchases)
    cents = np.where(moment.count(money) > 0, moment.total(money, money.values["sum_cents"]) / 100, np.nan)
    found = {
        "purchases": count.astype(np.float64),
        "age": moment.age(purchases),
        "first_age": day - _first_days(purchases),
        "median_gap": moment.last(purchases, purchases.values["median"]),
        "revenue": cents,
    }
    return {name: array[count > 0] for name, array in found.items()}


def _first_days(points: Points) -> Floats:
    """Each customer's first day; NaN without one."""
    found = np.full(len(points.first) - 1, np.nan)
    some = np.diff(points.first) > 0
    found[some] = points.days[points.first[:-1][some]]
    return found
