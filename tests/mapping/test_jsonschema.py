"""Editors get a schema that accepts what the loader accepts and names what it names."""

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from plugin.mapping.jsonschema import json_schema
from plugin.mapping.load import default_text, read_mapping


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    """The few keywords that the schema uses, as JSON Schema 2020-12 defines them."""
    kinds = {
        "string": isinstance(value, str),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "null": value is None,
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
    }
    if "$ref" in schema:
        return _fits(value, json_schema()["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    kind = schema.get("type", [])
    checks = [
        not kind or any(kinds[k] for k in ([kind] if isinstance(kind, str) else kind)),
        "anyOf" not in schema or any(_fits(value, one) for one in schema["anyOf"]),
        "enum" not in schema or value in schema["enum"],
        "const" not in schema or value == schema["const"],
        "pattern" not in schema
        or not isinstance(value, str)
        or re.search(schema["pattern"], value) is not None,
        "minimum" not in schema or not kinds["number"] or schema["minimum"] <= value <= schema["maximum"],
        not kinds["object"] or all(name in value for name in schema.get("required", ())),
        not kinds["array"] or all(_fits(item, schema.get("items", {})) for item in value),
        not kinds["object"] or all(_fits(v, _of(schema, k)) for k, v in value.items()),
    ]
    return all(checks)


def _of(schema: dict[str, Any], key: str) -> dict[str, Any]:
    rest = schema.get("additionalProperties", True)
    nothing: dict[str, Any] = {"enum": []}
    return schema.get("properties", {}).get(key) or (
        rest if isinstance(rest, dict) else {} if rest else nothing
    )


def _value(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_shipped_default_fits_and_the_schema_is_json():
    """Every key of the default is known to the schema, with the value it has there."""
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert _fits(_value(default_text()), schema)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("version: 1\nlanguage: pl\ncustomer: both", True),
        (
            "purchase: {amount: hs_arr, pipelines: [1, default]}\ncontact:\nthresholds: {decline_ratio: 0.4}",
            True,
        ),
        ("outputs: {clm_stage: our_stage, clm_rfm: false, clm_stage_path5: {write: true}}", True),
        ("headers: {Datum: closedate}", True),
        ("contact: {cancelled_on: {property: left_on, type: date, format: DD.MM.YYYY}}", True),
        ("contact: {markers: [demo, {property: quote, type: datetime}]}", True),
        ("contact: {nps: {property: mood, type: enumeration, values: {good: 9, bad: 2, none: }}}", True),
        ("purchase: {amount: {property: cents, type: number, scale: 0.01, decimal: ','}}", True),
        ("contact: {cancelled_on: {property: left_on}}", False),
        ("contact: {cancelled_on: {property: left_on, type: day}}", False),
        ("contact: {cancelled_on: {property: left_on, type: date, decimal: ','}}", False),
        ("contact: {cancelled: {property: gone, type: boolean, values: {ja: 1}}}", False),
        ("purchase: {amount: {property: Amount, type: number}}", False),
        ("purchase: {amount: {property: cents, type: number, scale: 0}}", False),
        ("langage: en", False),
        ("version: 2", False),
        ("purchase: {date: Close Date}", False),
        ("purchase: {margin_share: 40}", False),
        ("thresholds: {onboarding_days: 1.5}", False),
        ("outputs: {clm_stge: false}", False),
        ("outputs: {clm_stage: {mode: append}}", False),
        ("models: {primary: lifecycle}", False),
        ("time_zone: Europe/Warsow", False),
        ("headers: {Datum: Close Date}", False),
    ],
)
def test_schema_and_loader_agree(text, good):
    """What an editor marks is what the loader refuses."""
    errors = [f for f in read_mapping(text.encode())[1] if f.severity == "error"]
    assert _fits(_value(text), json_schema()) is good is not bool(errors)
