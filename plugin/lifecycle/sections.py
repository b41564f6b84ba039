"""The sections of rule files besides models and conditions: segments, flags, tiers, plays and sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from string import Formatter
from types import MappingProxyType
from typing import TypeVar

import polars as pl

from plugin.lifecycle.catalogue import FACTS, FactType, extra_fact
from plugin.lifecycle.conditions import compile_condition
from plugin.lifecycle.derived import Derived
from plugin.lifecycle.expressions import Compiled, Names
from plugin.lifecycle.reasons import BLANKS, FORMS, SPANS
from plugin.lifecycle.rulefile import Item, Problem, Text
from plugin.lifecycle.stages import Attitude, CellGroup, Flag, Labels, Named, Play, Rfm, Segment, Wording
from plugin.mapping.findings import did_you_mean, nearest

_LANGUAGES = ("en", "ru", "pl")
FALSE = Compiled(pl.lit(False), "bool")  # stands for a condition that has a fault
_DIGITS = ("recency", "frequency", "money")
_NOTED = 12  # names that a note lists
_MOST_DAYS = 3650  # until a task is due
AnyNamed = TypeVar("AnyNamed", bound=Named)


class Sections:
    """What has been read of the rule files, and how each kind of entry becomes a value."""

    def __init__(
        self,
        thresholds: Mapping[str, float],
        extras: Mapping[str, FactType],
        derived: Mapping[str, Derived] = MappingProxyType({}),
        doubtful: Iterable[str] = (),
    ) -> None:
        self.doubtful = set(doubtful)  # names unknown by a fault elsewhere: no fault of who names them
        self.in_conditions = 0  # how many of the problems stand in conditions: all else is read as it is
        self.missing: list[str] = []  # files that cannot be read at all: they may hold any name
        self.broken: list[str] = []  # files that are not YAML to their end
        self.unjudged: set[str] = set()  # names like no other, which a missing file may declare
        self.problems: list[Problem] = []
        self.thresholds = thresholds
        self.derived = derived
        self.facts = {**FACTS, **{n: extra_fact(n, t) for n, t in extras.items() if n not in FACTS}}
        self.facts |= {name: found.fact for name, found in derived.items()}
        self.sections: dict[str, list[Item]] = {}
        self.models: dict[str, dict[str, Item]] = {}
        self.conditions: dict[str, tuple[Text, bool]] = {}
        self.compiled: dict[str, Compiled] = {}
        self.names = Names(self.facts, {}, thresholds, self.is_doubtful)
        self.play_keys: set[str] = set()
        self.flag_keys: set[str] = set()

    def is_doubtful(self, name: str, known: Collection[str]) -> bool:
        """Whether a name may be unknown only because what declares it has a fault of its own.

        A file that is missing declares nothing that looks like one of the `known` names: that is a slip.
        """
        if name in self.doubtful:
            return True
        if not self.missing or nearest(name, known):
            return False
        self.unjudged.add(name)
        return True

    def notes(self) -> list[tuple[str, str]]:
        """(file, what was not looked at because this file cannot be read)."""
        names = ", ".join(sorted(self.unjudged)[:_NOTED]) + (", …" if len(self.unjudged) > _NOTED else "")
        said = f"Names were not looked up that this file may declare, because it cannot be read: {names}."
        rest = (
            "What else stands in this file was not looked at, nor whether what it declares is used rightly."
        )
        return [*((f, said) for f in self.missing if names), *((f, rest) for f in self.broken)]

    def _pairs(self, section: str) -> list[tuple[Item, Item]]:
        return [pair for item in self.sections.get(section, []) for pair in item.pairs()]

    def _compile(self, text: Text, *, known: bool = False) -> Compiled | None:
        before = len(self.problems)
        found = compile_condition(text, self.names, self.problems, known=known)
        self.in_conditions += len(self.problems) - before
        return found

    def _labels(self, item: Item | None, key: str = "") -> Labels:
        if item is None:
            return {"en": key}
        if not item.is_mapping():
            return {"en": item.text().value}
        return {language: text.text().value for language, text in item.fields(_LANGUAGES).items()}

    def _keyed(self, section: str, build: Callable[[Item], AnyNamed]) -> tuple[AnyNamed, ...]:
        found: dict[str, AnyNamed] = {}
        for part in self.sections.get(section, []):  # a later file replaces what an earlier one named
            here: set[str] = set()
            for item in part.items():
                built = build(item)
                if built.key and built.key in here:
                    item.complain(f"the key '{built.key}' stands here twice")
                here.add(built.key)
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
        self.flag_keys.add(key)
        reasons = tuple(self._wording(i) for i in fields["reasons"].items()) if "reasons" in fields else ()
        severity = fields["severity"].whole() if "severity" in fields else 1
        if not 1 <= severity <= 3:
            fields["severity"].complain("a severity is 1, 2 or 3")
        return Flag(key, self._labels(fields.get("labels"), key), self._when(fields, item), severity, reasons)

    def _wording(self, item: Item) -> Wording:
        fields = item.fields(("of", "when", "text"))
        when = self._compile(fields["when"].text()) if "when" in fields else None
        self._check_blanks(fields.get("text"))
        of = tuple(i.text().value for i in fields["of"].items()) if "of" in fields else ()
        return Wording(when, self._labels(fields.get("text")), of)

    def _check_blanks(self, item: Item | None) -> None:
        """What a sentence's {blanks} name can be filled in; a brace that is none is written twice."""
        pairs = item.pairs() if item is not None and item.is_mapping() else ()
        texts = [(key.text().value, value) for key, value in pairs]
        for language, text in texts or ([("en", item)] if item is not None else []):
            try:
                parts = list(Formatter().parse(text.text().value))
            except ValueError as error:
                text.complain(f"a brace stands alone ({error}); write {{{{ or }}}} for a brace")
                continue
            for _, name, forms, how in parts:
                if name is not None:
                    self._check_blank(text, language, name, forms or "", how)

    def _check_blank(self, text: Item, language: str, name: str, forms: str, how: str | None) -> None:
        if not how and name not in {*BLANKS, *self.facts} and self.is_doubtful(name, (*BLANKS, *self.facts)):
            return
        if how or name not in {*BLANKS, *self.facts}:
            near = did_you_mean(name, (*BLANKS, *self.facts), "blanks")
            text.complain(f"nothing can be filled in for '{{{name}}}'. {near}")
        elif forms and "#" not in forms and "|" not in forms:
            said = "after the colon stand the forms of a counted word, as in {open_deals:# deal|# deals}"
            text.complain(f"nothing can be filled in for '{{{name}:{forms}}}': {said}")
        elif forms and name not in SPANS and (name not in self.facts or self.facts[name].type != "number"):
            text.complain(f"'{name}' is no number: forms of a word go with a number only")
        elif forms and language in FORMS and forms.count("|") + 1 != len(FORMS[language]):
            wanted = ", ".join(FORMS[language])
            text.complain(f"'{{{name}:{forms}}}': the forms in '{language}' are {wanted}, parted by |")

    def _rfm(self) -> Rfm:
        sections = self.sections.get("rfm", [])
        if not sections:
            return Rfm()
        fields = sections[-1].fields(("ready", *_DIGITS, "segments"))
        digits: dict[str, tuple[Compiled, ...]] = {
            name: tuple(self._compile(i.text()) or FALSE for i in fields[name].items())
            for name in _DIGITS
            if name in fields
        }
        groups = (
            tuple(self._cells(i, digits) for i in fields["segments"].items()) if "segments" in fields else ()
        )
        return Rfm(self._compile(fields["ready"].text()) if "ready" in fields else None, digits, groups)

    def _cells(self, item: Item, known: Mapping[str, tuple[Compiled, ...]]) -> CellGroup:
        fields = item.fields(("key", "labels", *_DIGITS))
        key, digits = self._key(fields, item), {}
        for name in (n for n in _DIGITS if n in fields):
            digits[name] = tuple(i.whole() for i in fields[name].items())
            most = len(known.get(name, ())) + 1
            if not all(1 <= digit <= most for digit in digits[name]):
                fields[name].complain(f"the digits of {name} go from 1 to {most}")
        return CellGroup(key, self._labels(fields.get("labels"), key), digits)

    def _attitude(self, item: Item) -> Attitude:
        fields = item.fields(("key", "labels", "when", "play", "source"))
        key, play = self._key(fields, item), fields["play"].text().value if "play" in fields else ""
        if play not in self.play_keys and not self.is_doubtful(play, self.play_keys):
            near = did_you_mean(play, self.play_keys, "plays")
            fields.get("play", item).complain(f"there is no play '{play}'. {near}")
        labels, source = self._labels(fields.get("labels"), key), self._labels(fields.get("source"))
        return Attitude(key, labels, self._when(fields, item), play, source)

    def _plays(self) -> dict[str, Play]:
        found = {}
        for key, item in self._pairs("plays"):
            fields = item.fields(("goal", "action", "owner", "due_days", "task", "questions"))
            name = key.text().value
            self.play_keys.add(name)
            found[name] = Play(
                name,
                self._labels(fields.get("goal")),
                self._labels(fields.get("action")),
                fields["owner"].text().value if "owner" in fields else "",
                self._days(fields["due_days"]) if "due_days" in fields else 7,
                "task" in fields and fields["task"].truth(),
                self._labels(fields.get("questions")) if "questions" in fields else {},
            )
        return found

    def _days(self, item: Item) -> int:
        days = item.whole()
        if not 0 <= days <= _MOST_DAYS:
            item.complain(f"{days} is no number of days until something is due; write 0 to {_MOST_DAYS}")
            return 0
        return days

    def _stake(self) -> dict[str, Compiled]:
        found = {}
        for part in self.sections.get("stake", []):
            for name, item in part.fields(("more", "less")).items():
                if condition := self._compile(item.text()):
                    found[name] = condition
        return found

    def _colour(self, item: Item) -> str:
        value = item.text().value
        if not re.fullmatch("#[0-9A-Fa-f]{6}", value):
            item.complain(f"'{value}' is no colour; write one as '#94a3b8', in quotes")
        return value

    def _flag_plays(self, plays: Mapping[str, Play]) -> dict[str, str]:
        found = {}
        for key, item in self._pairs("for_flags"):
            flag, play = key.text().value, item.text().value
            if flag not in self.flag_keys and not self.is_doubtful(flag, self.flag_keys):
                key.complain(f"there is no flag '{flag}'. {did_you_mean(flag, self.flag_keys, 'flags')}")
            if play not in plays and not self.is_doubtful(play, plays):
                item.complain(f"there is no play '{play}'. {did_you_mean(play, plays, 'plays')}")
            found[flag] = play
        return found
