"""What somebody meets who has never seen the product: names nearly right, other folders, empty files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from plugin.cli import show
from plugin.cli.checks.check import FAIL, OK, SKIP, WARN, Check
from plugin.cli.checks.server import server_checks
from plugin.cli.config_versions import _about, _by
from plugin.cli.doctor import doctor
from plugin.clock import SystemClock
from plugin.mapping import presets
from plugin.records import portals
from plugin.records.store import Store
from plugin.settings import load
from tests.cli.test_offline import CONTACTS, DEALS
from tests.support.commands import lifecycle


@pytest.mark.parametrize(
    ("name", "meant"), [("b2c", "shop"), ("saas", "subscriptions"), ("shopp", "shop"), ("B2B", "b2b")]
)
def test_a_preset_by_another_name_is_answered_with_the_nearest_and_what_each_is_for(
    tmp_path: Path, name: str, meant: str
) -> None:
    """And no file is written."""
    done = lifecycle(tmp_path, "config", "init", "m.yaml", "--preset", name)
    assert done.returncode == 2
    assert f"Did you mean {meant}?" in done.stderr
    assert "people who order often" in done.stderr
    assert not (tmp_path / "m.yaml").exists()
    assert "The presets are:" in lifecycle(tmp_path, "config", "preset", "zzz", "--rules").stderr


def test_a_file_that_says_nothing_is_told_what_it_stands_for(tmp_path: Path) -> None:
    """Not only that it is in order; one that says something is not explained."""
    (tmp_path / "m.yaml").write_text("version: 1\n")
    said = lifecycle(tmp_path, "config", "check", "m.yaml").stdout
    assert "m.yaml is in order. It says nothing that differs from the shipped default: customers are" in said
    assert "22 properties are written" in said
    (tmp_path / "m.yaml").write_text("version: 1\nlanguage: pl\n")
    assert lifecycle(tmp_path, "config", "check", "m.yaml").stdout == "m.yaml is in order.\n"


def test_a_command_with_a_file_does_not_ask_for_another(tmp_path: Path) -> None:
    """LIFECYCLE_CONFIG may name what is not there; without a file one is told where it was looked for."""
    (tmp_path / "c.csv").write_text(CONTACTS)
    (tmp_path / "d.csv").write_text(DEALS)
    (tmp_path / "m.yaml").write_text("version: 1\n")
    gone = {"LIFECYCLE_CONFIG": "gone.yaml"}
    files = ("--contacts", "c.csv", "--deals", "d.csv", "--config", "m.yaml", "--at", "2026-11-22")
    done = lifecycle(tmp_path, "explain", "101", *files, **gone)
    assert (done.returncode, done.stderr) == (0, "")
    assert lifecycle(tmp_path, "config", "check", "m.yaml", **gone).returncode == 0
    missing = lifecycle(tmp_path, "config", "check", **gone)
    assert missing.returncode == 2
    assert (
        f"there is no file {tmp_path / 'gone.yaml'} (a relative path counts from the folder" in missing.stderr
    )


def test_the_history_fits_a_terminal_of_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut: a long note goes on in the next line."""
    monkeypatch.setenv("COLUMNS", "80")
    note = "the new pipeline of the Polish branch, as agreed in May, and thresholds of forty days"
    row = {
        "source": "command",
        "who": "administrator",
        "file": "/srv/house/config/lifecycle.yaml",
        "note": note,
    }
    cells = [["12", "2026-11-22 19:58", _by(row), _about(row)]]
    text = show.table("Versions", ("version", "at (UTC)", "who", "file and note"), cells)
    assert max(map(len, text.splitlines())) <= 80
    plain = " ".join(line.strip("│ ").split("│")[-1].strip() for line in text.splitlines()[4:-1])
    assert plain == f"lifecycle.yaml: {note}"
    assert _by({**row, "source": "file", "who": "file /srv/x.yaml"}) == "the watched file"


