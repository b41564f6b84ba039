"""Commands about rules: check the mapping file, list, show and check stage models."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from plugin.errors import ConfigError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(epilog="Example: lifecycle config check lifecycle.yaml")
def config() -> None:
    """The mapping file: what the CRM's fields mean."""


@config.command("check", epilog="Example: lifecycle config check lifecycle.yaml")
@click.argument("file", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def config_check(file: Path | None, as_json: bool) -> None:
    """Name every fault of a mapping file with its line, column and cure. Default: LIFECYCLE_CONFIG."""
    from dataclasses import asdict

    from plugin import settings
    from plugin.mapping.load import check_mapping

    path = file or settings.load().config_path
    findings = check_mapping(path)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    for finding in () if as_json else findings:
        click.echo(finding.at(str(path or "default")), err=True)
    if any(finding.severity == "error" for finding in findings):
        sys.exit(2)
    if not as_json:
        click.echo(f"{path or 'The shipped default'} is in order.")


@click.group(epilog="Example: lifecycle models list")
def models() -> None:
    """Stage models: the eight published schemes, the default, and one's own."""


@models.command("list", epilog="Example: lifecycle models list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models_list(as_json: bool) -> None:
    """The stage models that can be chosen, with their stages."""
    from plugin.cli.show import table
    from plugin.lifecycle.models import available

    found = available()
    if as_json:
        click.echo(json.dumps({name: [stage.key for stage in model.stages] for name, model in found.items()}))
        return
    rows = [[name, " → ".join(stage.key for stage in model.stages)] for name, model in found.items()]
    click.echo(table("Stage models", ["name", "stages"], rows))


def unknown_model(name: str, known: list[str]) -> ConfigError:
    """The error for a model that does not exist."""
    from plugin.mapping.findings import did_you_mean

    return ConfigError(f"There is no stage model {name!r}.", cure=did_you_mean(name, known, "models"))
