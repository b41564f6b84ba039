"""The parts of the portfolio's pages that show the funnel and the cohorts, as HTML. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from plugin.portfolio.charts import bars, heat
from plugin.portfolio.markup import section, table
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import words

_MOVES, _COHORTS = 15, 24


def _shown(answer: Mapping[str, Any]) -> Shown:
    return Shown(answer["language"], answer["currency"], answer["locale"])


def funnel(answer: Mapping[str, Any]) -> str:
    """One bar a stage, and the changes of stage, of an answer of the funnel."""
    shown, said = _shown(answer), words(answer["language"])
    rows = [
        (one["label"], one["reached"], f"{shown.number(one['reached'])}{_went_on(one, shown, said)}")
        for one in answer["stages"]
    ]
    labels = {one["stage"]: one["label"] for one in answer["now"]}
    moves = [
        (labels[one["from"]], labels[one["to"]], shown.number(one["count"]), _days(one, shown))
        for one in answer["moves"][:_MOVES]
    ]
    made = table(said["moves_head"], moves, said["none"], right=(2, 3))
    if answer["moves_reason"]:
        made = f"<p>{escape(said['reason.' + answer['moves_reason']])}</p>"
    first = section(said["funnel"], bars(rows), said["funnel_note"])
    return first + section(said["moves"], made, said["moves_note"])


def _went_on(one: Mapping[str, Any], shown: Shown, said: Mapping[str, str]) -> str:
    if one.get("conversion") is None:
        return ""
    share = shown.value(one["conversion"], "share")
    if one["median_days"] is None:
        return " · " + said["went_on_unknown"].format(share=share)
    return " · " + said["went_on"].format(share=share, days=shown.number(one["median_days"]))


def _days(one: Mapping[str, Any], shown: Shown) -> str:
    return "–" if one["median_days"] is None else shown.number(one["median_days"])


def cohorts(answer: Mapping[str, Any]) -> str:
    """Two tables of shares: who bought, who is kept; months that are not over are blank."""
    shown, said = _shown(answer), words(answer["language"])
    rows = [one for one in answer["cohorts"] if one["complete"]][-_COHORTS:]
    if not rows:
        return section(said["cohorts"], f"<p>{escape(said['none'])}</p>")
    tables = [
        f'<p class="note">{escape(said[note])}</p>{_heat(rows, name, shown)}'
        for name, note in (("bought_share", "cohorts_note"), ("kept_share", "kept_note"))
    ]
    return section(said["cohorts"], "<br>".join(tables))


def _heat(rows: Sequence[Mapping[str, Any]], name: str, shown: Shown) -> str:
    listed = [(one["cohort"], shown.number(one["n"]), one[name], one["reason"]) for one in rows]
    return heat(listed, lambda value: shown.value(value, "share", short=True))
