"""Commands about rules: list, show and check stage models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugin.cli.models_check import models_check
from plugin.cli.schemas import for_option, give
from plugin.errors import ConfigError

if TYPE_CHECKING:
    from plugin.lifecycle.stages import StageModel


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
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models_show(name: str, as_json: bool) -> None:
    """One stage model: its stages, with their rules in the order tried."""
    from plugin.cli.show import table
    from plugin.mapping.findings import did_you_mean

    known = _known()
    if name not in known:
        raise ConfigError(f"There is no stage model {name!r}.", cure=did_you_mean(name, known, "models"))
    model = known[name]
    if as_json:
        click.echo(json.dumps(_described(name, model), ensure_ascii=False))
        return
    stages = [[stage.key, *(stage.label(lang) for lang in ("en", "ru", "pl"))] for stage in model.stages]
    rules = [[model.stages[rule.stage].key, rule.text or "otherwise"] for rule in model.rules]
    click.echo(table(f"{name}: {model.label()}", ["stage", "English", "Russian", "Polish"], stages))
    click.echo(table("Rules, the first that holds wins", ["stage", "rule"], rules))


def _described(name: str, model: StageModel) -> dict[str, Any]:
    """A model as JSON: its stages with their labels, and its rules in the order tried."""
    languages = ("en", "ru", "pl")
    return {
        "name": name,
        "label": {lang: model.label(lang) for lang in languages},
        "stages": [
            {"key": stage.key, "label": {lang: stage.label(lang) for lang in languages}}
            for stage in model.stages
        ],
        "rules": [{"stage": model.stages[rule.stage].key, "when": rule.text or None} for rule in model.rules],
    }


@models.command("schema", epilog="Example: lifecycle models schema --for our-stages.yaml")
@for_option
def models_schema(file: Path | None) -> None:
    """The JSON Schema of rule files: with it an editor completes, explains and checks while one types."""
    from plugin.lifecycle.ruleschema import json_schema

    give(json_schema(), "rules.schema.json", file)


models.add_command(models_check)
