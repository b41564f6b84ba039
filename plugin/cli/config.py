"""The family of commands about the mapping file; here those that need no version: check, preset, schema."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli import show
from plugin.cli.config_diff import config_diff
from plugin.cli.config_init import config_init
from plugin.cli.config_versions import config_apply, config_history, config_rollback, config_show
from plugin.cli.lines import say
from plugin.cli.portal import FILE, as_json_option
from plugin.cli.schemas import for_option, give

if TYPE_CHECKING:
    from plugin.jobs.config_check import Found

#: Findings that a terminal shows; machines get all.
MOST_SHOWN = 200


@click.group(epilog="Example: lifecycle config check lifecycle.yaml")
def config() -> None:
    """The mapping file: what the CRM's fields mean."""


@config.command("check", epilog="Example: lifecycle config check lifecycle.yaml --portal")
@click.argument("file", type=FILE, required=False)
@click.option(
    "--portal", "live", is_flag=True, help="Also against the portal's pipelines, properties, limits."
)
@as_json_option
def config_check(file: Path | None, live: bool, as_json: bool) -> None:
    """Name every fault of a mapping file and its rule files with line, column and cure.

    Default: the file that LIFECYCLE_CONFIG names. With --portal the CRM is asked; nothing is changed there.
    """
    from plugin import settings
    from plugin.cli import checking

    path = file or settings.load().config_path
    found = _in_portal(path, hidden=as_json) if live else _by_itself(path)
    if not any(finding.severity == "error" for _, finding in found):
        found += checking.rule_findings(path)
    _tell(found, as_json)
    if not as_json:
        say(f"{path or 'The shipped default'} is in order.{_stands_for(path)}")


def _by_itself(path: Path | None) -> Found:
    from plugin.jobs.config_check import check_file

    return check_file(path)


def _in_portal(path: Path | None, *, hidden: bool) -> Found:
    from plugin.cli.alone import crm_alone, settings_without_file
    from plugin.jobs.config_portal import check_in_portal

    with show.progress(hidden=hidden) as bar:
        return check_in_portal(lambda: crm_alone(settings_without_file()), path, bar)


def _stands_for(path: Path | None) -> str:
    """What holds where a file says nothing of its own."""
    from plugin.mapping.load import load_mapping
    from plugin.mapping.model import Mapping

    if path is None or load_mapping(path) != Mapping():
        return ""
    default = Mapping()
    return (
        " It says nothing that differs from the shipped default: customers are contacts, every won deal "
        f"of any pipeline is a purchase, stages are those of {default.models.primary}, in English, and "
        f"{len(default.written_outputs())} properties are written (`lifecycle config init` writes it out)."
    )


def _shown(name: str) -> str:
    """A file as people name it from where they are; one that stands elsewhere by its whole path."""
    path = Path(os.path.normpath(name))
    here = path.is_absolute() and path.is_relative_to(Path.cwd())
    return str(path.relative_to(Path.cwd()) if here else path)


def _tell(found: Found, as_json: bool) -> None:
    """Print findings; exit status 2 where there is an error among them."""
    from dataclasses import asdict

    if as_json:
        click.echo(json.dumps([{"file": name, **asdict(finding)} for name, finding in found]))
    for name, finding in () if as_json else found[:MOST_SHOWN]:
        say(finding.at(_shown(name)), err=True)
    if not as_json and len(found) > MOST_SHOWN:
        say(f"... and {len(found) - MOST_SHOWN:,} more; `--json` tells all.", err=True)
    if not as_json and any(finding.severity == "error" and not finding.cure for _, finding in found):
        say("Correct these lines; `lifecycle models check FILE` tries a rule file by itself.", err=True)
    if any(finding.severity == "error" for _, finding in found):
        sys.exit(2)


@config.command("preset", epilog="Example: lifecycle config preset subscriptions --rules")
@click.argument("name", required=False)
@click.option("--rules", is_flag=True, help="Print the rules that the preset brings, not its mapping.")
def config_preset(name: str | None, rules: bool) -> None:
    """List the presets for common businesses, or print one."""
    from plugin.mapping import presets

    if name is None:
        click.echo(show.table("Presets", ["name", "for"], [list(row) for row in presets.SUMMARIES.items()]))
        return
    text = presets.text(name)
    click.echo(presets.rules_text(name) if rules else text, nl=False)


@config.command("schema", epilog="Example: lifecycle config schema --for lifecycle.yaml")
@for_option
def config_schema(file: Path | None) -> None:
    """The JSON Schema of mapping files: with it an editor completes, explains and checks while one types."""
    from plugin.mapping.jsonschema import json_schema
    from plugin.sync.property_texts import TEXTS

    outputs = {name: f"{label}: {said}" for name, (label, said) in TEXTS["en"].items()}
    give(json_schema(outputs), "mapping.schema.json", file)


for _command in (config_init, config_diff, config_apply, config_rollback, config_history, config_show):
    config.add_command(_command)
