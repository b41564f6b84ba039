"""What is wrong with a text that is no expression: the word that was meant, too many or too few values.

Every fault knows the character it stands at. A call with a wrong number of values is understood but for that,
so that what else is wrong can be told with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import ErrorLevel, ParseError, TokenError

from plugin.lifecycle.misfits import meant_word
from plugin.lifecycle.wrong import Wrong

_TOO_MANY = re.compile(r"The number of provided arguments \((\d+)\) .* \((\d+)\)")
_PARTED = re.compile(r"\d,\d{3}\b")  # 1,000
_TOO_FEW = re.compile(r"Required \w+: '\w+' missing for <class '[\w.]*?(\w+)'>")


def unparsed(text: str, error: ParseError) -> Wrong:
    """Why reading stopped, with every call that has too many or too few values."""
    first = _said(error)
    if not _is_count(first):
        return _syntax(text, first)
    every = _every(text)
    counts = [_count(text, one) for one in every if _is_count(one)] or [_count(text, first)]
    other = next((one for one in every if not _is_count(one)), None)
    others = [*counts[1:], *([_syntax(text, other)] if other else [])]
    return Wrong(counts[0].message, counts[0].offset, others=others, tree=None if other else _tree(text))


def _said(error: ParseError) -> Mapping[str, Any]:
    return error.errors[0] if error.errors else {"description": str(error)}


def _text(said: Mapping[str, Any]) -> str:
    return str(said.get("description", ""))


def _is_count(said: Mapping[str, Any]) -> bool:
    """Whether a call is complained of, at the parenthesis that closes it."""
    if said.get("highlight") != ")":
        return False
    few = _TOO_FEW.match(_text(said))
    kind = getattr(exp, few[1], object) if few else object
    return bool(_TOO_MANY.match(_text(said))) or (
        issubclass(kind, exp.Func) and not issubclass(kind, (exp.Binary, exp.Case))
    )


def _every(text: str) -> list[dict[str, Any]]:
    """Every error of the text; those behind a wrong call are reached by going on."""
    try:
        sqlglot.parse(text, error_level=ErrorLevel.RAISE)
    except ParseError as error:
        return error.errors
    return []


def _tree(text: str) -> exp.Expr | None:
    """The tree of a text with nothing wrong but the number of values in a call; some are missing in it."""
    return sqlglot.parse(text, error_level=ErrorLevel.IGNORE)[0]


def _count(text: str, said: Mapping[str, Any]) -> Wrong:
    """A call with too many or too few values, at its name."""
    name, at = _called(text, _error_offset(text, said))
    if many := _TOO_MANY.match(_text(said)):
        values = "one value" if many[2] == "1" else f"{many[2]} values"
        return Wrong(f"{name} takes {values}, not {many[1]}", at)
    return Wrong(f"a value is missing in {name}()", at)


def _called(text: str, end: int) -> tuple[str, int]:
    """(name, character) of the call that is closed at a character."""
    before = [token for token in sqlglot.tokenize(text) if token.start <= end]
    depth = 0
    for token, name in zip(before[::-1], before[-2::-1], strict=False):
        depth += (token.token_type == TokenType.R_PAREN) - (token.token_type == TokenType.L_PAREN)
        if depth == 0:
            return name.text.upper(), name.start
    return "the call", end


def _syntax(text: str, first: Mapping[str, Any]) -> Wrong:
    """What stands near the place where reading stopped, and the word that was most likely meant."""
    said, at = _text(first), _error_offset(text, first)
    if wrong := misspelt(text, at):
        return wrong
    word = re.match(r"\w+|'[^']*'|[<>=!]+|.", text[at:], re.DOTALL)
    near = f"near `{word[0]}`" if word else "at its end"
    if said.startswith("Expected END"):
        return Wrong(f"not an expression: `END` is missing {near}", at)
    if "missing" in said:
        return Wrong(f"not an expression: something is missing {near}", at)
    if said.startswith("Expecting"):
        return Wrong(f"not an expression: `{said.removeprefix('Expecting').strip()}` is missing {near}", at)
    if _PARTED.match(text, max(at - 1, 0)):
        return Wrong(f"not an expression: {near}; write a number without signs between thousands", at)
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


def plain_names(text: str) -> list[tuple[str, int]]:
    """(word, character) of all that can only name a fact or condition: no call, no part of a path."""
    try:
        tokens = sqlglot.tokenize(text)
    except TokenError:
        return []
    beside = (TokenType.L_PAREN, TokenType.DOT)
    kinds = [None, *(token.token_type for token in tokens), None]
    return [
        (token.text, token.start)
        for token, before, after in zip(tokens, kinds, kinds[2:], strict=False)
        if token.token_type == TokenType.VAR and before != TokenType.DOT and after not in beside
    ]


def _error_offset(text: str, first: Mapping[str, Any]) -> int:
    lines = text.split("\n")
    line, column = int(str(first.get("line") or 1)), int(str(first.get("col") or 1))
    end = sum(len(part) + 1 for part in lines[: line - 1]) + column  # sqlglot's column is the token's end
    return min(max(end - len(str(first.get("highlight") or "")), 0), max(len(text) - 1, 0))


def open_quote(text: str) -> int:
    """The character of a quote or comment that is not closed."""
    for quote in ("'", '"'):
        if text.count(quote) % 2:
            return text.rfind(quote)
    return max(text.find("/*"), 0)
