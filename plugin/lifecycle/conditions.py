"""Conditions: SQL expressions over facts and named conditions, checked and compiled to Polars.

Only what stands in the tables below is understood: comparisons, arithmetic and a few harmless functions.
No clock, no random number, no aggregate, no window, no sub-query can be said. Logic is three-valued;
x/0, NaN and infinity are NULL; whole numbers compute as floats.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from plugin.lifecycle.catalogue import Fact
from plugin.lifecycle.rulefile import Problem, Text

#: How an expression moves between events: it stands, it moves evenly, it stands between the crossings of
#: the comparisons inside it, or nothing is known (then every day is looked at).
STILL, EVEN, STEPS, WILD = 0, 1, 2, 3


@dataclass(frozen=True)
class Compiled:
    """A checked expression: what it computes, what it needs, and when it can change.

    `crossings` are differences that change sign on the day a comparison turns; `motion` is WILD where such
    days cannot be derived. `needs` are facts and named conditions, `asserts` those conditions that stand
    in it without a NOT.
    """

    expr: pl.Expr
    type: str
    motion: int = STILL
    needs: frozenset[str] = frozenset()
    crossings: tuple[pl.Expr, ...] = ()
    asserts: tuple[str, ...] = ()


class Wrong(Exception):
    """A fault in an expression, at a character of its text: an inner signal, turned into a Problem."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message, self.offset = message, offset


@dataclass(frozen=True)
class Names:
    """What an expression may name: facts, named conditions (True: three-valued), numbers of the mapping."""

    facts: Mapping[str, Fact]
    conditions: Mapping[str, bool]
    numbers: Mapping[str, float] = field(default_factory=dict)

    def nearest(self, name: str) -> str:
        """A hint at the known name that looks most like `name`."""
        close = difflib.get_close_matches(
            name, [*self.facts, *self.conditions, *self.numbers], n=1, cutoff=0.6
        )
        return f"; did you mean '{close[0]}'?" if close else ""


def compile_condition(
    text: Text, names: Names, problems: list[Problem], *, known: bool = False
) -> Compiled | None:
    """Check and compile a condition; None, with a problem noted, where it is wrong.

    With `known`, every term that is unknown counts as FALSE.
    """
    try:
        tree = parse(text.value)
        found = Compiler(text.value, names, known=known).visit(tree)
        if found.type != "bool":
            raise Wrong(f"a condition is TRUE or FALSE, this is a {found.type}", _offset(tree, text.value))
        return found
    except Wrong as wrong:
        problems.append(text.problem(wrong.message, wrong.offset))
        return None


def parse(text: str) -> exp.Expr:
    """The expression's tree; Wrong where it is not exactly one expression."""
    if not text.strip():
        raise Wrong("the condition is empty", 0)
    try:
        trees = sqlglot.parse(text)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        words = (
            str(first.get("description", error))
            .split(" for <class")[0]
            .replace("'expression'", "what follows")
        )
        raise Wrong(f"not an expression: {words}", _error_offset(text, first)) from None
    except TokenError as error:
        raise Wrong("not an expression: a quote or comment is not closed", _open_quote(text)) from error
    except (RecursionError, ValueError) as error:
        raise Wrong(f"not an expression: {error}", 0) from error
    whole = [tree for tree in trees if tree is not None]
    if len(whole) != 1 or ";" in re.sub(r"'[^']*'", "", text):
        raise Wrong("one expression, without a semicolon", max(text.find(";"), 0))
    return whole[0]


def _error_offset(text: str, first: Mapping[str, object]) -> int:
    lines = text.split("\n")
    line, column = int(str(first.get("line") or 1)), int(str(first.get("col") or 1))
    end = sum(len(part) + 1 for part in lines[: line - 1]) + column  # sqlglot's column is the token's end
    return min(max(end - len(str(first.get("highlight") or "")), 0), max(len(text) - 1, 0))


def _open_quote(text: str) -> int:
    for quote in ("'", '"'):
        if text.count(quote) % 2:
            return text.rfind(quote)
    return max(text.find("/*"), 0)


