"""Tables of customers: what is recorded of each, and what is expected when. Reads YAML, CSV or a dict.

Everything unknown or misspelt is refused with the customer's name and a cure; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from plugin.errors import InputError
from plugin.mapping.positions import read_yaml
from plugin.testing.cases import Case, Sale, Table
from plugin.testing.table_csv import from_csv
from plugin.testing.table_values import day, keyed, listed, mapped, number, plain, text, texts

EXPECTED = ("stage", "flags", "segments", "next_stage", "next_stage_on", "risk_level", "facts")
_SINGLE = ("stage", "next_stage", "next_stage_on", "risk_level")
_TOP = ("mapping", "model", "rules", "portal", "customers")
_CASE = ("name", "object", "created", "properties", "changes", "contacts", "deals", "expect", "path")
_DEAL = ("opened", "moved", "won", "lost", "amount", "properties")
_PORTAL = ("usual_gap_days", "repeat_customers", "seen")
_KEYS = {"id", "contact_ids", "company_ids", "primary_contact_id"}
_OBJECTS = ("contact", "company")
#: A spreadsheet larger than this is no table of tests.
_MAX_BYTES = 20_000_000
_SHOWN = 5


def read_table(source: Path | str | Mapping[str, Any]) -> Table:
    """The table in a YAML or CSV file, or in a dict of the same shape. InputError says what is wrong.

    YAML is read as mapping files are: no aliases, no tags, at most a million bytes.
    """
    if isinstance(source, Mapping):
        return _table(source, Path.cwd(), "table")
    path = Path(source)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", cure="Check its path.") from error
    given = from_csv(_decoded(raw, path), path.name) if path.suffix == ".csv" else _from_yaml(raw, path)
    return _table(given, path.absolute().parent, path.name)


def _decoded(raw: bytes, path: Path) -> str:
    if len(raw) > _MAX_BYTES:
        raise InputError(f"{path} has {len(raw):,} bytes.", cure=f"Keep it under {_MAX_BYTES:,} bytes.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        said = f"{path}:{line}: a character here is not UTF-8."
        raise InputError(said, cure="Save the file as UTF-8 (Excel: «CSV UTF-8»).") from error


def _from_yaml(raw: bytes, path: Path) -> Any:
    document = read_yaml(raw)
    if document.faults:
        more = len(document.faults) - _SHOWN
        lines = [fault.at(str(path)) for fault in sorted(document.faults)[:_SHOWN]]
        told = "\n".join([*lines, *([f"... and {more} more."] if more > 0 else [])])
        raise InputError(told, cure="Correct the named lines.")
    return document.value


def _table(given: Any, folder: Path, name: str) -> Table:
    given = keyed(given, _TOP, name)
    customers = listed(given.get("customers"), f"{name}: customers")
    cases = [_case(one, f"{name}: customer {n}") for n, one in enumerate(customers, start=1)]
    if not cases:
        raise InputError(f"{name} has no customers.", cure="List them under `customers`.")
    rules = given.get("rules") or ()
    files = [rules] if isinstance(rules, str) else listed(rules, f"{name}: rules")
    return Table(
        cases=cases,
        mapping=_file(folder, given["mapping"], f"{name}: mapping") if "mapping" in given else None,
        model=text(given["model"], f"{name}: model") if "model" in given else None,
        rules=[_file(folder, one, f"{name}: rules") for one in files],
        portal=_portal(given.get("portal"), f"{name}: portal"),
        name=name,
    )


def _file(folder: Path, given: Any, where: str) -> Path:
    path = given if isinstance(given, Path) else Path(text(given, where))
    if "\0" in str(path):
        raise InputError(f"{where} is no file's name.", cure="Write its path from the table.")
    return folder / path


def _portal(given: Any, where: str) -> Mapping[str, Any]:
    found = {**keyed({} if given is None else given, _PORTAL, where)}
    for name in ("usual_gap_days", "repeat_customers"):
        if name in found and not 0 <= number(found[name], f"{where}, {name}") <= 1e9:
            raise InputError(f"{where}: {name} is {found[name]}.", cure="Write a number from 0 up.")
    return {**found, **({"seen": texts(found["seen"], f"{where}, seen")} if "seen" in found else {})}


def _case(given: Any, where: str) -> Case:
    given = keyed(given, _CASE, where)
    where = f"{where} ({given['name']})" if "name" in given else where
    sales = listed(given.get("deals"), f"{where}, deals")
    deals = [_sale(deal, f"{where}, deal {n}") for n, deal in enumerate(sales, start=1)]
    created = given.get("created") or min((deal.opened for deal in deals), default=None)
    if created is None:
        raise InputError(f"{where} has no day of creation.", cure="Write `created: 2026-01-31`.")
    expect = mapped(given.get("expect"), f"{where}, expect")
    people = enumerate(listed(given.get("contacts"), f"{where}, contacts"), start=1)
    changes = listed(given.get("changes"), f"{where}, changes")
    return Case(
        name=str(given.get("name") or where),
        created=day(created, where),
        properties=_properties(given.get("properties"), f"{where}, properties"),
        changes=[change for one in changes for change in _changes(one, where)],
        contacts=[_person(one, created, f"{where}, contact {n}", n) for n, one in people],
        deals=deals,
        expect={day(on, where): _expected(what, f"{where}, {on}") for on, what in expect.items()},
        path=_path(given["path"], f"{where}, path") if "path" in given else None,
        object=_object(given["object"], where) if "object" in given else None,
    )


def _object(given: Any, where: str) -> str:
    if given not in _OBJECTS:
        raise InputError(f"{where}: {given!r} is no kind of customer.", cure="Write contact or company.")
    return str(given)


def _person(given: Any, created: Any, where: str, number: int) -> Case:
    return _case({"name": f"contact {number}", "created": created, **mapped(given, where)}, where)


def _path(given: Any, where: str) -> dict[date, str]:
    """The stages by their first days; a path names one at least."""
    steps = mapped(given, where)
    if not steps:
        raise InputError(f"{where} names no day.", cure="Write `2026-01-31: stage`, or leave it out.")
    return {day(on, where): text(stage, f"{where}, {on}") for on, stage in steps.items()}


def _changes(given: Any, where: str) -> list[tuple[date, str, Any]]:
    if not isinstance(given, Mapping) or "on" not in given:
        raise InputError(
            f"{where}: a change has no day.", cure="Write `- {on: 2026-01-31, property: value}`."
        )
    on = day(given["on"], where)
    values = _properties({name: value for name, value in given.items() if name != "on"}, f"{where}, {on}")
    return [(on, name, value) for name, value in values.items()]


def _properties(given: Any, where: str) -> Mapping[str, Any]:
    """Values by the names of properties; what links records is not among them."""
    found = plain(mapped(given, where), where)
    if taken := sorted(found.keys() & _KEYS):
        raise InputError(f"{where}: {taken[0]} is no property.", cure="Leave it out: records are numbered.")
    return found


def _sale(given: Any, where: str) -> Sale:
    given = keyed(given, _DEAL, where)
    won, lost = (day(given[k], where) if k in given else None for k in ("won", "lost"))
    opened = day(given["opened"], where) if "opened" in given else won or lost
    if opened is None or (won and lost):
        said = f"{where} needs one of opened, won and lost." if not won else f"{where} is won and lost."
        raise InputError(
            said, cure="Write for example `- {opened: 2026-01-05, won: 2026-01-31, amount: 100}`."
        )
    moved = given.get("moved") or ()
    moves = [moved] if isinstance(moved, (str, date)) else listed(moved, f"{where}, moved")
    amount = number(given["amount"], where) if "amount" in given else None
    properties = _properties(given.get("properties"), where)
    return Sale(opened, tuple(day(move, where) for move in moves), won, lost, amount, properties)


def _expected(given: Any, where: str) -> Mapping[str, Any]:
    if isinstance(given, str):
        return {"stage": text(given, where)}
    if not isinstance(given, Mapping):
        keyed(given, EXPECTED, where)
    found = {**given}
    keyed(found, EXPECTED, where)
    for name in ("flags", "segments"):
        if name in found:
            found[name] = texts(found[name], f"{where}, {name}")
    if "facts" in found:
        found["facts"] = plain(mapped(found["facts"], f"{where}, facts"), f"{where}, facts")
    return {**found, **plain({n: v for n, v in found.items() if n in _SINGLE}, where)}
