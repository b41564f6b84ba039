"""Derived facts: columns that functions of installed packages compute from other facts.

A function takes a frame with one row a customer and day, and returns one value a row. Nothing is taken on
trust: type, length, NaN, order and repetition are checked on made-up rows before any record is touched, and
what fails on a record is unknown for that record and told as a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from plugin.lifecycle.catalogue import Fact, FactType
from plugin.lifecycle.values import Findings
from plugin.mapping.model import DerivedFact

Function = Callable[[pl.DataFrame], Any]

#: The name by which a function reads the day of evaluation.
DAY = "day"
#: What a column of each type is to Polars.
DTYPES: dict[FactType, pl.DataType] = {
    "number": pl.Float64(),
    "text": pl.String(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
}
_ROW = "\x00row"


class Unfit(Exception):
    """What a function returned cannot be a fact: an inner signal, turned into a fault or a finding."""


@dataclass(frozen=True, eq=False)
class Derived:
    """One derived fact: what the mapping says of it, its function, and its entry in the catalogue.

    `digest` names the function's code, so that a changed one is noticed and everyone is computed again.
    """

    spec: DerivedFact
    function: Function
    fact: Fact
    digest: str = ""

    @property
    def name(self) -> str:
        """The fact's name."""
        return self.spec.name

    @property
    def dated(self) -> bool:
        """Whether the function returns the date that days are counted from or to."""
        return self.spec.moves in ("since", "until")

    @property
    def returns(self) -> FactType:
        """The type of what the function returns."""
        return "date" if self.dated else self.spec.type

    def call(self, frame: pl.DataFrame) -> pl.Series:
        """The function's answer for these rows, as the column it must be; Unfit where it is none."""
        answer = self.function(frame.clone())
        if isinstance(answer, pl.DataFrame) and answer.width == 1:
            answer = answer.to_series()
        if not isinstance(answer, pl.Series):
            raise Unfit(f"returned a {type(answer).__name__}, not a Polars Series")
        if answer.len() != frame.height:
            raise Unfit(f"returned {answer.len()} values for {frame.height} rows")
        return self._typed(answer).alias(self.name)

    def _typed(self, answer: pl.Series) -> pl.Series:
        wanted, given = DTYPES[self.returns], answer.dtype
        if given in (pl.Null, wanted):
            found = answer.cast(wanted)
        elif self.returns == "number" and given.is_numeric():
            found = answer.cast(pl.Float64)
        elif self.returns == "text" and isinstance(given, (pl.Categorical, pl.Enum)):
            found = answer.cast(pl.String)
        else:
            raise Unfit(f"returned values of type {given}, not {self.returns} ({wanted})")
        if self.returns == "number" and not found.is_finite().fill_null(True).all():
            raise Unfit("returned NaN or infinity; return null where nothing is known")
        return found

    def as_fact(self, answer: pl.Series, days: pl.Series) -> pl.Series:
        """The fact of an answer: itself, or the days from or to the dates in it. `days`: Date, one a row."""
        if not self.dated:
            return answer
        frame = pl.DataFrame({"answer": answer, "day": days})
        age = (pl.col("day") - pl.col("answer")).dt.total_days().cast(pl.Float64)
        fact = pl.when(age >= 0).then(age) if self.spec.moves == "since" else -age
        return frame.select(fact.alias(self.name)).to_series()


class Column:
    """A derived fact over the records of one batch: each different row of inputs is computed once.

    So a value depends on nothing but its own row. Where the function fails, the rows are halved until those
    that it fails on stand alone: they are unknown, and told.
    """

    def __init__(self, derived: Derived, object_type: str, findings: Findings) -> None:
        self.derived, self.object_type, self.findings = derived, object_type, findings
        self.sound: bool | None = None  # not yet tried on these records
        self._told: set[tuple[str, str]] = set()

    def answer(self, frame: pl.DataFrame) -> pl.Series:
        """The function's answer, one value a row of `frame` (its columns are what the fact reads)."""
        rows = frame.unique(maintain_order=True)
        if self.sound is None and rows.height > 1:
            self.sound = self._pure(rows.head(128))
        if self.sound is False:
            return pl.Series(self.derived.name, [None] * frame.height, dtype=DTYPES[self.derived.returns])
        values = self._halving(rows)
        if rows.height == frame.height:
            return values
        keyed = rows.with_columns(values.alias(_ROW))
        joined = frame.join(keyed, on=frame.columns, how="left", nulls_equal=True, maintain_order="left")
        return joined.get_column(_ROW).alias(self.derived.name)

    def _pure(self, rows: pl.DataFrame) -> bool:
        """Whether reversed rows give the reversed answer."""
        forward, backward = self._quietly(rows), self._quietly(rows.reverse())
        if forward is None or backward is None or forward.equals(backward.reverse()):
            return True  # a failure is looked for row by row
        problem = "its function's answer depends on other rows, on their order or on chance"
        self.findings.add(
            self.object_type, self.derived.name, problem, pl.Series([self.derived.spec.function])
        )
        return False

    def _quietly(self, rows: pl.DataFrame) -> pl.Series | None:
        try:
            return self.derived.call(rows)
        except BaseException as error:
            _let_through(error)
            return None

    def _halving(self, rows: pl.DataFrame) -> pl.Series:
        try:
            return self.derived.call(rows)
        except BaseException as error:
            _let_through(error)
            if rows.height > 1:
                middle = rows.height // 2
                parts = [self._halving(rows.head(middle)), self._halving(rows.slice(middle))]
                return pl.concat(parts)
            self._tell(said_of(error), rows)
        return pl.Series(self.derived.name, [None], dtype=DTYPES[self.derived.returns])

    def _tell(self, problem: str, row: pl.DataFrame) -> None:
        without_day = [name for name in row.columns if name != DAY]
        example = ", ".join(f"{name}={row.get_column(name)[0]}" for name in without_day)
        if (problem, example) not in self._told:
            self._told.add((problem, example))
            said = f"its function {self.derived.spec.function} {problem}"
            self.findings.add(self.object_type, self.derived.name, said, pl.Series([example]))


def said_of(error: BaseException) -> str:
    """What a failure says of a function: `raised ValueError: …`, or that its answer is unfit."""
    if isinstance(error, Unfit):
        return str(error)
    first = (str(error).splitlines() or [""])[0][:120]
    return f"raised {type(error).__name__}" + (f": {first}" if first else "")


def _let_through(error: BaseException) -> None:
    """Raise again what is not the function's fault: an interrupt, or a worker's time that is up."""
    of_worker = any(kind.__module__.startswith("rq.") for kind in type(error).__mro__)
    if of_worker or isinstance(error, (KeyboardInterrupt, GeneratorExit, MemoryError)):
        raise error
