"""Writes docs/reference.md from the code: `python -m tests.docs.make_reference` (or `make reference`).

Names, types and sentences come from where the program has them; a test compares the page with what this
gives, so that nothing can be in the one and not in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from plugin.cli import COMMANDS, cli
from plugin.errors import LifecycleError
from plugin.lifecycle import loading, offered
from plugin.lifecycle.reasons import BLANKS
from plugin.mapping.derived import DerivedFactSchema
from plugin.mapping.load import default_text
from plugin.mapping.model import OUTPUT_NAMES
from plugin.mapping.schema import MappingSchema, OutputSchema
from plugin.mapping.sources import SourceSchema
from plugin.sync import refusals, writeback
from plugin.sync.property_texts import _EN
from plugin.testing import tables
from tests.docs.book import ROOT
from tests.docs.codes import error_classes, finding_codes, record_problems
from tests.docs.pages import code, table
from tests.docs.rules_part import conditions_shipped, facts, flags_and_segments, models_and_presets
from tests.docs.sentences import DERIVED, OUTPUT, PROBLEMS, RULES, SOURCE, TABLES

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


def default_keys() -> list[tuple[str, str, str]]:
    """(key with its section, default, meaning) of every line of the shipped default mapping."""
    found: list[tuple[str, str, str]] = []
    section, above = "", ""
    for line in default_text().splitlines():
        if line.startswith("#"):
            above = f"{above} {line.lstrip('# ')}".strip()
        elif match := re.match(r"^( *)([a-z_]+):(.*)$", line):
            indent, key, rest = match.groups()
            value, _, comment = rest.partition("#")
            section = section if indent else key
            name = f"{section}.{key}" if indent else key
            found.append((name, value.strip(), comment.strip() or ("" if indent else above)))
            above = ""
        elif item := re.match(r"^ *- (.*)$", line):
            name, value, comment = found[-1]
            found[-1] = (name, f"{value}, {item[1]}".removeprefix(", "), comment)
        else:
            above = ""
    return found


def _mapping() -> str:
    schema = MappingSchema()
    known = {name for name, _, _ in default_keys() if "." not in name}
    assert known == set(schema.fields), known ^ set(schema.fields)
    contact = {n.partition(".")[2]: m for n, _, m in default_keys() if n.startswith("contact.")}
    rows = []
    for name, value, meaning in default_keys():
        section, _, key = name.partition(".")
        if section in ("thresholds", "outputs") and key:
            continue
        sentence = meaning or (contact.get(key, "") if section == "company" else "")
        assert sentence, f"say in default.yaml what {name} means"
        rows.append([code(name), code(value), sentence])
    text = "\n## The mapping file\n\nWhat each key means, and what holds without it. "
    text += "[mapping.md](mapping.md) explains the whole.\n\n"
    text += table(("key", "default", "meaning"), rows)
    derived = _described(DERIVED, DerivedFactSchema().fields, "derived_facts[].")
    sources = _described(SOURCE, SourceSchema().fields, "SOURCE.")
    outputs = _described(OUTPUT, OutputSchema().fields, "outputs.NAME.")
    return text + "\n" + table(("key of an entry", "meaning"), [*sources, *derived, *outputs])


def _described(sentences: dict[str, str], keys: Iterable[str], before: str = "") -> list[list[str]]:
    listed = list(keys)
    assert set(listed) == set(sentences), f"describe {set(listed) ^ set(sentences)} in {__name__}"
    return [[code(before + key), sentences[key]] for key in listed]


def _thresholds() -> str:
    rows = [(n.partition(".")[2], v, m) for n, v, m in default_keys() if n.startswith("thresholds.")]
    assert all(meaning for _, _, meaning in rows), "say in default.yaml what each threshold means"
    body = [[code(name), value, meaning] for name, value, meaning in rows]
    return (
        "\n## Thresholds\n\nNumbers that conditions name; days unless the name says otherwise.\n\n"
        + table(("threshold", "default", "meaning"), body)
    )


def _outputs() -> str:
    rows = [[code(name), _EN[name][0], _EN[name][1]] for name in OUTPUT_NAMES]
    rows.append(["`clm_stage_NAME`", "Customer stage: …", "The stage in a secondary model."])
    return "\n## Outputs\n\nThe properties written to the CRM.\n\n" + table(
        ("output", "label", "what it says"), rows
    )


def _rule_files() -> str:
    rows = _described(RULES, (*loading._TOP, *loading._MORE))
    blanks = ", ".join(code(f"{{{name}}}") for name in BLANKS)
    text = "\n## Rule files\n\n" + table(("key", "holds"), rows)
    return f"{text}\nIn sentences `{{NAME}}` is filled in by the fact of that name; besides: {blanks}.\n"


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
    refused = {**writeback._CURES, **refusals._CURES}
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
