"""The basics of compiling a condition to Polars: names, values, arithmetic, logic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import ClassVar

import polars as pl
from sqlglot import exp

from plugin.lifecycle.expressions import EVEN, STEPS, STILL, UNSURE, WILD, Compiled, Names, offset_of
from plugin.lifecycle.wrong import Wrong

ARITHMETIC: dict[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b,
    exp.Mul: lambda a, b: a * b,
    exp.Div: lambda a, b: a / pl.when(b != 0).then(b),
}
ALLOWED = (
    "AND OR NOT = <> < <= > >= + - * / BETWEEN IN IS NULL, LIKE, CASE, COALESCE NULLIF LEAST GREATEST "
    "ABS ROUND FLOOR CEIL LOWER UPPER, CAST(x AS DOUBLE), DATE 'YYYY-MM-DD'"
)


def inner_nodes(node: exp.Expr) -> Iterator[exp.Expr]:
    """The values within something that is not allowed; names in a sub-query are those of a table."""
    for inner in node.iter_expressions():
        if isinstance(inner, exp.Func) and isinstance(node, exp.Window):
            yield from inner_nodes(inner)  # SUM(x) OVER (…) is told once
        elif isinstance(inner, (exp.Condition, *ARITHMETIC)):
            yield inner
        elif not isinstance(inner, exp.Query):
            yield from inner_nodes(inner)


def finite(expr: pl.Expr) -> pl.Expr:
    """NULL instead of NaN and infinity."""
    return pl.when(expr.is_finite()).then(expr)


def motion_of(parts: Iterable[Compiled]) -> int:
    """How an expression of these parts moves."""
    motions = {p.motion for p in parts}
    if WILD in motions or {EVEN, STEPS} <= motions:
        return WILD
    return max(motions, default=STILL)


def value_of(value: float | str | date, kind: str) -> Compiled:
    """What is written out, or stands for a number of the mapping."""
    return Compiled(pl.lit(value), kind, literals=frozenset([value]))


class Basics:
    """Compiles names, values, comparisons, arithmetic and logic; `rules` says which nodes are known."""

    rules: ClassVar[Mapping[type[exp.Expr], str]] = {}

    def __init__(self, text: str, names: Names, *, known: bool) -> None:
        self.text, self.names, self.known = text, names, known
        self.negated = False
        self.faults: list[Wrong] = []

    def fault(self, node: exp.Expr, message: str, kind: str = UNSURE) -> Compiled:
        """Note a fault at a node, and go on with something of a type that is sure in spite of it."""
        self.faults.append(Wrong(message, offset_of(node, self.text)))
        return Compiled(pl.lit(None), kind)

    def visit(self, node: exp.Expr | None) -> Compiled:
        """Compile a node; what is wrong with it is in `faults`."""
        if node is None:  # a call with too few values: that is told already
            return Compiled(pl.lit(None), UNSURE)
        rule = self.rules.get(type(node))
        if rule is None:
            return self._refused(node)
        found: Compiled = getattr(self, rule)(node)
        return found

    def _refused(self, node: exp.Expr) -> Compiled:
        """What no rule is for, and what is wrong within it by itself."""
        word = str(node.this) if isinstance(node, exp.Anonymous) else node.key.upper()
        self.fault(node, f"{word} is not allowed in a condition; allowed are {ALLOWED}")
        for inner in inner_nodes(node):
            if not isinstance(inner, exp.Column) or self.names.nearest(inner.name):
                self.visit(inner)  # an unknown name like no other may be a word of what is not allowed
        return Compiled(pl.lit(None), UNSURE)

    def _join(
        self, expr: pl.Expr, kind: str, parts: Iterable[Compiled], motion: int | None = None
    ) -> Compiled:
        parts = list(parts)
        return Compiled(
            expr,
            kind,
            motion_of(parts) if motion is None else motion,
            frozenset().union(*(p.needs for p in parts)),
            tuple(c for p in parts for c in p.crossings),
            tuple(dict.fromkeys(a for p in parts for a in p.asserts)),
            frozenset().union(*(p.literals for p in parts)),
        )

    def _leaf(self, found: Compiled) -> Compiled:
        """A term: where unknown terms count as FALSE, they do so here."""
        if not self.known:
            return found
        return self._join(found.expr.fill_null(False), "bool", [found])

    def typed(self, node: exp.Expr | None, kind: str) -> Compiled:
        """Compile a node that must be of a type."""
        found = self.visit(node)
        if node is not None and found.type not in (kind, "null", UNSURE):
            return self.fault(node, f"expected a {kind}, this is a {found.type}")
        return found

    def _arithmetic(self, node: exp.Expr) -> Compiled:
        a, b = self.typed(node.this, "number"), self.typed(node.expression, "number")
        motion = motion_of([a, b])
        moving = [p for p in (a, b) if p.motion == EVEN]
        if moving and isinstance(node, exp.Mul) and len(moving) == 2:
            motion = WILD
        if isinstance(node, exp.Div) and b.motion == EVEN:
            motion = WILD
        return self._join(finite(ARITHMETIC[type(node)](a.expr, b.expr)), "number", [a, b], motion)

    def _logic(self, node: exp.Expr) -> Compiled:
        a, b = self.typed(node.this, "bool"), self.typed(node.expression, "bool")
        expr = a.expr & b.expr if isinstance(node, exp.And) else a.expr | b.expr
        return self._join(expr, "bool", [a, b])

    def _not(self, node: exp.Expr) -> Compiled:
        self.negated = not self.negated
        a = self.typed(node.this, "bool")
        self.negated = not self.negated
        return self._join(~a.expr, "bool", [a])

    def _column(self, node: exp.Expr) -> Compiled:
        name = node.name
        if not isinstance(node, exp.Column) or len(node.parts) != 1:
            return self.fault(node, "a name has no dots")
        if name in self.names.conditions:
            return self._reference(name)
        if name in self.names.numbers:
            return value_of(float(self.names.numbers[name]), "number")
        fact = self.names.facts.get(name)
        if fact is None:
            doubtful = self.names.is_doubtful(name)
            return self.fault(node, "" if doubtful else f"unknown name '{name}'{self.names.nearest(name)}")
        motion = {"still": STILL, "any": WILD}.get(fact.slope, EVEN)
        found = Compiled(pl.col(name), fact.type, motion, frozenset([name]))
        return self._leaf(found) if fact.type == "bool" else found

    def _reference(self, name: str) -> Compiled:
        asserts = () if self.negated else (name,)
        return self._leaf(Compiled(pl.col(name), "bool", STEPS, frozenset([name]), (), asserts))

    def _literal(self, node: exp.Expr) -> Compiled:
        if node.is_string:
            return value_of(node.name, "text")
        value = float(node.name)
        if value in (float("inf"), float("-inf")):
            return self.fault(node, "the number is too large", "number")
        return value_of(value, "number")
