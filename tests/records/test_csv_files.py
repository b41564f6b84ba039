"""CSV files become the frames that the mirror would hold; what cannot be read is named with its line."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from plugin.errors import InputError
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping, Purchase
from plugin.records.csv_files import read_records, write_records
from plugin.records.csv_headers import LABELS

BIG = 9_223_372_036_854_775_807
DEALS = "id,contact_ids,amount,closedate,dealstage,hs_is_closed,hs_is_closed_won\n"


@pytest.fixture
def put(tmp_path):
    """Write a file; answers its path."""

    def _put(name: str, text: str | bytes) -> Path:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return _put


def _refusal(**files) -> str:
    with pytest.raises(InputError) as caught:
        read_records(**files)
    return str(caught.value)


def test_internal_names_read_as_they_are(put):
    """The contract's own headers; lists by semicolon; an empty cell is null."""
    contacts = put("contacts.csv", "id,company_ids,email\n51,7;8,a@b.example\n52,,\n")
    deals = put("deals.csv", DEALS + f"{BIG},51; 52,9.50,2026-01-31T10:00:00Z,closedwon,true,true\n")
    read = read_records(contacts=contacts, deals=deals)
    assert read.contacts.rows() == [(51, [7, 8], "a@b.example"), (52, [], None)]
    row = read.deals.row(0, named=True)
    assert (row["id"], row["contact_ids"], row["company_ids"]) == (BIG, [51, 52], [])
    assert (row["primary_contact_id"], row["closedate"]) == (None, "2026-01-31T10:00:00Z")


def test_cells_may_be_parted_by_bars(put):
    """Where the header line has no other sign that parts."""
    contacts = put("c.csv", b'"id"|"firstname"\n"51"|"Ann, or Zoe"\n')
    deals = put("d.csv", b"id,contact_ids,closedate,dealstage\n")
    read = read_records(contacts=contacts, deals=deals)
    assert read.contacts.select("id", "firstname").rows() == [(51, "Ann, or Zoe")]


def test_a_hubspot_export_reads_as_it_is(put):
    """Labels, semicolon-delimited by Excel, byte order mark, stages with their pipeline, no flags."""
    contacts = put("c.csv", "\ufeffRecord ID;First Name;Associated Company IDs\r\n51;Zoë;7\r\n".encode())
    deals = put(
        "d.csv",
        '"Record ID","Deal Name","Deal Stage","Close Date","Pipeline","Amount","Create Date",'
        '"Associated Contact IDs"\n'
        '1,"Two\nlines, ""quoted""",Closed won (Sales Pipeline),2026-01-31 14:05,'
        "Sales Pipeline,10,2026-01-01 08:00,51\n"
        "2,B,Closed lost (Sales Pipeline),2026-01-31,Sales Pipeline,,2026-01-01,51\n"
        "3,C,Decision Maker Bought-In (Sales Pipeline),,Sales Pipeline,,2026-01-01,51;52\n",
    )
    read = read_records(contacts=contacts, deals=deals)
    assert read.contacts.rows(named=True) == [{"id": 51, "company_ids": [7], "firstname": "Zoë"}]
    flags = read.deals.select("id", "hs_is_closed", "hs_is_closed_won", "closedate", "contact_ids")
    assert flags.rows() == [
        (1, "true", "true", "2026-01-31 14:05", [51]),
        (2, "true", "false", "2026-01-31", [51]),
        (3, "false", "false", None, [51, 52]),
    ]
    assert read.deals["dealname"][0] == 'Two\nlines, "quoted"'


