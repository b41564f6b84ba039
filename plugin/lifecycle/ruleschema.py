"""Rule files as a JSON Schema, and what each of their keys means: for editors, and for the reference.

The loader says all that is wrong with a file, conditions included; this says which keys there are while one
types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DIALECT = "http://json-schema.org/draft-07/schema#"
Shape = dict[str, Any]

#: Of a whole file.
TOP = {
    "model": "the key of the stage model in this file; needs `stages` and `rules`",
    "labels": "the model's name: a text, or one for each of en, ru, pl",
    "stages": "the model's stages, in the order shown to people",
    "rules": "the model's rules, in the order tried: the first that holds wins; the last has no `when`",
    "conditions": "name: SQL, or `{when, unknown: keep}` for a condition that may be unknown",
    "segments": "groups that a customer may be in, any number at a time",
    "tiers": "by value: the first whose condition holds",
    "rfm": "`ready`, and the conditions that make a digit of `recency`, `frequency`, `money`; replaced whole",
    "flags": "risk flags, worst first",
    "levels": "the risk levels, from none to the highest",
    "stake": "`more`, `less`: conditions under which the level of risk is a step higher or lower",
    "reasons": "sentences for stages, the first that holds; replaced whole",
    "add_reasons": "further sentences, tried before the shipped ones",
    "plays": "name: what to do next, by whom, until when",
    "for_flags": "flag: play",
    "attitudes": "how a buyer feels, the first that holds",
}
#: Of the entries below; a key means the same wherever it stands.
ENTRIES = {
    "key": "the name by which other keys, lists and workflows know it: small letters, digits and _",
    "labels": "what people read: a text, or one for each of en, ru, pl",
    "when": "a condition: SQL over facts, thresholds and named conditions",
    "unknown": "what a condition is where a fact is not known: false (default), or keep it unknown",
    "stage": "the key of a stage of this model",
    "colour": "in charts, as `#94a3b8`",
    "play": "the name of the play that says what to do",
    "terminal": "true: nothing is expected to follow",
    "goal": "what is wanted of the customer: a text, or one for each of en, ru, pl",
    "severity": "1 low, 2 medium, 3 high",
    "reasons": "the sentences that say why, the first that holds",
    "of": "the conditions that this sentence explains",
    "text": "the sentence, with `{fact}` where a fact's value stands: a text, or one for each of en, ru, pl",
    "action": "what to do: a text, or one for each of en, ru, pl",
    "owner": "who does it: sales, service, marketing ...",
    "due_days": "within so many days",
    "task": "true: a task is made in the CRM when a stage with this play is entered",
    "questions": "what to ask the customer: a text, or one for each of en, ru, pl",
    "source": "who published it: a text, or one for each of en, ru, pl",
    "ready": "the condition under which there is enough data",
    "recency": "conditions, each one digit more; of a segment the digits that it has",
    "frequency": "conditions, each one digit more; of a segment the digits that it has",
    "money": "conditions, each one digit more; of a segment the digits that it has",
    "segments": "groups of cells, by their digits",
    "more": "the condition for a step up",
    "less": "the condition for a step down",
}
_TEXT: Shape = {"type": ["string", "number", "boolean"]}
_KEY: Shape = {"type": "string", "pattern": "^[a-z0-9_]+$"}
_WHEN: Shape = {"type": ["string", "boolean"]}
_LANGUAGES = dict.fromkeys(("en", "ru", "pl"), _TEXT)
_SAID: Shape = {"anyOf": [_TEXT, {"type": "object", "additionalProperties": False, "properties": _LANGUAGES}]}
_NAMED = {"key": _KEY, "labels": _SAID}
_DIGITS: Shape = {"type": "array", "items": {"type": "integer", "minimum": 1}}


def json_schema() -> Shape:
    """The schema of a rule file (JSON Schema, draft 7); what conditions say is not in it."""
    shapes = {**_of_models(), **_of_customers(), **_of_risk(), **_of_words()}
    top = _entry({name: shapes[name] for name in TOP}, meanings=TOP)
    more = {"dependencies": {"model": ["stages", "rules"]}, "minProperties": 1}
    return {"$schema": DIALECT, "title": "Customer lifecycle: rule file"} | top | more


def _of_models() -> dict[str, Shape]:
    return {
        "model": _KEY,
        "labels": _SAID,
        "stages": _list(_stage()),
        "rules": _list(_entry({"stage": _TEXT, "when": _WHEN}, ("stage",))),
    }


def _of_customers() -> dict[str, Shape]:
    unknown = {"enum": ["keep", "false", False]}
    condition = {"anyOf": [_WHEN, _entry({"when": _WHEN, "unknown": unknown}, ("when",))]}
    groups = _list(_entry({**_NAMED, "when": _WHEN}, ("key", "when")))
    digits = dict.fromkeys(("recency", "frequency", "money"), _DIGITS)
    cells = _list(_entry({**_NAMED, **digits}, ("key",)))
    rfm = {"ready": _WHEN, **dict.fromkeys(digits, _list(_WHEN)), "segments": cells}
    return {"conditions": _table(condition), "segments": groups, "tiers": groups, "rfm": _entry(rfm)}


def _of_risk() -> dict[str, Shape]:
    severity = {"type": "integer", "minimum": 1, "maximum": 3, "default": 1}
    flag = {**_NAMED, "when": _WHEN, "severity": severity, "reasons": _list(_wording())}
    return {
        "flags": _list(_entry(flag, ("key", "when"))),
        "levels": _list(_entry(_NAMED, ("key",))),
        "stake": _entry({"more": _WHEN, "less": _WHEN}),
    }


def _of_words() -> dict[str, Shape]:
    attitude = {**_NAMED, "when": _WHEN, "play": _TEXT, "source": _SAID}
    return {
        "reasons": _list(_wording()),
        "add_reasons": _list(_wording()),
        "plays": _table(_play()),
        "for_flags": _table(_TEXT),
        "attitudes": _list(_entry(attitude, ("key", "when", "play"))),
    }


def _wording() -> Shape:
    return _entry({"of": _list(_KEY), "when": _WHEN, "text": _SAID})


def _stage() -> Shape:
    colour = {"type": "string", "pattern": "^#[0-9A-Fa-f]{6}$"}
    more = {"colour": colour, "play": _TEXT, "terminal": {"type": "boolean"}, "goal": _SAID}
    return _entry({**_NAMED, **more}, ("key",))


def _play() -> Shape:
    days = {"type": "integer", "minimum": 0, "default": 7}
    more = {"owner": _TEXT, "due_days": days, "task": {"type": "boolean"}, "questions": _SAID}
    return _entry({"goal": _SAID, "action": _SAID, **more})


def _entry(
    keys: Mapping[str, Shape], needed: Sequence[str] = (), meanings: Mapping[str, str] = ENTRIES
) -> Shape:
    properties = {name: shape | {"description": meanings[name]} for name, shape in keys.items()}
    shape = {"type": "object", "additionalProperties": False, "properties": properties}
    return shape | ({"required": list(needed)} if needed else {})


def _list(one: Shape) -> Shape:
    return {"type": "array", "items": one}


def _table(one: Shape) -> Shape:
    return {"type": "object", "additionalProperties": one}
