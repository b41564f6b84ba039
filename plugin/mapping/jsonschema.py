"""The mapping file as a JSON Schema, so that an editor completes, explains and marks faults while one types.

Draft 7, which every editor reads. Each key carries its meaning and its default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, fields

from plugin.mapping.checks import SHIPPED_MODELS
from plugin.mapping.derived import DerivedFacts, DerivedFactSchema, FactName
from plugin.mapping.fields import PROPERTY, Choice, Known, Number, OneOrMany, Property, Switch
from plugin.mapping.model import LIFECYCLESTAGE, LOSS_CATEGORIES, OUTPUT_NAMES
from plugin.mapping.readings import SOURCE_TYPES
from plugin.mapping.schema import (
    CURRENT_VERSION,
    SECONDARY_OUTPUT,
    SWITCHES,
    Headers,
    LossReasons,
    MappingSchema,
    ModelName,
    NativeStageSchema,
    Outputs,
    OutputSchema,
    Stages,
    Values,
    Version,
)
from plugin.mapping.source_faults import NEEDED, OF_TYPES, RIGHT_SIDES
from plugin.mapping.sources import DateFormat, Sign, Source, SourceSchema, ValueMap
from plugin.mapping.wording import DERIVED, OUTPUT, SOURCE, default_at, keys

DIALECT = "http://json-schema.org/draft-07/schema#"
_NAME: dict[str, Any] = {"type": "string", "pattern": f"^{PROPERTY}$"}
#: The new name of an output, and not what was meant for true or false.
_TARGET: dict[str, Any] = _NAME | {"not": {"enum": sorted(SWITCHES)}}
_SOURCE = {"$ref": "#/definitions/source"}
_NATIVE = "HubSpot's own lifecycle stage: written only by a table that says which of ours is which of it"
Meanings = Mapping[str, str]


def json_schema(outputs: Meanings = MappingProxyType({})) -> dict[str, Any]:
    """The schema of a whole mapping file (JSON Schema, draft 7); checks across keys are not in it.

    `outputs`: what each output says, by its standard name; they belong to the properties written.
    """
    title = {"$schema": DIALECT, "title": "Customer lifecycle: mapping file"}
    shared = {"definitions": {"source": {"anyOf": [dict(_NAME), *(_source(kind) for kind in SOURCE_TYPES)]}}}
    whole = _explained(_object(MappingSchema()), {key.path: key.meaning for key in keys()})
    said = whole["properties"]["outputs"]["anyOf"][0]["properties"]
    for name, meaning in outputs.items():
        said[name] = said[name] | {"description": meaning}
    return title | shared | whole | {"anyOf": [{"required": ["rules"]}, _shipped_models()]}


def _explained(shape: dict[str, Any], meanings: Meanings, path: str = "") -> dict[str, Any]:
    """Every key of an object and of the objects below, with its meaning, and the default that it has."""
    properties = {}
    for name, value in shape["properties"].items():
        here = f"{path}{name}"
        properties[name] = _below(value, meanings, f"{here}.") | _told(meanings.get(here, ""), here)
    return shape | {"properties": properties}


def _below(shape: dict[str, Any], meanings: Meanings, path: str) -> dict[str, Any]:
    """The sections; outputs explain themselves."""
    if path in ("outputs.", "derived_facts."):
        return shape
    if "properties" in shape:
        return _explained(shape, meanings, path)
    if "anyOf" in shape:
        return shape | {"anyOf": [_below(one, meanings, path) for one in shape["anyOf"]]}
    return shape


def _told(meaning: str, path: str) -> dict[str, Any]:
    """What an editor shows beside a key, and fills in for it."""
    default = default_at(path)
    if not meaning or default is None or isinstance(default, dict):
        return {"description": meaning} if meaning else {}
    held = json.dumps(default, ensure_ascii=False) if not isinstance(default, str) else default
    return {"description": f"{meaning.removesuffix('.')}. Default: {held}", "default": default}


def _shipped_models() -> dict[str, Any]:
    """Without rule files of one's own, only the models that ship can be chosen."""
    name = {"enum": list(SHIPPED_MODELS)}
    names = {"anyOf": [name, {"type": "array", "items": name}, {"type": "null"}]}
    chosen = {"properties": {"primary": name, "secondary": names}}
    return {"properties": {"models": {"anyOf": [chosen, {"type": "null"}]}}}