@pytest.mark.parametrize(
    ("columns", "row", "flags"),
    [
        ("dealstage,hs_is_closed_won", "12345,Yes", ("true", "Yes")),
        ("dealstage,hs_is_closed_won", "12345,No", ("false", "No")),
        ("dealstage,hs_is_closed_won", "closedlost,false", ("true", "false")),
        ("dealstage,hs_is_closed_won,closed_lost_reason", "12345,false,price", ("true", "false")),
        ("dealstage,hs_is_closed", "12345,false", ("false", "false")),
        ("dealstage,hs_is_closed", "Closed Won,true", ("true", "true")),
        ("dealstage,closed_lost_reason", "12345,price", ("true", "false")),
        ("dealstage", "", (None, None)),
    ],
)
def test_a_missing_flag_follows_from_what_is_there(put, columns, row, flags):
    """What the file does say is never overwritten; an empty stage stays unknown."""
    deals = put("d.csv", f"id,contact_ids,closedate,{columns}\n1,51,2026-01-01,{row}\n")
    read = read_records(contacts=put("c.csv", "id\n51\n"), deals=deals)
    assert read.deals.select("hs_is_closed", "hs_is_closed_won").row(0) == flags


def test_a_stage_that_says_nothing_is_refused_with_the_cure(put):
    """Guessing would make wrong customers; the mapping can name the stage."""
    deals = put("d.csv", "id,contact_ids,closedate,dealstage\n1,51,2026-01-01,98765\n2,51,2026-01-01,98765\n")
    contacts = put("c.csv", "id\n51\n")
    said = _refusal(contacts=contacts, deals=deals)
    assert f"{deals}:2: Nothing says whether the stage '98765' is open, won or lost." in said
    assert "Is Closed Won" in said
    assert said.count("98765") == 1
    won = Mapping(purchase=Purchase(won_stages=("98765",)))
    assert read_records(contacts=contacts, deals=deals, mapping=won).deals["hs_is_closed_won"].to_list() == [
        "true",
        "true",
    ]


@pytest.mark.parametrize(
    ("purchase", "columns", "row", "flags"),
    [
        (Purchase(lost_stages=("Verloren",)), "dealstage", "Verloren", ("true", "false")),
        (Purchase(refund_stages=("Storno",)), "dealstage", "Storno", ("true", "false")),
        (Purchase(won_stages=("A",), lost_stages=("B",)), "dealstage", "Angebot", ("false", "false")),
        (
            Purchase(won_stages=("A",), lost_stages=("B",)),
            "dealstage,closed_lost_reason",
            "C,price",
            ("true", "false"),
        ),
        (Purchase(won_stages=("A",)), "dealstage,hs_is_closed", "Verloren,true", ("true", "false")),
        (Purchase(won_stages=("A",), lost_stages=("B",)), "dealstage", "", (None, None)),
    ],
)
def test_stages_that_the_mapping_lists_say_what_the_others_are(put, purchase, columns, row, flags):
    """What is won and what is lost is declared; the rest is open then, and never won."""
    deals = put("d.csv", f"id,contact_ids,closedate,{columns}\n1,51,2026-01-01,{row}\n")
    read = read_records(contacts=put("c.csv", "id\n51\n"), deals=deals, mapping=Mapping(purchase=purchase))
    assert read.deals.select("hs_is_closed", "hs_is_closed_won").row(0) == flags


@pytest.mark.parametrize(
    ("purchase", "states", "cure"),
    [
        (
            Purchase(),
            "open, won or lost",
            "the won stages in purchase.won_stages and the lost ones in purchase.lost_",
        ),
        (Purchase(won_stages=("A",)), "open or lost", "name the lost stages in purchase.lost_stages"),
        (Purchase(lost_stages=("B",)), "open or won", "name the won stages in purchase.won_stages"),
    ],
)
def test_the_cure_of_an_unclear_stage_is_right_when_it_is_followed(put, purchase, states, cure):
    """A lost stage is never to be named among those that are won."""
    deals = put("d.csv", "id,contact_ids,closedate,dealstage\n1,51,2026-01-01,Verloren\n")
    said = _refusal(contacts=put("c.csv", "id\n51\n"), deals=deals, mapping=Mapping(purchase=purchase))
    assert f"Nothing says whether the stage 'Verloren' is {states}." in said
    assert cure in said


