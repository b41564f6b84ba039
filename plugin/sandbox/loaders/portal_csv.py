"""A portal from CSV files in HubSpot's names or export labels: anybody's export can be played with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from plugin.records.csv_files import read_records
from plugin.sandbox.loaders import wire
from plugin.sandbox.world import World, WorldRecord

PathLike = Path | str
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: HubSpot's datetime properties, that an export may show as a bare day.
DATETIMES = {"createdate", "closedate"}
LONG_AGO = "2020-01-01T00:00:00.000Z"
Past = dict[int, list[tuple[str, str, int]]]


def from_csv(
    contacts: PathLike,
    deals: PathLike | None = None,
    companies: PathLike | None = None,
    *,
    history: PathLike | None = None,
    time_zone: str = "UTC",
    currency: str = "USD",
) -> World:
    """The records of these files; InputError names every fault in them.

    Times without a zone are local in `time_zone`; a bare day in createdate or closedate is its noon.
    """
    records = read_records(contacts=contacts, deals=deals, companies=companies, history=history)
    make = _Maker(ZoneInfo(time_zone))
    past = _past(records.history)
    world = World(time_zone=time_zone, currency=currency)
    world.contacts = make.all(records.contacts, past["contact"])
    world.companies = make.all(records.companies, past["company"])
    world.deals = make.all(records.deals, past["deal"])
    return world


def _past(history: pl.DataFrame) -> dict[str, Past]:
    """Kind → id → (property, value, ms), oldest first."""
    past: dict[str, Past] = {"contact": {}, "company": {}, "deal": {}}
    for kind, id_, name, value, at in history.sort("at").iter_rows():
        moment = round(at.timestamp() * 1000)
        past[kind].setdefault(id_, []).append((name, value or "", moment))
    return past


class _Maker:
    """Turns rows into records, in one time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def all(self, frame: pl.DataFrame, past: Past) -> list[WorldRecord]:
        """A record a row."""
        return [self.one(row, past) for row in frame.iter_rows(named=True)]

    def one(self, row: dict[str, Any], past: Past) -> WorldRecord:
        """The record of one row; what HubSpot computes is left to the store."""
        links = _links(row)
        properties = {
            name: self.value(name, value)
            for name, value in row.items()
            if isinstance(value, str) and value and re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name)
        }
        if "dealstage" in properties:
            properties |= _stage(properties)
        properties.setdefault("createdate", LONG_AGO)
        try:
            created = datetime.fromisoformat(properties["createdate"])
        except ValueError:
            created = datetime.fromisoformat(LONG_AGO)
        created = created if created.tzinfo else created.replace(tzinfo=UTC)
        return WorldRecord(
            row["id"], properties, round(created.timestamp() * 1000), past.get(row["id"], []), links
        )

    def value(self, name: str, text: str) -> str:
        """The text as the CRM's wire has it: moments in UTC."""
        if name in DATETIMES and _DAY.fullmatch(text):
            text = f"{text}T12:00"
        if not _MOMENT.fullmatch(text):
            return text
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        moment = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
        return _wire(moment.astimezone(UTC))


def _wire(moment: datetime) -> str:
    rounded = moment + timedelta(microseconds=500) if moment.microsecond % 1000 else moment
    return rounded.strftime("%Y-%m-%dT%H:%M:%S.") + f"{rounded.microsecond // 1000:03d}Z"


def _links(row: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Associations of one row; the first company is the primary one."""
    links = [("contact", id_, wire.DEAL_TO_CONTACT) for id_ in row.get("contact_ids") or []]
    of = wire.company_of_deal if "contact_ids" in row else wire.company_of_contact
    plain = wire.DEAL_TO_COMPANY if "contact_ids" in row else wire.CONTACT_TO_COMPANY
    for place, id_ in enumerate(row.get("company_ids") or []):
        links += of(id_) if place == 0 else [("company", id_, plain)]
    return links


def _stage(properties: dict[str, str]) -> dict[str, str]:
    """Exports show labels, `Closed won (Sales Pipeline)`: the default pipeline's become its ids."""
    plain = re.sub(r"[^a-z]", "", re.sub(r"\s*\([^()]*\)\s*$", "", properties["dealstage"]).lower())
    plain = {"won": "closedwon", "lost": "closedlost"}.get(plain, plain)
    return wire.stage_properties(plain) if plain in wire.STAGES else {}
