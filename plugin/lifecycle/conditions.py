"""Conditions: SQL expressions over facts and named conditions, checked and compiled to Polars.

Only what stands in the table here is understood: comparisons, arithmetic and a few harmless functions. No
clock, no random number, no aggregate, no window, no sub-query can be said. Logic is three-valued; x/0, NaN
and infinity are NULL; whole numbers compute as floats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import polars as pl
from sqlglot import exp

from plugin.lifecycle.basics import ARITHMETIC
from plugin.lifecycle.calls import Calls
from plugin.lifecycle.comparing import COMPARE
from plugin.lifecycle.expressions import EVEN, STEPS, STILL, UNSURE, WILD, Compiled, Names, parse
from plugin.lifecycle.misfits import meant_word
from plugin.lifecycle.rulefile import Problem, Text
from plugin.lifecycle.unparsed import plain_names
from plugin.lifecycle.wrong import Wrong


def compile_condition(
    text: Text, names: Names, problems: list[Problem], *, known: bool = False
) -> Compiled | None:
    """Check and compile a condition; None, with a problem noted for each fault, where it is wrong.

    With `known`, every term that is unknown counts as FALSE.
    """
    try:
        found, faults = _compiled(text.value, names, known=known)
    except RecursionError:
        problems.append(text.problem("the condition is too long; name parts of it under `conditions`"))
        return None
    told = {(one.offset, one.message): one for one in faults if one.message}
    problems += [text.problem(one.message, one.offset) for one in told.values()]
    return None if faults else found


def _compiled(value: str, names: Names, *, known: bool) -> tuple[Compiled | None, list[Wrong]]:
    """The condition and every fault of it."""
    try:
        tree = parse(value)
    except Wrong as wrong:
        return None, [*wrong.all(), *_beside(value, wrong, names, known=known)]
    return _walked(value, tree, names, known=known)


def _walked(value: str, tree: exp.Expr, names: Names, *, known: bool) -> tuple[Compiled, list[Wrong]]:
    compiler = Compiler(value, names, known=known)
    found = compiler.visit(tree)
    if found.type not in ("bool", UNSURE):
        compiler.fault(tree, f"a condition is TRUE or FALSE, this is a {found.type}")
    return found, compiler.faults


def _beside(value: str, wrong: Wrong, names: Names, *, known: bool) -> list[Wrong]:
    """What is wrong beside the fault for which a text is no expression."""
    if wrong.tree is not None:
        return _walked(value, wrong.tree, names, known=known)[1]
    if wrong.mended:
        return _remaining(value, wrong, names, known=known)
    return [
        Wrong(f"unknown name '{name}'{near}", at)
        for name, at in plain_names(value)
        if not names.is_known(name) and not names.is_doubtful(name) and (near := names.nearest(name))
    ]


def _remaining(value: str, wrong: Wrong, names: Names, *, known: bool) -> list[Wrong]:
    """The faults that remain once a misspelt AND or OR is right, where they stand as it is written."""
    longer = len(wrong.mended) - len(value)
    _, faults = _compiled(wrong.mended, names, known=known)
    return [
        Wrong(one.message, one.offset if one.offset < wrong.offset else one.offset - longer)
        for one in faults
        if one.message and one.offset != wrong.offset
    ]


class Compiler(Calls):
    """Compiles one expression by walking its tree; a node without a rule is refused."""

    rules: ClassVar[Mapping[type[exp.Expr], str]] = {
        **dict.fromkeys(COMPARE, "_compare"),
        **dict.fromkeys(ARITHMETIC, "_arithmetic"),
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
        if isinstance(right, exp.Boolean) and a.type in ("bool", UNSURE):
            return self._join(a.expr.eq_missing(pl.lit(bool(right.this))), "bool", [a])
        meant = "; did you mean NULL?" if meant_word(right.name) == "NULL" else ""
        return self.fault(node, f"IS is followed by NULL, TRUE or FALSE{meant}", "bool")

    def _like(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "text")
        if not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
            return self.fault(node.expression, "LIKE takes a text in quotes", "bool")
        body = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in node.expression.name)
        flag = "(?is)" if isinstance(node, exp.ILike) else "(?s)"
        found = self._join(a.expr.str.contains(f"{flag}^{body}$"), "bool", [a])
        fitting = node.expression.name.replace("%", "").replace("_", "x")
        return self._leaf(replace(found, literals=found.literals | {fitting}))

    def _case(self, node: exp.Expr) -> Compiled:
        if node.args.get("this") is not None:
            return self._switch(node)
        branches = node.args["ifs"] if isinstance(node, exp.Case) else [node]
        last = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
        whens = [self.typed(b.this, "bool") for b in branches]
        thens = [self.visit(b.args.get("true")) for b in branches]
        otherwise = self.visit(last) if last is not None else Compiled(pl.lit(None), "null")
        kind = self._one_type(node, [*thens, otherwise])
        chain = pl.when(whens[0].expr).then(thens[0].expr)
        for when, then in zip(whens[1:], thens[1:], strict=True):
            chain = chain.when(when.expr).then(then.expr)  # type: ignore[assignment]
        moving = any(t.motion != STILL for t in [*thens, otherwise])
        stepping = any(w.motion != STILL for w in whens)
        motion = WILD if moving or any(w.motion == WILD for w in whens) else STEPS if stepping else STILL
        return self._join(chain.otherwise(otherwise.expr), kind, [*whens, *thens, otherwise], motion)

    def _switch(self, node: exp.Expr) -> Compiled:
        """CASE with a value behind it: what is wrong within it is told too."""
        wrong = self.fault(node, "write CASE WHEN condition THEN value ... END")
        parts = [part for b in node.args["ifs"] for part in (b.this, b.args["true"])]
        for part in (node.this, *parts, *([node.args["default"]] if node.args.get("default") else [])):
            self.visit(part)
        return wrong
