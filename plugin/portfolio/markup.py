"""Pieces of HTML that the portfolio's pages are made of: titled parts, tables, cells with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any


def section(title: str, body: str, note: str = "") -> str:
    """A titled part of a page; `body` is HTML."""
    small = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{small}{body}</section>"


def table(
    head: str,
    rows: Iterable[Sequence[Any]],
    nothing: str,
    *,
    right: Iterable[int] = (),
    dim: int = -1,
) -> str:
    """A table; a cell may be (text, reason shown when pointed at). `head`: titles with | between them."""
    numbers = set(right)

    def kind(place: int) -> str:
        return ' class="r"' if place in numbers else ' class="d"' if place == dim else ""

    titles = enumerate(head.split("|"))
    top = "".join(f"<th{kind(i) if i in numbers else ''}>{escape(t)}</th>" for i, t in titles)
    body = "".join(
        "<tr>" + "".join(f"<td{kind(i)}>{cell(c)}</td>" for i, c in enumerate(row)) + "</tr>" for row in rows
    )
    if not body:
        return f"<p>{escape(nothing)}</p>"
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def cell(given: Any) -> str:
    """A cell's text, escaped; with its reason, if there is one."""
    if isinstance(given, tuple):
        text, reason = given
        return f'<abbr title="{escape(reason)}">{escape(text)}</abbr>' if reason else escape(text)
    return escape(str(given))


def whose(answer: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Whose figures an answer holds, in words."""
    named = [
        words[f"scope.{dimension}"].format(name=member or words["unknown_channel"])
        for dimension, member in answer["filters"].items()
    ]
    return ", ".join(named) or words["scope.all"]


def left_out(answer: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """What no sum of money holds, as a sentence; empty where that is nothing."""
    said = [
        words["left_out.currency" if one["currency"] else "left_out.unknown"].format(**one)
        for one in answer["left_out"]
    ]
    return words["left_out"].format(deals="; ".join(said)) if said else ""
