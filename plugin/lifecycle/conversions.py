"""From the texts of a declared source to what every other is read from: days, plain numbers, true and false.

Only what is declared is read; the rest is null, and whoever asked counts it. Nothing is guessed.
"""

from __future__ import annotations

import re

import polars as pl

from plugin.lifecycle.values import days, flags, numbers
from plugin.mapping.readings import Reading, Value, date_pattern

#: Spaces that people and programs put between thousands: plain, no-break, narrow no-break.
_SPACES = " \u00a0\u202f"


def meant(text: pl.Series, reading: Reading) -> pl.Series:
    """The text, null where it stands for nothing."""
    nothing = [key for key, value in reading.values.items() if value is None]
    v = pl.col("v")
    kept = pl.when(~v.str.to_lowercase().is_in(nothing)).then(v) if nothing else v
    return text.alias("v").to_frame().select(kept.alias("v"))["v"]


def converted(text: pl.Series, reading: Reading, zone: str) -> pl.Series:
    """String: `2025-12-31`, `12.5`, `true` or a word; null where the text is not what is declared.

    A moment is its day in the time zone `zone`; one written without a zone is that calendar day.
    """
    listed = _listed(text, reading)
    if reading.closed:
        return listed
    if reading.type in ("text", "enumeration"):
        rest = text
    elif reading.type == "boolean":
        rest = _wire(flags(text))
    elif reading.type == "number":
        rest = _number(text, reading)
    else:
        rest = _day(text, reading, zone)
    return pl.DataFrame({"a": listed, "b": rest}).select(pl.coalesce("a", "b").alias("v"))["v"]


def problem(reading: Reading) -> str:
    """What is said of a text that cannot be read."""
    if reading.closed:
        return "not one of the declared values"
    if reading.type == "number":
        return f"not a number written {_example(reading)}"
    if reading.format:
        return f"not a {reading.type} written {reading.format}"
    return {"boolean": "not a yes or no"}.get(reading.type, f"not a {reading.type}")


def _example(reading: Reading) -> str:
    """A number as it is declared to be written."""
    return f"1{reading.thousands}234{reading.decimal}5"


def _listed(text: pl.Series, reading: Reading) -> pl.Series:
    """What `values` say; null for every text that they do not name."""
    wire = {key: _text(value) for key, value in reading.values.items() if value is not None}
    if not wire:
        return pl.Series("v", [None] * text.len(), dtype=pl.String)
    if reading.type == "enumeration" and reading.kind == "text":
        return _several(text, wire)
    return text.str.to_lowercase().replace_strict(
        list(wire), list(wire.values()), default=None, return_dtype=pl.String
    )


def _several(text: pl.Series, wire: dict[str, str]) -> pl.Series:
    """HubSpot's checkboxes hold several values with semicolons between: each is replaced, or none."""

    def of(whole: str) -> str | None:
        found = [wire.get(one.strip()) for one in whole.lower().split(";")]
        return None if None in found else ";".join(str(one) for one in found)

    known = {one: of(one) for one in text.drop_nulls().unique().to_list()}
    return text.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value!r}" if isinstance(value, float) else str(value)


def _wire(found: pl.Series) -> pl.Series:
    """1.0 and 0.0 as true and false."""
    return found.replace_strict([1.0, 0.0], ["true", "false"], default=None, return_dtype=pl.String)


def _number(text: pl.Series, reading: Reading) -> pl.Series:
    plain = text
    if reading.decimal != "." or reading.thousands:
        plain = _plain(text, reading.decimal, reading.thousands)
    return _scaled(numbers(plain), reading.scale).cast(pl.String)


def _scaled(found: pl.Series, scale: float) -> pl.Series:
    if scale == 1:
        return found
    over = round(1 / scale)
    values = found.to_numpy()  # null is NaN
    # a division by a whole number is exact where multiplying by 0.01 is not (and Polars would multiply)
    whole = over > 1 and 1 / over == scale
    return pl.Series("v", values / over if whole else values * scale, nan_to_null=True)


def _plain(text: pl.Series, decimal: str, thousands: str) -> pl.Series:
    """The digits with a point; null where signs stand where they should not."""
    between = f"[{_SPACES}]" if thousands == " " else re.escape(thousands)
    whole = f"[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    right = f"^[-+]?(?:{whole})(?:{re.escape(decimal)}[0-9]+)?$"
    v = pl.col("v")
    bare = v.str.replace_all(between, "") if thousands else v
    good = pl.when(v.str.contains(right)).then(bare.str.replace(decimal, ".", literal=True))
    return text.alias("v").to_frame().select(good.alias("v"))["v"]


def _day(text: pl.Series, reading: Reading, zone: str) -> pl.Series:
    if reading.format is None:
        found = days(text, zone, calendar=reading.type == "date")
        return found.cast(pl.Int32).cast(pl.Date).cast(pl.String)
    parts = text.alias("v").to_frame().select(pl.col("v").str.extract_groups(date_pattern(reading.format)))
    frame = parts.unnest("v")
    year = pl.lit("20") + pl.col("short") if "short" in frame.columns else pl.col("year")
    iso = pl.concat_str([year, pl.col("month").str.zfill(2), pl.col("day").str.zfill(2)], separator="-")
    date = iso.str.to_date("%Y-%m-%d", strict=False)
    clock = [pl.col(n).cast(pl.Int64) <= most for n, most in _CLOCK.items() if n in frame.columns]
    good = pl.when(pl.all_horizontal(clock)).then(date) if clock else date
    return frame.select(good.cast(pl.String).alias("v"))["v"]


#: Part of a moment → the greatest that it can be.
_CLOCK = {"hour": 23, "minute": 59, "second": 59}
