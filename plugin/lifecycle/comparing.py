"""Comparisons in a condition, compiled to Polars: two sides of one type, BETWEEN, IN, dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import reduce

import polars as pl
from sqlglot import exp

from plugin.lifecycle.basics import Basics, motion_of, value_of
from plugin.lifecycle.expressions import EVEN, STEPS, UNSURE, Compiled
from plugin.lifecycle.misfits import compared

COMPARE: dict[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
}
_WITH_NULL = "a comparison with NULL is never TRUE; write IS NULL or IS NOT NULL"
#: One side of a comparison, as written and as compiled.
Sided = tuple[exp.Expr, Compiled]


class Comparisons(Basics):
    """Compiles what compares two values."""

    def _pair(self, left: exp.Expr, right: exp.Expr) -> tuple[Compiled, Compiled]:
        return self._alike((left, self.visit(left)), (right, self.visit(right)), left)

    def _alike(self, left: Sided, right: Sided, at: exp.Expr) -> tuple[Compiled, Compiled]:
        """Both sides of a comparison, of one type; `at`: where it is told that they are not."""
        (one, a), (other, b) = left, right
        if UNSURE in (a.type, b.type):
            return a, b
        if "null" in (a.type, b.type):
            return self.fault(at, _WITH_NULL), b
        if a.type == "date" and b.type == "text":
            b = self._date(other)
        elif a.type == "text" and b.type == "date":
            a = self._date(one)
        elif a.type != b.type:
            said = compared((one, a.type), (other, b.type), self.names.facts)
            self.fault(at, f"a {a.type} is compared with a {b.type}: {said}")
        return a, b

    def _date(self, node: exp.Expr) -> Compiled:
        if not (isinstance(node, exp.Literal) and node.is_string):
            return self.fault(node, "expected a date", "date")
        try:
            return value_of(date.fromisoformat(node.name), "date")
        except ValueError:
            return self.fault(node, f"'{node.name}' is not a date (YYYY-MM-DD)", "date")

    def _compare(self, node: exp.Expr) -> Compiled:
        if isinstance(node.this, exp.Predicate) and isinstance(node.this, tuple(COMPARE)):
            self.fault(node.this.expression, "comparisons cannot be chained; join them with AND")
            self.visit(node.this)
            self.visit(node.expression)
            return Compiled(pl.lit(None), "bool")
        a, b = self._pair(node.this, node.expression)
        if a.type == b.type == "bool" and not isinstance(node, (exp.EQ, exp.NEQ)):
            self.fault(node, "a bool has no order")
        return self._leaf(self._turning(COMPARE[type(node)](a.expr, b.expr), a, b))

    def _turning(self, expr: pl.Expr, a: Compiled, b: Compiled) -> Compiled:
        """A comparison: it can turn where the difference of its sides crosses zero."""
        motion = motion_of([a, b])
        joined = self._join(expr, "bool", [a, b], STEPS if motion == EVEN else motion)
        if motion != EVEN:
            return joined
        crossing = a.expr - b.expr
        return replace(joined, crossings=(*joined.crossings, crossing))

    def _between(self, node: exp.Expr) -> Compiled:
        left = self._left(node.this)
        low, high = (
            self._bound(left, exp.GTE, node.args["low"]),
            self._bound(left, exp.LTE, node.args["high"]),
        )
        return self._join(low.expr & high.expr, "bool", [low, high])

    def _in(self, node: exp.Expr) -> Compiled:
        if node.args.get("query") or node.args.get("unnest") or not node.expressions:
            self.visit(node.this)
            said = "IN takes a list of values; sub-queries are not allowed"
            return self.fault(node, said, "bool")
        left = self._left(node.this)
        parts = [self._bound(left, exp.EQ, value) for value in node.expressions]
        return self._join(reduce(lambda a, b: a | b, (p.expr for p in parts)), "bool", parts)

    def _left(self, node: exp.Expr) -> Sided:
        """What several values are compared with: a NULL is told once."""
        found = self.visit(node)
        return node, self.fault(node, _WITH_NULL) if found.type == "null" else found

    def _bound(self, left: Sided, kind: type[exp.Expr], value: exp.Expr) -> Compiled:
        """One of the comparisons that BETWEEN and IN stand for; a fault is told at its value."""
        a, b = self._alike(left, (value, self.visit(value)), value)
        if a.type == b.type == "bool" and kind is not exp.EQ:
            self.fault(value, "a bool has no order")
        return self._leaf(self._turning(COMPARE[kind](a.expr, b.expr), a, b))
