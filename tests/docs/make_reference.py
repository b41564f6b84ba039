"""Writes docs/reference.md from the code: `python -m tests.docs.make_reference` (or `make reference`).

Names, types and sentences come from where the program has them; a test compares the page with what this
gives, so that nothing can be in the one and not in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from plugin.cli import COMMANDS, cli
from plugin.errors import LifecycleError
from plugin.lifecycle import loading, offered
from plugin.lifecycle.reasons import BLANKS
from plugin.lifecycle.ruleschema import ENTRIES, TOP
from plugin.lifecycle.ruleschema import json_schema as rule_schema
from plugin.mapping.derived import DerivedFactSchema
from plugin.mapping.model import OUTPUT_NAMES
from plugin.mapping.schema import MappingSchema, NativeStageSchema, OutputSchema
from plugin.mapping.sources import SourceSchema
from plugin.mapping.wording import DERIVED, OUTPUT, SOURCE, keys
from plugin.sync import noting, refusals
from plugin.sync.property_texts import TEXTS
from plugin.testing import tables
from tests.docs.book import ROOT
from tests.docs.codes import error_classes, finding_codes, record_problems
from tests.docs.pages import code, table
from tests.docs.rules_part import conditions_shipped, facts, flags_and_segments, models_and_presets
from tests.docs.sentences import PROBLEMS, TABLES

PAGE = ROOT / "docs/reference.md"


def reference() -> str:
    """The whole page."""
    parts = (
        _head(),
        _mapping(),
        _thresholds(),
        _outputs(),
        facts(),
        conditions_shipped(),
        models_and_presets(),
        flags_and_segments(),
        _rule_files(),
        _tables(),
        _commands(),
        _settings(),
        _errors(),
        _findings(),
        _entry_points(),
    )
    return "".join(parts)


def _head() -> str:
    return (
        "# Reference\n\nEvery key, fact, condition, output, command, setting and code by name. "
        "This page is written by `make reference`\nfrom the code, and a test holds the two together: "
        "change the code, not the page. The [guide](guide.md) begins with tasks.\n"
    )


def _mapping() -> str:
    schema = MappingSchema()
    known = {key.path for key in keys() if "." not in key.path}
    assert known == set(schema.fields), known ^ set(schema.fields)
    rows = []
    for key in keys():
        if key.path.startswith(("thresholds.", "outputs.")):
            continue
        assert key.meaning, f"say in default.yaml what {key.path} means"
        rows.append([code(key.path), code(key.written), key.meaning])
    text = "\n## The mapping file\n\nWhat each key means, and what holds without it. "
    text += "[mapping.md](mapping.md) explains the whole.\n\n"
    text += table(("key", "default", "meaning"), rows)
    derived = _described(DERIVED, DerivedFactSchema().fields, "derived_facts[].")
    sources = _described(SOURCE, SourceSchema().fields, "SOURCE.")
    of_outputs = {**OutputSchema().fields, **NativeStageSchema().fields}
    outputs = _described(OUTPUT, of_outputs, "outputs.NAME.")
    return text + "\n" + table(("key of an entry", "meaning"), [*sources, *derived, *outputs])


def _described(sentences: dict[str, str], keys: Iterable[str], before: str = "") -> list[list[str]]:
    listed = list(keys)
    assert set(listed) == set(sentences), f"describe {set(listed) ^ set(sentences)} in {__name__}"
    return [[code(before + key), sentences[key]] for key in listed]


def _thresholds() -> str:
    found = [key for key in keys() if key.path.startswith("thresholds.")]
    assert all(key.meaning for key in found), "say in default.yaml what each threshold means"
    body = [[code(key.path.partition(".")[2]), key.written, key.meaning] for key in found]
    return (
        "\n## Thresholds\n\nNumbers that conditions name; days unless the name says otherwise.\n\n"
        + table(("threshold", "default", "meaning"), body)
    )


def _outputs() -> str:
    rows = [[code(name), *TEXTS["en"][name]] for name in OUTPUT_NAMES]
    rows.append(["`clm_stage_NAME`", "Customer stage: …", "The stage in a secondary model."])
    return "\n## Outputs\n\nThe properties written to the CRM.\n\n" + table(
        ("output", "label", "what it says"), rows
    )


def _rule_files() -> str:
    rows = _described(TOP, (*loading._TOP, *loading._MORE))
    blanks = ", ".join(code(f"{{{name}}}") for name in BLANKS)
    text = "\n## Rule files\n\n" + table(("key", "holds"), rows)
    text += "\nOf their entries:\n\n" + table(("key", "of", "holds"), _of_entries())
    return f"{text}\nIn sentences `{{NAME}}` is filled in by the fact of that name; besides: {blanks}.\n"


def _of_entries() -> list[list[str]]:
    """The keys below the sections of a rule file, with the sections that have them."""
    owners: dict[str, dict[str, None]] = {}

    def walk(shape: dict[str, Any], section: str) -> None:
        for name, below in shape.get("properties", {}).items():
            if name not in ("en", "ru", "pl"):
                owners.setdefault(name, {})[section] = None
            walk(below, section)
        for part in (shape.get("items"), shape.get("additionalProperties"), *shape.get("anyOf", ())):
            if isinstance(part, dict):
                walk(part, section)

    for section, shape in rule_schema()["properties"].items():
        walk(shape, section)
    assert set(owners) == set(ENTRIES), set(owners) ^ set(ENTRIES)
    return [[code(name), ", ".join(map(code, owners[name])), ENTRIES[name]] for name in owners]


def _tables() -> str:
    rows = _described(TABLES, dict.fromkeys((*tables._TOP, *tables._CASE)))
    return "\n## Tables of customers\n\n" + table(("key", "holds"), rows)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and sub-command by its full name."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", command.commands[sub]) for sub in sorted(command.commands))
        else:
            yield name, command


def _commands() -> str:
    rows = []
    for name, command in commands():
        given = [_parameter(p) for p in command.params if p.name != "help"]
        first = (command.help or "").strip().partition("\n")[0]
        rows.append([code(f"lifecycle {name}"), first, " ".join(given)])
    return "\n## Commands\n\n" + table(("command", "what it does", "takes"), rows)


def _parameter(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return code(max(parameter.opts, key=len))
    return code(parameter.human_readable_name)


def _settings() -> str:
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"^\| `[A-Z_]+` ", line)]
    text = "\n## Settings\n\nFrom the environment ([settings.md](settings.md)).\n\n"
    return text + "\n".join(["| name | meaning | default |", "| --- | --- | --- |", *rows]) + "\n"


def _errors() -> str:
    rows = [
        [code(kind.code), _first_sentence(kind), "no" if kind.permanent else "yes", kind.default_cure]
        for kind in error_classes()
    ]
    text = "\n## Error codes\n\nWhat a command ends with (status 2 for what you can correct, else 1), "
    text += "and the code of what was given up (`lifecycle parked list`).\n\n"
    rows.append(
        [
            "`evaluate_failed`",
            "A record could not be computed; the others went on.",
            "no",
            "Look at the record's values, then `lifecycle parked retry`.",
        ]
    )
    refused = {**noting.CURES, **refusals._CURES}
    rows += [
        [code(name), "HubSpot refused a value or property of ours.", "no", cure]
        for name, cure in refused.items()
    ]
    return text + table(("code", "meaning", "again may help", "cure"), rows)


def _first_sentence(kind: type[LifecycleError]) -> str:
    return " ".join((kind.__doc__ or "").strip().partition("\n\n")[0].split())


def _findings() -> str:
    rows = [[code(name), message] for name, message in sorted(finding_codes().items())]
    missing = record_problems() ^ set(PROBLEMS)
    assert not missing, f"describe {missing} in {__name__}"
    more = [[code(problem), meaning] for problem, meaning in PROBLEMS.items()]
    more.append(
        ["`its function … raised …`", "a derived fact failed on these inputs: unknown for those records"]
    )
    more.append(
        ["`its function's answer depends on other rows …`", "a derived fact is not pure: unknown for all"]
    )
    return (
        "\n## Findings\n\nOf fits (`lifecycle clv`, a portal's predictions), by code:\n\n"
        + table(("code", "message"), rows)
        + "\nOf records (values that count as unknown), by problem:\n\n"
        + table(("problem", "meaning"), more)
    )


def _entry_points() -> str:
    rows = [
        [code(offered.GROUP), "functions that derived facts name ([guide](guide.md))"],
        [
            "`pytest11`",
            "`plugin.testing.pytest_plugin`: tables of customers as tests; the fixture `customer_table`",
        ],
    ]
    return "\n## Entry points\n\n" + table(("group", "what it is for"), rows)


def write() -> Path:
    """Write the page."""
    PAGE.write_text(reference(), encoding="utf-8")
    return PAGE


if __name__ == "__main__":
    write()
