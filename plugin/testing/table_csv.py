"""Tables of customers from a spreadsheet: one event a line, gathered into what a YAML table would say."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from plugin.errors import InputError
from plugin.mapping.findings import did_you_mean
from plugin.testing.table_values import day

_COLUMNS = ("customer", "day", "event", "value")
_EVENTS = ("created", "opened", "moved", "won", "lost", "set", "expect")


def from_csv(text: str, name: str) -> dict[str, Any]:
    """Lines of customer, day, event, value, and `deal` where a customer has several at a time."""
    customers: dict[str, dict[str, Any]] = {}
    for line, row in _rows(text, name):
        _event(customers.setdefault(row["customer"].strip(), {"deals": {}}), row, f"{name}:{line}")
    cases = [{**one, "name": who, "deals": list(one["deals"].values())} for who, one in customers.items()]
    return {"customers": cases}


def _rows(text: str, name: str) -> list[tuple[int, dict[str, str]]]:
    """Each line that says something, with its number."""
    reader = csv.DictReader(io.StringIO(text), restval="", strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        said = f"{name}:{reader.line_num}: this is not CSV: {error}."
        raise InputError(said, cure="Mind the quotes; save it as CSV with commas, in UTF-8.") from error
    missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
    if missing or not rows:
        cure = f"The header is {','.join(_COLUMNS)} (and deal, where deals overlap)."
        raise InputError(f"{name} lacks lines or the columns {', '.join(missing)}.", cure=cure)
    for line, row in rows:
        if None in row:
            said = f"{name}:{line}: this line has more cells than the header."
            raise InputError(said, cure="Put a value with commas between quotes.")
        if not row["customer"].strip():
            raise InputError(f"{name}:{line}: no customer is named.", cure="Name one on every line.")
    return rows


def _event(customer: dict[str, Any], row: Mapping[str, str], where: str) -> None:
    event, value, on = row["event"].strip(), row["value"].strip(), row["day"].strip()
    if event not in _EVENTS:
        raise InputError(
            f"{where}: there is no event {event!r}.", cure=did_you_mean(event, _EVENTS, "events")
        )
    day(on, where)
    if event == "created":
        customer["created"] = on
    elif event == "expect":
        customer.setdefault("expect", {})[on] = value
    elif event == "set":
        name, sign, text = (part.strip() for part in value.partition("="))
        if not name or not sign:
            raise InputError(f"{where}: {value!r} sets nothing.", cure="Write `property=value`.")
        customer.setdefault("changes", []).append({"on": on, name: text})
    else:
        _deal(customer["deals"], row.get("deal", "").strip(), event, on, value, where)


def _deal(deals: dict[str, dict[str, Any]], name: str, event: str, on: str, value: str, where: str) -> None:
    deal = deals.setdefault(name or f"{len(deals)}", {})
    if event == "moved":
        deal.setdefault("moved", []).append(on)
        return
    deal[event] = on
    if value:
        deal["amount"] = _amount(value, where)


def _amount(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{where}: {text!r} is no amount.", cure="Write it without a currency.") from None