def _object(schema: Schema, meanings: Meanings = MappingProxyType({})) -> dict[str, Any]:
    properties = {name: _nullable(_field(field), field) for name, field in schema.fields.items()}
    shape = {"type": "object", "additionalProperties": False, "properties": properties}
    return _explained(shape, meanings) if meanings else shape


def _nullable(shape: dict[str, Any], field: fields.Field[Any]) -> dict[str, Any]:
    """Sections and fields that may be left empty."""
    empty = field.allow_none or isinstance(field, (fields.Nested, Outputs, Headers, LossReasons))
    return {"anyOf": [shape, {"type": "null"}]} if empty else shape


def _field(field: fields.Field[Any]) -> dict[str, Any]:
    """The shape of one field's value."""
    if isinstance(field, fields.Nested):
        return _object(field.schema)
    if isinstance(field, OneOrMany):
        one = _field(field.inner)
        return {"anyOf": [one, {"type": "array", "items": one, "uniqueItems": True}]}
    if isinstance(field, Source):
        return {"allOf": [_SOURCE]}  # beside a bare $ref nothing counts, no description either
    if isinstance(field, Number):
        kind = "integer" if field.whole else "number"
        return {"type": kind, "minimum": field.low, "maximum": field.high}
    if isinstance(field, Choice):
        return {"enum": list(field.words)}
    if isinstance(field, Known):
        return {"enum": sorted(field.names())}
    return _plain(field)


def _source(kind: str) -> dict[str, Any]:
    """The long form of a source of one type: only the keys that this type has."""
    known = SourceSchema().fields
    of_type = {key: field for key, field in known.items() if kind in OF_TYPES.get(key, SOURCE_TYPES)}
    properties = {key: _of_source(field, kind) for key, field in of_type.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(NEEDED),
        "properties": _described(properties | {"type": {"const": kind}}, SOURCE),
    }


def _described(properties: dict[str, Any], meanings: Meanings) -> dict[str, Any]:
    return {name: shape | {"description": meanings[name]} for name, shape in properties.items()}


def _of_source(field: fields.Field[Any], kind: str) -> dict[str, Any]:
    if isinstance(field, ValueMap):
        return {"type": "object", "additionalProperties": {"type": [*RIGHT_SIDES[kind], "null"]}}
    if isinstance(field, DateFormat):
        return {"type": "string", "examples": ["DD.MM.YYYY", "M/D/YYYY HH:mm"]}
    return {"enum": list(field.words)} if isinstance(field, Sign) else _field(field)


def _plain(field: fields.Field[Any]) -> dict[str, Any]:
    if isinstance(field, Outputs):
        one = {"anyOf": [{"type": "boolean"}, _TARGET, _object(OutputSchema(), OUTPUT)]}
        names = (*OUTPUT_NAMES, *(SECONDARY_OUTPUT + model for model in SHIPPED_MODELS))
        secondary = {f"^{SECONDARY_OUTPUT}[a-z][a-z0-9_]*$": one}
        properties: dict[str, Any] = dict.fromkeys(names, one)
        native = _object(NativeStageSchema(), OUTPUT) | {"required": ["stages"]}
        properties[LIFECYCLESTAGE] = {"anyOf": [{"const": False}, native], "description": _NATIVE}
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "patternProperties": secondary,
        }
    if isinstance(field, DerivedFacts):
        return {
            "type": "array",
            "items": _object(DerivedFactSchema(), DERIVED) | {"required": list(DerivedFacts.needed)},
        }
    if isinstance(field, Headers):
        return {"type": "object", "additionalProperties": _NAME}
    if isinstance(field, Values):
        return {"type": "object", "additionalProperties": {"type": ["string", "integer"], "minLength": 1}}
    if isinstance(field, Stages):
        theirs = {"type": ["string", "integer"]}
        return {"type": "object", "minProperties": 1, "additionalProperties": theirs}
    if isinstance(field, LossReasons):
        return {"type": "object", "additionalProperties": {"enum": list(LOSS_CATEGORIES)}}
    if isinstance(field, Property):
        return dict(_NAME)
    if isinstance(field, Version):
        return {"const": CURRENT_VERSION}
    if isinstance(field, (ModelName, FactName)):
        return {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,59}$"}
    return {"type": "boolean"} if isinstance(field, Switch) else {"type": ["string", "integer"]}
