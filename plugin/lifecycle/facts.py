"""What a day sees: the facts of (customer, day) pairs, looked up in the events.

Numbers are floats, NaN is NULL; a fact whose source is not mapped is NULL. Nothing dated after the day is
seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import numpy as np
import polars as pl

from plugin.lifecycle.catalogue import FACTS, Fact, extra_fact
from plugin.lifecycle.contracts import Contracts, Reader
from plugin.lifecycle.derived import DAY, Column, Derived
from plugin.lifecycle.ground import Ground, Lookup, nothing
from plugin.lifecycle.pasts import Pasts
from plugin.lifecycle.person_facts import PERSON, held, loyalty
from plugin.lifecycle.pipeline_facts import PIPELINE
from plugin.lifecycle.predictions import Predictor, predicted
from plugin.lifecycle.purchase_facts import PURCHASES
from plugin.lifecycle.series import (
    EVER,
    FAR,
    Floats,
    Ints,
    Moment,
    Points,
    as_dates,
    day_of,
    distinct_keys,
    offsets,
    pack,
)

FUNCTIONS: dict[str, Lookup] = {**PERSON, **PIPELINE, **PURCHASES}


@dataclass(eq=False)
class Engine(Ground):
    """Looks up the facts of (customer, day) pairs, and knows the days on which they may jump.

    `predictor` fills the facts that are predictions; without it they are NULL.
    """

    predictor: Predictor | None = None
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        told = (self.events.object_type, self.events.findings)
        self._derivers = {name: Column(found, *told) for name, found in self.derived.items()}
        self._extras = self.mapping.extra_types()
        self._breaks: dict[tuple[str, ...], Points] = {}
        self._predicted: tuple[Moment | None, dict[str, Floats]] = (None, {})

    @cached_property
    def pasts(self) -> Pasts:
        """Purchase histories, as models take them."""
        return Pasts(self.events)

    @cached_property
    def contracts(self) -> Contracts | None:
        """Contracts, as a predictor of them takes them; None where it takes purchase histories."""
        by = self.predictor
        return Contracts(self, cast("Reader", by)) if by is not None and by.renewals is not None else None

    def fact(self, name: str) -> Fact:
        """The fact's entry in the catalogue, a derived one's, or a mapped property's."""
        if name in self.derived:
            return self.derived[name].fact
        return FACTS.get(name) or extra_fact(name, self._extras.get(name, "text"))

    def facts(self, moment: Moment, names: Iterable[str]) -> pl.DataFrame:
        """One row a pair, one column a fact: Float64, String, Boolean or Date."""
        columns = {}
        for name in names:
            columns[name] = self._column(name, moment)
        return pl.DataFrame(columns) if columns else pl.DataFrame({"": np.zeros(len(moment.keys))})

    def _column(self, name: str, moment: Moment) -> pl.Series:
        if name in self.derived:
            return self._derived(name, moment)
        fact = self.fact(name)
        if fact.type == "text":
            return self._text(name, moment)
        find = FUNCTIONS.get(name) or (held(name) if fact.group == "property" else None)
        value = find(self, moment) if find else self._prediction(name, moment)
        column = pl.Series(name, value, nan_to_null=True)
        if fact.type == "bool":
            return column.cast(pl.Boolean)
        if fact.type == "date":
            return column.cast(pl.Int32).cast(pl.Date)
        return column

    def _derived(self, name: str, moment: Moment) -> pl.Series:
        spec = self.derived[name].spec
        known = [self._column(read, moment) for read in spec.reads if read != DAY]
        return self.derive(name, known, as_dates(moment.days))

    def derive(self, name: str, facts: Iterable[pl.Series], days: pl.Series) -> pl.Series:
        """A derived fact from columns that hold the facts it reads, and the day of each row (Date)."""
        derived = self.derived[name]
        frame = pl.DataFrame([days.alias(DAY), *facts])
        answer = self._derivers[name].answer(frame.select(derived.spec.reads))
        return derived.as_fact(answer, days)

    def _counted_from(self, name: str) -> Ints:
        """The days that a derived fact counts from, as keys: the dates that its function ever returned."""
        reads = self.derived[name].spec.reads
        known = self.breaks(reads)
        everyone = np.arange(self.events.size, dtype=np.int64)
        customers = np.concatenate([everyone, known.customers])
        moment = Moment(customers, np.concatenate([np.maximum(self.events.born, EVER + 1), known.days]))
        dates = self._derivers[name].answer(pl.DataFrame([self._column(read, moment) for read in reads]))
        there = dates.is_not_null().to_numpy()
        days = dates.cast(pl.Int32).cast(pl.Int64).drop_nulls().to_numpy()
        return pack(customers[there], days)

    def _prediction(self, name: str, moment: Moment) -> Floats:
        if self.predictor is None:
            return nothing(moment)
        of, known = self._predicted
        if of is not moment or name not in known:
            known = predicted(self, moment, name)
            self._predicted = (moment, known)
        return known[name]

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
        keys = distinct_keys(np.concatenate([pack(everyone, self.events.born)[known], *parts]))
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
        if name.startswith("since:"):
            return self._counted_from(name.removeprefix("since:"))
        if name == "loyalty":
            return np.concatenate([np.empty(0, np.int64), *(p.keys for p in loyalty(self.events))])
        found = [p[name].keys for p in (self.events.points, self.events.steps) if name in p]
        return np.concatenate(found) if found else np.empty(0, np.int64)


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
