"""Messages on a terminal of any width: whole words, whole places, nothing lost; in a pipe a line each."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from plugin.cli import cli, main
from plugin.cli.lines import tell_error, wrapped
from plugin.cli.show import PORTAL_COLUMNS, table
from plugin.lifecycle.rulefile import Problem, RuleError

SAID = "There is no key `lost_fixed_day` in thresholds. Cure: Did you mean lost_fixed_days?"
WORDS = st.lists(st.text("abc秋é-/:.", min_size=1, max_size=30), min_size=1, max_size=30)


@settings(max_examples=100)
@given(words=WORDS, indent=st.sampled_from(["", "  ", "    "]), width=st.integers(40, 120))
def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken(
    words: list[str], indent: str, width: int
) -> None:
    lines = wrapped(indent + " ".join(words), width).split("\n")
    assert [word for line in lines for word in line.split()] == words
    assert all(cell_len(line) <= width or len(line.split()) == 1 for line in lines)
    assert wrapped(f"{indent}columns   of a table", width) == f"{indent}columns   of a table"
    assert lines[0].startswith(indent)
    assert all(line.startswith(f"{indent}  ") for line in lines[1:])


@pytest.mark.parametrize("place", ["rules.yaml:3:14:", f"/home/a user/My rules/{'long/' * 12}r.yaml:3:14:"])
def test_a_place_stays_whole_at_the_beginning_of_its_line(place: str) -> None:
    first, *below = wrapped(f"{place} {SAID}", 50).split("\n")
    assert first.startswith(place)
    assert " ".join([first.removeprefix(place), *below]).split() == SAID.split()
    assert all(line.startswith("  ") and len(line) <= 50 for line in below)


def on_terminal(*arguments: str, columns: int, folder: Path) -> list[str]:
    """What a command prints on a terminal so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "plugin", *arguments]
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=folder
    ) as process:
        os.close(theirs)
        found = b""
        try:
            while part := os.read(ours, 65536):
                found += part
        except OSError:  # Linux: the other end was closed
            pass
        process.wait()
    os.close(ours)
    return found.decode().replace("\r\n", "\n").splitlines()


def test_the_faults_of_rules_fit_the_terminal(tmp_path: Path) -> None:
    """Each place begins a line, also of an error that ends the command."""
    (tmp_path / "r.yaml").write_text("conditions:\n  rich: revenu > 1 AND CASE WHEN buyr THEN 1 END = 2\n")
    shown = on_terminal("models", "check", "r.yaml", columns=50, folder=tmp_path)
    places = [line.split(": ")[0] for line in shown if line.startswith("r.yaml")]
    assert places == ["r.yaml:2:9", "r.yaml:2:34"]
    assert max(map(len, shown)) <= 50
    assert "unknown name 'buyr'; did you mean 'buyer'?" in " ".join(" ".join(shown).split())


def test_in_a_pipe_a_message_is_one_line_however_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("version: 1\nthresholds: {lost_fixed_day: 3}\n")
    done = CliRunner().invoke(cli, ["config", "check", str(file)], env={"DATA_DIR": str(tmp_path)})
    assert done.stderr == f"{file}:2:14: {SAID}\n"
    tell_error(RuleError([Problem("r.yaml", 2, 9, "wrong " * 30)]))
    assert capsys.readouterr().err.splitlines()[:2] == ["Error:", f"r.yaml:2:9: {'wrong ' * 30}"]


def test_colours_take_no_columns() -> None:
    line = "\x1b[32mok\x1b[0m  " + "word " * 10
    assert wrapped(line.strip(), 55) == line.strip()


@pytest.mark.parametrize(
    ("words", "meant"),
    [(["config", "versions"], "config history"), (["docter"], " doctor"), (["models", "lst"], "list")],
)
def test_a_command_that_there_is_not_is_told_with_the_one_that_was_meant(
    words: list[str], meant: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["lifecycle", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    told = capsys.readouterr().err.partition("Did you mean ")[2]
    assert told.strip().strip("'`?").endswith(meant)


def test_of_very_many_faults_a_terminal_shows_the_first_and_a_machine_gets_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are named from where one stands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "m.yaml").write_text("".join(f"key{n}: 1\n" for n in range(300)))
    told = CliRunner().invoke(cli, ["config", "check", str(tmp_path / "sub" / ".." / "m.yaml")]).stderr
    assert told.startswith("m.yaml:1:1: ")
    assert "... and 100 more; `--json` tells all." in told
    assert told.count("There is no key") == 200
    found = json.loads(CliRunner().invoke(cli, ["config", "check", "m.yaml", "--json"]).stdout)
    assert len(found) == 300


def test_no_heading_of_the_table_of_portals_is_cut_within_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (60, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        told = table("Portals", list(PORTAL_COLUMNS.values()), [["146425426", "live", 12, 0, 3, 0, 1.5]])
        assert all(word in told for name in PORTAL_COLUMNS.values() for word in name.split())
        assert max(map(len, told.splitlines())) <= width
