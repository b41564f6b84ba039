"""Choices: which of several conditions is the first to hold, as numbers; and when two rows are equal.

The conditions are computed once for all choices of a plan; choosing is plain arithmetic on their truth. So a
sentence, a stage and a flag that name the same condition share it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt

from plugin.lifecycle.expressions import Compiled
from plugin.lifecycle.series import Bools, Ints

Numbers = npt.NDArray[np.int32] | Ints
#: Stands for NULL in an array of numbers.
UNKNOWN = -1
#: The truth of conditions (NULL counts as FALSE) by `id` of the condition: one array entry a row.
Held = Mapping[int, Bools]


@dataclass(frozen=True, eq=False)
class Choice:
    """The number of the first condition that is TRUE, else `otherwise`; a number may be a choice again."""

    of: tuple[tuple[Compiled, int | Choice], ...]
    otherwise: int | Choice = UNKNOWN

    @cached_property
    def parts(self) -> tuple[Compiled, ...]:
        """Every condition, once."""
        return tuple({id(when): when for when in self._conditions()}.values())

    def _conditions(self) -> Iterator[Compiled]:
        for when, then in self.of:
            yield when
            if isinstance(then, Choice):
                yield from then.parts
        if isinstance(self.otherwise, Choice):
            yield from self.otherwise.parts

    @cached_property
    def plain(self) -> bool:
        """Whether all its numbers are numbers."""
        return not any(isinstance(then, Choice) for then in (self.otherwise, *(t for _, t in self.of)))

    def numbers(self, held: Held, size: int) -> Numbers:
        """One number a row of `size` rows."""
        found = np.full(size, UNKNOWN, np.int32)
        if not self.plain:
            self._settle(found, np.arange(size), held)
            return found
        found[:] = cast(int, self.otherwise)
        for when, then in reversed(self.of):
            found[held[id(when)]] = cast(int, then)
        return found

    def _settle(self, found: Numbers, rows: npt.NDArray[np.intp], held: Held) -> None:
        for when, then in self.of:
            hit = held[id(when)][rows]
            _put(found, rows[hit], then, held)
            rows = rows[~hit]
        _put(found, rows, self.otherwise, held)


def _put(found: Numbers, rows: npt.NDArray[np.intp], then: int | Choice, held: Held) -> None:
    if isinstance(then, Choice):
        then._settle(found, rows, held)
    else:
        found[rows] = then


def first_true(choices: Iterable[tuple[Compiled | None, int | Choice]]) -> Choice:
    """The number of the first choice whose condition is TRUE; None always holds; NULL where none does."""
    chosen: list[tuple[Compiled, int | Choice]] = []
    for when, number in choices:
        if when is None:
            return Choice(tuple(chosen), number)
        chosen.append((when, number))
    return Choice(tuple(chosen))


def truth(condition: Compiled | None) -> Choice:
    """1 where TRUE, else 0."""
    return Choice((), 1) if condition is None else Choice(((condition, 1),), 0)


def digest(columns: Collection[Numbers], size: int) -> Ints:
    """One number a row that is equal where all columns are: the column itself, or a universal hash."""
    if len(columns) == 1:
        return next(iter(columns)).astype(np.int64)
    found = np.zeros(size, np.int64)
    for weight, column in zip(_weights(len(columns)), columns, strict=True):
        found += weight * column
    return found


@lru_cache(maxsize=64)
def _weights(count: int) -> Ints:
    """Odd numbers drawn at random, always the same ones."""
    drawn = np.random.default_rng(1).integers(-(2**63), 2**63 - 1, count, dtype=np.int64)
    return np.asarray(drawn | 1)