def test_a_title_is_one_line_however_narrow_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    first, border, *_ = show.table("Properties with another value", ["a", "n"], [["x", 1]]).splitlines()
    assert (first, border[0]) == ("Properties with another value", "┏")


def test_a_doctor_without_a_server_says_what_it_did_not_look_at(tmp_path: Path) -> None:
    """And goes on with what needs none."""
    store = Store(f"sqlite:///{tmp_path / 'lifecycle.db'}")
    store.migrate()
    with store.write() as connection:
        portals.remember(connection, store, 4242, "UTC", "USD", "app.hubspot.com")
    chosen = load({"DATA_DIR": str(tmp_path)})
    found = list(server_checks(chosen, SystemClock()))
    assert [(one.name, one.state) for one in found] == [("server", WARN), ("inbox", OK)]
    assert "queue, workers and scheduler were not looked at" in found[0].finding
    with store.write() as connection:
        portals.change(connection, 4242, mode=portals.LIVE)
    missed = next(iter(server_checks(chosen, SystemClock())))
    assert (missed.state, "portal 4242 is live, and its changes wait" in missed.finding) == (FAIL, True)
    store.close()


@pytest.mark.parametrize(
    ("states", "status", "last"),
    [
        ((OK, SKIP), 0, "All is well; 1 could not be looked at from here."),
        ((OK, WARN, SKIP), 0, "Nothing is broken; 1 warning is of what is not begun yet"),
        ((OK, WARN, FAIL), 1, "1 check failed: each says its cure. 1 warning is beside."),
    ],
)
def test_a_doctors_exit_status_says_what_its_last_line_says(
    states: tuple[str, ...], status: int, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not begun yet fails no script; `well` is said only where nothing is to be looked into."""
    checks = [Check("part", state, "found", "cure") for state in states]
    monkeypatch.setattr("plugin.cli.doctor.examine", lambda _: iter(checks))
    done = CliRunner().invoke(doctor, [])
    assert (done.exit_code, last in done.output.splitlines()[-1]) == (status, True)
    told = json.loads(CliRunner().invoke(doctor, ["--json"]).output)
    assert told["well"] is (WARN not in states)


def test_the_schema_of_sources_is_shared(tmp_path: Path) -> None:
    """An editor gets one definition instead of forty copies."""
    text = lifecycle(tmp_path, "config", "schema").stdout
    assert text.count('"DD.MM.YYYY"') == 2  # of a date and of a datetime
    assert json.loads(text)["definitions"]["source"]["anyOf"][0]["type"] == "string"


def test_a_file_is_checked_without_a_store_or_a_client(tmp_path: Path) -> None:
    """What is done after every edit starts quickly: it loads neither database, nor queue, nor CRM client."""
    (tmp_path / "m.yaml").write_text("version: 1\n")
    heavy = ("sqlalchemy", "alembic", "redis", "hubspot", "flask", "scipy")
    told = "\n".join(
        (
            "import sys; from plugin.cli import cli",
            f"cli(['config', 'check', {str(tmp_path / 'm.yaml')!r}], standalone_mode=False)",
            f"print([name for name in {heavy} if name in sys.modules])",
        )
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n"), done.stdout


def test_a_preset_is_written_where_the_portal_cannot_be_asked(tmp_path: Path) -> None:
    """As it ships, and said so; who asks for the portal's answer gets no file without one."""
    nowhere = {"HUBSPOT_API_URL": "http://127.0.0.1:9", "HUBSPOT_ACCESS_TOKEN": "x"}
    done = lifecycle(tmp_path, "config", "init", "m.yaml", "--preset", "b2b", **nowhere)
    assert done.returncode == 0
    assert "The portal could not be looked at, so the preset is as it ships" in done.stderr
    assert (tmp_path / "m.yaml").read_text() == presets.text("b2b")
    done = lifecycle(tmp_path, "config", "init", "n.yaml", "--preset", "b2b", "--from-portal", **nowhere)
    assert done.returncode != 0
    assert not (tmp_path / "n.yaml").exists()
    assert not (tmp_path / "var").exists()  # no store is begun before there is a file
