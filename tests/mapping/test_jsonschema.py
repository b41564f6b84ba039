"""Editors get schemas that accept what the loaders accept, name what they name, and explain every key."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from plugin.errors import ConfigError
from plugin.lifecycle import ruleschema
from plugin.lifecycle.models import check_models
from plugin.mapping import presets
from plugin.mapping.jsonschema import json_schema
from plugin.mapping.load import default_text, read_mapping
from plugin.mapping.model import Mapping

MAPPINGS = Draft7Validator(json_schema())
RULES = Draft7Validator(ruleschema.json_schema())
SHIPPED = sorted(Path("plugin/lifecycle").glob("*/*.yaml"))


def _value(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("schema", [MAPPINGS.schema, RULES.schema])
def test_schemas_are_right_themselves(schema):
    """They are JSON, and JSON Schemas."""
    assert json.loads(json.dumps(schema)) == schema
    Draft7Validator.check_schema(schema)


def _unexplained(shape: Any, path: str = "") -> Iterator[str]:
    if isinstance(shape, list):
        for one in shape:
            yield from _unexplained(one, path)
    for key, value in shape.items() if isinstance(shape, dict) else ():
        if key == "properties":
            yield from (f"{path}.{name}" for name, below in value.items() if not below.get("description"))
            for name, below in value.items():
                yield from _unexplained(below, f"{path}.{name}")
        else:
            yield from _unexplained(value, path)


def test_every_key_is_explained():
    """Whoever points at a key reads what it means; texts' languages need no word, models' names one once."""
    outputs = dict.fromkeys(MAPPINGS.schema["properties"]["outputs"]["anyOf"][0]["properties"], "said")
    left = {path for path in _unexplained(json_schema(outputs)) if not path.startswith(".models")}
    assert not left
    assert {path.rpartition(".")[2] for path in _unexplained(RULES.schema)} == {"en", "ru", "pl"}
    days = MAPPINGS.schema["properties"]["thresholds"]["anyOf"][0]["properties"]["stalled_deal_days"]
    assert days["description"] == "an open deal that did not move. Default: 60"


def test_the_shipped_default_and_presets_fit():
    """Every key of what ships is known to the schema, with the value it has there."""
    for text in (default_text(), *(presets.text(name) for name in presets.SUMMARIES)):
        MAPPINGS.validate(_value(text))


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
        ("outputs: {clm_rfm: off}", False),
        ("outputs: {clm_stage: {mode: append}}", False),
        ("models: {primary: lifecycle}", False),
        ("time_zone: Europe/Warsow", False),
        ("headers: {Datum: Close Date}", False),
    ],
)
def test_schema_and_loader_agree(text, good):
    """What an editor marks is what the loader refuses."""
    errors = [f for f in read_mapping(text.encode())[1] if f.severity == "error"]
    assert MAPPINGS.is_valid(_value(text)) is good is not bool(errors)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_rule_file_that_ships_fits(path):
    """The schema knows all that rules can say."""
    RULES.validate(_value(path.read_text("utf-8")))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("conditions: {quiet: days_since_purchase > 9, odd: {when: nps <= 3, unknown: keep}}", True),
        ("conditions: {odd: {when: nps <= 3, unknown: false}}", True),
        ("segments: [{key: big, labels: {en: Big}, when: revenue > 10}]", True),
        ("plays: {ring: {goal: Keep them, action: {en: Ring}, due_days: 3, task: true}}", True),
        ("model: m\nstages: [{key: a, colour: '#112233', terminal: true}]\nrules: [{stage: a}]", True),
        ("stake: {more: buyer, less: NOT buyer}", True),
        ("stake: {mor: buyer}", False),
        ("segment: [{key: big, when: lost}]", False),
        ("segments: [{key: big}]", False),
        ("segments: [{when: lost}]", False),
        ("segments: [{key: Big Ones, when: lost}]", False),
        ("segments: {big: lost}", False),
        ("conditions: {odd: {when: nps <= 3, unknown: maybe}}", False),
        ("flags: [{key: late, when: lost, severity: 4}]", False),
        ("flags: [{key: late, when: lost, severity: high}]", False),
        ("plays: {ring: {due_days: soon}}", False),
        ("plays: {ring: {task: 'yes'}}", False),
        ("model: m\nrules: [{stage: a}]", False),
        ("model: m\nstages: [{key: a, colour: red}]\nrules: [{stage: a}]", False),
        ("model: m\nstages: [{key: a, terminal: never}]\nrules: [{stage: a}]", False),
    ],
)
def test_rule_schema_and_loader_agree(text, good, tmp_path):
    """What an editor marks in a rule file is what the loader refuses, with the line."""
    file = tmp_path / "rules.yaml"
    file.write_text(text, "utf-8")
    told = _refused(file)
    assert RULES.is_valid(_value(text)) is good is not bool(told)
    assert f"{file}:" in (told or f"{file}:")


def _refused(file: Path) -> str:
    try:
        check_models(Mapping(), [file])
    except ConfigError as error:
        return str(error)
    return ""
