"""A B2B pipeline from CSV: opportunities → deals of four stages, accounts → companies, with one contact each.

Reads the shape of Maven Analytics' "CRM Sales Opportunities" (sales_pipeline.csv, accounts.csv; days as
day-month-year). Open opportunities without an account, lost ones of value 0, open ones without one stay so.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from plugin.errors import InputError
from plugin.sandbox.loaders import people, wire
from plugin.sandbox.loaders.moments import DAY_MS, HOUR_MS, day_number, iso, noon_ms
from plugin.sandbox.world import World, WorldRecord

#: The file's stages → the default pipeline's.
STAGES = {
    "Prospecting": "appointmentscheduled",
    "Engaging": "presentationscheduled",
    "Won": "closedwon",
    "Lost": "closedlost",
}
COLUMNS = ("opportunity_id", "product", "account", "deal_stage", "engage_date", "close_date", "close_value")
#: accounts.csv → company property.
ACCOUNT = {
    "sector": "industry",
    "year_established": "founded_year",
    "employees": "numberofemployees",
    "office_location": "country",
}


@dataclass(frozen=True)
class Opportunity:
    """One line of the file, read; days are day numbers."""

    line: int
    row: dict[str, str]
    stage: str
    engaged: int | None
    closed: int | None


def opportunities(path: Path | str, *, end: date | None = None, time_zone: str = "UTC") -> World:
    """The pipeline in `path` (sales_pipeline.csv or its directory), with accounts.csv if it lies beside it.

    `end` moves all days so that the last one in the file falls on it; None keeps them. A prospect has no
    day in the file, and so no date of creation; the record itself is made on the file's last day.
    """
    file = Path(path)
    file = file / "sales_pipeline.csv" if file.is_dir() else file
    found = [_opportunity(file, line, row) for line, row in _rows(file, COLUMNS)]
    days = [day for o in found for day in (o.engaged, o.closed) if day is not None]
    if not days:
        raise InputError(
            f"{file} has no opportunity with a date.", cure="Give a file with engage_date filled."
        )
    shift = day_number(end) - max(days) if end else 0
    accounts = _accounts(file.with_name("accounts.csv"), found)
    world = World(time_zone=time_zone, currency="USD", moved_to=end)
    world.deals = _deals(found, accounts, max(days), shift, time_zone)
    born = min(deal.created_at for deal in world.deals) - DAY_MS
    for number, (name, row) in enumerate(accounts.items(), start=1):
        world.companies.append(_company(number, name, row, born))
        world.contacts.append(_contact(number, born))
    return world


def _rows(file: Path, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of a CSV file that has these columns."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source, restval="")
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{file} cannot be read: {error}.", cure="Check the path; save it as UTF-8."
        ) from error
    if missing:
        raise InputError(
            f"{file} lacks the columns {', '.join(missing)}.", cure="Keep the file's own headers."
        )
    return rows


def _opportunity(file: Path, line: int, row: dict[str, str]) -> Opportunity:
    stage = STAGES.get(row["deal_stage"].strip())
    if stage is None:
        cure = f"Write one of {', '.join(STAGES)}."
        raise InputError(f"{file}:{line}: {row['deal_stage']!r} is not a stage.", cure=cure)
    days = [_day(file, line, row[name]) for name in ("engage_date", "close_date")]
    return Opportunity(line, row, stage, *days)


def _day(file: Path, line: int, text: str) -> int | None:
    """The day number of `31-12-2017` or `2017-12-31`; None: empty."""
    for form in ("%d-%m-%Y", "%Y-%m-%d"):
        try:
            return day_number(datetime.strptime(text.strip(), form).date()) if text.strip() else None  # noqa: DTZ007 - a day
        except ValueError:
            continue
    cure = "Write day-month-year, as 31-12-2017."
    raise InputError(f"{file}:{line}: {text!r} is not a day.", cure=cure)


def _accounts(file: Path, found: list[Opportunity]) -> dict[str, dict[str, str]]:
    """Account name → its line; accounts that only opportunities name follow, sorted."""
    rows = _rows(file, ("account",)) if file.exists() else []
    accounts = {row["account"].strip(): row for _, row in rows}
    named = {o.row["account"].strip() for o in found} - {""}
    return accounts | {name: {} for name in sorted(named - accounts.keys())}


def _company(number: int, name: str, row: dict[str, str], at: int) -> WorldRecord:
    domain = "".join(c for c in name.lower() if c.isalnum()) + ".example"
    properties = {"name": name, "domain": domain, "createdate": iso(np.array([at]))[0]}
    properties |= {
        ours: row[theirs].strip() for theirs, ours in ACCOUNT.items() if row.get(theirs, "").strip()
    }
    millions = row.get("revenue", "").strip()
    if millions.replace(".", "", 1).isdigit():
        properties["annualrevenue"] = f"{float(millions) * 1e6:.0f}"
    return WorldRecord(wire.COMPANY_IDS + number, properties, at)


def _contact(number: int, at: int) -> WorldRecord:
    """The one person we know at each account."""
    properties = {**people.person(number, "accounts.example"), "createdate": iso(np.array([at]))[0]}
    to = wire.company_of_contact(wire.COMPANY_IDS + number)
    return WorldRecord(wire.CONTACT_IDS + number, {**properties, "lifecyclestage": "opportunity"}, at, [], to)


def _deals(
    found: list[Opportunity], accounts: dict[str, dict[str, str]], last: int, shift: int, zone: str
) -> list[WorldRecord]:
    """Opened at nine, closed at four in the afternoon."""
    numbers = {name: number for number, name in enumerate(accounts, start=1)}
    opened = noon_ms(np.array([(o.engaged or last) + shift for o in found]), zone) - 3 * HOUR_MS
    closed = noon_ms(np.array([(o.closed or last) + shift for o in found]), zone) + 4 * HOUR_MS
    closed = np.maximum(closed, opened)
    dates = zip(iso(opened), iso(closed), opened.tolist(), closed.tolist(), strict=True)
    return [
        _deal(place, o, numbers.get(o.row["account"].strip(), 0), when)
        for place, (o, when) in enumerate(zip(found, dates, strict=True), start=1)
    ]


def _deal(place: int, o: Opportunity, account: int, when: tuple[str, str, int, int]) -> WorldRecord:
    createdate, closedate, opened, closed = when
    properties = {
        "dealname": f"{o.row['product']} for {o.row['account'].strip() or 'an unnamed account'}",
        **wire.money(o.row["close_value"].strip(), "USD"),
        "createdate": createdate if o.engaged is not None else "",
        **wire.stage_properties(o.stage),
        "opportunity_id": o.row["opportunity_id"],
        "sales_agent": o.row.get("sales_agent", ""),
    }
    history = [("dealstage", o.stage, opened)]
    if o.closed is not None:
        properties["closedate"] = closedate
        history = [("dealstage", STAGES["Engaging"], opened), ("dealstage", o.stage, closed)]
    to = [("contact", wire.CONTACT_IDS + account, wire.DEAL_TO_CONTACT)] if account else []
    to += wire.company_of_deal(wire.COMPANY_IDS + account) if account else []
    return WorldRecord(wire.DEAL_IDS + place, properties, opened, history, to)
