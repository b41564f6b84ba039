"""What an export's cells mean: to the minute, in a zone that is found, and only what is certain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.clock import milliseconds
from plugin.errors import InputError
from plugin.hubspot.client import Record
from plugin.lifecycle.values import days
from plugin.mapping.model import Mapping, Sources
from plugin.records import minutes
from plugin.records.csv_exports import ExportedRow
from plugin.sync import export_cells

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
MAPPING = Mapping(contact=Sources(markers=("demo_on",)))
TYPES = {"city": "string", "createdate": "datetime", "demo_on": "datetime"}
ABOUT = export_cells.columns(MAPPING, "contact", ["city", "createdate", "demo_on", "no_such"], TYPES)
STAMP = "2026-11-20 09:00"
_moments = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda at: at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
)


def row(city: str = "", created: str = "", demo: str = "", stamp: str = STAMP) -> ExportedRow:
    cells = {"city": city, "createdate": created, "demo_on": demo, "lastmodifieddate": stamp}
    return ExportedRow(1, cells)


def wire(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@given(moment=_moments, zone=st.sampled_from([BERLIN, NEW_YORK, "UTC", "Australia/Lord_Howe"]))
@settings(max_examples=150, deadline=None)
def test_a_certain_moment_is_the_minute_and_the_day_that_hubspot_means(moment: datetime, zone: str) -> None:
    """In every zone, over every change of the clocks; what is not certain says so."""
    cell = moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    record, certain = export_cells.as_record(row(created=cell), ABOUT, zone)
    kept = record.properties["createdate"]
    if certain:
        assert minutes.same_value(kept, wire(moment))
        exact = pl.Series([wire(moment)])
        assert days(pl.Series([kept]), BERLIN).to_list() == days(exact, BERLIN).to_list()
        assert not minutes.same_value(kept, wire(moment + timedelta(minutes=1)))
    else:
        local = moment.astimezone(ZoneInfo(zone))
        assert local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@pytest.mark.parametrize(
    ("cells", "certain"),
    [
        (row("Bonn"), True),
        (row("'quoted"), True),
        (row("'=1+1"), False),
        (row("'-5"), False),
        (row("x" * 32_000), False),
        (row(created="2026-10-25 02:30"), False),  # twice in Berlin
        (row(created="2026-03-29 02:30"), False),  # never in Berlin
        (row(demo="2026-07-01 02:00"), False),  # midnight UTC: may mean the calendar day
        (row(created="2026-07-01 02:00"), True),
    ],
)
def test_what_a_cell_does_not_tell_is_not_certain(cells: ExportedRow, certain: bool) -> None:
    assert export_cells.as_record(cells, ABOUT, BERLIN)[1] == certain


@pytest.mark.parametrize("cell", ["11/22/2026", "2026-11-22", "2026-11-22 12:34:56", "yesterday", "12:34"])
def test_a_moment_in_another_form_is_refused(cell: str) -> None:
    with pytest.raises(InputError):
        export_cells.as_record(row(created=cell), ABOUT, BERLIN)


def test_the_zone_is_the_one_in_which_the_records_agree() -> None:
    """By any moment, also where the stamps alone do not tell; between the like the first; else none."""
    summer = datetime(2026, 7, 1, 12, 0, 5, tzinfo=UTC)
    winter = datetime(2026, 1, 5, 12, 0, 5, tzinfo=UTC)
    values = {"city": "", "createdate": wire(summer), "demo_on": None}
    record = Record(1, values, modified_at=milliseconds(winter))
    london = row(created="2026-07-01 13:00", stamp="2026-01-05 12:00")
    utc = row(created="2026-07-01 12:00", stamp="2026-01-05 12:00")
    zones = ["Europe/London", "UTC"]
    assert export_cells.zone_of([(london, record)], ABOUT, zones)[0] == "Europe/London"
    assert export_cells.zone_of([(utc, record)], ABOUT, zones)[0] == "UTC"
    assert export_cells.tells_zones_apart(utc, ABOUT, zones)
    assert not export_cells.tells_zones_apart(row(stamp="2026-01-05 12:00"), ABOUT, zones)
    other = row(created="2026-07-01 21:00", stamp="2026-01-05 21:00")
    assert export_cells.zone_of([(other, record)], ABOUT, zones) == ("", [])


@given(moment=st.integers(10**12, 2 * 10**12), later=st.integers(0, 3_600_000), lag=st.integers(0, 900_000))
@settings(max_examples=200, deadline=None)
def test_a_stamp_never_hides_a_change_and_is_never_older_than_the_record(
    moment: int, later: int, lag: int
) -> None:
    """A whole minute only where everything of it is contained."""
    asked_at = moment + later
    kept = minutes.stamp(moment - moment % 60_000, asked_at, lag)
    if minutes.is_whole(kept):
        assert kept >= moment
        assert minutes.same_stamp(kept, moment)
        assert kept + 1 + lag <= asked_at
    else:
        assert kept <= moment
    assert not minutes.same_stamp(kept, moment - moment % 60_000 + 60_000)
