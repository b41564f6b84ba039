"""The rules as loaded: everything that decides an outcome besides records, mapping figures and parameters.

Holds the plans that `evaluate.py` runs; sync and web read keys and labels from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import Formatter

import polars as pl

from plugin.lifecycle.choices import UNKNOWN, Choice, first_true, truth
from plugin.lifecycle.derived import Derived
from plugin.lifecycle.expressions import Compiled
from plugin.lifecycle.plans import Output, Plan, Rulebook, combine
from plugin.lifecycle.stages import Attitude, CellGroup, Flag, Named, Play, Rfm, Segment, StageModel, Wording

#: What the label of every group of RFM cells begins with; earlier versions wrote the labels without it.
RFM = "RFM: "


@dataclass(frozen=True, eq=False)
class Models:
    """Chosen stage models (the first is primary) with the conditions, flags, segments and plays beside them.

    `known` holds every model that a mapping may choose, `derived` the derived facts. `levels` are the risk
    levels from none to high.
    """

    book: Rulebook
    known: Mapping[str, StageModel]
    flags: tuple[Flag, ...]
    levels: tuple[Named, ...]
    stake: Mapping[str, Compiled]
    segments: tuple[Segment, ...]
    tiers: tuple[Segment, ...]
    rfm: Rfm
    plays: Mapping[str, Play]
    flag_plays: Mapping[str, str]
    attitudes: tuple[Attitude, ...]
    reasons: tuple[Wording, ...]
    derived: Mapping[str, Derived] = field(default_factory=dict)
    facts: tuple[str, ...] = ()  # every name that rules may use as a fact
    chosen: tuple[str, ...] = field(default=())

    def choose(self, names: Iterable[str]) -> Models:
        """The same rules with these models chosen, primary first."""
        return replace(self, chosen=tuple(names))

    @property
    def primary(self) -> StageModel:
        """The model whose stage is the customer's stage."""
        return self.known[self.chosen[0]]

    @property
    def all(self) -> tuple[StageModel, ...]:
        """The chosen models, primary first."""
        return tuple(self.known[name] for name in self.chosen)

    @cached_property
    def blanks(self) -> frozenset[str]:
        """The names that sentences have filled in."""
        wordings = [*self.reasons, *(w for flag in self.flags for w in flag.reasons)]
        texts = [text for wording in wordings for text in wording.text.values()]
        return frozenset(name for text in texts for _, name, _, _ in Formatter().parse(text) if name)

    @cached_property
    def primary_plan(self) -> Plan:
        """`stage`: the number of the primary model's stage."""
        return self.book.plan({"stage": stage_number(self.primary)})

    @cached_property
    def stages_plan(self) -> Plan:
        """`stage_NAME` of every chosen model."""
        return self.book.plan({f"stage_{m.key}": stage_number(m) for m in self.all})

    @cached_property
    def dormant_plan(self) -> Plan:
        """`dormant`: sleeping or lost."""
        return self.book.plan({"dormant": truth(reference("dormant"))})

    @cached_property
    def eve_plan(self) -> Plan:
        """`dormant`: what a purchase must end to count as a reactivation."""
        return self.book.plan({"dormant": truth(reference("dormant_before_purchase"))})

    @cached_property
    def fate_plan(self) -> Plan:
        """`stage` of the primary model, and `buyer`, `sleeping`, `lost` as 1 or 0."""
        states = {name: truth(reference(name)) for name in ("buyer", "sleeping", "lost")}
        return self.book.plan({"stage": stage_number(self.primary), **states})

    @cached_property
    def whole_plan(self) -> Plan:
        """Every discrete part of an outcome; see `outcome_columns`."""
        return self.book.plan(outcome_columns(self))


def stage_number(model: StageModel) -> Choice:
    """The number of the stage that the first rule to hold names."""
    return first_true((rule.when, rule.stage) for rule in model.rules)


def reference(name: str) -> Compiled:
    """The truth of a named condition."""
    return Compiled(pl.col(name), "bool", 2, frozenset([name]))


