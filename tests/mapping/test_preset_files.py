"""A preset written for CSV files: what they have is filled in, what they lack is told, and it reads them."""

from __future__ import annotations

import csv
from collections.abc import Mapping as MappingABC
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.cli import cli
from plugin.jobs.config_first import from_files
from plugin.mapping import presets
from plugin.mapping.load import load_mapping, read_mapping
from plugin.mapping.preset_file import preset_file, preset_guesses
from plugin.records.csv_files import read_records

Rows = list[dict[str, str]]
COMPANIES: Rows = [
    {"Account number": str(number), "Company name": f"Firm {number}", "Renewal date": f"{number}.08.2024"}
    for number in range(11, 20)
]
DEALS: Rows = [
    {
        "Opportunity number": str(number),
        "Account number": str(11 + number % 9),
        "deal_stage": "Won" if number % 3 else "Lost",
        "Pipeline name": "Sales" if number % 3 else "Support",
        "Order date": f"{1 + number}.0{1 + number % 6}.2024",
        "Order value": f"1.{100 + number},50",
    }
    for number in range(1, 28)
]


def written(file: Path, rows: Rows) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return file


def init(folder: Path, preset: str, /, *typed: str, **files: Rows) -> Result:
    """`config init folder/m.yaml --preset PRESET` with these files and options, and what is typed."""
    options = [word for word in typed if word.startswith("--") or "/" in word]
    typed = tuple(word for word in typed if word not in options)
    named = [(f"--{kind}", str(written(folder / f"{kind}.csv", rows))) for kind, rows in files.items()]
    words = [word for pair in named for word in pair]
    line = ["config", "init", str(folder / "m.yaml"), "--preset", preset, *options, *words]
    return CliRunner().invoke(cli, line, input="".join(typed))


def said(done: Result) -> str:
    return " ".join(f"{done.output} {done.exception or ''}".split())


def checked(folder: Path) -> str:
    return CliRunner().invoke(cli, ["config", "check", str(folder / "m.yaml"), "--json"]).output.strip()


def people(rows: Rows) -> Rows:
    """The same rows of people instead of companies."""
    return [{name.replace("Account", "Customer"): text for name, text in row.items()} for row in rows]


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_reads_an_export_with_headers_dates_and_numbers_of_its_own(
    name: str, tmp_path: Path
) -> None:
    """The file passes its check, says where everything is, and the files are read by it as they are."""
    of_people = name == "shop"
    shape = people if of_people else list
    kind = "contacts" if of_people else "companies"
    customers = [{**row, "Cancelled on": ""} for row in shape(COMPANIES)]
    customers[0]["Cancelled on"] = "14.06.2024"
    done = init(tmp_path, name, deals=shape(DEALS), **{kind: customers})
    assert done.exit_code == 0, done.output
    assert checked(tmp_path) == "[]"
    told = said(done)
    assert "purchase.pipelines = Sales" in told
    assert "purchase.amount = Order value (written '1.101,50'; 27 of 27 values)" in told
    assert "purchase.date = Order date (written '2.02.2024'; 27 of 27 values)" in told
    assert "27 deals (18 won, 9 lost)" in told
    mapping, paths = load_mapping(tmp_path / "m.yaml"), {"deals": tmp_path / "deals.csv"}
    records = read_records(mapping=mapping, **paths, **{kind: tmp_path / f"{kind}.csv"})
    assert records.customers(kind.replace("companies", "company").rstrip("s")).height == 9
    assert mapping.purchase.date == "order_date"
    sources = mapping.sources(mapping.customer_objects()[0])
    assert (sources.contract_until, sources.cancelled_on) == ("renewal_date", "cancelled_on")
    shipped = read_mapping(presets.text(name).encode())[0]
    assert mapping.thresholds == shipped.thresholds
    assert mapping.models == shipped.models


