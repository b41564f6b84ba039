"""The documentation names what there is: every command, every setting, every file it links to."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from plugin.cli import COMMANDS, cli
from plugin.settings import NAMES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """`--help` ends with a line that can be copied."""
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    example = shown.output.partition("Example:")[2]
    assert f"lifecycle {name}" in example


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    """docs/settings.md is the list of settings."""
    text = (ROOT / "docs/settings.md").read_text()
    assert set(re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE)) == set(NAMES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links within the repository name files that are there."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    """A command in the documentation can be run."""
    text = page.read_text()
    named = re.findall(r"`lifecycle ([a-z][a-z-]+)", text)
    run = re.findall(r"^(?:\.venv/bin/)?lifecycle ([a-z][a-z-]+)", text, re.MULTILINE)
    for name in (*named, *run):
        assert name in COMMANDS, name


def test_the_makefiles_targets_that_pages_name_exist() -> None:
    """`make demo` and its like."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"(?:^|`)make ([a-z]+)\b", page.read_text(), re.MULTILINE):
            assert target in targets, (page, target)


def test_the_deployments_processes_are_commands() -> None:
    """What Fly starts is what the command line has."""
    processes = tomllib.loads((ROOT / "fly.toml").read_text())["processes"]
    assert set(processes) == {"web", "worker", "scheduler"}
    assert all(line.split()[0] == "lifecycle" and line.split()[1] in COMMANDS for line in processes.values())