@pytest.mark.parametrize(
    ("pipeline", "stage", "read"),
    [
        ("Sales Pipeline", "Closed Won (Sales Pipeline)", ("default", "closedwon")),
        ("default", "closed won", ("default", "closedwon")),
        ("Sales Pipeline", "Contract Sent (Sales Pipeline)", ("default", "Contract Sent (Sales Pipeline)")),
        ("Renewals", "Closed Won (Renewals)", ("Renewals", "Closed Won (Renewals)")),
        ("Renewals", "Closed Won", ("Renewals", "Closed Won")),
    ],
)
def test_an_exports_labels_are_the_ids_that_the_mapping_names(put, pipeline, stage, read):
    """The mapping of a portal holds for its exports; another pipeline's stage of that name is another."""
    header = "id,contact_ids,closedate,hs_is_closed,hs_is_closed_won,pipeline,dealstage"
    files = {
        "contacts": put("c.csv", "id\n51\n"),
        "deals": put("d.csv", f"{header}\n1,51,2026-01-01,true,true,{pipeline},{stage}\n"),
    }
    by_ids = Mapping(purchase=Purchase(pipelines=("default",), won_stages=("closedwon",)))
    assert read_records(**files, mapping=by_ids).deals.select("pipeline", "dealstage").row(0) == read
    by_labels = Mapping(purchase=Purchase(pipelines=(pipeline,), won_stages=(stage,)))
    assert read_records(**files, mapping=by_labels).deals["dealstage"].to_list() == [stage]


def test_an_exports_sources_are_the_values_that_records_hold(put):
    """A channel has one name, wherever it was read; what is not HubSpot's own stays."""
    shown = ["Organic Search", "ORGANIC_SEARCH", "Offline Sources", "AI referrals", "Trade fair", ""]
    text = "Record ID,Original Traffic Source\n" + "".join(f"{i},{s}\n" for i, s in enumerate(shown, 51))
    found = read_records(contacts=put("c.csv", text)).contacts["hs_analytics_source"].to_list()
    assert found == ["ORGANIC_SEARCH", "ORGANIC_SEARCH", "OFFLINE", "AI_REFERRALS", "Trade fair", None]


def test_own_headers_come_from_the_mapping(put):
    """Any file can be read by naming its headers."""
    own = {"Kundennummer": "id", "Kunde": "contact_ids", "Datum": "closedate", "Won?": "hs_is_closed_won"}
    mapping = Mapping(headers=own)
    contacts = put("c.csv", "Kundennummer\n51\n")
    deals = put("d.csv", "id,Kunde,Datum,Won?\n1,51,2026-01-01,true\n")
    read = read_records(contacts=contacts, deals=deals, mapping=mapping)
    assert read.contacts["id"].to_list() == [51]
    assert read.deals.row(0, named=True)["closedate"] == "2026-01-01"


def test_id_columns_beside_id_keep_their_names(put):
    """`id` wins over `hs_object_id`; a custom property called record_id stays one."""
    contacts = put("c.csv", "hs_object_id,record_id,id\n3,x,51\n")
    assert read_records(contacts=contacts).contacts.rows(named=True) == [
        {"id": 51, "company_ids": [], "hs_object_id": "3", "record_id": "x"}
    ]
    assert read_records(contacts=put("d.csv", "hs_object_id\n3\n")).contacts["id"].to_list() == [3]


@pytest.mark.parametrize(
    "header", ["ID", "Record ID", "RECORD ID", "hs_object_id", "HS_OBJECT_ID", "Record ID - Contact"]
)
def test_the_id_is_found_however_its_header_is_written(put, header):
    """Case and signs do not matter."""
    assert read_records(contacts=put("c.csv", f"{header},email\n51,a\n")).contacts.rows() == [(51, [], "a")]


def test_rows_of_empty_cells_and_old_line_ends_do_no_harm(put):
    """Spreadsheets leave rows without a value at the end, and some end lines with a carriage return alone."""
    expected = [(51, [7], "a")]
    for text in ("id,company_ids,email\n51,7,a\n,,\n \n", "id,company_ids,email\r51,7,a\r"):
        assert read_records(contacts=put("c.csv", text)).contacts.rows() == expected