def test_what_the_files_lack_is_commented_out_and_told(tmp_path: Path) -> None:
    done = init(tmp_path, "services", deals=DEALS, companies=COMPANIES)
    text = (tmp_path / "m.yaml").read_text()
    assert text.startswith("# Fitted to CSV files: what is missing or empty in them is commented out")
    assert "#   Support (Support): Lost (Lost)\n" in text
    assert "    # - notes_last_contacted  # the CSV of companies has no such column\n" in text
    assert "Commented out, as the CSV files have nothing there:" in said(done)
    assert "company.cancelled_on (cancelled_on)" in said(done)
    mapping = load_mapping(tmp_path / "m.yaml")
    assert (mapping.company.cancelled_on, mapping.company.outreach_dates) == (None, ())
    assert "the portal" not in text.split("thresholds:")[0].lower()


def test_a_header_that_is_the_presets_own_name_in_other_letters_is_read(tmp_path: Path) -> None:
    some = [{**row, "Churn reason": "price", "Referrals made": "2"} for row in COMPANIES]
    assert init(tmp_path, "services", deals=DEALS, companies=some).exit_code == 0
    mapping = load_mapping(tmp_path / "m.yaml")
    assert (mapping.company.churn_reason, mapping.company.referrals) == ("churn_reason", "referrals_made")
    records = read_records(
        mapping=mapping, deals=tmp_path / "deals.csv", companies=tmp_path / "companies.csv"
    )
    assert records.companies.select("churn_reason", "referrals_made").unique().rows() == [("price", "2")]


def test_stages_whose_names_say_won_are_named_where_the_reader_does_not_know_them(tmp_path: Path) -> None:
    named = {"Won": "Deal won!", "Lost": "Closed lost"}
    deals = [{**row, "deal_stage": named[row["deal_stage"]]} for row in DEALS]
    done = init(tmp_path, "b2b", deals=deals, companies=COMPANIES)
    assert load_mapping(tmp_path / "m.yaml").purchase.won_stages == ("Deal won!",)
    assert "27 deals (18 won, 9 lost)" in said(done)


def test_lost_stages_are_named_too_and_what_is_open_then_is_told(tmp_path: Path) -> None:
    named = {"Won": "Gewonnen", "Lost": "Verloren"}
    deals = [{**row, "deal_stage": named[row["deal_stage"]]} for row in DEALS]
    deals[0]["deal_stage"] = "Angebot"
    done = init(tmp_path, "b2b", "--yes", deals=deals, companies=COMPANIES)
    purchase = load_mapping(tmp_path / "m.yaml").purchase
    assert (purchase.won_stages, purchase.lost_stages) == (("Gewonnen",), ("Verloren",))
    assert "27 deals (17 won, 1 open, 9 lost)" in said(done)
    assert "open are the others: Angebot" in said(done)


def test_a_name_that_denies_a_sale_says_nothing(tmp_path: Path) -> None:
    """`Not won` is refused and not counted as won."""
    deals = [{**row, "deal_stage": {"Won": "Won", "Lost": "Not won"}[row["deal_stage"]]} for row in DEALS]
    done = init(tmp_path, "b2b", "--yes", deals=deals, companies=COMPANIES)
    assert done.exit_code == 1
    assert "the stage 'Not won' is open or lost. Cure: Add the column Is Deal Closed" in said(done)


def test_columns_that_nothing_reads_are_told_and_plain_ones_are_recognised(tmp_path: Path) -> None:
    """Of each file the first dozen; the name, the day of creation and the reason of a loss are read."""
    more = {f"Column {number}": "x" for number in range(14)}
    companies = [
        {
            "Account number": row["Account number"],
            "Account name": "A",
            "Created on": "13.01.2020",
            "Branch": "B",
        }
        for row in COMPANIES
    ]
    deals = [
        {**row, "Opened on": "2023-01-31", "Reason lost": "Price", "Margin %": "", **more} for row in DEALS
    ]
    done = init(tmp_path, "b2b", "--yes", deals=deals, companies=companies)
    assert done.exit_code == 0, done.output
    idle = said(done).partition("Read by nothing: ")[2].partition(". ")[0]
    assert idle == f"{', '.join([*more][:12])} and 2 more of deals; Branch of companies"
    headers = load_mapping(tmp_path / "m.yaml").headers
    read = {"Account name": "name", "Created on": "createdate", "Opened on": "createdate"}
    assert read.items() <= headers.items()
    assert headers["Reason lost"] == "closed_lost_reason"