def _offset(node: exp.Expr, text: str) -> int:
    """Where a node begins: at its word or quote, at its first name, else at the text's begin."""
    starts = [int(n.meta["start"]) for n in node.find_all(exp.Identifier) if "start" in n.meta]
    words = [str(node.this)] if isinstance(node, (exp.Anonymous, exp.Literal)) else []
    if isinstance(node, exp.Func) and not isinstance(node, (exp.Anonymous, exp.Connector, exp.Cast)):
        words = [*node.sql_names(), node.key]
    if isinstance(node, exp.Subquery):
        return max(text.find("("), 0)
    spots = [
        m.start() for w in words for m in re.finditer(rf"(?<!\w){re.escape(w)}(?!\w)", text, re.IGNORECASE)
    ]
    quoted = isinstance(node, exp.Literal) and node.is_string
    return max(min(spots) - quoted, 0) if spots else min(starts, default=0)


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
_NUMBER_TYPES = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT, exp.DataType.Type.DECIMAL)
ALLOWED = (
    "AND OR NOT = <> < <= > >= + - * / BETWEEN IN IS NULL, LIKE, CASE, COALESCE NULLIF LEAST GREATEST "
    "ABS ROUND FLOOR CEIL LOWER UPPER, CAST(x AS DOUBLE), DATE 'YYYY-MM-DD'"
)


def _finite(expr: pl.Expr) -> pl.Expr:
    return pl.when(expr.is_finite()).then(expr)


def _motion(parts: Iterable[Compiled]) -> int:
    motions = {p.motion for p in parts}
    if WILD in motions or {EVEN, STEPS} <= motions:
        return WILD
    return max(motions, default=STILL)


