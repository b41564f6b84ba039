"""Rule files → checked, compiled rules. Reads every file to its end before it reports what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlglot import exp

from plugin.lifecycle.declared import names_declared
from plugin.lifecycle.expressions import Names, parse
from plugin.lifecycle.plans import Rulebook
from plugin.lifecycle.rulefile import EMPTY, Item, RuleError, Text, open_rule_file
from plugin.lifecycle.ruleset import Models, cell_segments, digits
from plugin.lifecycle.sections import FALSE, Sections
from plugin.lifecycle.stages import Play, Rule, Stage, StageModel
from plugin.lifecycle.wrong import Wrong
from plugin.mapping.file_bytes import file_bytes
from plugin.mapping.findings import did_you_mean

_TOP = ("model", "labels", "stages", "rules", "conditions", "segments", "tiers", "rfm", "flags", "levels")
_MORE = ("stake", "reasons", "add_reasons", "plays", "for_flags", "attitudes")
_NO_STAGE = -1


class Loader(Sections):
    """Reads rule files in order; later files add to or replace what earlier ones named."""

    def load(self, paths: Sequence[Path]) -> Models:
        """Read and compile; RuleError with every fault found."""
        found = self.read(paths)
        if self.problems:
            raise RuleError(self.problems, [f"{file}: note: {said}" for file, said in self.notes()])
        return found

    def read(self, paths: Sequence[Path]) -> Models:
        """Read and compile what can be read; the faults are in `problems`."""
        for path in paths:
            self._open(path)
        self._read_conditions()
        plays = self._plays()
        models = {key: self._model(fields, plays) for key, fields in self.models.items()}
        rfm = self._rfm()
        return Models(
            book=Rulebook({**self.compiled, **digits(rfm)}),
            known=models,
            flags=self._keyed("flags", self._flag),
            levels=self._keyed("levels", self._level),
            stake=self._stake(),
            segments=(*self._keyed("segments", self._segment), *cell_segments(rfm)),
            tiers=self._keyed("tiers", self._segment),
            rfm=rfm,
            plays=plays,
            derived=self.derived,
            facts=tuple(self.facts),
            flag_plays=self._flag_plays(plays),
            attitudes=self._keyed("attitudes", self._attitude),
            reasons=tuple(
                self._wording(i)
                for name in ("add_reasons", "reasons")  # what is added is tried first
                for section in self.sections.get(name, [])
                for i in section.items()
            ),
        )

    def _open(self, path: Path) -> None:
        top = open_rule_file(path, self.problems)
        if top is None:
            self._unread(path)
            return
        fields = top.fields((*_TOP, *_MORE))
        self.doubtful |= top.names_beside(fields)
        if "model" in fields:
            key = fields["model"].text().value
            self.models[key] = fields
        for name, item in fields.items():
            if name not in ("model", "labels", "stages", "rules"):
                if name in ("rfm", "reasons"):
                    self.sections[name] = []  # these are replaced whole
                self.sections.setdefault(name, []).append(item)

    def _unread(self, path: Path) -> None:
        """What a file that is not YAML declares may be missed elsewhere: that is no fault there."""
        try:
            text = file_bytes(path).decode("utf-8", "replace")
        except OSError:
            self.missing.append(str(path))
            return
        self.doubtful |= set(names_declared(text))
        if self.problems and self.problems[-1].message != EMPTY:
            self.broken.append(str(path))

    def _read_conditions(self) -> None:
        for key, value in self._pairs("conditions"):
            name = key.text().value
            if name in self.facts or name in self.thresholds:
                key.complain(f"'{name}' is the name of a fact or a threshold; choose another")
                continue
            self.conditions[name] = self._condition(value)
        self.names = Names(
            self.facts,
            {n: not known for n, (_, known) in self.conditions.items()},
            self.thresholds,
            self.is_doubtful,
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
        if play and play not in plays and not self.is_doubtful(play, plays):
            fields["play"].complain(f"there is no play '{play}'. {did_you_mean(play, plays, 'plays')}")
        goal = self._labels(fields["goal"]) if "goal" in fields else plays[play].goal if play in plays else {}
        colour = self._colour(fields["colour"]) if "colour" in fields else "#94a3b8"
        terminal = "terminal" in fields and fields["terminal"].truth()
        return Stage(key, self._labels(fields.get("labels"), key), order, colour, play, terminal, goal)

    def _rule(self, item: Item, keys: list[str]) -> Rule:
        fields = item.fields(("stage", "when"))
        if "stage" not in fields:
            item.complain("a rule names a 'stage'")
            return Rule(_NO_STAGE, None if "when" not in fields else FALSE)
        name = fields["stage"].text().value
        if name not in keys and "" not in keys:  # a stage without its key is a fault of its own
            fields["stage"].complain(f"there is no stage '{name}' in this model")
        when = self._compile(fields["when"].text()) if "when" in fields else None
        if when is None and "when" in fields:
            when = FALSE  # a problem is noted
        text = fields["when"].text().value if "when" in fields else ""
        mark = item.node.start_mark
        place = f"{mark.line + 1}:{mark.column + 1}"
        return Rule(keys.index(name) if name in keys else _NO_STAGE, when, text, place)

    def _check_rules(self, item: Item, stages: list[Stage], rules: list[Rule]) -> None:
        if not rules or rules[-1].when is not None:
            item.complain("the last rule has no 'when': it always holds")
        if any(rule.when is None for rule in rules[:-1]):
            item.complain("only the last rule may be without a 'when'")
        named = {rule.stage for rule in rules}
        for stage in stages:
            # a rule whose stage is misspelt, or a stage without its key, is told already
            if stage.order not in named and _NO_STAGE not in named and stage.key:
                item.complain(f"no rule names the stage '{stage.key}'")
        if len({s.key for s in stages}) < len(stages):
            item.complain("two stages have the same key")
