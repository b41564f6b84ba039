"""Plans: a set of outputs with everything they need, run over frames of facts.

A plan knows its facts, the named conditions to compute first, level by level, and the crossings from which
the days of change are derived. An output is a whole number a row: an expression's or that of a choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from plugin.lifecycle.catalogue import CURVED
from plugin.lifecycle.choices import UNKNOWN, Choice, Numbers
from plugin.lifecycle.expressions import WILD, Compiled

Output = Compiled | Choice


@dataclass(frozen=True, eq=False)
class Rulebook:
    """The named conditions, each after those it needs; any other name is a fact."""

    conditions: Mapping[str, Compiled]

    def closure(self, needs: Iterable[str]) -> list[str]:
        """The named conditions needed, in order."""
        wanted: set[str] = set()
        stack = [n for n in needs if n in self.conditions]
        while stack:
            name = stack.pop()
            if name not in wanted:
                wanted.add(name)
                stack += [n for n in self.conditions[name].needs if n in self.conditions]
        return [name for name in self.conditions if name in wanted]

    def plan(self, outputs: Mapping[str, Output]) -> Plan:
        """A plan that computes `outputs`."""
        return Plan(self, outputs)


@dataclass(frozen=True, eq=False)
class Plan:
    """Outputs to compute from facts: `numbers` as arrays, `run` as a frame."""

    book: Rulebook
    outputs: Mapping[str, Output]

    @cached_property
    def conditions(self) -> list[str]:
        """The named conditions to compute first."""
        return self.book.closure({n for part in self.terms.values() for n in part.needs})

    @cached_property
    def terms(self) -> dict[int, Compiled]:
        """The distinct expressions that the outputs are made of, by `id`."""
        outputs = self.outputs.values()
        parts = (out.parts if isinstance(out, Choice) else (out,) for out in outputs)
        return {id(part): part for some in parts for part in some}

    @cached_property
    def parts(self) -> list[Compiled]:
        """Every expression of the plan."""
        return [*(self.book.conditions[n] for n in self.conditions), *self.terms.values()]

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The facts to look up."""
        names = {n for part in self.parts for n in part.needs if n not in self.book.conditions}
        return tuple(sorted(names | ({"usual_gap_days"} if "gap_ratio" in names else set())))

    @cached_property
    def literals(self) -> frozenset[float | str | date]:
        """Every value that the expressions are written with."""
        return frozenset().union(*(part.literals for part in self.parts))

    @cached_property
    def crossings(self) -> list[pl.Expr]:
        """Each distinct difference that crosses zero where a comparison turns."""
        distinct = {str(c): c for part in self.parts for c in part.crossings}
        return [distinct[key] for key in sorted(distinct)]

    @cached_property
    def straight(self) -> list[pl.Expr]:
        """The crossings of what moves evenly, whose days can be solved."""
        return [c for c in self.crossings if not CURVED & set(c.meta.root_names())]

    @cached_property
    def curved(self) -> list[pl.Expr]:
        """The crossings of what moves along a curve, whose days are searched."""
        return [c for c in self.crossings if CURVED & set(c.meta.root_names())]

    @cached_property
    def wild(self) -> bool:
        """Whether some expression can change on days that cannot be derived."""
        return any(part.motion == WILD for part in self.parts)

    @cached_property
    def levels(self) -> list[list[pl.Expr]]:
        """Named conditions in layers: each needs only facts and earlier layers."""
        depth: dict[str, int] = {}
        layers: list[list[pl.Expr]] = []
        for name in self.conditions:
            part = self.book.conditions[name]
            depth[name] = max((depth[n] + 1 for n in part.needs if n in depth), default=0)
            while len(layers) <= depth[name]:
                layers.append([])
            layers[depth[name]].append(part.expr.alias(name))
        return layers

    def with_conditions(self, facts: pl.DataFrame) -> pl.DataFrame:
        """The facts with the named conditions beside them."""
        for layer in self.levels:
            facts = facts.with_columns(layer)
        return facts

    @cached_property
    def columns(self) -> list[pl.Expr]:
        """The terms under names that are no facts: truths, and whole numbers."""
        blanks = {"bool": False, "number": UNKNOWN}
        return [t.expr.fill_null(blanks[t.type]).alias(_column(key)) for key, t in self.terms.items()]

    def numbers(self, facts: pl.DataFrame) -> dict[str, Numbers]:
        """One array an output, one entry a row of `facts`; UNKNOWN stands for NULL."""
        found = self.with_conditions(facts).with_columns(self.columns)
        held = {key: found.get_column(_column(key)).to_numpy() for key in self.terms}
        return {
            name: out.numbers(held, facts.height) if isinstance(out, Choice) else held[id(out)]
            for name, out in self.outputs.items()
        }

    def run(self, facts: pl.DataFrame) -> pl.DataFrame:
        """One row a row of `facts`, one column of whole numbers an output."""
        return as_frame(self.numbers(facts))


def _column(key: int) -> str:
    return f"\x00{key}"


def as_frame(numbers: Mapping[str, Numbers]) -> pl.DataFrame:
    """A plan's numbers as a frame, NULL where they are UNKNOWN."""
    some = [name for name, column in numbers.items() if (column == UNKNOWN).any()]
    blanked = [pl.when(pl.col(name) != UNKNOWN).then(pl.col(name)).alias(name) for name in some]
    return pl.DataFrame(dict(numbers)).with_columns(blanked)


def combine(expr: pl.Expr, parts: Iterable[Compiled], kind: str = "number") -> Compiled:
    """An expression made of checked ones, with what they need together."""
    parts = list(parts)
    return Compiled(
        expr,
        kind,
        WILD if any(p.motion == WILD for p in parts) else max((p.motion for p in parts), default=0),
        frozenset().union(*(p.needs for p in parts)),
        tuple(c for p in parts for c in p.crossings),
        literals=frozenset().union(*(p.literals for p in parts)),
    )