class Compiler:
    """Compiles one expression by walking its tree; every node that has no rule here is refused."""

    def __init__(self, text: str, names: Names, *, known: bool) -> None:
        self.text, self.names, self.known = text, names, known
        self.negated = False

    def wrong(self, node: exp.Expr, message: str) -> Wrong:
        """A fault at a node."""
        return Wrong(message, _offset(node, self.text))

    def visit(self, node: exp.Expr) -> Compiled:
        """Compile a node."""
        kind = type(node)
        if kind in _COMPARE:
            return self._compare(node, _COMPARE[kind])
        if kind in _ARITHMETIC:
            return self._arithmetic(node, _ARITHMETIC[kind])
        rule = _RULES.get(kind)
        if rule is None:
            word = str(node.this) if isinstance(node, exp.Anonymous) else node.key.upper()
            raise self.wrong(node, f"{word} is not allowed in a condition; allowed are {ALLOWED}")
        return rule(self, node)

    def _join(
        self, expr: pl.Expr, kind: str, parts: Iterable[Compiled], motion: int | None = None
    ) -> Compiled:
        parts = list(parts)
        return Compiled(
            expr,
            kind,
            _motion(parts) if motion is None else motion,
            frozenset().union(*(p.needs for p in parts)),
            tuple(c for p in parts for c in p.crossings),
            tuple(dict.fromkeys(a for p in parts for a in p.asserts)),
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

    def _pair(self, left: exp.Expr, right: exp.Expr) -> tuple[Compiled, Compiled]:
        a, b = self.visit(left), self.visit(right)
        if "null" in (a.type, b.type):
            raise self.wrong(left, "a comparison with NULL is never TRUE; write IS NULL or IS NOT NULL")
        if a.type == "date" and b.type == "text":
            b = self._date(right)
        elif a.type == "text" and b.type == "date":
            a = self._date(left)
        if a.type != b.type:
            raise self.wrong(left, f"a {a.type} is compared with a {b.type}")
        return a, b

    def _date(self, node: exp.Expr) -> Compiled:
        if not (isinstance(node, exp.Literal) and node.is_string):
            raise self.wrong(node, "expected a date")
        try:
            return Compiled(pl.lit(date.fromisoformat(node.name)), "date")
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
        motion = _motion([a, b])
        joined = self._join(expr, "bool", [a, b], STEPS if motion == EVEN else motion)
        if motion != EVEN:
            return joined
        crossing = a.expr - b.expr
        return Compiled(expr, "bool", STEPS, joined.needs, (*joined.crossings, crossing), joined.asserts)

    def _arithmetic(self, node: exp.Expr, operate: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Compiled:
        a, b = self.typed(node.this, "number"), self.typed(node.expression, "number")
        motion = _motion([a, b])
        moving = [p for p in (a, b) if p.motion == EVEN]
        if moving and isinstance(node, exp.Mul) and len(moving) == 2:
            motion = WILD
        if isinstance(node, exp.Div) and b.motion == EVEN:
            motion = WILD
        return self._join(_finite(operate(a.expr, b.expr)), "number", [a, b], motion)

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
            raise self.wrong(node, "a name has no dots")
        if name in self.names.conditions:
            return self._reference(name)
        if name in self.names.numbers:
            return Compiled(pl.lit(float(self.names.numbers[name])), "number")
        fact = self.names.facts.get(name)
        if fact is None:
            raise self.wrong(node, f"unknown name '{name}'{self.names.nearest(name)}")
        found = Compiled(pl.col(name), fact.type, STILL if fact.slope == "still" else EVEN, frozenset([name]))
        return self._leaf(found) if fact.type == "bool" else found

    def _reference(self, name: str) -> Compiled:
        asserts = () if self.negated else (name,)
        return self._leaf(Compiled(pl.col(name), "bool", STEPS, frozenset([name]), (), asserts))

    def _literal(self, node: exp.Expr) -> Compiled:
        if node.is_string:
            return Compiled(pl.lit(node.name), "text")
        value = float(node.name)
        if value in (float("inf"), float("-inf")):
            raise self.wrong(node, "the number is too large")
        return Compiled(pl.lit(value), "number")

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

    def _is(self, node: exp.Expr) -> Compiled:
        a = self.visit(node.this)
        right = node.expression
        if isinstance(right, exp.Null):
            raw = Compiler(self.text, self.names, known=False).visit(node.this)
            still = STEPS if raw.motion == EVEN else raw.motion
            # between events a fact stays known or unknown: nothing can turn here
            return self._join(raw.expr.is_null(), "bool", [raw], STILL if raw.motion == EVEN else still)
        if isinstance(right, exp.Boolean) and a.type == "bool":
            return self._join(a.expr.eq_missing(pl.lit(bool(right.this))), "bool", [a])
        raise self.wrong(node, "IS is followed by NULL, TRUE or FALSE")

    def _like(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "text")
        if not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
            raise self.wrong(node, "LIKE takes a text in quotes")
        body = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in node.expression.name)
        flag = "(?is)" if isinstance(node, exp.ILike) else "(?s)"
        return self._leaf(self._join(a.expr.str.contains(f"{flag}^{body}$"), "bool", [a]))

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
            motion = _motion(parts)
            return self._join(pl.coalesce(exprs), kind, parts, motion)
        if kind not in ("number", "date"):
            raise self.wrong(node, f"expected numbers or dates, this is a {kind}")
        pick = pl.min_horizontal if isinstance(node, exp.Least) else pl.max_horizontal
        unknown = pl.any_horizontal([e.is_null() for e in exprs])  # SQL: one NULL makes it NULL
        return self._join(pl.when(~unknown).then(pick(exprs)), kind, parts, self._bent(parts))

    @staticmethod
    def _bent(parts: Iterable[Compiled]) -> int:
        """The motion of something with corners: what moved evenly no longer does."""
        motion = _motion(parts)
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
        return self._join(_finite(a.expr.cast(pl.Float64, strict=False)), "number", [a])


_RULES: dict[type[exp.Expr], Callable[[Compiler, exp.Expr], Compiled]] = {
    exp.And: Compiler._logic,
    exp.Or: Compiler._logic,
    exp.Not: Compiler._not,
    exp.Paren: lambda c, n: c.visit(n.this),
    exp.Column: Compiler._column,
    exp.Literal: Compiler._literal,
    exp.Boolean: lambda c, n: Compiled(pl.lit(bool(n.this)), "bool"),
    exp.Null: lambda c, n: Compiled(pl.lit(None), "null"),
    exp.Between: Compiler._between,
    exp.In: Compiler._in,
    exp.Is: Compiler._is,
    exp.Like: Compiler._like,
    exp.ILike: Compiler._like,
    exp.Case: Compiler._case,
    exp.If: Compiler._case,
    exp.Coalesce: Compiler._function,
    exp.Least: Compiler._function,
    exp.Greatest: Compiler._function,
    exp.Nullif: Compiler._nullif,
    exp.Abs: Compiler._round,
    exp.Round: Compiler._round,
    exp.Floor: Compiler._round,
    exp.Ceil: Compiler._round,
    exp.Neg: Compiler._neg,
    exp.Lower: Compiler._case_of_text,
    exp.Upper: Compiler._case_of_text,
    exp.Cast: Compiler._cast,
}
