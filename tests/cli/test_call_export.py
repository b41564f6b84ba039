"""`lifecycle export --stage …` on a portal's own store, and what `explain` and the report say to people."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from plugin.cli import cli
from plugin.cli.cases import from_portal
from plugin.clock import FixedClock
from plugin.lifecycle.explanation import explanation
from plugin.lifecycle.models import load_models
from plugin.mapping.model import Mapping
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from tests.conftest import NOON
from tests.support.house import house

CONTACTS = "id,firstname,lastname,createdate\n101,Ada,Byron,2025-01-02\n102,Bob,,2025-01-02\n"
DEALS = """id,contact_ids,amount,closedate,dealstage,hs_is_closed_won,createdate,deal_currency_code
1,101,100,2026-05-01,closedwon,true,2026-04-20,PLN
2,101,50,2026-06-15,closedwon,true,2026-06-10,PLN
3,102,10,2025-02-01,closedwon,true,2025-01-20,
"""


def test_a_portals_call_list_names_everybody_in_the_stage(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the workers compute them: the same customers, the highest risk and value first."""
    monkeypatch.setenv("DATABASE_URL", store.url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    with house(store, clock, cdnow(NOON.date(), limit=60)) as home:
        home.load(live=False)
        frame = from_portal(None).outcomes.frame
        wanted = set(frame.filter(frame["stage"] == "sleeping")["id"])
        done = CliRunner().invoke(cli, ["export", "--stage", "sleeping"])
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {int(row["id"]) for row in rows} == wanted
    assert wanted
    assert {row["stage"] for row in rows} == {"Sleeping"}
    values = [float(row["value_to_date"]) for row in rows if row["risk_level"] == rows[0]["risk_level"]]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    "asked", [[], ["--records", "x", "--stage", "lost"], ["--person", "1", "--flag", "lost"]]
)
def test_an_export_is_one_thing_at_a_time(asked: list[str]) -> None:
    done = CliRunner().invoke(cli, ["export", *asked])
    assert done.exit_code == 2
    assert "Give --records DIR" in done.output


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two customers of a Polish shop, and options that name them."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    texts = {
        "contacts.csv": CONTACTS,
        "deals.csv": DEALS,
        "pl.yaml": "version: 1\nlanguage: pl\nmodels: {secondary: [path5]}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = ["--contacts", str(tmp_path / "contacts.csv"), "--deals", str(tmp_path / "deals.csv")]
    return [*found, "--config", str(tmp_path / "pl.yaml"), "--at", "2026-11-22"]


def test_explain_says_what_digits_mean_that_orders_of_a_day_are_one_and_where_the_records_begin() -> None:
    """In three languages, with numbers and forms; nothing of it where there is nothing to say."""
    outcome = {
        **{"object": "company", "id": 7, "name": "Acme", "stage": "loyal", "since": "2026-02-02"},
        **{"first_record": date(2026, 2, 2), "reason": "Why.", "next_stage": None, "keep_until": None},
        **{"exited_from": None, "stages": {}, "risk_level": "none", "risk_reasons": {}, "next_action": ""},
        "risk_flags": [],
        **{
            "segments": ["active", "rfm_hibernating"],
            "metrics": {"orders": 34, "purchases": 30, "rfm": "213"},
        },
    }
    models = load_models(Mapping())
    said = explanation(outcome, [], models, "en").splitlines()
    assert said[0] == "Company 7 Acme: Loyal since 2 Feb 2026, the first record: before it nothing is known"
    assert "  Bought: 34 orders on 30 days: orders of one day are one purchase" in said
    assert "  Segments: Active, RFM: Hibernating" in said
    assert any(line.startswith("  RFM: 213 (recency 2, frequency 1, money 3 of 5, compared") for line in said)
    russian, polish = (explanation(outcome, [], models, language) for language in ("ru", "pl"))
    assert "34 заказа, 30 дней с заказами" in russian
    assert "34 zamówienia, 30 dni z zamówieniami" in polish
    plain = {**outcome, "name": None, "since": None, "metrics": {"orders": 2, "purchases": 2, "rfm": None}}
    alone = explanation(plain, [], models, "en")
    assert alone.startswith("Company 7: Loyal; since when is not known, no record has a date\n")
    assert "Bought" not in alone
    assert "recency" not in alone


def test_explain_speaks_the_configured_language_with_labels_and_dates(files: list[str]) -> None:
    said = CliRunner().invoke(cli, ["explain", "102", "--history", *files]).stdout
    for part in (
        "Kontakt 102 Bob: Utracony od 2 lut 2026",
        "Dlaczego: Brak zamówień",
        "Ryzyko:",
        "Droga:",
        "Nowy klient",
    ):
        assert part in said
    for key in ("lost", "new_customer", "path5", "since", "2026-02-02"):
        assert key not in said
    told = json.loads(CliRunner().invoke(cli, ["explain", "102", "--json", *files]).stdout)
    assert told["stage"] == "lost"  # a program gets keys


def test_the_report_shows_names_and_the_currency_of_the_files(files: list[str]) -> None:
    page = CliRunner().invoke(cli, ["evaluate", "--format", "html", *files]).stdout
    assert "Ada Byron" in page
    assert "160\u00a0zł" in page  # 100 + 50 + 10
    rows = json.loads(CliRunner().invoke(cli, ["evaluate", *files]).stdout)
    assert "Ada" not in json.dumps(rows)  # what is not mapped is not read
