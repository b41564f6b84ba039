"""`lifecycle backtest` as text, JSON and page."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from plugin.cli import cli
from plugin.cli.cases import from_files
from plugin.cli.orders import read_orders
from plugin.cli.stage_backtest import as_plain, stages_of_case, stages_of_orders
from plugin.errors import InputError
from tests.value.contracts import EPOCH, drawn


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    rows = [
        f"c<{i}>,{date(2024, 1, 1) + timedelta(day)},{10 + i}"
        for i in range(60)
        for day in range(i, 700, 20 + 3 * i)
    ]
    file.write_text("\n".join(["customer_id,date,amount", *rows]), encoding="utf-8")
    return file


def test_json_has_every_origin_with_models_and_rules(orders: Path) -> None:
    done = CliRunner().invoke(cli, ["backtest", str(orders), "--format", "json", "--origins", "2"])
    found = json.loads(done.stdout)
    assert found["days"] == 90
    assert len(found["origins"]) == 2
    names = [score["name"].split(" (")[0] for score in found["origins"][0]["scores"]]
    assert names[:4] == ["own rate", "last period again", "90-day rule", "nobody buys"]
    assert names[4:] == ["auto", "mbg-nbd", "bg-nbd", "pareto-nbd"]


def test_the_page_stands_alone_and_shows_a_plot_a_model(orders: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.html"
    done = CliRunner().invoke(
        cli, ["backtest", str(orders), "--at", "2025-06-01", "--format", "html", "--out", str(out)]
    )
    text = out.read_text(encoding="utf-8")
    assert done.exit_code == 0
    assert text.count("<svg") == 9  # the errors side by side, and two a model
    assert "<script" not in text
    assert "2025-06-01" in text


def test_contracts_and_rounds_are_judged_by_the_period_asked_for(tmp_path: Path) -> None:
    """sBG and BG/BB beside all others, on the last days of periods; BG/BB is silent where none fits in."""
    file = tmp_path / "payments.csv"
    world = drawn(300, years=2.0)
    paid = zip(world.owner, world.day, strict=True)
    rows = [f"{who},{EPOCH + timedelta(int(day))},{world.price[who]}" for who, day in paid]
    file.write_text("\n".join(["customer_id,date,amount", *rows]), encoding="utf-8")
    asked = ["backtest", str(file), "--format", "json", "--origins", "1"]
    found = json.loads(CliRunner().invoke(cli, [*asked, "--period", "month"]).stdout)["origins"]
    assert [one["origin"][-5:] for one in found] == ["03-31"]
    scores = {score["name"].split(" (")[0]: score for score in found[0]["scores"]}
    assert list(scores)[-2:] == ["sbg", "bg-bb"]
    assert scores["sbg"]["rmse"] < min(scores[n]["rmse"] for n in ("auto", "own rate", "last period again"))
    assert scores["sbg"]["auc"] > 0.9
    assert scores["sbg"]["interval"]["above"] < 0.12
    assert len(scores["sbg"]["calibration"]) == len(scores["bg-bb"]["tenths"]) == 10
    yearly = json.loads(CliRunner().invoke(cli, [*asked, "--period", "year"]).stdout)["origins"]
    told = {score["name"]: score["notes"] for score in yearly[0]["scores"]}
    assert told["bg-bb"] == ["90 days hold no year: look further ahead"]


def test_a_day_before_anything_was_known_is_refused(orders: Path) -> None:
    done = CliRunner().invoke(cli, ["backtest", str(orders), "--at", "2020-01-01"])
    assert isinstance(done.exception, InputError)


def test_the_stages_are_judged_in_every_shape(orders: Path, tmp_path: Path) -> None:
    """Orders of a file, as text, JSON and page; too short a past is said and no error."""
    asked = ["backtest", str(orders), "--at", "2025-06-01"]
    text = CliRunner().invoke(cli, asked).stdout
    assert "What the stages would have been worth" in text
    assert "newly called sleeping" in text
    stages = json.loads(CliRunner().invoke(cli, [*asked, "--format", "json"]).stdout)["stages"]
    assert stages["origins"][0]["customers"] == 60
    assert sum(one["customers"] for one in stages["standing"].values()) == 60
    page = CliRunner().invoke(cli, [*asked, "--format", "html"]).stdout
    assert page.count("</body>") == 1
    assert "newly called sleeping" in page
    short = tmp_path / "short.csv"
    rows = [f"{i},{date(2025, 1, 1) + timedelta(3 * i + 40 * n)},5" for i in range(20) for n in range(2)]
    short.write_text("\n".join(["customer_id,date,amount", *rows]), encoding="utf-8")
    done = CliRunner().invoke(cli, ["backtest", str(short), "--days", "20"])
    assert done.exit_code == 0, done.output
    assert "too short" in done.stdout


def test_a_portals_records_are_judged_as_a_file_of_the_same_orders(orders: Path, tmp_path: Path) -> None:
    """One pure function for both: only the route of the records differs."""
    deals, contacts = ["id,contact_ids,closedate,createdate,amount,hs_is_closed_won"], ["id,createdate"]
    rows = [line.split(",") for line in orders.read_text(encoding="utf-8").splitlines()[1:]]
    ids = {name: i for i, name in enumerate(dict.fromkeys(name for name, _, _ in rows), start=1)}
    deals += [f"{n},{ids[who]},{day},{day},{amount},true" for n, (who, day, amount) in enumerate(rows, 1)]
    first = {ids[who]: min(day for other, day, _ in rows if other == who) for who in ids}
    contacts += [f"{i},{day}" for i, day in first.items()]
    for name, lines in (("contacts", contacts), ("deals", deals)):
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    last = max(day for _, day, _ in rows)
    files: dict[str, Any] = dict.fromkeys(("companies", "history", "parameters", "config"))
    files |= {name: tmp_path / f"{name}.csv" for name in ("contacts", "deals")}
    case = from_files({**files, "at": datetime.fromisoformat(last)})
    assert as_plain(stages_of_case(case, 3)) == as_plain(stages_of_orders(read_orders(orders), 3)) != {}
