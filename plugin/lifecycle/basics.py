"""The basics of compiling a condition to Polars: names, values, comparisons, arithmetic, logic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import ClassVar

import polars as pl
from sqlglot import exp

from plugin.lifecycle.expressions import EVEN, STEPS, STILL, WILD, Compiled, Names, Wrong, offset_of
from plugin.lifecycle.misfits import compared

_COMPARE: dict[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
}
_ARITHMETIC: dict[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b,
    exp.Mul: lambda a, b: a * b,
    exp.Div: lambda a, b: a / pl.when(b != 0).then(b),
}
ALLOWED = (
    "AND OR NOT = <> < <= > >= + - * / BETWEEN IN IS NULL, LIKE, CASE, COALESCE NULLIF LEAST GREATEST "
    "ABS ROUND FLOOR CEIL LOWER UPPER, CAST(x AS DOUBLE), DATE 'YYYY-MM-DD'"
)


def finite(expr: pl.Expr) -> pl.Expr:
    """NULL instead of NaN and infinity."""
    return pl.when(expr.is_finite()).then(expr)


def motion_of(parts: Iterable[Compiled]) -> int:
    """How an expression of these parts moves."""
    motions = {p.motion for p in parts}
    if WILD in motions or {EVEN, STEPS} <= motions:
        return WILD
    return max(motions, default=STILL)


def _value(value: float | str | date, kind: str) -> Compiled:
    """What is written out, or stands for a number of the mapping."""
    return Compiled(pl.lit(value), kind, literals=frozenset([value]))


class Basics:
    """Compiles names, values, comparisons, arithmetic and logic; `rules` says which nodes are known."""

    rules: ClassVar[Mapping[type[exp.Expr], str]] = {}

    def __init__(self, text: str, names: Names, *, known: bool) -> None:
        self.text, self.names, self.known = text, names, known
        self.negated = False

    def wrong(self, node: exp.Expr, message: str) -> Wrong:
        """A fault at a node."""
        return Wrong(message, offset_of(node, self.text))

    def visit(self, node: exp.Expr) -> Compiled:
        """Compile a node."""
        kind = type(node)
        if kind in _COMPARE:
            return self._compare(node, _COMPARE[kind])
        if kind in _ARITHMETIC:
            return self._arithmetic(node, _ARITHMETIC[kind])
        rule = self.rules.get(kind)
        if rule is None:
            word = str(node.this) if isinstance(node, exp.Anonymous) else node.key.upper()
            raise self.wrong(node, f"{word} is not allowed in a condition; allowed are {ALLOWED}")
        found: Compiled = getattr(self, rule)(node)
        return found

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

    def typed(self, node: exp.Expr, kind: str) -> Compiled:
        """Compile a node that must be of a type."""
        found = self.visit(node)
        if found.type not in (kind, "null"):
            raise self.wrong(node, f"expected a {kind}, this is a {found.type}")
        return found

    @staticmethod
    def _both(
        compile_one: Callable[[exp.Expr], Compiled], left: exp.Expr, right: exp.Expr
    ) -> tuple[Compiled, Compiled]:
        """Two sides; a fault in one does not hide those in the other."""
        found, faults = [], []
        for side in (left, right):
            try:
                found.append(compile_one(side))
            except Wrong as wrong:
                faults.append(wrong)
        if faults:
            raise Wrong("", 0, others=faults)
        return found[0], found[1]

    def _pair(self, left: exp.Expr, right: exp.Expr) -> tuple[Compiled, Compiled]:
        a, b = self._both(self.visit, left, right)
        if "null" in (a.type, b.type):
            raise self.wrong(left, "a comparison with NULL is never TRUE; write IS NULL or IS NOT NULL")
        if a.type == "date" and b.type == "text":
            b = self._date(right)
        elif a.type == "text" and b.type == "date":
            a = self._date(left)
        if a.type != b.type:
            said = compared((left, a.type), (right, b.type), self.names.facts)
            raise self.wrong(left, f"a {a.type} is compared with a {b.type}: {said}")
        return a, b

    def _date(self, node: exp.Expr) -> Compiled:
        if not (isinstance(node, exp.Literal) and node.is_string):
            raise self.wrong(node, "expected a date")
        try:
            return _value(date.fromisoformat(node.name), "date")
        except ValueError:
            raise self.wrong(node, f"'{node.name}' is not a date (YYYY-MM-DD)") from None

    def _compare(self, node: exp.Expr, operate: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Compiled:
        if isinstance(node.this, exp.Predicate) and isinstance(node.this, tuple(_COMPARE)):
            raise self.wrong(node, "comparisons cannot be chained; join them with AND")
        a, b = self._pair(node.this, node.expression)
        if a.type in ("bool",) and not isinstance(node, (exp.EQ, exp.NEQ)):
            raise self.wrong(node, "a bool has no order")
        return self._leaf(self._turning(operate(a.expr, b.expr), a, b))

    def _turning(self, expr: pl.Expr, a: Compiled, b: Compiled) -> Compiled:
        """A comparison: it can turn where the difference of its sides crosses zero."""
        motion = motion_of([a, b])
        joined = self._join(expr, "bool", [a, b], STEPS if motion == EVEN else motion)
        if motion != EVEN:
            return joined
        crossing = a.expr - b.expr
        return replace(joined, crossings=(*joined.crossings, crossing))

    def _arithmetic(self, node: exp.Expr, operate: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Compiled:
        a, b = self._both(lambda side: self.typed(side, "number"), node.this, node.expression)
        motion = motion_of([a, b])
        moving = [p for p in (a, b) if p.motion == EVEN]
        if moving and isinstance(node, exp.Mul) and len(moving) == 2:
            motion = WILD
        if isinstance(node, exp.Div) and b.motion == EVEN:
            motion = WILD
        return self._join(finite(operate(a.expr, b.expr)), "number", [a, b], motion)

    def _logic(self, node: exp.Expr) -> Compiled:
        a, b = self._both(lambda side: self.typed(side, "bool"), node.this, node.expression)
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
            raise self.wrong(node, "a name has no dots")
        if name in self.names.conditions:
            return self._reference(name)
        if name in self.names.numbers:
            return _value(float(self.names.numbers[name]), "number")
        fact = self.names.facts.get(name)
        if fact is None and self.names.doubtful(name):
            raise self.wrong(node, "")
        if fact is None:
            raise self.wrong(node, f"unknown name '{name}'{self.names.nearest(name)}")
        motion = {"still": STILL, "any": WILD}.get(fact.slope, EVEN)
        found = Compiled(pl.col(name), fact.type, motion, frozenset([name]))
        return self._leaf(found) if fact.type == "bool" else found

    def _reference(self, name: str) -> Compiled:
        asserts = () if self.negated else (name,)
        return self._leaf(Compiled(pl.col(name), "bool", STEPS, frozenset([name]), (), asserts))

    def _literal(self, node: exp.Expr) -> Compiled:
        if node.is_string:
            return _value(node.name, "text")
        value = float(node.name)
        if value in (float("inf"), float("-inf")):
            raise self.wrong(node, "the number is too large")
        return _value(value, "number")

    def _between(self, node: exp.Expr) -> Compiled:
        low, high = (
            exp.GTE(this=node.this, expression=node.args["low"]),
            exp.LTE(this=node.this, expression=node.args["high"]),
        )
        a, b = self.visit(low), self.visit(high)
        return self._join(a.expr & b.expr, "bool", [a, b])

    def _in(self, node: exp.Expr) -> Compiled:
        if node.args.get("query") or node.args.get("unnest") or not node.expressions:
            raise self.wrong(node, "IN takes a list of values; sub-queries are not allowed")
        parts = [self.visit(exp.EQ(this=node.this, expression=value)) for value in node.expressions]
        return self._join(reduce(lambda a, b: a | b, (p.expr for p in parts)), "bool", parts)
