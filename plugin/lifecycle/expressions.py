"""Expressions: the parts that conditions are made of, and how a text becomes a tree.

Every fault knows the character it stands at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from plugin.lifecycle.catalogue import Fact
from plugin.lifecycle.unparsed import misspelt, open_quote, unparsed
from plugin.lifecycle.wrong import Wrong
from plugin.mapping.findings import nearest

#: How an expression moves between events: it stands, it moves evenly, it stands between the crossings of
#: the comparisons inside it, or nothing is known (then every day is looked at).
STILL, EVEN, STEPS, WILD = 0, 1, 2, 3
#: The type of what has a fault: it goes with every other, so that nothing follows from that fault.
UNSURE = "?"
#: Results of the rules that people ask for in a condition, where none can be named.
DECIDED = ("stage", "next_stage", "stage_since", "risk_level", "risk_flags", "segment", "segments")
#: What the parser keeps no place of, and the word that it begins with.
_OPENED_BY = ((exp.Subquery, "("), (exp.Case, "CASE"), (exp.If, "IF"), (exp.Exists, "EXISTS"))


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


@dataclass(frozen=True)
class Names:
    """What an expression may name: facts, named conditions (True: three-valued), numbers of the mapping.

    `doubtful` tells, of a name and the known ones, whether it is unknown only because what should declare it
    has a fault of its own.
    """

    facts: Mapping[str, Fact]
    conditions: Mapping[str, bool]
    numbers: Mapping[str, float] = field(default_factory=dict)
    doubtful: Callable[[str, Collection[str]], bool] = lambda name, known: False

    def every(self) -> list[str]:
        """All names."""
        return [*self.facts, *self.conditions, *self.numbers]

    def nearest(self, name: str) -> str:
        """A hint at the known name that looks most like `name`, or why there is none."""
        if name in DECIDED:
            return "; it is what rules decide, and conditions decide by facts and other conditions"
        close = nearest(name, self.every())
        return f"; did you mean '{close[0]}'?" if close else ""

    def is_doubtful(self, name: str) -> bool:
        """Whether an unknown name may only follow from a fault elsewhere."""
        return self.doubtful(name, [*self.every(), *DECIDED])

    def is_known(self, name: str) -> bool:
        """Whether something has this name."""
        return name in self.facts or name in self.conditions or name in self.numbers


def parse(text: str) -> exp.Expr:
    """The expression's tree; Wrong where it is not exactly one expression."""
    if not text.strip():
        raise Wrong("the condition is empty", 0)
    try:
        trees = sqlglot.parse(text)
    except ParseError as error:
        raise unparsed(text, error) from None
    except TokenError as error:
        raise Wrong("not an expression: a quote or comment is not closed", open_quote(text)) from error
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


def offset_of(node: exp.Expr, text: str) -> int:
    """Where a node begins: at its word or quote, at its first name or value, else at the text's begin."""
    if "start" in node.meta:
        return int(node.meta["start"])
    starts = [int(n.meta["start"]) for n in node.walk() if "start" in n.meta]
    if not starts:
        return _after(node, text)
    first = min(starts)
    word = next((word for kind, word in _OPENED_BY if isinstance(node, kind)), "")
    before = [m.start() for m in re.finditer(re.escape(word), text[:first], re.IGNORECASE)] if word else []
    return before[-1] if before else first


def _after(node: exp.Expr, text: str) -> int:
    """Where NULL, TRUE or FALSE stands, of which the parser keeps no place: behind what comes before it."""
    end = 0
    for before in node.root().walk(bfs=False):
        if before is node:
            break
        end = max(end, int(before.meta.get("end", -1)) + 1)
        if isinstance(before, type(node)) and (earlier := _word(before, text, end)):
            end = earlier.end()
    found = _word(node, text, end)
    return found.start() if found else 0


def _word(node: exp.Expr, text: str, begin: int) -> re.Match[str] | None:
    return re.compile(rf"\b{re.escape(node.sql())}\b", re.IGNORECASE).search(text, begin)
