"""The section `derived_facts` of a mapping file: facts that functions of installed packages compute."""

from __future__ import annotations

import re
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields

from plugin.mapping.fields import Choice, OneOrMany, Said, Text, refuse, shown
from plugin.mapping.findings import did_you_mean
from plugin.mapping.model import DerivedFact, DerivedType, Moves


class FactName(fields.Field[str]):
    """The name of a fact: as rules write it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str) and re.fullmatch("[a-z][a-z0-9_]{0,59}", value):
            return value
        cure = "Use lower-case letters, digits and _, first a letter, at most 60."
        raise refuse(f"{shown(value)} is not the name of a fact.", cure)


class DerivedFactSchema(Schema):
    """A fact computed by a function of an installed package."""

    name = FactName()
    type = Choice(get_args(DerivedType))
    function = Text()
    reads = OneOrMany(FactName())
    moves = Choice(get_args(Moves))
    meaning = Text()


class DerivedFacts(fields.Field[tuple[DerivedFact, ...]]):
    """A list of derived facts; whether their functions exist is known when they are loaded."""

    needed = ("name", "type", "function", "reads")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[DerivedFact, ...]:
        if not isinstance(value, list):
            raise refuse("Derived facts are a list.", "Begin each with `- name: ...`, on a line of its own.")
        good: list[DerivedFact] = []
        bad: dict[int, Any] = {}
        for place, given in enumerate(value):
            try:
                good.append(self._one(given))
            except ValidationError as error:
                bad[place] = error.messages
        if bad:
            raise ValidationError(bad, valid_data=list(good))
        return tuple(good)

    def _one(self, given: Any) -> DerivedFact:
        schema = DerivedFactSchema()
        if not isinstance(given, dict):
            raise refuse(f"{shown(given)} is no derived fact.", "Write name, type, function and reads.")
        bad: dict[str, Any] = {key: {"<key>": [_unknown(key)]} for key in given if key not in schema.fields}
        missing = [name for name in self.needed if given.get(name) in (None, [])]
        if missing:
            cure = "See docs/guide.md for an example."
            bad["<key>"] = [Said(f"A derived fact lacks {', '.join(missing)}.", cure)]
        found: Any = {}
        try:
            known = {k: v for k, v in given.items() if k in schema.fields and k not in missing}
            found = schema.load(known)
        except ValidationError as error:
            messages: Any = error.messages
            bad |= messages
        if bad:
            raise ValidationError(bad)
        return DerivedFact(**found)


def _unknown(key: str) -> Said:
    said = f"There is no key `{key}` in a derived fact."
    return Said(said, did_you_mean(key, DerivedFactSchema().fields, "keys"))
