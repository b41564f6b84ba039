"""What a call is for: the flag that was asked for, else what the record's own next action answers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from plugin.lifecycle.reasons import Wordsmith
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.stages import Flag, in_language


@dataclass(frozen=True)
class Occasion:
    """The play, what calls for it by its label, why that holds, and what the call is to reach."""

    play: str
    label: str
    because: str
    goal: str


def occasion(
    row: Mapping[str, Any], models: Models, words: Wordsmith, asked: Collection[str] = ()
) -> Occasion:
    """Of a row of an outcome frame with its `reason_text`.

    A list of a flag is worked through for that flag: of several asked for the worst that the customer has.
    Without one it is the order of `risk.next_play`: worst flag, attitude, stage.
    """
    raised = _raised(row, models)
    flag = next((one for one in raised if one.key in asked), None) or next(iter(raised), None)
    if flag is not None:
        because = words.flag_reasons(row)[flag.key]
        return _made(models, words, models.flag_plays[flag.key], flag.label(words.language), because)
    felt = next((one for one in models.attitudes if one.key == row["attitude"] and one.play), None)
    if felt is not None:
        return _made(models, words, felt.play, felt.label(words.language), row["reason_text"])
    stage = models.primary.stage(row["stage"])
    return Occasion(
        row["play"] or "", stage.label(words.language), row["reason_text"], stage.goal(words.language)
    )


def _raised(row: Mapping[str, Any], models: Models) -> list[Flag]:
    """The customer's flags that have a play, worst first."""
    raised = [one for one in models.flags if row[f"flag_{one.key}"] == 1 and one.key in models.flag_plays]
    return sorted(raised, key=lambda one: -one.severity)


def _made(models: Models, words: Wordsmith, play: str, label: str, because: str) -> Occasion:
    return Occasion(play, label, because, in_language(models.plays[play].goal, words.language))
