"""Pieces of HTML that the portfolio's pages are made of: titled parts, tables, sentences; figures' names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from plugin.portfolio.grids import Grid
from plugin.portfolio.texts import words
from plugin.portfolio.units import counted

_CODE = re.compile(r"`([^`]+)`")


def section(title: str, body: str) -> str:
    """A titled part of a page; `body` is HTML."""
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], meters: Sequence[float] = ()) -> str:
    """A table of texts: the first column names the rows, all others are figures.

    `meters` are shares (0-1) that are drawn below the first figures of the rows.
    """
    top = "".join(f"<th{_right(place)}>{escape(title)}</th>" for place, title in enumerate(head))
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_right(place)}>{escape(text)}{_meter(meters, number) if place == 1 else ''}</td>"
            for place, text in enumerate(row)
        )
        + "</tr>"
        for number, row in enumerate(rows)
    )
    return scrolled(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")


def scrolled(made: str) -> str:
    """A table that may be wider than the page: then it alone is moved sideways."""
    return f'<div class="scroll">{made}</div>'


def _right(place: int) -> str:
    return ' class="r"' if place else ""


def _meter(meters: Sequence[float], number: int) -> str:
    if not meters:
        return ""
    return f'<i class="meter" style="width:{100 * meters[number]:.0f}%"></i>'


def notes(sentences: Iterable[str]) -> str:
    """Sentences beside a table, one paragraph each."""
    return "".join(f'<p class="note">{prose(one)}</p>' for one in sentences)


def prose(text: str) -> str:
    """A sentence, escaped; what stands between backticks is a command or a name in a file."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def grid(made: Grid, meters: Sequence[float] = ()) -> str:
    """A titled table with the sentences around it, as a part of a page."""
    body = table(made.head, made.rows, meters) if made.rows else ""
    return section(made.title, f"{notes(made.before)}{body}{notes(made.after)}")


def whose(answer: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """Whose figures an answer holds, in words."""
    named = [
        said[f"scope.{dimension}"].format(name=member or said["unknown_channel"])
        for dimension, member in answer["filters"].items()
    ]
    return ", ".join(named) or said["scope.all"]


def label(one: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """A metric's name; to date with the period that it is of, where that is another."""
    period = None if answer["period"] else one["notes"].get("period")
    if period is None:
        return str(one["label"])
    return words(answer["language"])["of_period"].format(label=one["label"], period=period)


def left_out(answer: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """What no sum of money holds, as a sentence; empty where that is nothing."""
    language, formats = answer["language"], answer["locale"]
    parts = [
        said["left_out.currency" if one["currency"] else "left_out.unknown"].format(
            currency=one["currency"], deals=counted(one["deals"], "left_out.deals", language, formats)
        )
        for one in answer["left_out"]
    ]
    return said["left_out"].format(deals="; ".join(parts)) if parts else ""


def money_notes(answer: Mapping[str, Any]) -> list[str]:
    """What concerns every sum of money: deals without any, the currency, profit that nothing is taken off."""
    said = words(answer["language"])
    values = {one["key"]: one["value"] for one in answer["metrics"]}
    same = values["profit"] and values["profit"] == values["revenue"]
    notes_ = (
        left_out(answer, said),
        "" if answer["currency"] else said["no_currency"],
        said["profit_is_revenue"] if same else "",
    )
    return [one for one in notes_ if one]
