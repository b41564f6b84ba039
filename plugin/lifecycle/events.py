"""Everything that happened to each customer of a batch, read once from the records into flat arrays.

Nothing here looks at a day of evaluation: what a day sees is `facts.py`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from plugin.lifecycle.deals import DealReader, share_out
from plugin.lifecycle.properties import PropertyReader, gather_days
from plugin.lifecycle.records import Records, ids_column
from plugin.lifecycle.rhythm import own_gaps
from plugin.lifecycle.series import EVER, FAR, Floats, Ints, Moment, Points, customer_of, day_of, pack, sums
from plugin.lifecycle.values import Findings
from plugin.mapping.model import Mapping, Sources

#: Single-property sources whose value holds from a day on, by how they are read.
NUMBER_SOURCES = ("nps", "csat", "referrals", "reviews", "open_tickets")


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
        for points in (*self.points.values(), *self.steps.values()):
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
    deals = _deals(records, mapping, object_type, index, zone, currency)
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
        texts={**people.texts, "last_lost_reason": deals.lost_reasons},
        fixed=people.fixed,
        missing=frozenset(people.missing),
        seen=tuple(sorted(name for name in ("engagement", "outreach", "markers") if len(points[name].keys))),
        findings=deals.findings,
    )


@dataclass
class _Deals:
    points: dict[str, Points]
    bought: pl.DataFrame
    lost_reasons: pl.Series
    table: pl.DataFrame
    findings: Findings


def _deals(
    records: Records,
    mapping: Mapping,
    object_type: str,
    index: pl.DataFrame,
    zone: str,
    currency: str | None,
) -> _Deals:
    reader = DealReader(records, mapping, zone, currency)
    table = reader.table()
    ids = "company_ids" if object_type == "company" else "contact_ids"
    links = share_out(table, ids, index, mapping.purchase.attribution)
    whole = table.select(pl.exclude("contact_ids", "company_ids", "primary", "profit")).with_row_index("row")
    whole = whole.rename({"amount": "whole"}).with_columns(pl.col("row").cast(pl.Int64))
    rows = links.join(whole, on="row", how="left", maintain_order="left")
    size = index.height
    dated = rows.filter(pl.col("bought") & pl.col("dated").is_not_null())
    orders = dated.filter(pl.col("whole").is_null() | (pl.col("whole") > 0))
    reasons = rows["lost_reason"].drop_nulls().unique().sort()
    points = {
        "orders": _points(orders, "dated", size),
        "money": _money(dated.filter(pl.col("amount").is_not_null()), size),
        "lost_deals": _lost(rows, reasons, size),
        "deal_activity": _activity(rows, reader.moves(), size),
        "pieces": _pieces(rows, reader.moves(), size),
        **_open(rows.filter(pl.col("opened") < pl.col("ended")), size),
    }
    return _Deals(points, orders.select("customer", day="dated"), reasons, table, reader.findings)


def _points(rows: pl.DataFrame, day: str, size: int, **values: npt.NDArray[np.generic]) -> Points:
    return Points.of(rows["customer"].to_numpy(), rows[day].cast(pl.Int64).to_numpy(), size, **values)


def _money(rows: pl.DataFrame, size: int) -> Points:
    cents = rows["amount"].to_numpy()
    profit = rows["profit"].fill_null(0).to_numpy()
    sold = (rows["whole"] > 0).cast(pl.Int64).to_numpy()
    points = _points(rows, "dated", size, cents=cents, profit=profit, sold=sold, refund=np.minimum(cents, 0))
    known = rows["profit"].is_not_null().cast(pl.Int64).to_numpy()
    points = points.with_values(known=_points(rows, "dated", size, known=known).values["known"])
    return points.with_values(**{f"sum_{name}": sums(array) for name, array in points.values.items()})


def _lost(rows: pl.DataFrame, reasons: pl.Series, size: int) -> Points:
    lost = rows.filter(pl.col("closed") & ~pl.col("won") & (pl.col("ended") > EVER)).sort("customer", "row")
    codes = pl.Series(range(reasons.len()), dtype=pl.Float64)
    code = lost["lost_reason"].replace_strict(reasons, codes, default=None, return_dtype=pl.Float64)
    return _points(lost, "ended", size, reason=code.to_numpy())


def _activity(rows: pl.DataFrame, moves: pl.DataFrame, size: int) -> Points:
    """The days on which any deal was created, moved or closed."""
    moved = rows.select("customer", "deal").join(moves, on="deal", how="inner")
    closed = rows.filter(pl.col("closed")).select("customer", day="ended")
    opened = rows.select("customer", day="created").drop_nulls()
    parts = [opened, closed.drop_nulls(), moved.select("customer", day="moved")]
    return gather_days(parts, size)


def _open(rows: pl.DataFrame, size: int) -> dict[str, Points]:
    """The first and the first no longer open day of each deal, with running totals of money."""
    cents = rows["amount"].fill_null(0).to_numpy()
    known = rows["amount"].is_not_null().cast(pl.Int64).to_numpy()
    found = {}
    for name, day in (("opened", "opened"), ("ended", "ended")):
        points = _points(rows, day, size, cents=cents, known=known)
        found[name] = points.with_values(**{f"sum_{k}": sums(v) for k, v in points.values.items()})
    chance = rows.filter(pl.col("probability").is_not_null()).sort("customer", "probability")
    found["chances"] = Points.of(
        chance["customer"].to_numpy(),
        np.full(chance.height, EVER, np.int64),  # in order of chance, not of day
        size,
        chance=chance["probability"].to_numpy(),
        start=chance["opened"].to_numpy(),
        end=chance["ended"].to_numpy(),
    )
    return found


def _pieces(rows: pl.DataFrame, moves: pl.DataFrame, size: int) -> Points:
    """Spans of open deals between their moves: `keys` are the moves' days, `end` the first day after."""
    base = rows.filter((pl.col("opened") < pl.col("ended")) & (pl.col("opened") > EVER))
    starts = base.select("customer", "row", "ended", start="opened")
    later = base.join(moves, on="deal", how="inner").filter(
        (pl.col("moved") > pl.col("opened")) & (pl.col("moved") < pl.col("ended"))
    )
    both = pl.concat([starts, later.select("customer", "row", "ended", start="moved")]).sort("customer", "row", "start")
    following = pl.col("start").shift(-1).over("customer", "row") if later.height else pl.lit(None, pl.Int64)
    both = both.with_columns(end=pl.coalesce(following, "ended"))
    points = _points(both, "start", size, end=both["end"].to_numpy())
    return points.with_values(reach=_prefix_max(points, points.values["end"]))


