"""Conditions: SQL expressions over facts and named conditions, checked and compiled to Polars.

Only what stands in the tables here and in `basics.py` is understood: comparisons, arithmetic and a few
harmless functions. No clock, no random number, no aggregate, no window, no sub-query can be said. Logic is
three-valued; x/0, NaN and infinity are NULL; whole numbers compute as floats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

import polars as pl
from sqlglot import exp

from plugin.lifecycle.basics import Basics, finite, motion_of
from plugin.lifecycle.expressions import EVEN, STEPS, STILL, WILD, Compiled, Names, Wrong, offset_of, parse
from plugin.lifecycle.misfits import meant_word
from plugin.lifecycle.rulefile import Problem, Text

_NUMBER_TYPES = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT, exp.DataType.Type.DECIMAL)


def compile_condition(
    text: Text, names: Names, problems: list[Problem], *, known: bool = False
) -> Compiled | None:
    """Check and compile a condition; None, with a problem noted, where it is wrong.

    With `known`, every term that is unknown counts as FALSE.
    """
    try:
        return _compiled(text.value, names, known=known)
    except RecursionError:
        problems.append(text.problem("the condition is too long; name parts of it under `conditions`"))
        return None
    except Wrong as wrong:
        faults = _faults(text.value, wrong, names, known=known)
        problems += [text.problem(one.message, one.offset) for one in faults]
        return None


def _compiled(value: str, names: Names, *, known: bool) -> Compiled:
    tree = parse(value)
    found = Compiler(value, names, known=known).visit(tree)
    if found.type != "bool":
        raise Wrong(f"a condition is TRUE or FALSE, this is a {found.type}", offset_of(tree, value))
    return found


def _faults(value: str, wrong: Wrong, names: Names, *, known: bool) -> list[Wrong]:
    """Every fault that is to be told; behind a misspelt AND or OR those that remain once it is right."""
    found = [one for one in wrong.all() if one.message]
    if not wrong.mended:
        return found
    try:
        _compiled(wrong.mended, names, known=known)
    except Wrong as next_wrong:
        longer = len(wrong.mended) - len(value)
        for one in _faults(wrong.mended, next_wrong, names, known=known):
            if one.offset != wrong.offset:
                place = one.offset if one.offset < wrong.offset else one.offset - longer
                found.append(Wrong(one.message, place))
    return found


class Compiler(Basics):
    """Compiles one expression by walking its tree; a node without a rule is refused."""

    rules: ClassVar[Mapping[type[exp.Expr], str]] = {
        exp.And: "_logic",
        exp.Or: "_logic",
        exp.Not: "_not",
        exp.Paren: "_paren",
        exp.Column: "_column",
        exp.Literal: "_literal",
        exp.Boolean: "_boolean",
        exp.Null: "_null",
        exp.Between: "_between",
        exp.In: "_in",
        exp.Is: "_is",
        exp.Like: "_like",
        exp.ILike: "_like",
        exp.Case: "_case",
        exp.If: "_case",
        exp.Coalesce: "_function",
        exp.Least: "_function",
        exp.Greatest: "_function",
        exp.Nullif: "_nullif",
        exp.Abs: "_round",
        exp.Round: "_round",
        exp.Floor: "_round",
        exp.Ceil: "_round",
        exp.Neg: "_neg",
        exp.Lower: "_case_of_text",
        exp.Upper: "_case_of_text",
        exp.Cast: "_cast",
    }

    def _paren(self, node: exp.Expr) -> Compiled:
        return self.visit(node.this)

    def _boolean(self, node: exp.Expr) -> Compiled:
        return Compiled(pl.lit(bool(node.this)), "bool")

    def _null(self, node: exp.Expr) -> Compiled:
        return Compiled(pl.lit(None), "null")

    def _is(self, node: exp.Expr) -> Compiled:
        a = self.visit(node.this)
        right = node.expression
        if isinstance(right, exp.Null):
            raw = type(self)(self.text, self.names, known=False).visit(node.this)
            still = STEPS if raw.motion == EVEN else raw.motion
            # between events a fact stays known or unknown: nothing can turn here
            return self._join(raw.expr.is_null(), "bool", [raw], STILL if raw.motion == EVEN else still)
        if isinstance(right, exp.Boolean) and a.type == "bool":
            return self._join(a.expr.eq_missing(pl.lit(bool(right.this))), "bool", [a])
        meant = "; did you mean NULL?" if meant_word(right.name) == "NULL" else ""
        raise self.wrong(node, f"IS is followed by NULL, TRUE or FALSE{meant}")

    def _like(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "text")
        if not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
            raise self.wrong(node, "LIKE takes a text in quotes")
        body = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in node.expression.name)
        flag = "(?is)" if isinstance(node, exp.ILike) else "(?s)"
        found = self._join(a.expr.str.contains(f"{flag}^{body}$"), "bool", [a])
        fitting = node.expression.name.replace("%", "").replace("_", "x")
        return self._leaf(replace(found, literals=found.literals | {fitting}))

    def _case(self, node: exp.Expr) -> Compiled:
        if node.args.get("this") is not None:
            raise self.wrong(node, "write CASE WHEN condition THEN value ... END")
        branches = node.args["ifs"] if isinstance(node, exp.Case) else [node]
        last = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
        whens = [self.typed(b.this, "bool") for b in branches]
        thens = [self.visit(b.args["true"]) for b in branches]
        otherwise = self.visit(last) if last is not None else Compiled(pl.lit(None), "null")
        kind = self._one_type(node, [*thens, otherwise])
        chain = pl.when(whens[0].expr).then(thens[0].expr)
        for when, then in zip(whens[1:], thens[1:], strict=True):
            chain = chain.when(when.expr).then(then.expr)  # type: ignore[assignment]
        moving = any(t.motion != STILL for t in [*thens, otherwise])
        stepping = any(w.motion != STILL for w in whens)
        motion = WILD if moving or any(w.motion == WILD for w in whens) else STEPS if stepping else STILL
        return self._join(chain.otherwise(otherwise.expr), kind, [*whens, *thens, otherwise], motion)

    def _one_type(self, node: exp.Expr, parts: list[Compiled]) -> str:
        kinds = {p.type for p in parts} - {"null"}
        if len(kinds) != 1:
            raise self.wrong(node, f"values of different types: {', '.join(sorted(kinds)) or 'none'}")
        return kinds.pop()

    def _function(self, node: exp.Expr) -> Compiled:
        parts = [self.visit(n) for n in (node.this, *node.expressions)]
        kind = self._one_type(node, parts)
        exprs = [p.expr for p in parts]
        if isinstance(node, exp.Coalesce):
            motion = motion_of(parts)
            return self._join(pl.coalesce(exprs), kind, parts, motion)
        if kind not in ("number", "date"):
            raise self.wrong(node, f"expected numbers or dates, this is a {kind}")
        pick = pl.min_horizontal if isinstance(node, exp.Least) else pl.max_horizontal
        unknown = pl.any_horizontal([e.is_null() for e in exprs])  # SQL: one NULL makes it NULL
        return self._join(pl.when(~unknown).then(pick(exprs)), kind, parts, self._bent(parts))

    @staticmethod
    def _bent(parts: Iterable[Compiled]) -> int:
        """The motion of something with corners: what moved evenly no longer does."""
        motion = motion_of(parts)
        return WILD if motion == EVEN else motion

    def _nullif(self, node: exp.Expr) -> Compiled:
        a, b = self._pair(node.this, node.expression)
        return self._join(pl.when(a.expr.ne_missing(b.expr)).then(a.expr), a.type, [a, b], self._bent([a, b]))

    def _round(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "number")
        places = node.args.get("decimals")
        if places is not None and not (isinstance(places, exp.Literal) and places.name.isdigit()):
            raise self.wrong(node, "ROUND takes a whole number of places")
        if isinstance(node, exp.Round):
            expr = a.expr.round(int(places.name) if places is not None else 0)
        else:
            expr = {"abs": a.expr.abs, "floor": a.expr.floor, "ceil": a.expr.ceil}[node.key]()
        return self._join(expr, "number", [a], self._bent([a]))

    def _neg(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "number")
        return self._join(-a.expr, "number", [a])

    def _case_of_text(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "text")
        lower = isinstance(node, exp.Lower)
        return self._join(a.expr.str.to_lowercase() if lower else a.expr.str.to_uppercase(), "text", [a])

    def _cast(self, node: exp.Expr) -> Compiled:
        to = node.args["to"].this
        if to == exp.DataType.Type.DATE:
            return self._date(node.this)
        a = self.visit(node.this)
        if to not in _NUMBER_TYPES or a.type not in ("text", "number"):
            raise self.wrong(node, "only CAST(text AS DOUBLE) and DATE 'YYYY-MM-DD' are allowed")
        return self._join(finite(a.expr.cast(pl.Float64, strict=False)), "number", [a])
