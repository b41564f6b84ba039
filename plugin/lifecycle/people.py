"""What the customer records say, and in company mode those of the companies' contacts."""

from __future__ import annotations

import numpy as np
import polars as pl

from plugin.lifecycle.properties import PropertyReader, gather_days
from plugin.lifecycle.records import Records, ids_column
from plugin.lifecycle.series import Floats, Points
from plugin.lifecycle.values import Findings
from plugin.mapping import channels
from plugin.mapping.model import Mapping, Sources

#: Single-property sources whose value holds from a day on.
NUMBER_SOURCES = ("csat", "referrals", "reviews", "open_tickets")


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
        readings = mapping.readings_of(object_type)
        self.own = PropertyReader(records, object_type, index, self.size, zone, findings, readings=readings)
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
        readings, size = self.mapping.readings_of("contact"), people.height
        return PropertyReader(
            self.records, "contact", people, size, self.zone, self.findings, links, readings
        )

    def _conversion(self) -> pl.DataFrame:
        name = self.sources.conversion
        empty = pl.DataFrame(schema={"customer": pl.Int64, "day": pl.Int64})
        return pl.concat([empty, *self._own_day(name)]) if name else empty

    def _own_day(self, name: str | None) -> list[pl.DataFrame]:
        """The day in a property that names one day: what stood there before was wrong, or taken back."""
        return self.own.dates([name], calendar=True, stood=False) if name else []

    def read_all(self) -> None:
        """Fill points, steps, texts and fixed from every mapped source."""
        self._read_dates()
        s = self.sources
        for name in NUMBER_SOURCES:
            self._steps(name, getattr(s, name), self.own.number_steps)
        self._steps("nps", s.nps, self.own.answer_steps)
        self._steps("cancelled", s.cancelled, self.own.flag_steps)
        self._steps("contract_until", s.contract_until, self.own.date_steps)
        for i, name in enumerate(s.loyalty_activity):
            self.steps[f"loyalty_{i}"] = self.own.number_steps(name, self.created)
        if not s.loyalty_activity:
            self.missing.add("loyalty_activity")
        self._text("churn_reason", s.churn_reason)
        for name in s.extras:
            self._extra(name)
        self._read_fixed()

    def _read_dates(self) -> None:
        engaged, outreach, markers = [], [], []
        for reader, s in self.readers:
            engaged += reader.dates(s.engagement_dates) + reader.counted(
                s.engagement_counters, reader.created()
            )
            outreach += reader.dates(s.outreach_dates)
            markers += reader.dates(s.markers, calendar=True)
        for name, parts in (("engagement", engaged), ("outreach", outreach), ("markers", markers)):
            self.points[name] = gather_days(parts, self.size)
            if not parts:
                self.missing.add(name)
        self.points["cancelled_on"] = gather_days(self._own_day(self.sources.cancelled_on), self.size)

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

    def _extra(self, name: str) -> None:
        """A further property: a text, unless it is declared to be something else."""
        reading = self.own.readings.get(name)
        if reading is None or reading.kind == "text":
            self._text(name, name)
            return
        readers = {
            "number": self.own.number_steps,
            "flag": self.own.flag_steps,
            "date": self.own.date_steps,
        }
        self._steps(name, name, readers[reading.kind])

    def _read_fixed(self) -> None:
        s = self.sources
        self.fixed["channel"] = self._channel(s.channel)
        self.fixed["direction"] = self._column(s.direction).str.to_lowercase()
        if s.key_fields:
            empty = np.stack([self._column(name).is_null().to_numpy() for name in s.key_fields])
            self.fixed["missing_key_fields"] = empty.sum(axis=0).astype(np.float64)
            dates = [self.own.past(name).select("customer", "day") for name in s.key_fields]
            self.points["key_fields"] = gather_days(dates, self.size)
        else:
            self.missing.add("missing_key_fields")
            self.points["key_fields"] = gather_days([], self.size)

    def _channel(self, name: str | None) -> pl.Series:
        """Of HubSpot's own source all that it does not list is one channel, unless it is declared here."""
        found = self._column(name)
        reading = self.own.readings.get(name or "")
        if name != channels.PROPERTY or (reading is not None and reading.closed):
            return found
        declared = reading.values.values() if reading is not None else ()
        listed = found.is_null() | found.is_in([*channels.VALUES, *map(str, declared)])
        return found.zip_with(listed, pl.repeat(channels.OTHER, len(found), eager=True))

    def _column(self, name: str | None) -> pl.Series:
        rows = self.own.texts(name).unique("customer", keep="first") if name else None
        if rows is None:
            return pl.Series([None] * self.size, dtype=pl.String)
        return self.index.select("customer").join(rows, on="customer", how="left", maintain_order="left")[
            "text"
        ]

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
