"""The customer record's properties as dated events: what the customer and we did, what holds since when.

A date is its own date; a counter's growth dates an engagement; an undated value holds since its history
says so, without history since the record was created.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import polars as pl

from plugin.lifecycle.conversions import converted, meant
from plugin.lifecycle.conversions import problem as said_of
from plugin.lifecycle.records import Records, text_column
from plugin.lifecycle.series import EVER, Ints, Points
from plugin.lifecycle.values import Findings, days, flags, numbers, unread
from plugin.mapping.readings import Reading

Reader = Callable[[pl.Series], pl.Series]


class PropertyReader:
    """Reads the properties of one object type's frame and their history.

    `owners` maps the frame's `id` to `customer`. In company mode a contact's dates belong to its companies:
    then `customer` numbers the contacts, and `links` (`person`, `customer`) says whose they are.
    `readings` say of declared properties how their values are read.
    """

    def __init__(
        self,
        records: Records,
        object_type: str,
        owners: pl.DataFrame,
        size: int,
        zone: str,
        findings: Findings,
        links: pl.DataFrame | None = None,
        readings: Mapping[str, Reading] = MappingProxyType({}),
    ) -> None:
        self.links, self.readings = links, readings
        self.counted_once: set[tuple[str, str]] = set()
        self.object_type, self.zone, self.size, self.findings = object_type, zone, size, findings
        self.owners = owners
        self.frame = records.customers(object_type)
        self.history = records.history.filter(pl.col("object") == object_type)

    def current(self, name: str) -> pl.DataFrame:
        """`customer`, `text` of the values that stand today; no rows for empty ones."""
        if name not in self.frame.columns:
            return pl.DataFrame(schema={"customer": pl.Int64, "text": pl.String})
        rows = pl.DataFrame({"id": self.frame.get_column("id"), "text": text_column(self.frame, name)})
        rows = rows.filter(pl.col("text").is_not_null()).join(self.owners, on="id", how="inner")
        return rows.select("customer", "text")

    def past(self, name: str) -> pl.DataFrame:
        """`customer`, `text` (null: cleared), `day`, in order of time."""
        rows = self.history.filter(pl.col("property") == name).join(self.owners, on="id", how="inner")
        text = pl.col("value").str.strip_chars()
        local = pl.col("at").dt.convert_time_zone(self.zone).dt.date().cast(pl.Int32).cast(pl.Int64)
        rows = rows.select("customer", pl.when(text != "").then(text).alias("text"), local.alias("day"), "at")
        return rows.sort("customer", "at", maintain_order=True).drop("at")

    def read(self, name: str, text: pl.Series, reader: Reader, problem: str) -> pl.Series:
        """Values by `reader`, of a declared property after its conversion; counts what cannot be read."""
        reading = self.readings.get(name)
        if reading is not None:
            text, problem = meant(text, reading), said_of(reading)
        found = reader(text if reading is None else converted(text, reading, self.zone))
        if (name, problem) not in self.counted_once:  # a property that two keys name is counted at the first
            self.findings.add(self.object_type, name, problem, unread(text, found))
            self.counted_once.add((name, problem))
        return found

    def texts(self, name: str) -> pl.DataFrame:
        """`customer`, `text` of the values that stand today, as they are declared to be read."""
        now = self.current(name)
        return now.with_columns(text=self.read(name, now["text"], lambda text: text, "")).drop_nulls()

    def dates(
        self, names: Sequence[str], *, calendar: bool = False, stood: bool = True
    ) -> list[pl.DataFrame]:
        """`customer`, `day` of every date that stands or, with `stood`, once stood in the properties."""
        found = []
        for name in names:
            both = self.current(name)
            if stood:
                then = self.past(name).select("customer", "text")
                both = pl.concat([both, then.filter(pl.col("text").is_not_null())])
            read = self.read(
                name, both["text"], lambda t: days(t, self.zone, calendar=calendar), "not a date"
            )
            found.append(self._owned(both.select("customer").with_columns(day=read).drop_nulls()))
        return found

    def _owned(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self.links is None:
            return rows
        return rows.rename({"customer": "person"}).join(self.links, on="person").select("customer", "day")

    def counted(self, names: Sequence[str], created: Ints) -> list[pl.DataFrame]:
        """`customer`, `day` on which a counter grew; without history a count stands since creation."""
        found = []
        for name in names:
            steps = self._steps_frame(name, created, numbers, "not a number").filter(
                pl.col("value").is_not_null()
            )
            before = pl.col("value").shift().over("customer").fill_null(0.0)
            grown = steps.filter((pl.col("value") > before) & (pl.col("day") > EVER))
            found.append(self._owned(grown.select("customer", "day")))
        return found

    def created(self) -> Ints:
        """The day each customer's record was created; EVER where unknown."""
        now = self.current("createdate")
        known = now.with_columns(
            day=self.read("createdate", now["text"], lambda t: days(t, self.zone), "not a date")
        ).drop_nulls()
        created = np.full(self.size, EVER, np.int64)
        created[known["customer"].to_numpy()] = known["day"].to_numpy()
        return created

    def _steps_frame(self, name: str, created: Ints, reader: Reader, problem: str) -> pl.DataFrame:
        """`customer`, `day`, `value` of each change, in order; the current value overrides the last one."""
        past, now = self.past(name), self.current(name)
        last = past.group_by("customer").agg(pl.col("day").last())
        now = now.join(last, on="customer", how="left")
        since = pl.Series("since", created)
        start = pl.col("day").fill_null(since.gather(now["customer"]))
        now = now.with_columns(day=start).select("customer", "text", "day")
        both = pl.concat([past, now.select("customer", "text", "day")])
        both = both.with_columns(value=self.read(name, both["text"], reader, problem))
        both = both.sort("customer", "day", maintain_order=True)
        return both.unique(["customer", "day"], keep="last", maintain_order=True)

    def number_steps(self, name: str, created: Ints) -> Points:
        """What number holds from which day on; NaN where unknown."""
        return self._points(self._steps_frame(name, created, numbers, "not a number"))

    def answer_steps(self, name: str, created: Ints) -> Points:
        """What NPS answer holds from which day on; NaN where unknown, or not from 0 to 10."""
        points = self.number_steps(name, created)
        value = points.values["value"]
        off = (value < 0) | (value > 10)
        bad = pl.Series([f"{v:g}" for v in value[off]], dtype=pl.String)
        self.findings.add(self.object_type, name, "not a number from 0 to 10", bad)
        return points.with_values(value=np.where(off, np.nan, value))

    def flag_steps(self, name: str, created: Ints) -> Points:
        """What yes (1) or no (0) holds from which day on; `since` is that day, NaN without a history."""
        frame = self._steps_frame(name, created, flags, "not a yes or no")
        frame = frame.filter(pl.col("value").ne_missing(pl.col("value").shift().over("customer")))
        return self._dated(name, frame)

    def date_steps(self, name: str, created: Ints) -> Points:
        """What date, as days since 1970, holds from which day on; `since` as in `flag_steps`."""

        def read(text: pl.Series) -> pl.Series:
            return days(text, self.zone, calendar=True)

        return self._dated(name, self._steps_frame(name, created, read, "not a date"))

    def _dated(self, name: str, frame: pl.DataFrame) -> Points:
        """The frame's steps with the day since when each holds; NaN where no history says so."""
        dated = self.past(name).select("customer", "day", since=pl.col("day").cast(pl.Float64)).unique()
        frame = frame.join(dated, on=["customer", "day"], how="left", maintain_order="left")
        return self._points(frame).with_values(since=frame["since"].to_numpy())

    def text_steps(self, name: str, created: Ints) -> tuple[Points, pl.Series]:
        """Codes that hold from which day on, and the texts the codes stand for."""
        frame = self._steps_frame(name, created, lambda t: t, "")
        texts = frame["value"].drop_nulls().unique().sort()
        code = pl.col("value").replace_strict(
            texts, pl.Series(range(texts.len()), dtype=pl.Float64), default=None
        )
        coded = frame.with_columns(value=code if texts.len() else pl.lit(None, pl.Float64))
        return self._points(coded), texts

    def _points(self, frame: pl.DataFrame) -> Points:
        value = frame["value"].cast(pl.Float64).to_numpy(writable=True)
        return Points.of(frame["customer"].to_numpy(), frame["day"].to_numpy(), self.size, {"value": value})


def gather_days(parts: Sequence[pl.DataFrame], size: int) -> Points:
    """Distinct days per customer from frames of `customer`, `day`."""
    if not parts:
        return Points.distinct(np.empty(0, np.int64), np.empty(0, np.int64), size)
    all_rows = pl.concat(
        [p.select(pl.col("customer").cast(pl.Int64), pl.col("day").cast(pl.Int64)) for p in parts]
    )
    return Points.distinct(all_rows["customer"].to_numpy(), all_rows["day"].to_numpy(), size)