def test_a_number_too_long_for_a_number_is_a_fault_like_others(put):
    """Five thousand digits are told by their first forty."""
    said = _refusal(contacts=put("c.csv", "id\n" + "9" * 5_000 + "\n"))
    assert f"{'9' * 40}…' is not an id." in said
    assert len(said) < 500


def test_every_fault_is_told_at_once(put):
    """One run of the command shows all there is to mend, in both files."""
    contacts = put("c.csv", "id,email\n51,a\n51,b\n5.1E+10,c\n,d\n52\n53,e,f\n99999999999999999999,g\n")
    deals = put("d.csv", DEALS + "1,51;x,1,2026-01-01,closedwon,true,true\n")
    said = _refusal(contacts=contacts, deals=deals)
    for place, words in {
        f"{contacts}:3:": "The id 51 stands on line 2 already.",
        f"{contacts}:4:": "'5.1E+10' is not an id.",
        f"{contacts}:5:": "'' is not an id.",
        f"{contacts}:6:": "This row has 1 cells, the header has 2.",
        f"{contacts}:7:": "This row has 3 cells, the header has 2.",
        f"{contacts}:8:": "'99999999999999999999' is not an id.",
        f"{deals}:2:": "'x' is not an id.",
    }.items():
        assert f"{place} {words} Cure: " in said
    assert "7 faults" in said


def test_after_twenty_faults_only_the_number_is_told(put):
    """A wrong file does not scroll the screen away."""
    contacts = put("c.csv", "id\n" + "".join(f"{n}\n" for n in range(1, 61)) + "x\n" * 50)
    said = _refusal(contacts=contacts)
    assert said.count("is not an id") == 20
    assert "... and 30 more." in said


def test_a_column_that_holds_no_ids_is_one_fault(put):
    """Not one for each of its rows; what else is wrong is told in the same run."""
    contacts = put("c.csv", "id\n" + "".join(f"A-{n}\n" for n in range(200)))
    deals = put("d.csv", "id,contact_ids,closedate,dealstage\n1,51,2026-01-01,odd\n")
    said = _refusal(contacts=contacts, deals=deals)
    assert f"{contacts}:2: 'A-0' is not an id, nor are 199 more values of 'id'. Cure: Write" in said
    assert "2 faults" in said
    assert "the stage 'odd'" in said


@pytest.mark.parametrize("header", ["Opportunity number", "Deal number", "Order No"])
def test_a_column_that_looks_like_the_ids_is_named_with_what_is_wrong(put, header):
    """Also the stage is told in the same run, though nothing can be computed."""
    contacts, rows = put("c.csv", "id\n51\n"), "A-5000,51,2026-01-01,odd\nA-5001,51,2026-01-02,Won\n"
    said = _refusal(
        contacts=contacts, deals=put("d.csv", f"{header},contact_ids,closedate,dealstage\n{rows}")
    )
    assert f"The column {header!r} looks like it, but 2 of its 2 values are no ids, as 'A-5000'" in said
    assert "Cure: Add a column id that has a number for each, digits alone" in said
    assert "the stage 'odd'" in said
    rows = rows.replace("A-", "")
    said = _refusal(
        contacts=contacts, deals=put("d.csv", f"{header},contact_ids,closedate,dealstage\n{rows}")
    )
    assert f"Cure: Name it id, or write {header!r}: id under headers in the mapping." in said


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"", 1, "The file is empty."),
        (b"id,name\n1,M\xfcller\n", 2, "Latin-1"),
        ("id\n1\n".encode("utf-16"), 1, "The file is UTF-16."),
        (b"name\nx\n", 1, "There is no column with the records' ids."),
        (b'id,name\n1,"a\n2,b\n', 2, "From this line on the file is broken"),
        (b"id,Create Date,createdate\n1,x,y\n", 1, "both mean createdate"),
        (b"id,\n1,x\n", 1, "Column 2 has no header."),
    ],
)
def test_a_broken_file_is_named_with_its_line(put, raw, line, words):
    """No traceback, no guess."""
    file = put("c.csv", raw)
    said = _refusal(contacts=file)
    assert f"{file}:{line}: " in said
    assert words in said
    assert "Cure: " in said


