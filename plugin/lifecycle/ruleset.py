"""The rules as loaded: everything that decides an outcome besides records, mapping figures and parameters.

Holds the plans that `evaluate.py` runs; sync and web read keys and labels from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import Formatter

import polars as pl

from plugin.lifecycle.derived import Derived
from plugin.lifecycle.expressions import Compiled
from plugin.lifecycle.plans import Plan, Rulebook, combine, first_true
from plugin.lifecycle.stages import Attitude, CellGroup, Flag, Named, Play, Rfm, Segment, StageModel, Wording


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
        return self._condition_plan("dormant", "dormant")

    @cached_property
    def eve_plan(self) -> Plan:
        """`dormant`: what a purchase must end to count as a reactivation."""
        return self._condition_plan("dormant", "dormant_before_purchase")

    @cached_property
    def fate_plan(self) -> Plan:
        """`stage` of the primary model, and `buyer`, `sleeping`, `lost` as 1 or 0."""
        states = {name: _truth(_reference(name)) for name in ("buyer", "sleeping", "lost")}
        return self.book.plan({"stage": stage_number(self.primary), **states})

    def _condition_plan(self, output: str, name: str) -> Plan:
        found = Compiled(pl.col(name).fill_null(False).cast(pl.Int32), "number", 2, frozenset([name]))
        return self.book.plan({output: found})

    @cached_property
    def whole_plan(self) -> Plan:
        """Every discrete part of an outcome; see `outcome_columns`."""
        return self.book.plan(outcome_columns(self))


def stage_number(model: StageModel) -> Compiled:
    """The number of the stage that the first rule to hold names."""
    return first_true((rule.when, rule.stage) for rule in model.rules)


def outcome_columns(models: Models) -> dict[str, Compiled]:
    """Columns of small integers that say everything about an outcome but its figures and dates.

    `stage_NAME` a model · `reason` number of the sentence · `flag_KEY`, `why_KEY` (number of the flag's
    sentence) · `segment_KEY` · `attitude` · `tier` · `rfm_recency` … · `stake_more`, `stake_less` ·
    `trend`: the two window counts, where a sentence states them.
    """
    columns = {f"stage_{m.key}": stage_number(m) for m in models.all}
    columns["reason"] = _reason_number(models)
    for flag in models.flags:
        columns[f"flag_{flag.key}"] = _truth(flag.when)
        columns[f"why_{flag.key}"] = first_true((w.when, i) for i, w in enumerate(flag.reasons))
    for segment in models.segments:
        columns[f"segment_{segment.key}"] = _truth(segment.when)
    columns["attitude"] = first_true((a.when, i) for i, a in enumerate(models.attitudes))
    columns["tier"] = first_true((t.when, i) for i, t in enumerate(models.tiers))
    for name, conditions in models.rfm.digits.items():
        columns[f"rfm_{name}"] = _digit(models.rfm, conditions)
    for name, condition in models.stake.items():
        columns[f"stake_{name}"] = _truth(condition)
    columns["sleeping_or_lost"] = _truth(_reference("dormant"))
    columns["trend"] = _trend()
    return columns


def _reference(name: str) -> Compiled:
    return Compiled(pl.col(name), "bool", 2, frozenset([name]))


def _truth(condition: Compiled | None) -> Compiled:
    """1 where TRUE, else 0."""
    if condition is None:
        return Compiled(pl.lit(1, pl.Int32), "number")
    return combine(condition.expr.fill_null(False).cast(pl.Int32), [condition])


def _digit(rfm: Rfm, conditions: tuple[Compiled, ...]) -> Compiled:
    held = [c.expr.fill_null(False).cast(pl.Int32) for c in conditions]
    ready = rfm.ready.expr.fill_null(False) if rfm.ready else pl.lit(True)
    digit = pl.when(ready).then(pl.sum_horizontal([pl.lit(1, pl.Int32), *held]))
    return combine(digit.cast(pl.Int32), [*conditions, *([rfm.ready] if rfm.ready else [])])


def cell_segments(rfm: Rfm) -> tuple[Segment, ...]:
    """The groups of RFM cells as segments, with `rfm_` before their keys; in none without a cell."""
    return tuple(Segment(f"rfm_{g.key}", g.labels, _in_group(rfm, g)) for g in rfm.segments)


def _in_group(rfm: Rfm, group: CellGroup) -> Compiled:
    digits = {name: _digit(rfm, rfm.digits[name]) for name in group.digits if name in rfm.digits}
    held = [digit.expr.is_in(list(group.digits[name])) for name, digit in digits.items()]
    return combine(pl.all_horizontal(pl.lit(True), *held).fill_null(False), digits.values(), "bool")


def _trend() -> Compiled:
    counts = pl.col("purchases_recent") * 65536 + pl.col("purchases_before")
    shown = pl.when(pl.col("declining").fill_null(False)).then(counts).otherwise(0).cast(pl.Int64)
    return Compiled(shown, "number", 2, frozenset(["declining", "purchases_recent", "purchases_before"]))


def _reason_number(models: Models) -> Compiled:
    """Per rule of the primary model: first the sentences that explain it, then all the others."""
    parts: list[Compiled] = [w.when for w in models.reasons if w.when]
    expr: pl.Expr = pl.lit(len(models.reasons) - 1, pl.Int32)
    for rule in reversed(models.primary.rules):
        chosen = _explanation(models.reasons, rule.when.asserts if rule.when else ())
        if rule.when is None:
            expr = chosen.expr
        else:
            parts.append(rule.when)
            expr = pl.when(rule.when.expr.fill_null(False)).then(chosen.expr).otherwise(expr)
    return combine(expr, parts)


def _explanation(reasons: tuple[Wording, ...], asserts: tuple[str, ...]) -> Compiled:
    numbered = list(enumerate(reasons))
    fitting = [(w.when, i) for i, w in numbered if set(w.of) & set(asserts)]
    return first_true([*fitting, *((w.when, i) for i, w in numbered)])
