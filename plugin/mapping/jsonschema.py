"""The mapping file as a JSON Schema, so that an editor completes keys and marks faults while one types."""

from __future__ import annotations

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

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME: dict[str, Any] = {"type": "string", "pattern": f"^{PROPERTY}$"}


def json_schema() -> dict[str, Any]:
    """The schema of a whole mapping file (JSON Schema 2020-12); checks across keys are not in it."""
    title = {"$schema": DIALECT, "title": "Customer lifecycle: mapping file"}
    shared = {"$defs": {"source": {"anyOf": [dict(_NAME), *(_source(kind) for kind in SOURCE_TYPES)]}}}
    return title | shared | _object(MappingSchema()) | {"anyOf": [{"required": ["rules"]}, _shipped_models()]}


def _shipped_models() -> dict[str, Any]:
    """Without rule files of one's own, only the models that ship can be chosen."""
    name = {"enum": list(SHIPPED_MODELS)}
    names = {"anyOf": [name, {"type": "array", "items": name}, {"type": "null"}]}
    chosen = {"properties": {"primary": name, "secondary": names}}
    return {"properties": {"models": {"anyOf": [chosen, {"type": "null"}]}}}


def _object(schema: Schema) -> dict[str, Any]:
    properties = {name: _nullable(_field(field), field) for name, field in schema.fields.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


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
        return {"$ref": "#/$defs/source"}
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
        "properties": properties | {"type": {"const": kind}},
    }


def _of_source(field: fields.Field[Any], kind: str) -> dict[str, Any]:
    if isinstance(field, ValueMap):
        return {"type": "object", "additionalProperties": {"type": [*RIGHT_SIDES[kind], "null"]}}
    if isinstance(field, DateFormat):
        return {"type": "string", "examples": ["DD.MM.YYYY", "M/D/YYYY HH:mm"]}
    return {"enum": list(field.words)} if isinstance(field, Sign) else _field(field)


def _plain(field: fields.Field[Any]) -> dict[str, Any]:
    if isinstance(field, Outputs):
        one = {"anyOf": [{"type": "boolean"}, _NAME, _object(OutputSchema())]}
        names = (*OUTPUT_NAMES, *(SECONDARY_OUTPUT + model for model in SHIPPED_MODELS))
        secondary = {f"^{SECONDARY_OUTPUT}[a-z][a-z0-9_]*$": one}
        properties: dict[str, Any] = dict.fromkeys(names, one)
        native = _object(NativeStageSchema()) | {"required": ["stages"]}
        properties[LIFECYCLESTAGE] = {"anyOf": [{"const": False}, native]}
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "patternProperties": secondary,
        }
    if isinstance(field, DerivedFacts):
        return {
            "type": "array",
            "items": _object(DerivedFactSchema()) | {"required": list(DerivedFacts.needed)},
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
