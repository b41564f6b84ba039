"""Expressions: the parts that conditions are made of, and how a text becomes a tree.

Every fault knows the character it stands at.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from plugin.lifecycle.catalogue import Fact

#: How an expression moves between events: it stands, it moves evenly, it stands between the crossings of
#: the comparisons inside it, or nothing is known (then every day is looked at).
STILL, EVEN, STEPS, WILD = 0, 1, 2, 3


@dataclass(frozen=True)
class Compiled:
    """A checked expression: what it computes, what it needs, and when it can change.

    `crossings` are differences that change sign on the day a comparison turns; `motion` is WILD where such
    days cannot be derived. `needs` are facts and named conditions, `asserts` those conditions that stand
    in it without a NOT, `literals` the values that it is written with, thresholds among them.
    """

    expr: pl.Expr
    type: str
    motion: int = STILL
    needs: frozenset[str] = frozenset()
    crossings: tuple[pl.Expr, ...] = ()
    asserts: tuple[str, ...] = ()
    literals: frozenset[float | str | date] = frozenset()


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


def offset_of(node: exp.Expr, text: str) -> int:
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