DOUBTFUL = [{**row, "Order date": "03/04/2024"} for row in DEALS]


def test_dates_in_doubt_are_told_and_not_guessed(tmp_path: Path) -> None:
    """No deal would be a purchase: so nothing is written, and the doubt is named as the cause."""
    done = init(tmp_path, "b2b", "--yes", deals=DOUBTFUL, companies=COMPANIES)
    assert done.exit_code == 1
    assert "order_date may mean DD/MM/YYYY or MM/DD/YYYY, as '03/04/2024'. Cure: Say which with" in said(done)
    assert "Enter" not in said(done)
    assert not (tmp_path / "m.yaml").exists()


@pytest.mark.parametrize(("pattern", "last"), [("DD/MM/YYYY", "DD/MM/YYYY"), ("M/D/YYYY", "MM/DD/YYYY")])
def test_dates_in_doubt_are_read_as_an_option_says(tmp_path: Path, pattern: str, last: str) -> None:
    done = init(tmp_path, "b2b", "--yes", "--date-format", pattern, deals=DOUBTFUL, companies=COMPANIES)
    assert done.exit_code == 0, done.output
    assert load_mapping(tmp_path / "m.yaml").readings_of("deal")["order_date"].format == last
    assert "27 deals (18 won, 9 lost)" in said(done)


def test_other_dates_in_doubt_are_told_and_the_file_has_each_way(tmp_path: Path) -> None:
    """It is written: purchases are known, the rest waits in comments."""
    companies = [{**row, "Renewal date": "03/04/2024"} for row in COMPANIES]
    done = init(tmp_path, "b2b", deals=DEALS, companies=companies)
    assert done.exit_code == 0, done.output
    assert "In doubt, not declared" in said(done)
    text = (tmp_path / "m.yaml").read_text()
    assert "  #   {property: renewal_date, type: date, format: MM/DD/YYYY}" in text
    assert checked(tmp_path) == "[]"


def test_on_a_terminal_dates_in_doubt_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.cli.config_init._at_terminal", lambda: True)
    done = init(tmp_path, "b2b", "y\n2\n" + "y\n" * 9, deals=DOUBTFUL, companies=COMPANIES)
    assert "purchase.date: how is '03/04/2024' in order_date written?" in done.output
    reading = load_mapping(tmp_path / "m.yaml").readings_of("deal")["order_date"]
    assert reading.format == "MM/DD/YYYY"
    assert "27 deals (18 won, 9 lost)" in said(done)


OPEN = [{**row, "deal_stage": "Engaging"} for row in DEALS]
TEXT_IDS = [{**row, "Account number": f"A{row['Account number']}"} for row in DEALS]
STRANGERS = [{**row, "Account number": "99"} for row in DEALS]
PLAIN = [{name: row[name] for name in ("Account number", "Company name")} for row in COMPANIES]


@pytest.mark.parametrize(
    ("preset", "files", "parts"),
    [
        ("b2b --date-format=DD/YY", {"deals": DEALS, "companies": COMPANIES}, ("write it as DD/MM/YYYY",)),
        ("b2b", {"companies": COMPANIES}, ("--preset does not go with --companies", "Add --deals FILE")),
        ("shop", {"deals": DEALS, "companies": COMPANIES}, ("its customers are contacts", "Add --contacts")),
        ("subscriptions", {"deals": DEALS, "companies": PLAIN}, ("company.contract_until", "another preset")),
        ("b2b", {"deals": TEXT_IDS, "companies": COMPANIES}, ("'A12' is not an id", "digits")),
        ("b2b", {"deals": STRANGERS, "companies": COMPANIES}, ("no deal is a purchase of a company",)),
        ("b2b", {"deals": OPEN, "companies": COMPANIES}, ("the stage 'Engaging' is open, won or lost",)),
    ],
)
def test_what_a_preset_does_not_fit_is_refused_with_the_reason(
    preset: str, files: dict[str, Rows], parts: tuple[str, ...], tmp_path: Path
) -> None:
    """Nothing is written."""
    name, *options = preset.split()
    done = init(tmp_path, name, *options, **files)
    assert done.exit_code != 0
    assert all(part in said(done) for part in parts), said(done)
    assert not (tmp_path / "m.yaml").exists()


