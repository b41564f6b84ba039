"""A first mapping file: how dates and numbers are written is read from their values, or asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plugin.cli import cli
from plugin.jobs.config_first import from_files, internal_names
from plugin.lifecycle.conversions import converted
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.records import Records
from plugin.mapping.first_file import first_file
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts, StageFacts
from plugin.mapping.spellings import spelling
from plugin.mapping.starting import guesses


def made(name: str, label: str, values: Sequence[str]) -> tuple[str, Mapping]:
    """The first file for a portal whose contacts have one property with these values, and what it says."""
    told = spelling([value for value in values if value])
    one = PropertyFacts(name, label, told.kind if told else "string", filled=len(values), spelling=told)
    facts = PortalFacts(properties={"contact": {name: one}}, records={"contact": len(values)})
    text = first_file(facts, guesses(facts))
    mapping, findings = read_mapping(text.encode())
    assert [one for one in findings if one.severity == "error"] == []
    return text, mapping


def read(mapping: Mapping, values: Sequence[str], fact: str) -> list[Any]:
    """What the product reads from these values, a contact each."""
    rows = [{"id": i, "createdate": "2020-01-01", "ends": value} for i, value in enumerate(values, start=1)]
    found = evaluate(
        Records.from_rows(contacts=rows),
        mapping,
        load_models(mapping),
        Parameters(),
        date(2026, 1, 1),
        dates=False,
    )
    assert found.findings == ()
    return list(found.frame.sort("id")[fact])


Column = tuple[list[str], list[date]]
_DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@st.composite
def written(draw: st.DrawFn) -> Column:
    """A column of dates in one way of writing that is told by one of them, and the days."""
    days = draw(st.lists(_DAYS, min_size=1, max_size=8))
    year_first = draw(st.booleans())
    days.append(days[0].replace(day=draw(st.integers(13, 28))))
    order = ["y", "m", "d"] if year_first else draw(st.sampled_from([["d", "m", "y"], ["m", "d", "y"]]))
    wide = draw(st.sampled_from([":02", ""]))
    pieces = {"y": "{0.year}", "m": f"{{0.month{wide}}}", "d": f"{{0.day{wide}}}"}
    sign = draw(st.sampled_from([".", "/", "-", " ", ". "]))
    clock = draw(st.sampled_from(["", " 09:05", " 23:59:59", ", 7:30"]))
    pattern = sign.join(pieces[letter] for letter in order) + clock
    return [pattern.format(day) for day in days], days


@settings(max_examples=100, deadline=None)
@given(written())
@example((["2069-2-10 09:05", "2069-12-10 09:05"], [date(2069, 2, 10), date(2069, 12, 10)]))
def test_dates_in_one_writing_that_they_tell_are_read_as_they_were(column: Column) -> None:
    found = spelling(column[0])
    assert found is not None
    assert (found.kind, found.sure, found.unread) == ("date", True, ())
    text = pl.Series("v", column[0])
    got = converted(text, found.reading, "UTC") if found.reading else text.str.slice(0, 10)
    assert got.to_list() == [day.isoformat() for day in column[1]]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.decimals(-10_000_000, 10_000_000, places=2), max_size=8),
    st.sampled_from([(",", "."), (".", ","), (",", " "), (".", "'"), (",", "")]),
)
def test_numbers_in_one_writing_that_they_tell_are_read_as_they_were(
    numbers: list[Any], signs: tuple[str, str]
) -> None:
    numbers.append(Decimal("1234567.25"))
    found = spelling(in_signs(numbers, signs))
    assert found is not None
    assert found.reading is not None
    got = converted(pl.Series("v", in_signs(numbers, signs)), found.reading, "UTC")
    assert got.cast(pl.Float64).to_list() == [float(number) for number in numbers]


def in_signs(numbers: list[Any], signs: tuple[str, str]) -> list[str]:
    """Numbers with these signs for decimals and thousands."""
    table = {ord("."): signs[0], ord(","): signs[1]}
    return [f"{number:,.2f}".translate(table) for number in numbers]


@settings(max_examples=6, deadline=None)
@given(written())
@example((["31.12.2025", "01.02.2026"], [date(2025, 12, 31), date(2026, 2, 1)]))
@example((["12/31/2025"], [date(2025, 12, 31)]))
def test_the_file_that_is_written_passes_its_check_and_every_date_is_read(column: Column) -> None:
    values, days = column
    text, mapping = made("ends", "Contract end date", values)
    assert read(mapping, values, "contract_until") == days
    assert f"# ends: read from {len(values)} value" in text or mapping.readings_of("contact") == {}


@pytest.mark.parametrize("signs", [(",", "."), (".", ",")])
def test_the_file_that_is_written_passes_its_check_and_every_number_is_read(signs: tuple[str, str]) -> None:
    numbers = [1.5, 1234567.25, -3, 0]
    values = in_signs(numbers, signs)
    assert read(made("ends", "Customer satisfaction", values)[1], values, "csat") == numbers


@pytest.mark.parametrize(
    ("values", "forms"),
    [
        (["03/04/2025", "05/06/2025"], ("DD/MM/YYYY", "MM/DD/YYYY")),
        (["5/5/2025"], ("D/M/YYYY", "M/D/YYYY")),
        (["31.12.25"], ("DD.MM.YY", "YY.MM.DD")),
        (["13/05/2025", "05/13/2025", "01/02/2025"], ("DD/MM/YYYY", "MM/DD/YYYY")),
    ],
)
def test_dates_that_may_be_meant_in_two_ways_are_never_guessed(
    values: list[str], forms: tuple[str, str]
) -> None:
    """The key stays empty; a comment above it has both ways, ready to be taken."""
    text, mapping = made("ends", "Contract end date", values)
    assert mapping.contact.contract_until is None
    for form in forms:
        assert f"#   {{property: ends, type: date, format: {form}}}" in text


@pytest.mark.parametrize("values", [["1.234", "2.500"], ["1,234"]])
def test_numbers_that_may_be_thousands_or_decimals_are_never_guessed(values: list[str]) -> None:
    text, mapping = made("csat", "CSAT", values)
    assert mapping.contact.csat is None
    assert 'thousands: "' in text


def test_values_that_cannot_be_read_are_told_and_a_column_full_of_them_is_a_text() -> None:
    text, mapping = made("ends", "Contract end date", [*["31.12.2025"] * 8, "soon", "2025"])
    assert "# ends: read from 8 of 10 values; not read: 'soon', '2025'" in text
    assert mapping.contact.contract_until == "ends"
    assert made("ends", "Contract end date", ["31.12.2025", "soon"])[1].contact.contract_until is None


def test_further_dates_are_offered_as_what_conditions_may_name() -> None:
    text, mapping = made("left_on", "Left", ["31.12.2025"])
    assert "  #   {property: left_on, type: date, format: DD.MM.YYYY}\n  extras: []" in text
    assert mapping.contact.extras == ()


HOSTILE = "x\n  nps: evil\x07\x85\u2028#: {[]} 'quoted' \"and\" \U0001f600" + "y" * 300


@settings(max_examples=8, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(str.strip), st.lists(st.text(min_size=1), max_size=4))
@example(HOSTILE, ["31.12.2025", *["01.01.2026"] * 8, "\x07\n- evil: true"])
def test_no_label_and_no_value_can_break_the_file(label: str, values: list[str]) -> None:
    """Or add a line to it."""
    known = (
        PipelineFacts(label, label, (StageFacts(label, label, True),), 1),
        PipelineFacts("b", label, (), 0),
    )
    ends = PropertyFacts("ends", f"contract end date {label}", "date", filled=1, spelling=spelling(values))
    facts = PortalFacts(known, {"contact": {"ends": ends}}, headers={"ends": label})
    text = first_file(facts, guesses(facts))
    mapping, findings = read_mapping(text.encode("utf-8", "replace"))
    assert [one for one in findings if one.severity == "error"] == []
    assert mapping.contact.nps is None


def run(*words: str, answers: str = "") -> Result:
    return CliRunner().invoke(cli, list(words), input=answers)


CONTACTS = (
    "id;email;Contract end date;Last seen;CSAT\n"
    '1;a@b.example;31.12.2025;03/04/2025;"1,5"\n2;b@b.example;01.02.2026;05/06/2025;"2"\n'
)
DEALS = (
    "id;contact_ids;pipeline;dealstage;hs_is_closed_won;amount;closedate;createdate;hs_is_closed\n"
    "7;1;Sales;won;true;1.234,50;31.01.2026;2026-01-01;true\n"
)


def test_exports_of_another_country_are_read_whole_with_the_file_that_init_writes(tmp_path: Path) -> None:
    """Headers that are no internal names are mapped, close dates and amounts declared."""
    (tmp_path / "c.csv").write_text(CONTACTS)
    (tmp_path / "d.csv").write_text(DEALS)
    files = ("--contacts", str(tmp_path / "c.csv"), "--deals", str(tmp_path / "d.csv"))
    file = str(tmp_path / "m.yaml")
    assert run("config", "init", file, *files, "--yes").exit_code == 0
    assert run("config", "check", file).exit_code == 0
    done = run("evaluate", *files, "--config", file, "--at", "2026-02-03")
    assert "Taken as unknown" not in done.output
    assert '"contract_until": "2025-12-31"' in done.output
    assert '"revenue": 1234.5' in done.output
    assert '"csat": 1.5' in done.output
    assert "format: DD/MM/YYYY" in (tmp_path / "m.yaml").read_text()  # of Last seen, as a comment


def test_what_the_values_do_not_tell_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal; the answer is declared, and 0 leaves the key as it is."""
    monkeypatch.setattr("plugin.cli.config_init._at_terminal", lambda: True)
    (tmp_path / "c.csv").write_text("id,contract_end\n1,03/04/2025\n2,05/06/2025\n")
    words = ("--contacts", str(tmp_path / "c.csv"), "--customer", "contact", "--language", "en")
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    asked = run("config", "init", str(first), *words, answers="2\n")
    assert "contact.contract_until: how is '03/04/2025' in contract_end written?" in asked.output
    assert (
        "contract_until: {property: contract_end, type: date, format: MM/DD/YYYY}  # as you said"
        in first.read_text()
    )
    assert run("config", "init", str(second), *words, answers="0\n").exit_code == 0
    assert read_mapping(second.read_bytes())[0].contact.contract_until is None


