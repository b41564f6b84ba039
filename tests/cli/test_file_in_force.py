"""An edited mapping file: what commands say of it, and what they show; the world that a sandbox loaded."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from plugin.cli import show
from plugin.cli.sandbox import make_world, world_text
from plugin.errors import ConfigError, InputError
from plugin.sandbox import server
from plugin.sandbox.world import World
from tests.support.house import House
from tests.sync.test_commands import home, run, told, world  # noqa: F401 - fixtures

EXCERPT = Path(__file__).parents[1] / "data/opportunities"


@pytest.fixture
def file(home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """The file that LIFECYCLE_CONFIG names, in force as it was written first."""
    made = tmp_path / "lifecycle.yaml"
    made.write_text("version: 1\nlanguage: pl\n")
    monkeypatch.setenv("LIFECYCLE_CONFIG", str(made))
    assert run("install").exit_code == 0
    return made


def test_a_preview_says_which_version_it_shows_and_how_to_see_the_file(file: Path) -> None:
    """Before the edit nothing is said; nor where the file itself is previewed."""
    assert "not in force" not in run("preview").stderr
    file.write_text("version: 1\nlanguage: pl\nthresholds: {lost_fixed_days: 3650}\n")
    warned = run("preview")
    assert f"{file} was changed and is not in force. This preview shows the version in force" in warned.stderr
    assert "`lifecycle preview --config FILE`" in warned.stderr
    tried = run("preview", "--config", str(file))
    assert "not in force" not in tried.stderr
    assert tried.stdout != warned.stdout


@pytest.mark.parametrize("command", ["install", "backfill"])
def test_a_command_that_puts_an_edited_file_in_force_says_so_once(file: Path, command: str) -> None:
    """On standard error, so that what is printed as JSON stays JSON."""
    assert "now in force" not in run(command).output
    file.write_text("version: 1\nthresholds: {lost_fixed_days: 3650}\n")
    done = run(command, "--json")
    number = told("config", "history")[0]["version"]
    assert f"{file} was changed: version {number} is now in force.\n" in done.stderr
    assert "now in force" not in done.stdout
    assert "now in force" not in run(command).output


def test_a_version_is_written_into_a_file_whole(file: Path) -> None:
    """Byte for byte, through a link, with the rights that the file had; nothing is left beside it."""
    kept = file.read_bytes()
    assert run("config", "show", "2").stdout_bytes == kept
    file.write_text("# nothing yet\n")
    file.chmod(0o640)
    link = file.with_name("link.yaml")
    link.symlink_to(file)
    done = run("config", "show", "2", "--out", str(link))
    assert done.stdout == f"Wrote version 2 to {link}.\n"
    assert f"{file} is empty: version 2 stays in force" in done.stderr
    assert file.read_bytes() == kept
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert {one.name for one in file.parent.iterdir() if "lifecycle.yaml" in one.name} == {"lifecycle.yaml"}
    nowhere = run("config", "show", "--out", str(file.parent / "none/x.yaml"))
    assert isinstance(nowhere.exception, InputError)


def test_an_empty_file_is_a_fault_wherever_it_is_looked_at(file: Path) -> None:
    """Commands that put an edited file in force do not take it; check, apply and doctor tell the cure."""
    file.write_text("\n# later\n")
    assert isinstance(run("backfill").exception, ConfigError)
    assert isinstance(run("config", "apply", str(file)).exception, ConfigError)
    checked = run("config", "check", str(file))
    assert checked.exit_code == 2
    assert "The file is empty. Cure: Write `version: 1`" in checked.output
    looked = {one["name"]: one for one in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert looked["mapping"]["state"] == "fail"
    assert "version 2 stays in force" in looked["mapping in force"]["finding"]
    assert len(told("config", "history")) == 2


def test_a_preview_names_who_is_at_risk_in_the_mapping_s_language(file: Path) -> None:
    """A table of levels and one of flags, with the keys that `export --flag` takes."""
    assert file.exists()
    shown = run("preview").stdout
    assert "Risk levels" in shown
    assert "Risk flags" in shown
    assert "Brak" in shown


def test_a_comparison_heads_the_old_stage_as_what_is_so_now(file: Path, tmp_path: Path) -> None:
    """It counts from the outcomes kept, not from the CRM; and its sentences are good English."""
    assert run("backfill").exit_code == 0
    other = tmp_path / "other.yaml"
    other.write_text("version: 1\ncontact: {extras: [jobtitle]}\nthresholds: {lost_fixed_days: 3650}\n")
    shown = run("config", "diff", str(other)).stdout
    assert "contacts lack what is named" in shown
    assert "┃ now " in shown
    assert "in the CRM ┃" not in shown


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (1, "call", "1 call"),
        (0, "call", "0 calls"),
        (2, "company", "2 companies"),
        (8800, "deal", "8,800 deals"),
    ],
)
def test_one_is_no_many(number: int, noun: str, said: str) -> None:
    assert show.counted(number, noun) == said


def test_a_sandbox_says_what_it_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts are those of the records that it serves; the second start loads nothing."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(server, "run_sandbox", lambda **options: given.update(options))
    words = ["--world", str(EXCERPT), "--data", str(tmp_path), "--port", "0", "--at", "2026-11-22"]
    done = run("sandbox", *words)
    assert done.exit_code == 0, done.output
    loaded = given["world"]
    won = sum(deal.properties["dealstage"] == "closedwon" for deal in loaded.deals)
    counts = f"{len(loaded.companies)} companies, {len(loaded.contacts)} contacts, {len(loaded.deals)} deals"
    wanted = f"Loaded {counts} ({won} won); days moved so that the last is 22 Nov 2026."
    assert wanted in done.stdout
    (tmp_path / "sandbox.db").touch()
    assert "Loaded" not in run("sandbox", *words).stdout


def test_what_is_not_known_of_a_world_is_not_said() -> None:
    assert world_text(World()) == "Loaded no records."
    assert world_text(make_world("generated", size=3)).startswith("Loaded ")
    assert "moved" not in world_text(make_world("generated", size=3))
    assert world_text(make_world("cdnow", end=date(2026, 1, 5))).endswith("the last is 5 Jan 2026.")
