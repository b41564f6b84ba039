"""From a table's customers to records as the CRM would hold them on its wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from plugin.lifecycle.records import Records
from plugin.testing.cases import Case, Sale

_PLURAL = {"contact": "contacts", "company": "companies"}


def records_of(cases: Sequence[Case], object_type: str, zone: str) -> Records:
    """The records of these customers, numbered from 1; deals and contacts of a company count in thousands."""
    rows: dict[str, list[dict[str, Any]]] = {"contacts": [], "companies": [], "deals": [], "history": []}
    for number, case in enumerate(cases, start=1):
        rows[_PLURAL[object_type]].append(_record(object_type, number, case, rows["history"], zone))
        for n, person in enumerate(case.contacts, start=1):
            row = _record("contact", number * 1_000 + n, person, rows["history"], zone)
            rows["contacts"].append({**row, "company_ids": [number]})
        for n, sale in enumerate(case.deals, start=1):
            rows["deals"].append(_deal(object_type, number, number * 1_000 + n, sale, rows["history"], zone))
    return Records.from_rows(**rows)


def _record(kind: str, number: int, case: Case, history: list[dict[str, Any]], zone: str) -> dict[str, Any]:
    row = {"id": number, "createdate": case.created, **{k: _text(v) for k, v in case.properties.items()}}
    for on, name, value in sorted(case.changes, key=lambda change: change[0]):
        row[name] = _text(value)
        history.append(_past(kind, number, name, _text(value), on, zone))
    return row


def _deal(
    kind: str, owner: int, number: int, sale: Sale, history: list[dict[str, Any]], zone: str
) -> dict[str, Any]:
    end = sale.won or sale.lost
    stage = "closedwon" if sale.won else "closedlost" if sale.lost else "presentationscheduled"
    moves = (sale.opened, *sale.moved)
    history += [_past("deal", number, "dealstage", f"open-{on}", on, zone) for on in moves]
    return {
        "id": number,
        f"{kind}_ids": [owner],
        "createdate": sale.opened,
        "closedate": end or "",
        "amount": "" if sale.amount is None else sale.amount,
        "dealstage": stage,
        "pipeline": "default",
        "hs_is_closed": end is not None,
        "hs_is_closed_won": sale.won is not None,
        **{name: _text(value) for name, value in sale.properties.items()},
    }


def _past(kind: str, number: int, name: str, value: str, on: date, zone: str) -> dict[str, Any]:
    at = datetime.combine(on, time(12), ZoneInfo(zone)).astimezone(UTC)
    return {"object": kind, "id": number, "property": name, "value": value, "at": at}


def _text(value: Any) -> str:
    """A value as it stands on the wire."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_of(case: Case, on: date) -> Case:
    """The customer as recorded at the end of a day: a forecast knows nothing of what comes later."""
    known = [replace(sale, **_ended(sale, on)) for sale in case.deals if sale.opened <= on]
    changes = [change for change in case.changes if change[0] <= on]
    people = [as_of(person, on) for person in case.contacts]
    return replace(case, deals=known, changes=changes, contacts=people)


def _ended(sale: Sale, on: date) -> dict[str, Any]:
    moved = tuple(day for day in sale.moved if day <= on)
    ends = {
        name: end if end and end <= on else None for name, end in (("won", sale.won), ("lost", sale.lost))
    }
    return {"moved": moved, **ends}


def as_facts(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some facts of an outcome's row, dates as ISO text."""
    found = {name: row.get(name) for name in names}
    return {name: v.isoformat() if isinstance(v, date) else v for name, v in found.items()}