def test_one_header_for_the_customers_number_leads_to_the_link_and_not_to_two_ids(put):
    """The cure is right: followed, both files are read."""
    contacts, deals = (
        put("c.csv", "No\n51\n"),
        put("d.csv", "Order,No,closedate,dealstage\n1,51,2026-01-01,Won\n"),
    )
    said = _refusal(contacts=contacts, deals=deals, mapping=Mapping(headers={"No": "id", "Order": "id"}))
    assert "both mean id. Cure: Under headers write company_ids (contact_ids)" in said
    cured = Mapping(headers={"No": "contact_ids", "Order": "id"})
    read = read_records(contacts=contacts, deals=deals, mapping=cured)
    assert (read.contacts["id"].to_list(), read.deals["contact_ids"].to_list()) == ([51], [[51]])


def test_missing_files_and_columns_are_told_before_anything_is_computed(put, tmp_path):
    """What a mapping needs must be in the files."""
    contacts = put("c.csv", "id\n51\n")
    assert "cannot be read: No such file" in _refusal(contacts=tmp_path / "none.csv")
    assert "no file of companies is given" in _refusal(contacts=contacts, mapping=Mapping(customer="company"))
    said = _refusal(contacts=contacts, deals=put("d.csv", "id,amount\n1,2\n"))
    assert "There is no column for closedate" in said
    assert "No column says which contact a deal belongs to." in said
    said = _refusal(contacts=contacts, deals=put("e.csv", "id,contact_ids,closedate\n1,51,2026-01-01\n"))
    assert "No column says whether a deal is won" in said


def test_in_company_mode_contacts_may_be_missing(put):
    """Deals then name companies; a file of contacts is welcome, not needed."""
    companies = put("companies.csv", "id,name\n7,Seven\n")
    deals = put("d.csv", "id,company_ids,closedate,hs_is_closed_won\n1,7,2026-01-01,true\n")
    read = read_records(companies=companies, deals=deals, mapping=Mapping(customer="company"))
    assert read.companies.rows() == [(7, "Seven")]
    assert read.deals.select("contact_ids", "company_ids").row(0) == ([], [7])
    assert read.contacts.height == 0
    said = _refusal(companies=companies, deals=deals, contacts=None, mapping=Mapping(customer="both"))
    assert "no file of contacts is given" in said


def test_excels_own_first_line_and_empty_columns_do_no_harm(put):
    """`sep=;` is no header; a column without header and cells is nothing; blank lines are skipped."""
    contacts = put("c.csv", "sep=;\r\nid;email;\r\n51;a;\r\n\r\n52;b;\r\n")
    assert read_records(contacts=contacts).contacts["id"].to_list() == [51, 52]


