"""What rule files define, as typed values: stage models, flags, segments, tiers, plays and reasons.

Labels are kept in every language; `label(language)` falls back to English. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plugin.lifecycle.expressions import Compiled

Labels = Mapping[str, str]


def in_language(labels: Labels, language: str) -> str:
    """The text in a language, else in English, else any."""
    return labels.get(language) or labels.get("en") or next(iter(labels.values()), "")


@dataclass(frozen=True)
class Named:
    """Something with a stable key and labels: an option of a CRM enumeration."""

    key: str
    labels: Labels

    def label(self, language: str = "en") -> str:
        """The label in a language."""
        return in_language(self.labels, language) or self.key


@dataclass(frozen=True)
class Stage(Named):
    """One stage of a model; `order` counts from 0 in the order shown, `goal` is its play's."""

    order: int = 0
    colour: str = "#94a3b8"
    play: str = ""
    terminal: bool = False
    goals: Labels = field(default_factory=dict)

    def goal(self, language: str = "en") -> str:
        """What to aim for in this stage."""
        return in_language(self.goals, language)


@dataclass(frozen=True, eq=False)
class Rule:
    """A stage's condition; the last rule has none and always holds. `place`: `line:column` in its file."""

    stage: int
    when: Compiled | None
    text: str = ""
    place: str = "1:1"


@dataclass(frozen=True, eq=False)
class StageModel(Named):
    """An ordered list of stages and the rules that choose among them, in the order tried."""

    stages: tuple[Stage, ...] = ()
    rules: tuple[Rule, ...] = ()
    file: str = ""

    def stage(self, key: str) -> Stage:
        """The stage of that key; KeyError where there is none."""
        return {s.key: s for s in self.stages}[key]


@dataclass(frozen=True, eq=False)
class Wording:
    """A sentence that serves where its condition holds; `of` names the conditions it explains."""

    when: Compiled | None
    text: Labels
    of: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Flag(Named):
    """A warning sign; the gravest severity is 3."""

    when: Compiled | None = None
    severity: int = 1
    reasons: tuple[Wording, ...] = ()


@dataclass(frozen=True, eq=False)
class Segment(Named):
    """A group of customers by a condition."""

    when: Compiled | None = None


@dataclass(frozen=True, eq=False)
class Attitude(Segment):
    """How a buyer feels, by what they did: the play that answers it, and where it is read from."""

    play: str = ""
    source: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class Play:
    """What to do, who does it, by when (days), whether a CRM task is wanted, and what a caller asks."""

    key: str
    goal: Labels
    action: Labels
    owner: str = ""
    due_days: int = 7
    task: bool = False
    questions: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class CellGroup(Named):
    """A named group of RFM cells: the digits that each of the named dimensions may have."""

    digits: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Rfm:
    """The conditions of the RFM digits: each digit is 1 plus those that hold. `segments` gather the cells."""

    ready: Compiled | None = None
    digits: Mapping[str, tuple[Compiled, ...]] = field(default_factory=dict)
    segments: tuple[CellGroup, ...] = ()
