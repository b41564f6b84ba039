"""From the CRM's wire strings to days, numbers and flags; what cannot be read is NULL and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

_TRUE = ("true", "yes", "1", "y")
_FALSE = ("false", "no", "0", "n")
#: Days since 1970 that the day grid can hold: the years 534 to 3405.
FIRST_DAY, LAST_DAY = -(1 << 19) + 8, (1 << 19) - 8


@dataclass
class Findings:
    """Values that could not be read, counted by object, property and problem, with up to three examples."""

    rows: dict[tuple[str, str, str], tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    def add(self, object_type: str, name: str, problem: str, bad: pl.Series) -> None:
        """Count the values of `bad`; an empty series adds nothing."""
        if bad.len():
            count, examples = self.rows.get((object_type, name, problem), (0, ()))
            fresh = tuple(str(v) for v in bad.head(3))
            self.rows[(object_type, name, problem)] = (count + bad.len(), (*examples, *fresh)[:3])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for (object_type, name, problem), (count, examples) in sorted(self.rows.items()):
            yield {
                "object": object_type,
                "property": name,
                "problem": problem,
                "count": count,
                "examples": list(examples),
            }


def days(text: pl.Series, zone: str, *, calendar: bool = False) -> pl.Series:
    """Int64 days since 1970 in the time zone `zone`; null where `text` is no date.

    Read are YYYY-MM-DD and a time without zone (that calendar day), ISO 8601 with a zone (in UTC also
    without seconds), and milliseconds since 1970. HubSpot's date type may stand as ms at exactly midnight
    UTC: with `calendar` such a moment is that calendar day, whatever the zone.
    """
    v = pl.col("v")
    frame = text.alias("v").to_frame()
    plain = v.str.to_date("%Y-%m-%d", strict=False)
    local = pl.when(v.str.contains(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$")).then(
        v.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    )
    iso = v.str.to_datetime("%+", strict=False, time_zone="UTC", time_unit="ms")
    minute = v.str.to_datetime("%Y-%m-%dT%H:%MZ", strict=False, time_unit="ms")
    ms = pl.when(v.str.contains(r"^-?\d{9,15}$")).then(v.cast(pl.Int64, strict=False))
    utc = pl.coalesce(minute, ms.cast(pl.Datetime("ms"))).dt.replace_time_zone("UTC")
    moment = pl.coalesce(iso, utc)
    there = moment.dt.convert_time_zone(zone).dt.date()
    if calendar:
        midnight = moment.dt.epoch("ms") % 86_400_000 == 0
        there = pl.when(midnight).then(moment.dt.date()).otherwise(there)
    found = frame.select(pl.coalesce(plain, there, local).cast(pl.Int32).cast(pl.Int64).alias("v"))["v"]
    return found.to_frame().select(pl.when(v.is_between(FIRST_DAY, LAST_DAY)).then(v).alias("v"))["v"]


def numbers(text: pl.Series) -> pl.Series:
    """Float64; null where `text` is no finite number."""
    v = pl.col("v")
    found = text.alias("v").to_frame().select(v.cast(pl.Float64, strict=False))
    return found.select(pl.when(v.is_finite()).then(v).alias("v"))["v"]


def flags(text: pl.Series) -> pl.Series:
    """Float64 1.0 or 0.0; null where `text` is neither a yes nor a no."""
    low = pl.col("v").str.to_lowercase()
    chosen = pl.when(low.is_in(_TRUE)).then(1.0).when(low.is_in(_FALSE)).then(0.0)
    return text.alias("v").to_frame().select(chosen.alias("v"))["v"]


def unread(text: pl.Series, found: pl.Series) -> pl.Series:
    """The values of `text` that `found` has no reading for."""
    return text.filter(text.is_not_null() & found.is_null())
