"""Expressions: the parts that conditions are made of, and how a text becomes a tree.

Every fault knows the character it stands at.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from plugin.lifecycle.catalogue import Fact
from plugin.lifecycle.misfits import meant_word

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
    """A fault in an expression, at a character of its text: an inner signal, turned into a Problem.

    `others` are faults beside it; `mended` is the text as it was most likely meant. Without a message it only
    follows from a fault elsewhere, and is not told.
    """

    def __init__(self, message: str, offset: int, *, others: Iterable[Wrong] = (), mended: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.others, self.mended = message, offset, tuple(others), mended

    def all(self) -> list[Wrong]:
        """This one and those beside it."""
        return [self, *(wrong for other in self.others for wrong in other.all())]


@dataclass(frozen=True)
class Names:
    """What an expression may name: facts, named conditions (True: three-valued), numbers of the mapping.

    `doubtful` tells a name that is unknown only because what should declare it has a fault of its own.
    """

    facts: Mapping[str, Fact]
    conditions: Mapping[str, bool]
    numbers: Mapping[str, float] = field(default_factory=dict)
    doubtful: Callable[[str], bool] = lambda name: False

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
        raise _unparsed(text, str(first.get("description", error)), _error_offset(text, first)) from None
    except TokenError as error:
        raise Wrong("not an expression: a quote or comment is not closed", _open_quote(text)) from error
    except RecursionError:
        raise Wrong("not an expression: it is nested too deeply", 0) from None
    except ValueError as error:
        raise Wrong(f"not an expression: {error}", 0) from error
    whole = [tree for tree in trees if tree is not None]
    if len(whole) != 1 or ";" in re.sub(r"'[^']*'", "", text):
        raise Wrong("one expression, without a semicolon", max(text.find(";"), 0))
    if whole[0].find(exp.Alias) and (wrong := misspelt(text)):  # `NTO lost` is read as a name and its alias
        raise wrong
    return whole[0]


def _unparsed(text: str, said: str, at: int) -> Wrong:
    """What stands near the place where reading stopped, and the word that was most likely meant."""
    if wrong := misspelt(text, at):
        return wrong
    word = re.match(r"\w+|'[^']*'|[<>=!]+|.", text[at:], re.DOTALL)
    near = f"near `{word[0]}`" if word else "at its end"
    if "missing" in said:
        return Wrong(f"not an expression: something is missing {near}", at)
    if said.startswith("Expecting"):
        return Wrong(f"not an expression: `{said.removeprefix('Expecting').strip()}` is missing {near}", at)
    return Wrong(f"not an expression: {near}", at)


def misspelt(text: str, at: int | None = None) -> Wrong | None:
    """The word that is a letter away from AND, OR, NOT, BETWEEN, IS or NULL; None where there is none.

    `at`: only the word that stands there and the one before.
    """
    words = [m for m in re.finditer(r"'[^']*'|\"[^\"]*\"|\w+", text) if at is None or m.start() <= at]
    for word in words[-2:] if at is not None else words:
        if meant := meant_word(word[0]):
            mended = text[: word.start()] + meant + text[word.end() :]
            said = f"not an expression: near `{word[0]}`; did you mean {meant}?"
            return Wrong(said, word.start(), mended=mended)
    return None


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