def _prefix_max(points: Points, values: Ints) -> Ints:
    """Per event, the largest value up to it among its customer's."""
    return np.maximum.accumulate(pack(points.customers, values)) if len(values) else values


class People:
    """Reads what the customer records (in company mode also their contacts) say."""

    def __init__(
        self,
        records: Records,
        mapping: Mapping,
        object_type: str,
        index: pl.DataFrame,
        zone: str,
        findings: Findings,
    ) -> None:
        self.records, self.mapping, self.object_type, self.index = records, mapping, object_type, index
        self.size, self.zone, self.findings = index.height, zone, findings
        self.own = PropertyReader(records, object_type, index, self.size, zone, findings)
        self.sources = mapping.sources(object_type)
        self.readers: list[tuple[PropertyReader, Sources]] = [(self.own, self.sources)]
        if object_type == "company":
            self.readers.append((self._contacts(), mapping.contact))
        self.points: dict[str, Points] = {}
        self.steps: dict[str, Points] = {}
        self.texts: dict[str, pl.Series] = {}
        self.fixed: dict[str, Floats | pl.Series] = {}
        self.missing: set[str] = set()
        self.created = self.own.created()
        self.conversion = self._conversion()

    def _contacts(self) -> PropertyReader:
        """The contacts of the tracked companies: engagement is any associated contact's."""
        links = self.records.contacts.select(id=pl.col("id").cast(pl.Int64)).with_columns(
            company=ids_column(self.records.contacts, "company_ids")
        )
        links = links.explode("company").drop_nulls()
        links = links.join(self.index.rename({"id": "company"}), on="company", how="inner")
        owners = links.select("id").unique().sort("id")
        owners = owners.with_columns(person=pl.int_range(pl.len(), dtype=pl.Int64))
        links = links.join(owners, on="id").select("person", "customer").unique()
        people = owners.rename({"person": "customer"})
        return PropertyReader(
            self.records, "contact", people, people.height, self.zone, self.findings, links
        )

    def _conversion(self) -> pl.DataFrame:
        name = self.sources.conversion
        empty = pl.DataFrame(schema={"customer": pl.Int64, "day": pl.Int64})
        return pl.concat([empty, *self.own.dates([name], calendar=True)]) if name else empty

    def read_all(self) -> None:
        """Fill points, steps, texts and fixed from every mapped source."""
        self._read_dates()
        s = self.sources
        for name in NUMBER_SOURCES:
            self._steps(name, getattr(s, name), self.own.number_steps)
        self._steps("cancelled", s.cancelled, self.own.flag_steps)
        self._steps("contract_until", s.contract_until, self.own.date_steps)
        for i, name in enumerate(s.loyalty_activity):
            self.steps[f"loyalty_{i}"] = self.own.number_steps(name, self.created)
        if not s.loyalty_activity:
            self.missing.add("loyalty_activity")
        self._text("churn_reason", s.churn_reason)
        for name in s.extras:
            self._text(name, name)
        self._read_fixed()

    def _read_dates(self) -> None:
        engaged, outreach, markers = [], [], []
        for reader, s in self.readers:
            engaged += reader.dates(s.engagement_dates) + reader.counted(s.engagement_counters, reader.created())
            outreach += reader.dates(s.outreach_dates)
            markers += reader.dates(s.markers, calendar=True)
        for name, parts in (("engagement", engaged), ("outreach", outreach), ("markers", markers)):
            self.points[name] = gather_days(parts, self.size)
            if not parts:
                self.missing.add(name)
        name = self.sources.cancelled_on
        self.points["cancelled_on"] = gather_days(self.own.dates([name], calendar=True) if name else [], self.size)

    def _steps(self, fact: str, name: str | None, read: object) -> None:
        if name:
            self.steps[fact] = read(name, self.created)  # type: ignore[operator]
        else:
            self.missing.add(fact)

    def _text(self, fact: str, name: str | None) -> None:
        if name:
            self.steps[fact], self.texts[fact] = self.own.text_steps(name, self.created)
        else:
            self.missing.add(fact)

    def _read_fixed(self) -> None:
        s = self.sources
        for fact, name in (("channel", s.channel), ("direction", s.direction)):
            self.fixed[fact] = self._column(name)
        self.fixed["direction"] = self.fixed["direction"].str.to_lowercase()  # type: ignore[union-attr]
        if s.key_fields:
            empty = np.stack([self._column(name).is_null().to_numpy() for name in s.key_fields])
            self.fixed["missing_key_fields"] = empty.sum(axis=0).astype(np.float64)
            dates = [self.own.past(name).select("customer", "day") for name in s.key_fields]
            self.points["key_fields"] = gather_days(dates, self.size)
        else:
            self.missing.add("missing_key_fields")
            self.points["key_fields"] = gather_days([], self.size)

    def _column(self, name: str | None) -> pl.Series:
        rows = self.own.current(name).unique("customer", keep="first") if name else None
        if rows is None:
            return pl.Series([None] * self.size, dtype=pl.String)
        return self.index.select("customer").join(rows, on="customer", how="left", maintain_order="left")["text"]

    def note_company_buyers(self, table: pl.DataFrame) -> None:
        """The days on which a contact's companies bought, in contact mode."""
        if self.object_type == "company":
            self.points["company_purchases"] = gather_days([], self.size)
            self.missing.add("company_buyer")
            return
        bought = table.filter(pl.col("bought") & (pl.col("amount").is_null() | (pl.col("amount") > 0)))
        first = bought.select(company="company_ids", day="dated").explode("company").drop_nulls()
        first = first.group_by("company").agg(pl.col("day").min())
        links = self.records.contacts.select(id=pl.col("id").cast(pl.Int64)).with_columns(
            company=ids_column(self.records.contacts, "company_ids")
        )
        links = links.explode("company").drop_nulls().join(first, on="company", how="inner")
        rows = links.join(self.index, on="id", how="inner")
        self.points["company_purchases"] = gather_days([rows.select("customer", "day")], self.size)


def _with_conversion(bought: pl.DataFrame, conversion: pl.DataFrame, size: int) -> Points:
    """Distinct purchase days with each customer's rhythm; a conversion before any purchase is the first."""
    first = bought.group_by("customer").agg(first=pl.col("day").min())
    early = conversion.group_by("customer").agg(pl.col("day").min()).join(first, on="customer", how="left")
    early = early.filter(pl.col("first").is_null() | (pl.col("day") < pl.col("first")))
    points = gather_days([bought, early.select("customer", "day")], size)
    median, long = own_gaps(points)
    return points.with_values(median=median, long=long)


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
        "median_gap": moment.last(purchases, purchases.values["median"]),
        "revenue": cents,
    }
    return {name: array[count > 0] for name, array in found.items()}
