"""Rule files → checked, compiled rules. Reads every file to its end before it reports what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl
from sqlglot import exp

from plugin.lifecycle.catalogue import FACTS, extra_fact
from plugin.lifecycle.conditions import Compiled, Names, Wrong, compile_condition, parse
from plugin.lifecycle.plans import Rulebook
from plugin.lifecycle.rulefile import Item, Problem, RuleError, Text, open_rule_file
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.stages import Flag, Labels, Named, Play, Rfm, Rule, Segment, Stage, StageModel, Wording

_TOP = ("model", "labels", "stages", "rules", "conditions", "segments", "tiers", "rfm", "flags", "levels")
_MORE = ("stake", "reasons", "plays", "for_flags")
_LANGUAGES = ("en", "ru", "pl")
_FALSE = pl.lit(False)
AnyNamed = TypeVar("AnyNamed", bound=Named)


class Loader:
    """Reads rule files in order; later files add to or replace what earlier ones named."""

    def __init__(self, thresholds: Mapping[str, float], extras: Sequence[str]) -> None:
        self.problems: list[Problem] = []
        self.thresholds = thresholds
        self.facts = {**FACTS, **{n: extra_fact(n) for n in extras if n not in FACTS}}
        self.sections: dict[str, list[Item]] = {}
        self.models: dict[str, dict[str, Item]] = {}
        self.conditions: dict[str, tuple[Text, bool]] = {}
        self.compiled: dict[str, Compiled] = {}
        self.names = Names(self.facts, {}, thresholds)

    def load(self, paths: Sequence[Path]) -> Models:
        """Read and compile; RuleError with every fault found."""
        for path in paths:
            self._open(path)
        self._read_conditions()
        plays = self._plays()
        models = {key: self._model(fields, plays) for key, fields in self.models.items()}
        found = Models(
            book=Rulebook(self.compiled),
            known=models,
            flags=self._keyed("flags", self._flag),
            levels=self._keyed("levels", self._level),
            stake={k.text().value: c for k, v in self._pairs("stake") if (c := self._compile(v.text()))},
            segments=self._keyed("segments", self._segment),
            tiers=self._keyed("tiers", self._segment),
            rfm=self._rfm(),
            plays=plays,
            flag_plays=self._flag_plays(plays),
            reasons=tuple(
                self._wording(i) for section in self.sections.get("reasons", []) for i in section.items()
            ),
        )
        if self.problems:
            raise RuleError(self.problems)
        return found

    def _open(self, path: Path) -> None:
        top = open_rule_file(path, self.problems)
        if top is None:
            return
        fields = top.fields((*_TOP, *_MORE))
        if "model" in fields:
            key = fields["model"].text().value
            self.models[key] = fields
        for name, item in fields.items():
            if name not in ("model", "labels", "stages", "rules"):
                if name in ("rfm", "reasons"):
                    self.sections[name] = []  # these are replaced whole
                self.sections.setdefault(name, []).append(item)

    def _pairs(self, section: str) -> list[tuple[Item, Item]]:
        return [pair for item in self.sections.get(section, []) for pair in item.pairs()]

    def _compile(self, text: Text, *, known: bool = False) -> Compiled | None:
        return compile_condition(text, self.names, self.problems, known=known)

    def _read_conditions(self) -> None:
        for key, value in self._pairs("conditions"):
            name = key.text().value
            if name in self.facts or name in self.thresholds:
                key.complain(f"'{name}' is the name of a fact or a threshold; choose another")
                continue
            self.conditions[name] = self._condition(value)
        self.names = Names(
            self.facts, {n: not known for n, (_, known) in self.conditions.items()}, self.thresholds
        )
        for name in self._order():
            text, known = self.conditions[name]
            found = self._compile(text, known=known)
            if found is not None:
                self.compiled[name] = found

    def _condition(self, item: Item) -> tuple[Text, bool]:
        if not item.is_mapping():
            return item.text(), True
        fields = item.fields(("when", "unknown"))
        if "when" not in fields:
            item.complain("a condition needs 'when'")
            return Text("FALSE", item.file, item.source, item.node.start_mark.index), True
        unknown = fields["unknown"].text().value if "unknown" in fields else "false"
        if unknown not in ("keep", "false"):
            fields["unknown"].complain("'unknown' is 'keep' (as in SQL) or 'false'")
        return fields["when"].text(), unknown != "keep"

    def _order(self) -> list[str]:
        """Named conditions, each after those it needs; a cycle is a problem."""
        needs = {name: self._references(text) for name, (text, _) in self.conditions.items()}
        done: list[str] = []
        state: dict[str, int] = {}

        def visit(name: str, path: tuple[str, ...]) -> None:
            if state.get(name) == 1:
                ring = " → ".join([*path[path.index(name) :], name])
                self.problems.append(self.conditions[path[-1]][0].problem(f"conditions in a circle: {ring}"))
            if name in state:
                return
            state[name] = 1
            for other in needs[name]:
                visit(other, (*path, name))
            state[name] = 2
            done.append(name)

        for name in needs:
            visit(name, ())
        return done

    def _references(self, text: Text) -> list[str]:
        try:
            tree = parse(text.value)
        except Wrong:
            return []  # reported when it is compiled
        names = [c.name for c in tree.find_all(exp.Column)]
        return [n for n in dict.fromkeys(names) if n in self.conditions]

    def _labels(self, item: Item | None, key: str = "") -> Labels:
        if item is None:
            return {"en": key}
        if not item.is_mapping():
            return {"en": item.text().value}
        return {language: text.text().value for language, text in item.fields(_LANGUAGES).items()}

    def _keyed(self, section: str, build: Callable[[Item], AnyNamed]) -> tuple[AnyNamed, ...]:
        found: dict[str, AnyNamed] = {}
        for part in self.sections.get(section, []):
            for item in part.items():
                built = build(item)
                found[built.key] = built
        return tuple(found.values())

    def _key(self, fields: Mapping[str, Item], item: Item) -> str:
        if "key" not in fields:
            item.complain("a 'key' is needed")
            return ""
        key = fields["key"].text().value
        if not key.replace("_", "").isalnum() or key != key.lower():
            fields["key"].complain("a key consists of small letters, digits and underscores")
        return key

    def _when(self, fields: Mapping[str, Item], item: Item) -> Compiled | None:
        if "when" not in fields:
            item.complain("a condition 'when' is needed")
            return None
        return self._compile(fields["when"].text())

    def _segment(self, item: Item) -> Segment:
        fields = item.fields(("key", "labels", "when"))
        key = self._key(fields, item)
        return Segment(key, self._labels(fields.get("labels"), key), self._when(fields, item))

    def _level(self, item: Item) -> Named:
        fields = item.fields(("key", "labels"))
        key = self._key(fields, item)
        return Named(key, self._labels(fields.get("labels"), key))

    def _flag(self, item: Item) -> Flag:
        fields = item.fields(("key", "labels", "when", "severity", "reasons"))
        key = self._key(fields, item)
        reasons = tuple(self._wording(i) for i in fields["reasons"].items()) if "reasons" in fields else ()
        severity = fields["severity"].whole() if "severity" in fields else 1
        if not 1 <= severity <= 3:
            fields["severity"].complain("a severity is 1, 2 or 3")
        return Flag(key, self._labels(fields.get("labels"), key), self._when(fields, item), severity, reasons)

    def _wording(self, item: Item) -> Wording:
        fields = item.fields(("of", "when", "text"))
        when = self._compile(fields["when"].text()) if "when" in fields else None
        of = tuple(i.text().value for i in fields["of"].items()) if "of" in fields else ()
        return Wording(when, self._labels(fields.get("text")), of)

    def _rfm(self) -> Rfm:
        sections = self.sections.get("rfm", [])
        if not sections:
            return Rfm()
        fields = sections[-1].fields(("ready", "recency", "frequency", "money"))
        digits: dict[str, tuple[Compiled, ...]] = {
            name: tuple(c for i in fields[name].items() if (c := self._compile(i.text())))
            for name in ("recency", "frequency", "money")
            if name in fields
        }
        return Rfm(self._compile(fields["ready"].text()) if "ready" in fields else None, digits)

    def _plays(self) -> dict[str, Play]:
        found = {}
        for key, item in self._pairs("plays"):
            fields = item.fields(("goal", "action", "owner", "due_days", "task"))
            name = key.text().value
            found[name] = Play(
                name,
                self._labels(fields.get("goal")),
                self._labels(fields.get("action")),
                fields["owner"].text().value if "owner" in fields else "",
                fields["due_days"].whole() if "due_days" in fields else 7,
                "task" in fields and fields["task"].text().value == "true",
            )
        return found

    def _flag_plays(self, plays: Mapping[str, Play]) -> dict[str, str]:
        found = {}
        for key, item in self._pairs("for_flags"):
            if item.text().value not in plays:
                item.complain(f"there is no play '{item.text().value}'")
            found[key.text().value] = item.text().value
        return found

    def _model(self, fields: Mapping[str, Item], plays: Mapping[str, Play]) -> StageModel:
        top = fields["model"]
        key = top.text().value
        for needed in ("stages", "rules"):
            if needed not in fields:
                top.complain(f"a model needs '{needed}'")
        if "stages" not in fields or "rules" not in fields:
            return StageModel(key, {"en": key})
        stages = [self._stage(i, n, plays) for n, i in enumerate(fields["stages"].items())]
        rules = [self._rule(i, [s.key for s in stages]) for i in fields["rules"].items()]
        self._check_rules(fields["rules"], stages, rules)
        return StageModel(key, self._labels(fields.get("labels"), key), tuple(stages), tuple(rules), top.file)

    def _stage(self, item: Item, order: int, plays: Mapping[str, Play]) -> Stage:
        fields = item.fields(("key", "labels", "colour", "play", "terminal", "goal"))
        key = self._key(fields, item)
        play = fields["play"].text().value if "play" in fields else ""
        if play and play not in plays:
            fields["play"].complain(f"there is no play '{play}'")
        goal = self._labels(fields["goal"]) if "goal" in fields else plays[play].goal if play in plays else {}
        colour = fields["colour"].text().value if "colour" in fields else "#94a3b8"
        terminal = "terminal" in fields and fields["terminal"].text().value == "true"
        return Stage(key, self._labels(fields.get("labels"), key), order, colour, play, terminal, goal)

    def _rule(self, item: Item, keys: list[str]) -> Rule:
        fields = item.fields(("stage", "when"))
        if "stage" not in fields:
            item.complain("a rule names a 'stage'")
            return Rule(0, None)
        name = fields["stage"].text().value
        if name not in keys:
            fields["stage"].complain(f"there is no stage '{name}' in this model")
        when = self._compile(fields["when"].text()) if "when" in fields else None
        if when is None and "when" in fields:
            return Rule(0, Compiled(_FALSE, "bool"))
        text = fields["when"].text().value if "when" in fields else ""
        return Rule(keys.index(name) if name in keys else 0, when, text)

    def _check_rules(self, item: Item, stages: list[Stage], rules: list[Rule]) -> None:
        if not rules or rules[-1].when is not None:
            item.complain("the last rule has no 'when': it always holds")
        if any(rule.when is None for rule in rules[:-1]):
            item.complain("only the last rule may be without a 'when'")
        for stage in stages:
            if stage.order not in {rule.stage for rule in rules}:
                item.complain(f"no rule names the stage '{stage.key}'")
        if len({s.key for s in stages}) < len(stages):
            item.complain("two stages have the same key")
