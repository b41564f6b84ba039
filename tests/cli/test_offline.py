"""`evaluate` and `explain` as a user runs them: real files, clear errors."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import lifecycle

CONTACTS = """id,firstname,hs_feedback_last_nps_rating,createdate
101,Ada,10,2025-01-02
102,Bob,,2025-01-02
103,Cleo,,2026-11-01
"""
DEALS = """id,contact_ids,amount,closedate,dealstage,pipeline,hs_is_closed,hs_is_closed_won,createdate
1,101,100.00,2026-10-01,closedwon,default,true,true,2026-09-20
2,101,50.50,2026-11-01,closedwon,default,true,true,2026-10-20
3,102,10,2025-02-01,closedwon,default,true,true,2025-01-20
4,101;102,30.01,2026-11-10,closedwon,default,true,true,2026-11-01
"""
AT = "2026-11-22"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two CSV files."""
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "deals.csv").write_text(DEALS)
    return tmp_path


def evaluate(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    files = ("--contacts", "contacts.csv", "--deals", "deals.csv")
    return lifecycle(folder, "evaluate", *files, "--at", AT, *more)


def rows(done: subprocess.CompletedProcess[str]) -> dict[int, dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return {row["id"]: row for row in json.loads(done.stdout)}


def test_every_promised_key_is_there(folder: Path) -> None:
    """The shape of an outcome is a promise to scripts."""
    found = rows(evaluate(folder))
    keys = "object id stage stages since reason exited_from next_stage next_stage_on keep_until risk_level"
    keys += " risk_flags risk_reasons metrics written next_action segments"
    assert set(found) == {101, 102, 103}
    assert all(set(row) == set(keys.split()) for row in found.values())


def test_purchases_money_and_shares_are_what_the_files_say(folder: Path) -> None:
    """A deal of two contacts is split in cents, the remainder to the lowest id."""
    found = rows(evaluate(folder))
    assert [found[i]["metrics"]["purchases"] for i in (101, 102, 103)] == [3, 2, 0]
    assert found[101]["metrics"]["revenue"] == pytest.approx(165.51)
    assert found[102]["metrics"]["revenue"] == pytest.approx(25.00)
    assert found[101]["written"]["clm_value_to_date"] == "165.51"
    assert found[103]["stage"] == "lead"


def test_any_day_can_be_looked_at(folder: Path) -> None:
    """What is dated later is not seen."""
    files = ("--contacts", "contacts.csv", "--deals", "deals.csv")
    past = rows(lifecycle(folder, "evaluate", *files, "--at", "2026-10-15"))
    assert past[101]["metrics"]["purchases"] == 1


def test_several_models_stand_side_by_side(folder: Path) -> None:
    """The first is primary."""
    found = rows(evaluate(folder, "--model", "maturity7", "--model", "churn5,path5"))
    assert set(found[101]["stages"]) == {"maturity7", "churn5", "path5"}
    assert found[101]["stage"] == found[101]["stages"]["maturity7"]
    assert found[101]["written"]["clm_stage_churn5"] == found[101]["stages"]["churn5"]


def test_a_model_named_twice_runs_once_and_the_primary_may_stand_beside_itself(folder: Path) -> None:
    """A primary model among the secondary ones also writes a property by its own name."""
    assert set(rows(evaluate(folder, "--model", "path5", "--model", "path5"))[101]["stages"]) == {"path5"}
    (folder / "m.yaml").write_text("version: 1\nmodels: {primary: path5, secondary: [path5, churn5]}\n")
    written = rows(evaluate(folder, "--config", "m.yaml"))[101]["written"]
    assert written["clm_stage_path5"] == written["clm_stage"]
    assert "clm_stage_churn5" in written


def test_files_are_computed_by_the_mapping_that_the_environment_names(folder: Path) -> None:
    """As everywhere; one that is given by hand wins, and one that is not there is told."""
    (folder / "m.yaml").write_text("version: 1\nmodels: {primary: path5}\n")
    (folder / "other.yaml").write_text("version: 1\nmodels: {primary: churn5}\n")
    command = ("evaluate", "--contacts", "contacts.csv", "--deals", "deals.csv", "--at", AT)
    found = rows(lifecycle(folder, *command, LIFECYCLE_CONFIG="m.yaml", PORT="of no concern here"))
    assert set(found[101]["stages"]) == {"path5"}
    given = lifecycle(folder, *command, "--config", "other.yaml", LIFECYCLE_CONFIG="gone.yaml")
    assert set(rows(given)[101]["stages"]) == {"churn5"}
    gone = lifecycle(folder, *command, LIFECYCLE_CONFIG="gone.yaml")
    assert (gone.returncode, "LIFECYCLE_CONFIG" in gone.stderr) == (2, True)


def test_a_customer_without_a_date_is_there_before_its_first_order(folder: Path) -> None:
    """What is dated later is not seen; that is no reason to leave the customer out."""
    (folder / "contacts.csv").write_text("id\n101\n102\n103\n")
    files = ("--contacts", "contacts.csv", "--deals", "deals.csv")
    found = rows(lifecycle(folder, "evaluate", *files, "--at", "2024-12-31"))
    assert {i: (one["stage"], one["since"], one["metrics"]["purchases"]) for i, one in found.items()} == (
        dict.fromkeys((101, 102, 103), ("lead", None, 0))
    )
    assert found[102]["next_stage_on"] == "2025-01-20"
    assert found[103]["next_stage_on"] is None


def test_json_may_be_asked_for_as_everywhere_and_without_customers_the_header_stands(folder: Path) -> None:
    """`--json` is `--format json`; another format beside it is wrong use."""
    assert evaluate(folder, "--json").stdout == evaluate(folder).stdout
    assert evaluate(folder, "--json", "--format", "csv").returncode == 2
    (folder / "contacts.csv").write_text("id\n")
    assert evaluate(folder, "--format", "csv").stdout.startswith("object,id,stage,since,reason,")


def test_csv_has_a_line_a_customer(folder: Path) -> None:
    """Lists are joined with semicolons."""
    done = evaluate(folder, "--format", "csv", "--out", "out.csv")
    assert done.returncode == 0, done.stderr
    found = list(csv.DictReader(io.StringIO((folder / "out.csv").read_text())))
    assert [row["id"] for row in found] == ["101", "102", "103"]
    assert found[0]["metrics.purchases"] == "3"


def test_fitted_parameters_can_be_given_back(folder: Path) -> None:
    """The same records, parameters and day give the same outcome."""
    from datetime import date

    from plugin.jobs.meaning import fit
    from plugin.mapping.model import Mapping
    from plugin.records.csv_files import read_records

    records = read_records(contacts=folder / "contacts.csv", deals=folder / "deals.csv")
    (folder / "p.json").write_text(fit(records, Mapping(), date(2026, 11, 22)).to_json())
    assert rows(evaluate(folder, "--parameters", "p.json")) == rows(evaluate(folder))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--contacts", "no.csv", "--deals", "deals.csv"), ("no.csv",)),
        (("--contacts", "contacts.csv", "--deals", "contacts.csv"), ("contacts.csv", "Cure")),
        (("--contacts", "contacts.csv", "--deals", "deals.csv", "--model", "life9"), ("life9", "lifecycle9")),
        (("--contacts", "contacts.csv", "--deals", "deals.csv", "--at", "soon"), ("--at",)),
        (("--contacts", "contacts.csv", "--deals", "deals.csv", "--out", "/no/where"), ("/no/where",)),
        (("--deals", "deals.csv"), ("contacts",)),
    ],
)
def test_wrong_use_ends_with_two_and_one_clear_message(
    folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """On standard error, without a traceback; standard output stays empty."""
    done = lifecycle(folder, "evaluate", *arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_a_broken_parameters_file_is_named(folder: Path) -> None:
    """With its cure."""
    for content in (b'{"version": "many"', b"\xff\xfe", b"{}"):
        (folder / "p.json").write_bytes(content)
        done = evaluate(folder, "--parameters", "p.json")
        assert (done.returncode, done.stdout, "Cure" in done.stderr) == (2, "", True)


def test_explain_tells_one_customers_story(folder: Path) -> None:
    """Stage, why, and the path since the first record."""
    files = ("--contacts", "contacts.csv", "--deals", "deals.csv", "--at", AT)
    done = lifecycle(folder, "explain", "102", "--history", "--json", *files)
    assert done.returncode == 0, done.stderr
    story = json.loads(done.stdout)
    stages = [step["stage"] for step in story["history"]]
    assert stages[0] == "lead" or stages[0] == "evaluating"
    assert {"new_customer", "lost", "reactivated"} <= set(stages)
    assert stages[-1] == story["stage"] == "reactivated"
    words = lifecycle(folder, "explain", "102", *files).stdout
    assert story["reason"] in words
    missing = lifecycle(folder, "explain", "999", *files)
    assert (missing.returncode, "999" in missing.stderr) == (2, True)
