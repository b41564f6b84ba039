"""Commands about rules: check the mapping file, list, show and check stage models."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.errors import ConfigError, InputError

if TYPE_CHECKING:
    from plugin.lifecycle.stages import StageModel

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(epilog="Example: lifecycle config check lifecycle.yaml")
def config() -> None:
    """The mapping file: what the CRM's fields mean."""


@config.command("check", epilog="Example: lifecycle config check lifecycle.yaml")
@click.argument("file", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def config_check(file: Path | None, as_json: bool) -> None:
    """Name every fault of a mapping file, and of the rules and functions it names, with its cure.

    Default: LIFECYCLE_CONFIG.
    """
    from plugin import settings
    from plugin.cli import checking
    from plugin.mapping.load import check_mapping

    path = file or settings.load().config_path
    found = [(str(path or "default"), finding) for finding in check_mapping(path)]
    if not any(finding.severity == "error" for _, finding in found):
        found += checking.rule_findings(path)
    if as_json:
        click.echo(json.dumps([checking.as_json(placed) for placed in found]))
    for name, finding in () if as_json else found:
        click.echo(finding.at(name), err=True)
    if any(finding.severity == "error" for _, finding in found):
        sys.exit(2)
    if not as_json:
        click.echo(f"{path or 'The shipped default'} is in order.")


@config.command("init", epilog="Example: lifecycle config init lifecycle.yaml")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="lifecycle.yaml")
@click.option("--preset", help="For a kind of business: b2b, subscriptions, shop or services.")
def config_init(file: Path, preset: str | None) -> None:
    """Write a first mapping file with its comments, to be edited: the shipped default, or a preset."""
    from plugin.mapping import presets
    from plugin.mapping.load import default_text

    text = presets.text(preset) if preset else default_text()

    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError as error:
        raise InputError(f"{file} exists already.", cure="Name another file, or delete that one.") from error
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.", cure="Name another.") from error
    click.echo(
        f"Wrote {file}. Edit it, check it with `lifecycle config check {file}`, and set LIFECYCLE_CONFIG."
    )


@config.command("preset", epilog="Example: lifecycle config preset subscriptions --rules")
@click.argument("name", required=False)
@click.option("--rules", is_flag=True, help="Print the rules that the preset brings, not its mapping.")
def config_preset(name: str | None, rules: bool) -> None:
    """List the presets for common businesses, or print one."""
    from plugin.cli.show import table
    from plugin.mapping import presets

    if name is None:
        click.echo(table("Presets", ["name", "for"], [list(row) for row in presets.SUMMARIES.items()]))
        return
    text = presets.text(name)
    click.echo(presets.rules_text(name) if rules else text, nl=False)


@config.command("schema", epilog="Example: lifecycle config schema > mapping.schema.json")
def config_schema() -> None:
    """Print the JSON Schema of mapping files, so that an editor completes and marks while one types."""
    from plugin.mapping.jsonschema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@click.group(epilog="Example: lifecycle models list")
def models() -> None:
    """Stage models: the eight published schemes, the default, and one's own."""


@models.command("list", epilog="Example: lifecycle models list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models_list(as_json: bool) -> None:
    """The stage models that can be chosen, with their stages."""
    from plugin.cli.show import table

    found = _known()
    if as_json:
        click.echo(json.dumps({name: [stage.key for stage in model.stages] for name, model in found.items()}))
        return
    rows = [[name, " → ".join(stage.key for stage in model.stages)] for name, model in found.items()]
    click.echo(table("Stage models", ["name", "stages"], rows))


def _known() -> Mapping[str, StageModel]:
    from plugin import settings, wiring

    _, loaded = wiring.rules(settings.load().config_path)
    return loaded.known


@models.command("show", epilog="Example: lifecycle models show maturity7")
@click.argument("name")
def models_show(name: str) -> None:
    """One stage model: its stages, with their rules in the order tried."""
    from plugin.cli.show import table
    from plugin.mapping.findings import did_you_mean

    known = _known()
    if name not in known:
        raise ConfigError(f"There is no stage model {name!r}.", cure=did_you_mean(name, known, "models"))
    model = known[name]
    stages = [[stage.key, *(stage.label(lang) for lang in ("en", "ru", "pl"))] for stage in model.stages]
    rules = [[model.stages[rule.stage].key, rule.text or "otherwise"] for rule in model.rules]
    click.echo(table(f"{name}: {model.label()}", ["stage", "English", "Russian", "Polish"], stages))
    click.echo(table("Rules, the first that holds wins", ["stage", "rule"], rules))


@models.command("check", epilog="Example: lifecycle models check our-stages.yaml")
@click.argument("files", nargs=-1, type=_FILE)
def models_check(files: tuple[Path, ...]) -> None:
    """Check rule files: faults with line and column, warnings about stages that cannot be reached."""
    from plugin import settings, wiring
    from plugin.lifecycle.models import check_models

    mapping, _ = wiring.rules(settings.load().config_path)
    for warning in check_models(mapping, (*mapping.rules, *files)):
        click.echo(f"warning: {warning}", err=True)
    click.echo("The rules are in order.")
