"""Functions as a developer would write them for derived facts, some of them wrong."""

from __future__ import annotations

import polars as pl


def demo_on(frame: pl.DataFrame) -> pl.Series:
    """The date in a text property."""
    return frame["demo_on"].str.to_date("%Y-%m-%d", strict=False)


def pleased(frame: pl.DataFrame) -> pl.Series:
    """A yes or no by a number."""
    return frame["nps"] >= 8


def weekend(frame: pl.DataFrame) -> pl.Series:
    """Something that changes with the day in a way that nobody declared."""
    return frame["day"].dt.weekday() >= 6


def by_silence(frame: pl.DataFrame) -> pl.DataFrame:
    """A fact that moves from day to day; a frame of one column will do."""
    return frame.select(pl.col("days_since_purchase").clip(0, 99) + pl.col("purchases"))


def renewal_on(frame: pl.DataFrame) -> pl.Series:
    """The day to which a countdown runs: a year after the contract's end."""
    return frame["contract_until"].dt.offset_by("1y")


def ranked(frame: pl.DataFrame) -> pl.Series:
    """Wrong: depends on the other rows."""
    return frame["nps"].rank()


def numbered(frame: pl.DataFrame) -> pl.Series:
    """Wrong: depends on the order."""
    return pl.Series(range(frame.height))


def shorter(frame: pl.DataFrame) -> pl.Series:
    """Wrong: rows are dropped."""
    return frame["nps"].drop_nulls()


def infinite(frame: pl.DataFrame) -> pl.Series:
    """Wrong: NaN and infinity."""
    return frame["nps"] / 0


def textual(frame: pl.DataFrame) -> pl.Series:
    """Wrong where a number is promised."""
    return frame["nps"].cast(pl.String)


def strict(frame: pl.DataFrame) -> pl.Series:
    """Wrong: cannot stand a text that is no number."""
    return frame["level"].cast(pl.Float64, strict=True)


def listed(frame: pl.DataFrame) -> list[float]:
    """Wrong: a list."""
    return [1.0] * frame.height


def unlucky(frame: pl.DataFrame) -> pl.Series:
    """Fails on one customer only, which no trial can foresee."""
    if (frame["nps"] == 3.25).fill_null(False).any():
        raise ValueError("nobody answers 3.25")
    return frame["nps"] * 2


_calls = [0]


def moody(frame: pl.DataFrame) -> pl.Series:
    """Wrong: another answer each time."""
    _calls[0] += 1
    return pl.Series([float(_calls[0])] * frame.height)


def sly(frame: pl.DataFrame) -> pl.Series:
    """Wrong only on data that no trial has: then it numbers the rows."""
    if (frame["demo_on"] == "sly").fill_null(False).any():
        return pl.Series(range(frame.height)).cast(pl.Float64)
    return pl.Series([1.0] * frame.height)