def outcome_columns(models: Models) -> dict[str, Output]:
    """Columns of small integers that say everything about an outcome but its figures and dates.

    `stage_NAME` a model · `reason` number of the sentence · `flag_KEY`, `why_KEY` (number of the flag's
    sentence) · `segment_KEY` · `attitude` · `tier` · `rfm_recency` … · `stake_more`, `stake_less` ·
    `trend`: the two window counts, where a sentence states them.
    """
    columns: dict[str, Output] = {f"stage_{m.key}": stage_number(m) for m in models.all}
    columns["reason"] = _reason_number(models)
    for flag in models.flags:
        columns[f"flag_{flag.key}"] = truth(flag.when)
        columns[f"why_{flag.key}"] = first_true((w.when, i) for i, w in enumerate(flag.reasons))
    for segment in models.segments:
        columns[f"segment_{segment.key}"] = truth(segment.when)
    columns["attitude"] = first_true((a.when, i) for i, a in enumerate(models.attitudes))
    columns["tier"] = first_true((t.when, i) for i, t in enumerate(models.tiers))
    for name in models.rfm.digits:
        columns[f"rfm_{name}"] = _number(_hidden(name))
    for name, condition in models.stake.items():
        columns[f"stake_{name}"] = truth(condition)
    columns["sleeping_or_lost"] = truth(reference("dormant"))
    columns["trend"] = _trend()
    return columns


def _hidden(dimension: str) -> str:
    """The name of an RFM digit among the conditions: none that a rule file can write."""
    return f"\x00rfm_{dimension}"


def _number(name: str) -> Compiled:
    return Compiled(pl.col(name), "number", 2, frozenset([name]))


def digits(rfm: Rfm) -> dict[str, Compiled]:
    """The RFM digits as further named conditions, so that each is computed once; NULL without a cell."""
    return {_hidden(name): _digit(rfm, conditions) for name, conditions in rfm.digits.items()}


def _digit(rfm: Rfm, conditions: tuple[Compiled, ...]) -> Compiled:
    held = [c.expr.fill_null(False).cast(pl.Int32) for c in conditions]
    ready = rfm.ready.expr.fill_null(False) if rfm.ready else pl.lit(True)
    digit = pl.when(ready).then(pl.sum_horizontal([pl.lit(1, pl.Int32), *held]))
    return combine(digit.cast(pl.Int32), [*conditions, *([rfm.ready] if rfm.ready else [])])


def cell_segments(rfm: Rfm) -> tuple[Segment, ...]:
    """The groups of RFM cells as segments, with `rfm_` before their keys; in none without a cell.

    Their labels say RFM, too: a cell compares with the other buyers, so that a group's published name may
    contradict the stage, which goes by the customer's own rhythm.
    """
    return tuple(Segment(f"rfm_{g.key}", _of_rfm(g.labels), _in_group(rfm, g)) for g in rfm.segments)


def _of_rfm(labels: Mapping[str, str]) -> dict[str, str]:
    return {language: f"{RFM}{label}" for language, label in labels.items()}


def _in_group(rfm: Rfm, group: CellGroup) -> Compiled:
    known = {name: _number(_hidden(name)) for name in group.digits if name in rfm.digits}
    held = [digit.expr.is_in(list(group.digits[name])) for name, digit in known.items()]
    return combine(pl.all_horizontal(pl.lit(True), *held).fill_null(False), known.values(), "bool")


def _trend() -> Compiled:
    counts = pl.col("purchases_recent") * 65536 + pl.col("purchases_before")
    shown = pl.when(pl.col("declining").fill_null(False)).then(counts).otherwise(0).cast(pl.Int64)
    return Compiled(shown, "number", 2, frozenset(["declining", "purchases_recent", "purchases_before"]))


def _reason_number(models: Models) -> Choice:
    """Per rule of the primary model: first the sentences that explain it, then all the others."""
    whens = [rule.when for rule in models.primary.rules]
    return first_true((when, _explanation(models.reasons, when.asserts if when else ())) for when in whens)


def _explanation(reasons: tuple[Wording, ...], asserts: tuple[str, ...]) -> Choice:
    """The number of the first sentence that holds, those that explain one of the conditions first."""
    numbered = list(enumerate(reasons))
    fitting = [(w.when, i) for i, w in numbered if set(w.of) & set(asserts)]
    found = first_true([*fitting, *((w.when, i) for i, w in numbered)])
    return found if found.otherwise != UNKNOWN else Choice(found.of, len(reasons) - 1)
