"""`lifecycle clv` as a user meets it: figures, findings, faults with file and line."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plugin.cli import cli
from plugin.errors import InputError
from plugin.sandbox.loaders.cdnow import read_orders


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clv") / "orders.csv"
    lines = [f"{o.customer:04d},{date(1970, 1, 1) + timedelta(o.day)},{o.dollars}" for o in read_orders()]
    file.write_text("\n".join(["customer_id,date,amount", *lines]) + "\n", encoding="utf-8")
    return file


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["clv", *(str(w) for w in words)])


def test_fit_prints_the_published_figures(sample: Path) -> None:
    done = run("fit", sample, "--model", "bg-nbd", "--until", "1997-09-30", "--json")
    found = json.loads(done.stdout)
    assert {n: round(v, 3) for n, v in found["params"].items()} == {
        "r": 0.243,
        "alpha": 4.414,
        "a": 0.793,
        "b": 2.426,
    }
    assert (found["model"], round(found["log_likelihood"], 1), found["customers"]) == (
        "bg-nbd",
        -9582.4,
        2357,
    )
    spend = {n: round(found["gamma_gamma"][n], 2) for n in ("p", "q", "gamma")}
    assert spend == {"p": 6.25, "q": 3.74, "gamma": 15.44}
    assert round(found["gamma_gamma"]["log_likelihood"], 4) == -4055.9177


def test_fit_prints_for_people_too_and_chooses_by_itself(sample: Path) -> None:
    text = run("fit", sample, "--until", "1997-09-30").stdout
    assert text.startswith("model           mbg-cnbd-k\n")
    assert "2,357 (2,357 fitted)" in text


def test_days_and_weeks_are_the_same_fit(sample: Path) -> None:
    by_day = json.loads(run("fit", sample, "--unit", "day", "--model", "mbg-nbd", "--json").stdout)["params"]
    by_week = json.loads(run("fit", sample, "--unit", "week", "--model", "mbg-nbd", "--json").stdout)[
        "params"
    ]
    assert by_day["alpha"] == pytest.approx(7 * by_week["alpha"], rel=1e-4)
    assert by_day["b"] == pytest.approx(by_week["b"], rel=1e-4)


def test_score_gives_every_customer_its_predictions(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "values.csv"
    done = run("score", sample, "--until", "1997-09-30", "--horizon", "39", "--model", "bg-nbd", "--out", out)
    assert done.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    first = rows[0]
    assert len(rows) == 2357
    assert (first["customer_id"], first["frequency"]) == ("0001", "2")
    assert (round(float(first["recency"]), 2), round(float(first["T"]), 2)) == (30.43, 38.86)
    assert (round(float(first["p_alive"]), 4), round(float(first["expected_purchases"]), 3)) == (
        0.7266,
        1.226,
    )
    for row in rows:
        assert 0 <= float(row["clv_low"]) <= float(row["clv"]) <= float(row["clv_high"])
        assert 0 <= float(row["p_no_purchase"]) <= 1


def test_what_cannot_be_fitted_is_scored_as_empty(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("customer_id,date,amount\na,2025-01-01,5\n", encoding="utf-8")
    done = run("score", file)
    assert done.stdout.splitlines()[1] == "a,0,0.0,0.0" + 10 * ","
    assert "two customers at the least" in done.stderr
    assert json.loads(run("fit", file, "--json").stdout)["model"] is None


def test_orders_without_amounts_have_no_value(tmp_path: Path) -> None:
    file = tmp_path / "timing.csv"
    rows = [f"c{i},{date(2025, 1, 1) + timedelta(d)}" for i in range(40) for d in range(i, 200, 17 + i)]
    file.write_text("\n".join(["Customer_ID,Date", *rows]), encoding="utf-8")
    first = next(csv.DictReader(io.StringIO(run("score", file).stdout)))
    assert first["clv"] == ""
    assert float(first["expected_purchases"]) > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("customer,when\n", ":1: There is no column customer_id"),
        ("customer_id,date,amount\na,2024-13-01,5\n", ":2: '2024-13-01' is not a date."),
        ("customer_id,date,amount\na,01.02.2024,5\n", ":2: '01.02.2024' is not a date."),
        ("customer_id,date,amount\na,2024-01-01,5\n,2024-01-01,5\n", ":3: '' is not a customer."),
        ("customer_id,date,amount\na,2024-01-01,5 EUR\n", ":2: '5 EUR' is no amount."),
        ("customer_id,date,amount\na,2024-01-01,nan\n", ":2: 'nan' is no amount."),
        ("customer_id,date,amount\n", ":1: The file has no orders."),
        ("", ":1: The file is empty."),
        ("customer_id,date,amount\na,2024-01-01,-5\n", "no purchase up to"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_a_cure(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text, encoding="utf-8")
    done = run("fit", file)
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)
    assert "Cure:" in str(done.exception)


def test_a_time_of_day_and_spaces_are_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "times.csv"
    file.write_text(
        "customer_id;date;amount\n a ;2024-01-01 10:30;5\na;2024-01-01T18:00:00Z;\n", encoding="utf-8"
    )
    done = run("score", file)
    assert done.stdout.splitlines()[1].startswith("a,0,0.0,0.0")


def test_score_prints_json_too_with_the_same_numbers(sample: Path) -> None:
    """What is not known is null."""
    done = run("score", sample, "--until", "1997-09-30", "--json")
    found = json.loads(done.stdout)
    lines = list(csv.DictReader(io.StringIO(run("score", sample, "--until", "1997-09-30").stdout)))
    assert len(found) == len(lines) == 2357
    assert {name: str(value) for name, value in found[0].items() if value is not None} == {
        name: value for name, value in lines[0].items() if value
    }


@pytest.mark.parametrize("option", ["--horizon", "--rate", "--margin"])
def test_what_is_no_number_is_refused(sample: Path, option: str) -> None:
    """NaN lies within no bounds."""
    done = run("score", sample, option, "nan")
    assert (done.exit_code, "is no number" in done.stderr) == (2, True)
