"""What a wrong condition most likely means: the word that is a letter away, sides that do not go together."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from plugin.lifecycle.catalogue import Fact

_MEANT = ("AND", "OR", "NOT", "BETWEEN", "IS", "NULL")
_RIGHT = {
    *_MEANT,
    "IN",
    "AS",
    "ON",
    "LIKE",
    "ILIKE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "IF",
    "TRUE",
    "FALSE",
}
_LONGEST = 40

#: One side of a comparison: its node, and what it is.
Side = tuple[exp.Expr, str]


def meant_word(word: str) -> str:
    """The word of logic that differs from this one in a letter or in the order of two; "" if none does."""
    upper = word.upper()
    if upper in _RIGHT or not upper.isalpha():
        return ""
    return next((meant for meant in _MEANT if _one_apart(upper, meant)), "")


def _one_apart(a: str, b: str) -> bool:
    """Whether one letter is missing, too many, another, or two neighbours have changed places."""
    if len(a) > len(b):
        a, b = b, a
    if len(a) < len(b):
        return len(b) - len(a) == 1 and any(a == b[:n] + b[n + 1 :] for n in range(len(b)))
    differ = [n for n in range(len(a)) if a[n] != b[n]]
    if len(differ) == 1:
        return len(a) > 2  # OF, AT, NO are a letter away from anything of two letters
    return (
        len(differ) == 2
        and differ[1] - differ[0] == 1
        and a[differ[0]] == b[differ[1]]
        and sorted(a) == sorted(b)
    )


def compared(left: Side, right: Side, facts: Mapping[str, Fact]) -> str:
    """Both sides of a comparison with what each is, and how to make them alike where that is known."""
    said = f"{_shown(left[0])} is a {left[1]}, {_shown(right[0])} is a {right[1]}"
    cure = _cure(left, right, facts) or _cure(right, left, facts)
    return f"{said}; {cure}" if cure else said


def _cure(one: Side, other: Side, facts: Mapping[str, Fact]) -> str:
    """How `one` becomes what the other side is."""
    node, kind = one
    if kind == "text" and other[1] == "number" and _is_number(node):
        return f"write {node.name} without quotes"
    fact = facts.get(node.name) if isinstance(node, exp.Column) else None
    if fact is not None and fact.group == "property" and other[1] in ("number", "date"):
        return f"declare it under `extras`: {{property: {fact.name}, type: {other[1]}}}"
    if kind == "text" and other[1] == "number" and isinstance(other[0], exp.Literal):
        return f"write '{other[0].name}' in quotes"
    if kind == "bool" and isinstance(node, exp.Column):
        return f"write {node.name} or NOT {node.name} alone"
    if kind == "date":
        return "write a date as DATE 'YYYY-MM-DD'"
    return ""


def _is_number(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.name.replace(".", "", 1).isdecimal()


def _shown(node: exp.Expr) -> str:
    """A name or sum in backticks, a text in quotes, a number as it is."""
    words = node.sql()
    words = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
    return words if isinstance(node, exp.Literal) else f"`{words}`"
