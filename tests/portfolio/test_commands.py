"""`lifecycle report` and its spend table, as an admin uses them: from files, and on a served portal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from plugin.cli import cli
from plugin.clock import FixedClock
from plugin.errors import LifecycleError
from plugin.records.csv_files import write_records
from plugin.records.store import Store
from plugin.sandbox.loaders import generate
from tests.conftest import NOON
from tests.support.house import house, records_of

Run = Callable[..., Result]
AT = ("--at", NOON.date().isoformat())


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(data directory of a loaded portal of 120 customers, folder with its records as files)."""
    data, files = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("files")
    store = Store(f"sqlite:///{data / 'lifecycle.db'}")
    store.migrate()
    with house(store, FixedClock(NOON), generate(120, seed=5, end=NOON.date())) as home:
        home.load()
        home.settle()
        write_records(records_of(home.dump(), home.context), files)
        with store.read() as connection:
            from plugin.records import portals

            served = portals.get(connection, home.portal_id)
            assert served is not None
            parameters = portals.current_parameters(connection, served)
        assert parameters is not None
        (files / "parameters.json").write_text(parameters.to_json())
    store.close()
    return data, files


@pytest.fixture
def run(portal: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command with the portal's store, at noon of the test's day."""
    from datetime import UTC, datetime

    offset = tmp_path / "clock"
    offset.write_text(str((NOON - datetime.now(UTC)).total_seconds()))  # the command's clock is the real one
    settings = {
        "DATA_DIR": str(portal[0]),
        "DATABASE_URL": f"sqlite:///{portal[0] / 'lifecycle.db'}",
        "HUBSPOT_API_URL": "http://127.0.0.1:9",
        "LIFECYCLE_CLOCK_FILE": str(offset),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return lambda *args: CliRunner().invoke(cli, [str(arg) for arg in args])


def refused(result: Result) -> str:
    """What the command says where it refuses."""
    assert isinstance(result.exception, LifecycleError), result.output
    return result.exception.message


def from_files(portal: tuple[Path, Path]) -> list[Any]:
    found = [f"--{name}={portal[1] / name}.csv" for name in ("contacts", "deals")]
    return [
        *found,
        f"--history={portal[1] / 'history.jsonl'}",
        f"--parameters={portal[1] / 'parameters.json'}",
        *AT,
    ]


def test_files_and_portal_give_the_same_figures(run: Run, portal: tuple[Path, Path]) -> None:
    """What is kept up from change to change, and what is computed from the files at once."""
    kept, computed = run("report", "--json"), run("report", "--json", *from_files(portal))
    assert (kept.exit_code, computed.exit_code) == (0, 0), kept.output + computed.output
    assert json.loads(kept.stdout) == json.loads(computed.stdout)


@pytest.mark.parametrize(
    "asked",
    [
        ["--period", "2026-Q2", "--reactivation"],
        ["--segment", "active"],
        ["--channel", "unknown", "--segment", "active"],
    ],
)
def test_files_and_portal_agree_on_any_part(run: Run, portal: tuple[Path, Path], asked: list[str]) -> None:
    """Medians found inside the database equal those computed in memory."""
    kept, computed = run("report", "--json", *asked), run("report", "--json", *asked, *from_files(portal))
    assert json.loads(kept.stdout) == json.loads(computed.stdout)


def test_the_report_is_tables_and_a_page(run: Run, tmp_path: Path) -> None:
    """On a terminal, and as a file that opens anywhere."""
    shown = run("report")
    assert shown.exit_code == 0
    assert "Customers won" in shown.stdout
    assert "Kept, left and paid again" in shown.stdout
    assert "Retention by cohort" in shown.stdout
    page = tmp_path / "portfolio.html"
    assert run("report", "--html", page).exit_code == 0
    assert page.read_text().startswith("<!doctype html>")
    wrong = run("report", "--html", tmp_path / "none" / "x.html")
    assert "cannot be written" in refused(wrong)


def test_a_spend_table_is_taken_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    """Faults are listed with their lines; what was imported again is replaced, not added."""
    table = tmp_path / "spend.csv"
    table.write_text("month,channel,amount\n2026-04,REFERRALS,100\n2026-05,REFERALS,-3\n2026-06,X,y\n")
    wrong = run("report", "spend", "import", table)
    said = refused(wrong)
    assert "line 3: no customer came through a channel 'REFERALS'; did you mean REFERRALS?" in said
    assert "line 4" in said
    assert json.loads(run("report", "spend", "list", "--json").stdout) == []
    table.write_text("month,channel,amount\n2026-04,referrals,100\n2026-05,lifecycle,7.50\n")
    for _ in range(2):
        assert run("report", "spend", "import", table).exit_code == 0
    assert json.loads(run("report", "spend", "list", "--json").stdout) == [
        {"month": "2026-04", "channel": "REFERRALS", "amount": 100.0},
        {"month": "2026-05", "channel": "lifecycle", "amount": 7.5},
    ]
    table.write_text("month,channel,amount\n2026-04,FAIR,1\n")
    assert "'FAIR'" in refused(run("report", "spend", "import", table))
    assert run("report", "spend", "import", table, "--new-channels", "--replace").exit_code == 0
    assert [one["channel"] for one in json.loads(run("report", "spend", "list", "--json").stdout)] == ["FAIR"]
    assert "No file is named" in refused(run("report", "spend", "import"))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--spend", __file__], "goes with files only"),
        (["--period", "May"], "is no period"),
        (["--segment", "active", "--cohort", "2026-05", "--channel", "unknown"], "cannot be combined"),
        (["--portal", "7"], "No portal is installed"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_cure(run: Run, args: list[str], said: str) -> None:
    """One message; the entry point makes it exit code 2."""
    assert said in refused(run("report", *args))


def test_adding_up_from_scratch_finds_nothing_wrong(run: Run) -> None:
    """And says so."""
    found = run("report", "--rebuild", "--json")
    assert found.exit_code == 0, found.output
    assert "0 cells were wrong" in found.stderr