def test_headers_become_internal_names_each_its_own() -> None:
    found = internal_names(["Wert (€)", "wert", "Wert!", "Дата окончания", "9 lives", "émail"])
    assert found == {
        "Wert (€)": "wert_2",
        "Wert!": "wert_3",
        "Дата окончания": "column",
        "9 lives": "column_9_lives",
        "émail": "email",
    }


def test_no_value_in_a_file_stops_the_reading_of_it(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("id,ends\n1,99.99.9999\n2,00.00.0000\n3,0/0/0\n4,-\n")
    assert from_files(tmp_path / "c.csv", None, None).properties["contact"]["ends"].type == "string"


ABROAD = (
    "Record ID;Create Date;Left on;Contract end date;Seats\n"
    + "1;02.01.2025;03/04/2025;31.12.2026;1.500,5\n"
    + "".join(f"{n};1{n}.01.2025;05/06/2025;01.01.2027;2,5\n" for n in range(2, 9))
    + "9;20.01.2025;;soon;3,5\n"
)
SOLD = (
    "Record ID;Associated Contact IDs;Pipeline;Deal Stage;Is Closed Won;Amount;Close Date;Create Date\n"
    "7;1;Sales;Won;true;1.234,50;31.01.2026;13.01.2026\n8;2;Hiring;Met;false;;;14.01.2026\n"
)


def abroad(tmp_path: Path, *more: str) -> tuple[str, Result, tuple[str, ...]]:
    """The first file for such exports, what init says of it (on one line), and the options for the files."""
    (tmp_path / "c.csv").write_text(ABROAD)
    (tmp_path / "d.csv").write_text(SOLD)
    (tmp_path / "k.csv").write_text("id;Contract end date\n11;31.12.2026\n")
    files = ("--contacts", str(tmp_path / "c.csv"), "--deals", str(tmp_path / "d.csv"))
    done = run("config", "init", str(tmp_path / "m.yaml"), *files, *more, "--yes")
    assert done.exit_code == 0, done.output
    return (tmp_path / "m.yaml").read_text(), done, files


def test_init_tells_what_it_found_what_is_in_doubt_and_what_cannot_be_read(tmp_path: Path) -> None:
    said = " ".join(abroad(tmp_path)[1].output.split())
    for part in (
        "Customers: contacts (of 2 deals looked at 0 name a company, 2 a contact).",
        "purchase.pipelines = Sales;",
        "purchase.amount = Amount (written '1.234,50'; 1 of 1 value)",
        "contact.contract_until = Contract end date (written '31.12.2026'; 8 of 9 values)",
        "Not found: contact.engagement_dates;",
        "Not readable: 1 of 9 values of Contract end date: 'soon'; Create Date of deals ('13.01.2026'): no",
        "(see `extras` in the file): Left on; Seats.",
    ):
        assert part in said
    assert "CSV of companies" not in said


def test_what_is_in_doubt_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("id,contract_end\n1,03/04/2025\n")
    (tmp_path / "d.csv").write_text("id,contact_ids,amount,closedate\n7,1,,late\n")
    files = ("--contacts", str(tmp_path / "c.csv"), "--deals", str(tmp_path / "d.csv"))
    done = run("config", "init", str(tmp_path / "m.yaml"), *files, "--yes")
    said = " ".join(done.output.split())
    assert "In doubt, not declared" in said
    assert "contact.contract_until (contract_end: '03/04/2025')." in said
    assert "purchase.amount (amount is empty)" in said
    assert "Not readable: purchase.date = closedate: its values are no dates." in said
    assert "Found" not in said


def test_columns_that_no_file_can_be_read_without_are_told(tmp_path: Path) -> None:
    """Ids, the customer of a deal and what is won; and that the columns there are read by nothing."""
    (tmp_path / "c.csv").write_text("Kundennummer,Ort\n1,Ulm\n")
    (tmp_path / "d.csv").write_text("Auftragsnummer,Kundennummer,Phase\n7,1,Gewonnen\n")
    files = ("--contacts", str(tmp_path / "c.csv"), "--deals", str(tmp_path / "d.csv"))
    done = run("config", "init", str(tmp_path / "m.yaml"), *files, "--yes")
    said = " ".join(done.output.split())
    for part in (
        "Not found: the ids (the CSV of contacts has no Record ID: name yours under `headers`); the ids (the",
        "whose a deal is (the CSV of deals has no Associated Contact IDs",
        "what is won (the CSV of deals has no Deal Stage or Is Closed Won",
        "Kundennummer, Ort of contacts",
    ):
        assert part in said


def test_the_day_of_creation_in_a_writing_of_its_own_is_declared_and_read(tmp_path: Path) -> None:
    """No key names it but `extras`; of deals none does, and the account of what was read has the cure."""
    text, _, files = abroad(tmp_path)
    assert "  extras: [{property: createdate, type: date, format: DD.MM.YYYY}]" in text
    assert run("config", "check", str(tmp_path / "m.yaml")).output.endswith("is in order.\n")
    done = run("evaluate", *files, "--config", str(tmp_path / "m.yaml"), "--at", "2026-02-01")
    assert "contact.createdate" not in done.output
    assert '"tenure_days": 395' in done.output


def test_comments_speak_of_the_files_where_no_portal_was_asked(tmp_path: Path) -> None:
    text, done, _ = abroad(tmp_path, "--companies", str(tmp_path / "k.csv"))
    assert "# Guessed from the CSV files; a comment beside" in text
    assert "  engagement_dates: []  # none of them is in the CSV of contacts" in text
    assert "  channel:  # the CSV of contacts has no hs_analytics_source" in text
    assert "the portal has" not in text
    assert "# The CSV of companies was not looked at: customer is contact" in text
    assert "Not looked at: the CSV of companies" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        (("--preset", "b2b"), ("--preset does not go with --contacts", "Add --deals FILE")),
        (("--from-portal",), ("--from-portal does not go with --contacts",)),
        (("--preset", "b2b", "--language", "pl"), ("--preset does not go with --contacts",)),
    ],
)
def test_options_that_do_not_go_together_are_named_with_what_to_do(
    tmp_path: Path, more: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    (tmp_path / "c.csv").write_text(CONTACTS)
    done = run("config", "init", str(tmp_path / "m.yaml"), "--contacts", str(tmp_path / "c.csv"), *more)
    assert all(part in str(done.exception or "") + done.output for part in parts)
    assert done.exit_code != 0
    assert not (tmp_path / "m.yaml").exists()


def test_a_preset_says_itself_whose_lifecycle_it_is(tmp_path: Path) -> None:
    done = run("config", "init", str(tmp_path / "m.yaml"), "--preset", "b2b", "--customer", "contact")
    said = " ".join(done.output.split())
    assert "--preset does not go with --customer" in said
    assert "Change customer in the file" in said


def test_without_files_and_portal_nothing_is_said_to_be_guessed_from_one(tmp_path: Path) -> None:
    done = run("config", "init", str(tmp_path / "m.yaml"), "--customer", "both", "--yes")
    assert done.exit_code == 0
    assert "Guessed" not in (tmp_path / "m.yaml").read_text()