def test_history_is_read_with_its_moments(put):
    """ISO 8601 with any zone, naive as UTC, or milliseconds; a cleared value stays as written."""
    rows = [
        '{"object":"contact","id":51,"property":"nps","value":"9","timestamp":"2026-01-31T10:00:00+01:00"}',
        "",
        '{"object":"deal","id":"9","property":"dealstage","value":"","timestamp":"2026-01-31T10:00:00"}',
        '{"object":"deal","id":9,"property":"dealstage","value":null,"timestamp":1000}',
    ]
    read = read_records(contacts=put("c.csv", "id\n51\n"), history=put("h.jsonl", "\n".join(rows)))
    assert read.history.rows() == [
        ("contact", 51, "nps", "9", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("deal", 9, "dealstage", "", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("deal", 9, "dealstage", None, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "3",
        '{"object":"contact"}',
        '{"object":"cat","id":1,"property":"p","value":"v","timestamp":"2026-01-01"}',
        '{"object":"deal","id":"x","property":"p","value":"v","timestamp":"2026-01-01"}',
        '{"object":"deal","id":1.5,"property":"p","value":"v","timestamp":"2026-01-01"}',
        '{"object":"deal","id":1,"property":"p","value":"v","timestamp":"yesterday"}',
        '{"object":"deal","id":1,"property":"p","value":"v","timestamp":null}',
        '{"object":"deal","id":1,"property":"p","value":"v","timestamp":99999999999999999999}',
    ],
)
def test_a_broken_line_of_history_is_named(put, line):
    """The line's number and what a right one looks like."""
    file = put("h.jsonl", f"\n{line}\n")
    said = _refusal(contacts=put("c.csv", "id\n51\n"), history=file)
    assert f"{file}:2: This is no dated value" in said
    assert "timestamp" in said


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda t: t or None)
_id = st.integers(1, BIG)
_ids = st.lists(_id, max_size=3)
_moment = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda at: at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
)


def _rows(**columns):
    return st.lists(st.fixed_dictionaries(columns), max_size=5, unique_by=lambda row: row["id"])


@given(
    contacts=_rows(id=_id, company_ids=_ids, email=_text, hs_object_id=_text),
    companies=_rows(id=_id, name=_text),
    deals=_rows(
        id=_id,
        contact_ids=_ids,
        company_ids=_ids,
        primary_contact_id=st.none() | _id,
        closedate=_text,
        dealstage=_text,
        hs_is_closed=_text,
        hs_is_closed_won=_text,
        dealname=_text,
    ),
    history=st.lists(
        st.fixed_dictionaries(
            {
                "object": st.sampled_from(["contact", "company", "deal"]),
                "id": _id,
                "property": st.just("dealstage"),
                "value": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
                "at": _moment,
            }
        ),
        max_size=4,
    ),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_reads_back_equal(tmp_path, contacts, companies, deals, history):
    """Any text in any cell: quotes, line breaks, semicolons, control signs."""
    before = _whole(Records.from_rows(contacts, companies, deals, history))
    names = [file.name for file in write_records(before, tmp_path)]
    assert names == ["contacts.csv", "companies.csv", "deals.csv", "history.jsonl"]
    after = read_records(**{file.split(".")[0]: tmp_path / file for file in names})
    for kind in ("contacts", "companies", "deals", "history"):
        assert_frame_equal(getattr(after, kind), getattr(before, kind))


def _whole(records: Records) -> Records:
    """With the columns that a file of deals must have, also when there is no deal."""
    missing = [n for n in ("closedate", "hs_is_closed", "hs_is_closed_won") if n not in records.deals.columns]
    blank = [pl.lit(None, dtype=pl.String).alias(n) for n in missing]
    return Records(records.contacts, records.companies, records.deals.with_columns(blank), records.history)


def test_the_guide_names_every_header_that_is_understood():
    """docs/offline.md is the reference: a label that it does not show is one nobody can use."""
    guide = (Path(__file__).parents[2] / "docs" / "offline.md").read_text("utf-8")
    low = guide.lower()
    for label, name in LABELS.items():
        assert "_" in label or label in low, label
        assert f"`{name}`" in guide, name


def test_the_guides_example_of_faults_is_what_the_reader_says(put):
    """The message in the guide is made by the reader, word for word."""
    contacts = put("contacts.csv", "id\n51\n51\n5.1E+10\n")
    deals = put("deals.csv", "id,contact_ids,closedate,dealstage\n1,51,2026-01-01,98765\n")
    said = _refusal(contacts=contacts, deals=deals).replace(f"{contacts.parent}/", "")
    guide = (Path(__file__).parents[2] / "docs" / "offline.md").read_text("utf-8")
    told = [line for line in said.splitlines() if ".csv:" in line]
    assert len(told) == 3
    assert all(line in guide for line in told)