NAMES: MappingABC[str, tuple[str, ...]] = {
    "Opportunity number": ("Record ID", "id", "Deal No", "order_id"),
    "Account number": ("Associated Company IDs", "Company ID", "customer id", "Account No"),
    "deal_stage": ("Deal Stage", "dealstage", "Status", "Opportunity stage"),
    "Pipeline name": ("Pipeline", "Sales pipeline"),
    "Order date": ("Close Date", "closedate", "Closed on", "Won on", "invoice_date"),
    "Order value": ("Amount", "Total", "Order amount", "Price EUR"),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({old: st.sampled_from(new) for old, new in NAMES.items()}))
def test_whatever_the_columns_are_called_the_same_is_read(tmp_path: Path, names: dict[str, str]) -> None:
    """And the customers' own id may stand under the header that deals have for them."""
    deals = [{names[old]: text for old, text in row.items()} for row in DEALS]
    deal_file, customers = written(tmp_path / "d.csv", deals), written(tmp_path / "c.csv", COMPANIES)
    facts = from_files(None, deal_file, customers, customer="company")
    made = preset_file("b2b", facts, preset_guesses(presets.text("b2b"), facts))
    mapping, findings = read_mapping(made.text.encode())
    assert findings == []
    deal = read_records(mapping=mapping, deals=deal_file, companies=customers).deals.sort("id")
    assert deal["company_ids"].to_list() == [[11 + number % 9] for number in range(1, 28)]
    assert deal["hs_is_closed_won"].to_list() == [str(number % 3 > 0).lower() for number in range(1, 28)]
    assert deal[mapping.purchase.date].to_list() == [row["Order date"] for row in DEALS]
    (amount,) = (name for name in mapping.purchase.amount if name in deal.columns)
    assert deal[amount].to_list() == [row["Order value"] for row in DEALS]
    assert mapping.purchase.pipelines == ("Sales",)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Margin %", ["1.200,50", "35"]),
        ("Profit rate", ["12", "40"]),
        ("Gross margin", ["10", "38"]),
        ("Total costs", ["0,7", "0,9"]),
    ],
)
def test_a_share_is_not_taken_for_a_sum_of_money(tmp_path: Path, header: str, values: list[str]) -> None:
    """By its header or by its values: it is left out with the reason, and profit stays the amount."""
    deals = [{**row, header: values[place % 2]} for place, row in enumerate(DEALS)]
    done = init(tmp_path, "b2b", "--yes", deals=deals, companies=COMPANIES)
    assert done.exit_code == 0, done.output
    purchase = load_mapping(tmp_path / "m.yaml").purchase
    assert (purchase.margin_property, purchase.cost_property) == (None, None)
    assert f"{header} " in said(done).partition("Not taken:")[2]
    assert "margin_share" in said(done)
    assert f"# {header} " in (tmp_path / "m.yaml").read_text("utf-8")


def test_a_sum_beside_its_share_is_taken(tmp_path: Path) -> None:
    """The column with the money, though the share stands first."""
    deals = [{**row, "Margin %": "30", "Margin": f"{330 + place},25"} for place, row in enumerate(DEALS)]
    done = init(tmp_path, "b2b", "--yes", deals=deals, companies=COMPANIES)
    assert "purchase.margin_property = Margin (written" in said(done)
    purchase = load_mapping(tmp_path / "m.yaml").purchase
    assert purchase.margin_property == "margin_2"
