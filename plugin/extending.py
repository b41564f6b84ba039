"""For packages that offer derived facts: readers of the CRM's wire values, the same that the product uses.

A property under `extras` reaches a function as the text that stands in the CRM, or as what the mapping
declares it to be (then no reader is needed). What cannot be read is null.
See docs/guide.md, "A fact of our own".
"""

from __future__ import annotations

import polars as pl

from plugin.lifecycle import values

__all__ = ["dates", "flags", "numbers"]


def dates(text: pl.Series, zone: str = "UTC") -> pl.Series:
    """Date; `2026-01-31`, ISO 8601 moments (as days of the time zone `zone`) and milliseconds since 1970."""
    return values.days(text, zone, calendar=True).cast(pl.Int32).cast(pl.Date)


def numbers(text: pl.Series) -> pl.Series:
    """Float64; `12.5`, not `12,5`."""
    return values.numbers(text)


def flags(text: pl.Series) -> pl.Series:
    """Boolean; true, yes, 1 and false, no, 0."""
    return values.flags(text).cast(pl.Boolean)
