"""Tables of customers: what is recorded of each, and what is expected when. Reads YAML, CSV or a dict.

Everything unknown or misspelt is refused with the customer's name and a cure; nothing is skipped.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from plugin.errors import InputError
from plugin.mapping.findings import did_you_mean

EXPECTED = ("stage", "flags", "segments", "next_stage", "next_stage_on", "risk_level", "facts")
_TOP = ("mapping", "model", "rules", "portal", "customers")
_CASE = ("name", "object", "created", "properties", "changes", "contacts", "deals", "expect", "path")
_DEAL = ("opened", "moved", "won", "lost", "amount", "properties")
_PORTAL = ("usual_gap_days", "repeat_customers", "seen")
_COLUMNS = ("customer", "day", "event", "value")
_EVENTS = ("created", "opened", "moved", "won", "lost", "set", "expect")


@dataclass
class Sale:
    """A deal; open while neither won nor lost. Without `opened` it was opened on the day of its end."""

    opened: date
    moved: tuple[date, ...] = ()
    won: date | None = None
    lost: date | None = None
    amount: float | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Case:
    """A customer: what is recorded, what is expected on single days, and the whole path if it is given.

    `changes` are property values from a day on, `contacts` the people of a company (each with created,
    properties and changes). `expect` holds per day the keys of `EXPECTED`.
    """

    name: str
    created: date
    properties: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[tuple[date, str, Any]] = ()
    contacts: Sequence[Case] = ()
    deals: Sequence[Sale] = ()
    expect: Mapping[date, Mapping[str, Any]] = field(default_factory=dict)
    path: Mapping[date, str] | None = None
    object: str | None = None


@dataclass
class Table:
    """Customers and the rules that they are held against; paths are absolute."""

    cases: Sequence[Case]
    mapping: Path | None = None
    model: str | None = None
    rules: Sequence[Path] = ()
    portal: Mapping[str, Any] = field(default_factory=dict)
    name: str = "table"


def read_table(source: Path | str | Mapping[str, Any]) -> Table:
    """The table in a YAML or CSV file, or in a dict of the same shape. InputError says what is wrong."""
    if isinstance(source, Mapping):
        return _table(source, Path.cwd(), "table")
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}.", cure="Check its path; save it as UTF-8."
        ) from error
    if path.suffix == ".csv":
        return _from_csv(text, path)
    try:
        given = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InputError(f"{path} is not YAML: {error}", cure="Mind indentation and quotes.") from error
    return _table(given, path.absolute().parent, path.name)


def _table(given: Any, folder: Path, name: str) -> Table:
    _keys(given, _TOP, name)
    portal = given.get("portal") or {}
    _keys(portal, _PORTAL, f"{name}: portal")
    cases = [
        _case(one, f"{name}: customer {n}") for n, one in enumerate(given.get("customers") or (), start=1)
    ]
    if not cases:
        raise InputError(f"{name} has no customers.", cure="List them under `customers`.")
    rules = given.get("rules") or ()
    return Table(
        cases=cases,
        mapping=folder / given["mapping"] if given.get("mapping") else None,
        model=given.get("model"),
        rules=[folder / rule for rule in ([rules] if isinstance(rules, str) else rules)],
        portal=portal,
        name=name,
    )


def _case(given: Any, where: str) -> Case:
    _keys(given, _CASE, where)
    where = f"{where} ({given['name']})" if given.get("name") else where
    deals = [_sale(deal, f"{where}, deal {n}") for n, deal in enumerate(given.get("deals") or (), start=1)]
    created = given.get("created") or min((deal.opened for deal in deals), default=None)
    if created is None:
        raise InputError(f"{where} has no day of creation.", cure="Write `created: 2026-01-31`.")
    expect = {_day(on, where): _expected(what, where) for on, what in (given.get("expect") or {}).items()}
    path = given.get("path")
    people = [
        _case({"name": f"contact {n}", "created": created, **one}, f"{where}, contact {n}")
        for n, one in enumerate(given.get("contacts") or (), start=1)
    ]
    return Case(
        name=str(given.get("name") or where),
        created=_day(created, where),
        properties=given.get("properties") or {},
        changes=[change for one in given.get("changes") or () for change in _changes(one, where)],
        contacts=people,
        deals=deals,
        expect=expect,
        path=None if path is None else {_day(on, where): str(stage) for on, stage in path.items()},
        object=given.get("object"),
    )


def _changes(given: Any, where: str) -> list[tuple[date, str, Any]]:
    if not isinstance(given, Mapping) or "on" not in given:
        raise InputError(
            f"{where}: a change has no day.", cure="Write `- {on: 2026-01-31, property: value}`."
        )
    return [(_day(given["on"], where), str(name), value) for name, value in given.items() if name != "on"]


def _sale(given: Any, where: str) -> Sale:
    _keys(given, _DEAL, where)
    won, lost = (_day(given[k], where) if given.get(k) else None for k in ("won", "lost"))
    opened = _day(given["opened"], where) if given.get("opened") else won or lost
    if opened is None or (won and lost):
        said = f"{where} needs one of opened, won and lost." if not won else f"{where} is won and lost."
        raise InputError(
            said, cure="Write for example `- {opened: 2026-01-05, won: 2026-01-31, amount: 100}`."
        )
    moved = given.get("moved") or ()
    moves = [moved] if isinstance(moved, (str, date)) else moved
    days = tuple(_day(move, where) for move in moves)
    amount = given.get("amount")
    if amount is not None and (isinstance(amount, bool) or not isinstance(amount, (int, float))):
        raise InputError(f"{where}: the amount {amount!r} is no number.", cure="Write it without a currency.")
    return Sale(opened, days, won, lost, amount, given.get("properties") or {})


def _expected(given: Any, where: str) -> Mapping[str, Any]:
    if isinstance(given, str):
        return {"stage": given}
    _keys(given, EXPECTED, f"{where}: expect")
    return dict(given)


def _keys(given: Any, known: Sequence[str], where: str) -> None:
    if not isinstance(given, Mapping):
        raise InputError(f"{where} is no set of `key: value`.", cure=f"Its keys are: {', '.join(known)}.")
    for key in given:
        if key not in known:
            raise InputError(f"{where} has no key {key!r}.", cure=did_you_mean(str(key), known, "keys"))


def _day(given: Any, where: str) -> date:
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise InputError(f"{where}: {given!r} is no day.", cure="Write it as 2026-01-31.") from None


def _from_csv(text: str, path: Path) -> Table:
    """One event a line: customer, day, event, value, and `deal` where a customer has several at a time."""
    rows = list(csv.DictReader(io.StringIO(text), restval=""))
    missing = [name for name in _COLUMNS if not rows or name not in rows[0]]
    if missing:
        cure = f"The header is {','.join(_COLUMNS)} (and deal, where deals overlap)."
        raise InputError(f"{path} lacks lines or the columns {', '.join(missing)}.", cure=cure)
    customers: dict[str, dict[str, Any]] = {}
    for line, row in enumerate(rows, start=2):
        _event(customers.setdefault(row["customer"], {"deals": {}}), row, f"{path.name}:{line}")
    cases = [{**one, "name": name, "deals": list(one["deals"].values())} for name, one in customers.items()]
    return _table({"customers": cases}, path.absolute().parent, path.name)


def _event(customer: dict[str, Any], row: Mapping[str, str], where: str) -> None:
    event, value, on = row["event"].strip(), row["value"].strip(), row["day"].strip()
    if event not in _EVENTS:
        raise InputError(
            f"{where}: there is no event {event!r}.", cure=did_you_mean(event, _EVENTS, "events")
        )
    _day(on, where)
    if event == "created":
        customer["created"] = on
    elif event == "expect":
        customer.setdefault("expect", {})[on] = value
    elif event == "set":
        name, _, text = value.partition("=")
        customer.setdefault("changes", []).append({"on": on, name.strip(): text.strip()})
    else:
        key = row.get("deal") or f"{len(customer['deals'])}"
        deal = customer["deals"].setdefault(key, {})
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
